//! The data directory and the secret.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::report::Report;
use crate::{
    config::{Config, DatabaseUrl, Loaded, Origin},
    secret_file,
};

pub(super) fn data_directory(config: &Config, report: &mut Report) {
    const SUBJECT: &str = "data directory";
    let directory = &config.data_dir;
    let shown = directory.display();
    match fs::metadata(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => report.warning(
            SUBJECT,
            format!("{shown} is not there yet"),
            "`doorward serve` makes it; if it should be there, check --data-dir and the working directory",
        ),
        Err(error) => report.problem(
            SUBJECT,
            format!("{shown} cannot be looked at: {error}"),
            "let the server's user enter it",
        ),
        Ok(found) if !found.is_dir() => report.problem(
            SUBJECT,
            format!("{shown} is not a directory"),
            "name another with --data-dir",
        ),
        Ok(_) => match try_to_write(directory) {
            Ok(()) => exposure(config, report),
            Err(error) => report.problem(
                SUBJECT,
                format!("{shown} cannot be written: {error}"),
                "run this as the server's user, or give the directory to it with chown",
            ),
        },
    }
}

/// The only way to know: permissions are not all that can be in the way (a read-only mount, a full disk, a quota).
fn try_to_write(directory: &Path) -> io::Result<()> {
    let probe = directory.join(format!(".doctor-{}", std::process::id()));
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&probe)?;
    fs::remove_file(&probe)
}

/// Whether another user of this machine can read the hashes or replace the files.
fn exposure(config: &Config, report: &mut Report) {
    const SUBJECT: &str = "data directory";
    let directory = &config.data_dir;
    let shown = directory.display();
    let bits = mode(directory).unwrap_or(0);
    if bits & 0o022 != 0 {
        report.problem(
            SUBJECT,
            format!("other users of this machine can write to {shown} (mode {bits:03o})"),
            format!("chmod 700 {shown}"),
        );
        return;
    }
    let database = match &config.db.url {
        DatabaseUrl::Sqlite { path } => Some(path),
        DatabaseUrl::MySql { .. } => None,
    };
    match database.filter(|path| others_can_read(path)) {
        Some(path) => report.warning(
            SUBJECT,
            format!(
                "other users of this machine can read the password hashes in {}",
                path.display()
            ),
            format!("chmod 700 {}", folder(path).display()),
        ),
        None => report.ok(
            SUBJECT,
            format!("{shown} is writable, and the data is not readable by others"),
        ),
    }
}

fn others_can_read(path: &Path) -> bool {
    let file = mode(path).unwrap_or(0);
    let folder = mode(&folder(path)).unwrap_or(0);
    (file & 0o004 != 0 && folder & 0o001 != 0) || (file & 0o040 != 0 && folder & 0o010 != 0)
}

fn folder(path: &Path) -> PathBuf {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

pub(super) fn secret(loaded: &Loaded, report: &mut Report) {
    const SUBJECT: &str = "secret";
    let config = &loaded.config;
    let file = config.data_dir.join("secret.key");
    let (described, path) = if config.secret_key.is_some() {
        // Its strength was a condition for loading the configuration.
        let origin = loaded.origin("secret_key").unwrap_or(&Origin::Default);
        let path = match origin {
            Origin::EnvironmentFile { path, .. } | Origin::Toml { path, .. } => Some(path.clone()),
            _ => None,
        };
        (format!("configured, from {origin}"), path)
    } else if file.exists() {
        if let Err(failure) = secret_file::load_or_create(config) {
            let text = failure.to_string();
            let (what, rest) = text.split_once('\n').unwrap_or((&text, ""));
            let rest: Vec<&str> = rest.lines().map(str::trim).collect();
            report.problem(SUBJECT, what, rest.join("\n"));
            return;
        }
        (format!("in {}", file.display()), Some(file))
    } else {
        report.warning(
            SUBJECT,
            format!("none is configured, and there is no {} yet", file.display()),
            "`doorward serve` makes one; with several servers, give all the same DOORWARD_SECRET_KEY_FILE",
        );
        return;
    };
    let readable = path.filter(|path| mode(path).is_some_and(|bits| bits & 0o077 != 0));
    match readable {
        Some(path) => report.problem(
            SUBJECT,
            format!(
                "other users of this machine may read {}, and so sign tokens",
                path.display()
            ),
            format!("chmod 600 {}", path.display()),
        ),
        None => report.ok(SUBJECT, described),
    }
}

/// The permission bits; `None` where there are none, or no file.
fn mode(path: &Path) -> Option<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        Some(fs::metadata(path).ok()?.permissions().mode() & 0o777)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}
