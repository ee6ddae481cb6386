//! `doorward db backup`, `restore` and `copy`: everything in one file, out of it, or into another database.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write as _},
    path::Path,
    process::ExitCode,
};

use doorward::{
    audit::{Event, EventKind},
    caller::Caller,
    clock::{Clock as _, SystemClock},
    store::{
        Database, Store,
        backup::{self, AfterRestore, Archive, BackupError, Snapshot, TableContents},
    },
};

use crate::{
    application,
    cli::{BackupArgs, CopyArgs, RestoreArgs, SourceText},
    commands::{
        operated,
        output::{Output, unwritable},
        print, terminal,
        timestamp::rfc3339,
    },
    config::{COPY_TO_VARIABLE, Config, DatabaseUrl, Environment},
    failure::Failure,
};

const SECRET: &str = "the server's secret is not in it, and without it no session and no key of tokens goes on: keep it too, \
                      in another place";
const RESURRECTED: &str = "what was ended, revoked, disabled or changed after that moment is as it was before: sessions, API keys, \
                           passwords. --end-sessions ends the sessions";

/// Writes a backup, and reads the file again.
///
/// # Errors
/// [`Failure`] with the exit code for it.
pub(super) async fn back_up(arguments: &BackupArgs, config: &Config) -> Result<ExitCode, Failure> {
    let path = (arguments.file != Path::new("-")).then_some(arguments.file.as_path());
    if let Some(path) = path.filter(|path| path.exists() && !arguments.force) {
        return Err(
            Failure::new(format!("there is a file {} already", path.display()))
                .fix("replace it with --force, or name another")
                .usage(),
        );
    }
    let database = operated::open_current(config).await?;
    let store = operated::store(&database, config).await?;
    let result = write(&store, path, config).await;
    database.close().await;
    let (contents, made_at) = result?;
    let place = path.map_or_else(
        || "standard output".to_owned(),
        |path| path.display().to_string(),
    );
    // A summary that cannot be shown is no reason to fail.
    let _ = write!(
        io::stderr(),
        "{}wrote {} as it was at {made_at} to {place}\n{SECRET}\n",
        table(&contents),
        config.db.url
    );
    Ok(ExitCode::SUCCESS)
}

async fn write(
    store: &Store,
    path: Option<&Path>,
    config: &Config,
) -> Result<(Vec<TableContents>, String), Failure> {
    let mut output = Output::open(path)?;
    let snapshot = handed_out(store, "archive", config).await?;
    let made_at = rfc3339(snapshot.made_at());
    let contents = snapshot
        .write(&mut output)
        .await
        .map_err(|error| match error {
            BackupError::Io(error) => unwritable(error, output.place()),
            other => unusable(config)(other),
        })?;
    output.finish()?;
    if let Some(path) = path {
        let found = open(path)?.check().map_err(damaged(path))?;
        if found != contents {
            return Err(Failure::new(format!(
                "{} does not read back as it was written",
                path.display()
            ))
            .fix("look at the disk, and make another backup elsewhere"));
        }
    }
    Ok((contents, made_at))
}

/// A snapshot, after the audit trail has been told that everything leaves.
async fn handed_out(store: &Store, to: &str, config: &Config) -> Result<Snapshot, Failure> {
    let event =
        Event::success(EventKind::DatabaseBackedUp, &Caller::operator()).detail("format", to);
    let now = SystemClock.now();
    if store.in_place().is_none() {
        store
            .record_alone(&event, now)
            .await
            .map_err(operated::unusable(config))?;
    }
    Snapshot::take(store, now).await.map_err(unusable(config))
}

/// Fills the configured database, or only reads the backup.
///
/// # Errors
/// [`Failure`] with the exit code for it.
pub(super) async fn restore(arguments: &RestoreArgs, config: &Config) -> Result<ExitCode, Failure> {
    let archive = open(&arguments.file)?;
    let header = archive.header().clone();
    let from = format!(
        "the backup of {} by doorward {}, from {}",
        terminal::visible(&header.engine),
        terminal::visible(&header.version),
        rfc3339(header.made_at())
    );
    if arguments.check {
        let contents = archive.check().map_err(damaged(&arguments.file))?;
        return print(&format!("{}{from}, is whole\n", table(&contents)));
    }
    let database = application::open_database(config).await?;
    let result = fill(&database, archive, arguments, config).await;
    database.close().await;
    let contents = result?;
    let mut report = format!(
        "{}restored {from}, to {}\n",
        table(&contents),
        config.db.url
    );
    if !arguments.end_sessions {
        report.push_str(RESURRECTED);
        report.push('\n');
    }
    print(&report)
}

