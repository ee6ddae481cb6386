//! The database that a command works on, without a server in between.

use std::{
    io::{self, Write as _},
    path::Path,
};

use doorward::store::{Database, Store, StoreError};

use crate::{
    application,
    config::{Config, DatabaseUrl},
    failure::Failure,
};

/// Opens the database for a command that makes accounts. As `serve` does, it makes a SQLite file that is not there and
/// brings it up to date; MySQL only with `db.migrate`.
///
/// # Errors
/// [`Failure`] names the database and what to do.
pub async fn open_or_make(config: &Config) -> Result<Database, Failure> {
    let database = application::open_database(config).await?;
    let may_migrate = config.db.migrate || matches!(config.db.url, DatabaseUrl::Sqlite { .. });
    if !may_migrate {
        require_current(&database, config).await?;
        return Ok(database);
    }
    let migrated = database.migrate().await.map_err(unusable(config))?;
    let mut notes = io::stderr().lock();
    if !migrated.applied.is_empty() {
        let count = migrated.applied.len();
        writeln!(notes, "applied {count} migrations to {}", config.db.url)?;
    }
    if let Some(copy) = migrated.copy {
        writeln!(notes, "the database as it was is in {copy}")?;
    }
    Ok(database)
}

/// Opens a database that is there and up to date.
///
/// # Errors
/// [`Failure`] names the database and what to do.
pub async fn open_current(config: &Config) -> Result<Database, Failure> {
    let database = open_existing(config).await?;
    require_current(&database, config).await?;
    Ok(database)
}

/// Opens a database that is there, whatever its schema.
///
/// # Errors
/// [`Failure`] names the database and what to do.
pub async fn open_existing(config: &Config) -> Result<Database, Failure> {
    if let Some(path) = missing_file(config) {
        return Err(Failure::new(format!("there is no database at {}", path.display()))
            .fix("`doorward serve` or `doorward admin create` makes it; if it is elsewhere, name it with --data-dir or --db-url"));
    }
    application::open_database(config).await
}

/// The SQLite file that is configured but not there.
#[must_use]
pub fn missing_file(config: &Config) -> Option<&Path> {
    match &config.db.url {
        DatabaseUrl::Sqlite { path } if !path.exists() => Some(path),
        _ => None,
    }
}

async fn require_current(database: &Database, config: &Config) -> Result<(), Failure> {
    let status = database.schema_status().await.map_err(unusable(config))?;
    if status.is_current() {
        return Ok(());
    }
    Err(behind(config, status.pending.len()))
}

/// The failure of a command that needs a schema which `pending` migrations are missing from.
#[must_use]
pub fn behind(config: &Config, pending: usize) -> Failure {
    let plural = if pending == 1 { "" } else { "s" };
    Failure::new(format!(
        "the database {} is {pending} migration{plural} behind",
        config.db.url
    ))
    .fix("run `doorward db migrate` once; `doorward db migrate --dry-run` shows what it would do")
}

/// The tables of a database that is up to date: doorward's own, or with an adopted users table.
///
/// # Errors
/// [`Failure`] names the database and what to do.
pub async fn store(database: &Database, config: &Config) -> Result<Store, Failure> {
    Store::open(database.clone())
        .await
        .map_err(unusable(config))
}

/// For `map_err`: the database answered with an error.
pub fn unusable(config: &Config) -> impl Fn(StoreError) -> Failure {
    let what = format!("the database {} cannot be used", config.db.url);
    move |error| Failure::new(what.clone()).why(error)
}
