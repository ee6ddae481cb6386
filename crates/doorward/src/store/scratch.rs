//! Temporary tables of one connection, on which a dry run does what an adoption would do.

use super::{Database, Sql, StoreError, Transaction, database::Pools, transaction::Open};

const HAS_TABLE: Sql = Sql::each(
    "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?",
    "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?",
);

pub(super) const STATEMENTS: &[(&str, Sql)] = &[("scratch.HAS_TABLE", HAS_TABLE)];

/// As `0001_users.sql` and `0002_accounts.sql`.
const CREATE: [Sql; 2] = [
    Sql::each(
        "CREATE TEMPORARY TABLE doorward_dry_users (id INTEGER PRIMARY KEY AUTOINCREMENT, username VARCHAR(50) NOT NULL UNIQUE, \
         password VARCHAR(255) NOT NULL, role VARCHAR(20) NOT NULL)",
        "CREATE TEMPORARY TABLE doorward_dry_users (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, username VARCHAR(50) NOT NULL, \
         password VARCHAR(255) NOT NULL, role VARCHAR(20) NOT NULL, UNIQUE KEY username (username)) ENGINE = InnoDB \
         DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    ),
    Sql::each(
        "CREATE TEMPORARY TABLE doorward_dry_accounts (user_id INTEGER NOT NULL PRIMARY KEY, username_key BLOB NOT NULL UNIQUE, \
         created_at_ms BIGINT NOT NULL, password_changed_at_ms BIGINT NOT NULL, disabled_at_ms BIGINT NULL)",
        "CREATE TEMPORARY TABLE doorward_dry_accounts (user_id INT NOT NULL PRIMARY KEY, username_key VARBINARY(255) NOT NULL, \
         created_at_ms BIGINT NOT NULL, password_changed_at_ms BIGINT NOT NULL, disabled_at_ms BIGINT NULL, \
         UNIQUE KEY username_key (username_key)) ENGINE = InnoDB",
    ),
];

/// What is there already takes part in the dry run, without the hashes.
const FILL: [(&str, &str); 2] = [
    (
        "users",
        "INSERT INTO doorward_dry_users (id, username, password, role) SELECT id, username, '', role FROM users",
    ),
    (
        "accounts",
        "INSERT INTO doorward_dry_accounts (user_id, username_key, created_at_ms, password_changed_at_ms, disabled_at_ms) \
         SELECT user_id, username_key, created_at_ms, password_changed_at_ms, disabled_at_ms FROM accounts",
    ),
];

const DROP: [&str; 2] = [
    "DROP TABLE IF EXISTS temp.doorward_dry_users; DROP TABLE IF EXISTS temp.doorward_dry_accounts",
    "DROP TEMPORARY TABLE IF EXISTS doorward_dry_users, doorward_dry_accounts",
];

impl Database {
    /// A transaction with empty copies of `users` and `accounts` under other names, that only this connection sees,
    /// filled from the tables that are there; `users` only when it is ours. It takes no lock on a lasting table.
    pub(crate) async fn begin_scratch(
        &self,
        users_are_ours: bool,
    ) -> Result<Transaction, StoreError> {
        let mut filled = Vec::new();
        for (table, fill) in FILL {
            let there: Option<(i64,)> = self.fetch_optional(HAS_TABLE, &[table.into()]).await?;
            if there.is_some_and(|(count,)| count > 0) && (table != "users" || users_are_ours) {
                filled.push(fill);
            }
        }
        let open = match &self.pools {
            Pools::Sqlite { writer, .. } => {
                Open::Sqlite(writer.begin_with("BEGIN DEFERRED").await?)
            }
            // So that `INSERT … SELECT` reads without locks.
            Pools::MySql(pool) => Open::MySql(
                pool.begin_with(
                    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION",
                )
                .await?,
            ),
        };
        let mut tx = Transaction::from(open);
        for create in CREATE {
            tx.execute(create, &[]).await?;
        }
        for fill in filled {
            tx.execute(Sql::both(fill), &[]).await?;
        }
        Ok(tx)
    }

    /// Ends a dry run and takes its tables away.
    pub(crate) async fn end_scratch(&self, mut tx: Transaction) -> Result<(), StoreError> {
        let [sqlite, mysql] = DROP;
        let drop = if matches!(tx.open, Open::Sqlite(_)) {
            sqlite
        } else {
            mysql
        };
        tx.plain(drop).await?;
        tx.rollback().await
    }
}

impl Transaction {
    /// Undoes the transaction's changes.
    ///
    /// # Errors
    /// Any [`StoreError`]; the changes are undone all the same.
    pub async fn rollback(self) -> Result<(), StoreError> {
        match self.open {
            Open::Sqlite(tx) => tx.rollback().await?,
            Open::MySql(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}
