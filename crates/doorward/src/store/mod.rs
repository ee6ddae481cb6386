//! The database: one code path over SQLite and MySQL/MariaDB.
//!
//! SQL is written once, as constants at the top of the file of its table. See `docs/storage.md` for the rules and
//! for the recipe "add a column".

mod database;
mod demo_mark;
mod error;
mod inspection;
mod login_failures;
mod migrate;
mod private_file;
mod setup_link;
mod sql;
mod url;
mod users;

pub use database::{AsStoreError, Database, Outcome, Row, Transaction};
pub use error::StoreError;
pub use inspection::MigrationText;
pub use login_failures::FailureCount;
pub use migrate::{Migrated, MigrationError, MigrationName, SchemaStatus};
pub use setup_link::SetupError;
pub use sql::{Arg, Sql};
pub use url::{DatabaseUrl, InvalidDatabaseUrl, MySqlUrl};
pub use users::RemoveUserError;

/// Every statement of the core with its name, for the test that prepares each on both engines.
pub fn statements() -> impl Iterator<Item = (&'static str, Sql)> {
    users::STATEMENTS
        .iter()
        .chain(login_failures::STATEMENTS)
        .chain(setup_link::STATEMENTS)
        .chain(demo_mark::STATEMENTS)
        .chain(inspection::STATEMENTS)
        .chain(migrate::STATEMENTS)
        .copied()
}

/// The core's tables.
#[derive(Debug, Clone)]
pub struct Store {
    database: Database,
}

impl Store {
    /// The tables in `database`, which must have been migrated.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }
}
