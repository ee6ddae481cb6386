//! The server's own secret: given, or made at the first start.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward::{
    random::{self, OsRandom},
    secret::Secret,
};
use zeroize::Zeroizing;

use crate::{config::Config, failure::Failure};

/// The secret with what the first screen says of it.
#[derive(Debug)]
pub struct KeySource {
    /// The secret.
    pub secret: Secret,
    /// Where it came from.
    pub origin: KeyOrigin,
}

/// Where the secret came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyOrigin {
    /// The configuration.
    Configured,
    /// This file, made just now.
    Created(PathBuf),
    /// This file, made by an earlier start.
    Kept(PathBuf),
}

/// The configured secret, or the one in the data directory, which is made if it is not there: 256 random bits as text,
/// readable by its owner alone (ASVS 13.3.1).
///
/// # Errors
/// [`Failure`] when the file cannot be read or written, or holds a weak secret.
pub fn load_or_create(config: &Config) -> Result<KeySource, Failure> {
    if let Some(secret) = &config.secret_key {
        return Ok(KeySource {
            secret: Secret::from_text(secret.expose().to_owned()),
            origin: KeyOrigin::Configured,
        });
    }
    let path = config.data_dir.join("secret.key");
    match fs::read_to_string(&path) {
        Ok(text) => existing(&Zeroizing::new(text), path),
        Err(error) if error.kind() == ErrorKind::NotFound => created(path),
        Err(error) => Err(unusable(&path).why(error)),
    }
}

fn existing(text: &Zeroizing<String>, path: PathBuf) -> Result<KeySource, Failure> {
    let secret = Secret::from_text(text.trim_end_matches(['\n', '\r']).to_owned());
    secret
        .check_strength()
        .map_err(|error| unusable(&path).why(error))?;
    Ok(KeySource {
        secret,
        origin: KeyOrigin::Kept(path),
    })
}

fn created(path: PathBuf) -> Result<KeySource, Failure> {
    let bytes = Zeroizing::new(
        random::bytes::<32>(&OsRandom).map_err(Failure::because("no secret could be made"))?,
    );
    let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()));
    match write_new(&path, &text) {
        Ok(()) => Ok(KeySource {
            secret: Secret::from_text(text.to_string()),
            origin: KeyOrigin::Created(path),
        }),
        // Another process started at the same time and was first: its secret counts.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let text = fs::read_to_string(&path).map_err(|error| unusable(&path).why(error))?;
            existing(&Zeroizing::new(text), path)
        }
        Err(error) => Err(unusable(&path).why(error)),
    }
}

/// Writes the whole secret under another name first, so that nobody ever reads half of one.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let half = path.with_extension(format!("key.{}", std::process::id()));
    let mut file = options.open(&half)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let result = fs::hard_link(&half, path);
    fs::remove_file(&half)?;
    result
}

fn unusable(path: &Path) -> Failure {
    Failure::new(format!("the secret in {} cannot be used", path.display()))
        .fix("make the file readable and writable by this user, or give the secret as DOORWARD_SECRET_KEY or DOORWARD_SECRET_KEY_FILE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_secret_is_kept_and_nobody_else_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data").join("secret.key");
        let first = created(path.clone()).unwrap();
        assert_eq!(first.origin, KeyOrigin::Created(path.clone()));
        first.secret.check_strength().unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        let second = created(path.clone()).unwrap();
        assert_eq!(second.origin, KeyOrigin::Kept(path));
        assert_eq!(second.secret.expose(), first.secret.expose());
        assert_eq!(
            fs::read_dir(folder.path().join("data")).unwrap().count(),
            1,
            "no half-written file is left"
        );
    }

    #[test]
    fn a_weak_secret_in_the_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let failure = existing(&Zeroizing::new("myverystrongsecretkey".to_owned()), path)
            .unwrap_err()
            .to_string();
        assert!(
            !failure.contains("myverystrong") && failure.contains("DOORWARD_SECRET_KEY"),
            "{failure}"
        );
    }
}
