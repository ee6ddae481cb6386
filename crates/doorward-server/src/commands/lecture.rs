//! `doorward lecture N`: one program of the lecture, alone and as written.

use std::{path::Path, sync::Arc};

use doorward::{
    clock::SystemClock,
    store::{Database, DatabaseUrl},
};
use doorward_lecture::Program;

use crate::{
    application::database_url,
    config::{self, Loaded},
    failure::Failure,
    first_screen, hashing, listening,
    shutdown::Shutdown,
};

/// Serves the program until a signal.
///
/// # Errors
/// [`Failure`] when the address or the database cannot be used, or the address is reachable from elsewhere.
pub async fn run(loaded: &Loaded, program: Program) -> Result<(), Failure> {
    let config = &loaded.config;
    if !config.listen.ip().is_loopback() {
        return Err(Failure::new(format!(
            "the lecture's programs do not listen on {}",
            config.listen
        ))
        .because_text("their accounts and secrets are public, and others can reach this address")
        .fix("use an address of this machine alone, for example --listen 127.0.0.1:5000")
        .usage());
    }
    let clock = Arc::new(SystemClock);
    let (router, database) = if let Some(router) = program.without_database(clock.clone()) {
        (router, None)
    } else {
        let url = own_database(loaded, program)?;
        let database = Database::connect(&url, config.db.max_connections)
            .await
            .map_err(|error| {
                Failure::new(format!("the database {url} cannot be opened")).why(error)
            })?;
        let form = hashing::new_hash_form(config, None)?;
        let hashes = Arc::new(hashing::pool(config, form)?);
        let router = program
            .with_database(database, hashes, clock)
            .await
            .map_err(|error| {
                Failure::new(format!("the table `users` cannot be made in {url}")).why(error)
            })?
            .ok_or_else(|| Failure::new("the program has no routes"))?;
        (router, Some(url.to_string()))
    };
    let app = listening::wrap(router, config, None)?;
    let (listener, address) = listening::bind(config.listen).await?;
    let shutdown = Shutdown::listen();
    first_screen::lecturing(program, address, database.as_deref())?;
    listening::run(listener, app, shutdown).await
}

/// The given database, or a file of the program's own: each program has other users in its table.
fn own_database(loaded: &Loaded, program: Program) -> Result<DatabaseUrl, Failure> {
    let is_given = loaded
        .origin("db.url")
        .is_some_and(|origin| !origin.is_default());
    if is_given {
        return database_url(&loaded.config.db.url);
    }
    let path = loaded.config.data_dir.join(file_name(program));
    database_url(&config::DatabaseUrl::Sqlite { path })
}

fn file_name(program: Program) -> impl AsRef<Path> {
    format!("lecture-{}.db", program.number())
}