async fn fill(
    database: &Database,
    archive: Archive<Box<dyn BufRead>>,
    arguments: &RestoreArgs,
    config: &Config,
) -> Result<Vec<TableContents>, Failure> {
    make_schema(database, config).await?;
    let after = after_restore("archive", arguments.end_sessions);
    backup::restore(database, archive, &after, SystemClock.now())
        .await
        .map_err(|error| match error {
            BackupError::Archive(error) => damaged(&arguments.file)(error),
            other => unusable(config)(other),
        })
}

/// Fills another database with everything that is in the configured one.
///
/// # Errors
/// [`Failure`] with the exit code for it.
pub(super) async fn copy(arguments: &CopyArgs, config: &Config) -> Result<ExitCode, Failure> {
    let mut there = config.clone();
    there.db.url = target(arguments)?;
    let source = operated::open_current(config).await?;
    let target = application::open_database(&there).await?;
    let result = pour(&source, &target, arguments, config, &there).await;
    source.close().await;
    target.close().await;
    let (contents, made_at) = result?;
    let url = &there.db.url;
    print(&format!(
        "{}copied {} as it was at {made_at} to {url}\n\
         what was written since is not there: stop the servers first when they are to go on with it\n\
         then start them with db.url = {url} and the same secret\n",
        table(&contents),
        config.db.url,
    ))
}

async fn pour(
    source: &Database,
    target: &Database,
    arguments: &CopyArgs,
    here: &Config,
    there: &Config,
) -> Result<(Vec<TableContents>, String), Failure> {
    make_schema(target, there).await?;
    let store = operated::store(source, here).await?;
    let snapshot = handed_out(&store, "copy", here).await?;
    let made_at = rfc3339(snapshot.made_at());
    let after = after_restore("copy", arguments.end_sessions);
    let contents = snapshot
        .copy(target, &after, SystemClock.now())
        .await
        .map_err(unusable(there))?;
    Ok((contents, made_at))
}

/// The address, from the command line or the environment. It is never repeated as it came: it may hold a password.
fn target(arguments: &CopyArgs) -> Result<DatabaseUrl, Failure> {
    let environment = Environment::from_process()?;
    let given = arguments.to.as_ref().map(SourceText::expose);
    let text = given
        .or_else(|| environment.get(COPY_TO_VARIABLE))
        .ok_or_else(|| {
            Failure::new("there is nowhere to copy to")
                .fix(format!("name a database with --to or {COPY_TO_VARIABLE}"))
                .usage()
        })?;
    let url: DatabaseUrl = text.parse().map_err(|error| {
        Failure::new("the address of the database to fill cannot be used")
            .because_text(format!("it {error}"))
            .usage()
    })?;
    if given.is_some() && url.has_password() {
        let _ = writeln!(
            io::stderr(),
            "warning: every user of this machine can read the password in the address\n  give the address in {COPY_TO_VARIABLE} instead"
        );
    }
    Ok(url)
}

/// An empty database gets its tables; one that has them must be up to date.
async fn make_schema(database: &Database, config: &Config) -> Result<(), Failure> {
    let unusable = operated::unusable(config);
    let status = database.schema_status().await.map_err(&unusable)?;
    if status.applied.is_empty() {
        database.migrate().await.map_err(&unusable)?;
    }
    Ok(())
}

fn after_restore(from: &str, end_sessions: bool) -> AfterRestore {
    AfterRestore {
        end_sessions,
        event: Event::success(EventKind::DatabaseRestored, &Caller::operator())
            .detail("format", from),
    }
}

/// A backup with its first line read; `-` is standard input.
fn open(path: &Path) -> Result<Archive<Box<dyn BufRead>>, Failure> {
    let reader: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        let file = File::open(path).map_err(|error| {
            Failure::new(format!("{} cannot be read", path.display())).why(error)
        })?;
        Box::new(BufReader::new(file))
    };
    Archive::open(reader).map_err(damaged(path))
}

fn damaged<E: std::error::Error>(path: &Path) -> impl Fn(E) -> Failure {
    let what = format!("{} cannot be restored", path.display());
    move |error| Failure::new(what.clone()).why(error)
}

fn unusable(config: &Config) -> impl Fn(BackupError) -> Failure {
    let url = config.db.url.to_string();
    move |error| match error {
        BackupError::Store(error) => {
            Failure::new(format!("the database {url} cannot be used")).why(error)
        }
        BackupError::NotEmpty { .. } => Failure::new(format!("{url} cannot be filled"))
            .why(error)
            .fix("name a database that is empty; `doorward db status` shows what is in one"),
        other => Failure::new(format!("{url} cannot be used for this")).why(other),
    }
}

fn table(contents: &[TableContents]) -> String {
    let rows: Vec<_> = contents
        .iter()
        .filter(|table| table.rows > 0)
        .map(|table| {
            vec![
                table.table.clone(),
                table.rows.to_string(),
                table.sha256.clone(),
            ]
        })
        .collect();
    terminal::columns(&rows)
}
