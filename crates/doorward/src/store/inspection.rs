//! What an operator asks about a database: what is in it, is it whole, does its server keep what it acknowledged.

use std::collections::BTreeMap;

use super::{Database, DatabaseUrl, MigrationName, Sql, Store, StoreError, migrate};
use crate::clock::Timestamp;

const NEWEST: Sql = Sql::both("SELECT MAX(password_changed_at_ms) FROM accounts");
/// MySQL's `InnoDB` verifies the checksum of each page that it reads, so there is nothing to ask for.
const QUICK_CHECK: Sql = Sql::each("PRAGMA quick_check(10)", "SELECT 'ok'");
const SERVER: Sql = Sql::each(
    "SELECT 'version', sqlite_version()",
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN \
     ('version', 'sql_mode', 'innodb_flush_log_at_trx_commit', 'log_bin', 'sync_binlog')",
);
const COLLATIONS: Sql = Sql::each(
    "SELECT 'encoding', encoding FROM pragma_encoding",
    "SELECT CONCAT('collation of ', table_name), table_collation FROM information_schema.tables \
     WHERE table_schema = DATABASE() AND table_name = 'users'",
);

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("inspection.NEWEST", NEWEST),
    ("inspection.QUICK_CHECK", QUICK_CHECK),
    ("inspection.SERVER", SERVER),
    ("inspection.COLLATIONS", COLLATIONS),
];

/// A migration with its statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationText {
    /// Its number and what it does.
    pub name: MigrationName,
    /// The statements, as they would run.
    pub sql: &'static str,
}

impl DatabaseUrl {
    /// Every migration that this program has for the engine of this address, oldest first. The database is not asked.
    #[must_use]
    pub fn migrations(&self) -> Vec<MigrationText> {
        let migrator = match self {
            Self::Sqlite(_) => migrate::sqlite(),
            Self::MySql(_) => migrate::mysql(),
        };
        migrator
            .iter()
            .map(|migration| MigrationText {
                name: MigrationName {
                    version: migration.version,
                    description: migration.description.to_string(),
                },
                sql: migration.sql.as_str(),
            })
            .collect()
    }
}

impl Database {
    /// What the engine finds wrong with the stored data, at most ten findings; none when it is whole. Reads the whole
    /// SQLite file. MySQL checks its pages itself whenever it reads them.
    ///
    /// # Errors
    /// [`StoreError`] when the check cannot run.
    pub async fn quick_check(&self) -> Result<Vec<String>, StoreError> {
        let findings: Vec<(String,)> = self.fetch_all(QUICK_CHECK, &[]).await?;
        Ok(findings
            .into_iter()
            .map(|(finding,)| finding)
            .filter(|finding| finding != "ok")
            .collect())
    }

    /// The settings of the database's server that decide whether an acknowledged write survives (DB-05), by name:
    /// `version`; on SQLite also `encoding`; on MySQL also the global `sql_mode`, `innodb_flush_log_at_trx_commit`,
    /// `log_bin`, `sync_binlog`, and `collation of users`. A server that does not know a setting has no entry for it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn server_settings(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let mut settings: Vec<(String, String)> = self.fetch_all(SERVER, &[]).await?;
        settings.extend(self.fetch_all::<(String, String)>(COLLATIONS, &[]).await?);
        Ok(settings.into_iter().collect())
    }
}

impl Store {
    /// How many rows each table has.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn row_counts(&self) -> Result<Vec<(String, i64)>, StoreError> {
        self.database()
            .fetch_all(self.users.row_counts.clone(), &[])
            .await
    }

    /// When a password was last set, by the clock of the machine that did it; `None` without users. A clock that is
    /// behind this has been set back.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn newest_password_change(&self) -> Result<Option<Timestamp>, StoreError> {
        let row: Option<(Option<i64>,)> = self.database().fetch_optional(NEWEST, &[]).await?;
        Ok(row.and_then(|(newest,)| newest).map(Timestamp::from_millis))
    }
}
