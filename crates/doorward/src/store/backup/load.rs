//! Writing a whole database: one transaction, read back before it is committed.

use std::{collections::BTreeMap, io::BufRead};

use sqlx::{AssertSqlSafe, Executor as _, MySql, Sqlite};

use super::{
    BackupError, TableContents,
    archive::{Archive, Item, Position},
    row::{Count, Value, encode},
    tables::{NUMBERED, TABLES, Table},
};
use crate::{
    access::AccessTokenPolicy,
    audit::Event,
    clock::Timestamp,
    session::EndReason,
    store::{
        Arg, Database, Sql, Store, StoreError, Transaction, database::Pools, transaction::Open,
    },
};

/// Rows and bytes of one `INSERT`, far below what the engines take.
const ROWS: usize = 256;
const BYTES: usize = 512 * 1024;

/// So many changes of one account cannot have been made since the backup.
const RAISE_ALL: Sql =
    Sql::both("UPDATE accounts SET session_epoch = epoch + 1048576, epoch = epoch + 1048576");
const REVOKE_ALL: Sql = Sql::both(
    "INSERT INTO revocations (user_id, epoch, expires_at_ms) SELECT user_id, epoch, ? FROM accounts",
);
const END_ALL: Sql = Sql::both(
    "UPDATE login_sessions SET ended_at_ms = ?, end_reason = ? WHERE ended_at_ms IS NULL",
);
const FORGET_GIVEN: &str = "DELETE FROM sqlite_sequence WHERE name = ?";
const SET_GIVEN: &str = "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)";

pub(in crate::store) const STATEMENTS: &[(&str, Sql)] = &[
    ("backup.RAISE_ALL", RAISE_ALL),
    ("backup.REVOKE_ALL", REVOKE_ALL),
    ("backup.END_ALL", END_ALL),
];

/// What is done in the same transaction, after the rows are in.
#[derive(Debug)]
pub struct AfterRestore {
    /// Whether all sessions end and no access token counts any more that was given out so far.
    pub end_sessions: bool,
    /// What the audit trail gets.
    pub event: Event,
}

/// Writes the rows of an archive into a database, which must be migrated and empty. Returns what was restored.
///
/// The archive is read from the calling task.
///
/// # Errors
/// [`BackupError`]; then nothing was changed.
pub async fn restore<R: BufRead>(
    database: &Database,
    mut archive: Archive<R>,
    after: &AfterRestore,
    now: Timestamp,
) -> Result<Vec<TableContents>, BackupError> {
    let mut load = Load::begin(database, &archive.header().next).await?;
    let mut position = Position::start();
    loop {
        match archive.next(&mut position)? {
            Item::Row(table, row) => load.row(table, row).await?,
            Item::End(contents) => {
                load.finish(&contents, after, now).await?;
                return Ok(contents);
            }
        }
    }
}

/// The last migration of a database that is up to date.
pub(super) async fn current_schema(database: &Database) -> Result<i64, BackupError> {
    let status = database.schema_status().await?;
    if !status.is_current() {
        return Err(BackupError::Behind);
    }
    Ok(status.applied.last().map_or(0, |name| name.version))
}

/// A database that is being filled.
pub(super) struct Load<'a> {
    database: &'a Database,
    tx: Transaction,
    waiting: Vec<Vec<Value>>,
    of: Option<&'static Table>,
    bytes: usize,
}

impl<'a> Load<'a> {
    pub(super) async fn begin(
        database: &'a Database,
        next: &BTreeMap<String, i64>,
    ) -> Result<Self, BackupError> {
        current_schema(database).await?;
        require_empty(database).await?;
        database.go_on_numbering(next).await?;
        database.set_bulk(true).await?;
        let mut tx = database.begin().await?;
        tx.go_on_numbering(next).await?;
        Ok(Self {
            database,
            tx,
            waiting: Vec::with_capacity(ROWS),
            of: None,
            bytes: 0,
        })
    }

    pub(super) async fn row(
        &mut self,
        table: &'static Table,
        row: Vec<Value>,
    ) -> Result<(), BackupError> {
        let same = self.of.is_some_and(|of| of.name == table.name);
        if !same || self.waiting.len() >= ROWS || self.bytes >= BYTES {
            self.flush().await?;
            self.of = Some(table);
        }
        self.bytes += row.iter().map(Value::size).sum::<usize>();
        self.waiting.push(row);
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), BackupError> {
        if let Some(table) = self.of.filter(|_| !self.waiting.is_empty()) {
            self.tx.insert_rows(table, &self.waiting).await?;
        }
        self.waiting.clear();
        self.bytes = 0;
        Ok(())
    }

    /// Reads everything back, compares, and commits.
    pub(super) async fn finish(
        mut self,
        expected: &[TableContents],
        after: &AfterRestore,
        now: Timestamp,
    ) -> Result<(), BackupError> {
        self.flush().await?;
        for (table, expected) in TABLES.iter().zip(expected) {
            let mut count = Count::of(table);
            let counting = self.tx.each_row(table, async |row| {
                count.add(&encode(&row).map_err(std::io::Error::from)?);
                Ok(())
            });
            counting.await?;
            if count.end() != *expected {
                return Err(BackupError::Different {
                    table: table.name.to_owned(),
                });
            }
        }
        if after.end_sessions {
            self.tx.end_all_sessions(now).await?;
        }
        let store = Store::new(self.database.clone());
        store.record(&mut self.tx, &after.event, now).await?;
        self.tx.commit().await?;
        Ok(self.database.set_bulk(false).await?)
    }
}

async fn require_empty(database: &Database) -> Result<(), BackupError> {
    for table in Database::own_tables() {
        if database.has_rows(&table).await? {
            return Err(BackupError::NotEmpty { table });
        }
    }
    Ok(())
}

impl Database {
    async fn has_rows(&self, table: &str) -> Result<bool, StoreError> {
        let text = AssertSqlSafe(format!(
            "SELECT COUNT(*) FROM (SELECT * FROM {table} LIMIT 1) AS any_row"
        ));
        let (rows,): (i64,) = match &self.pools {
            Pools::Sqlite { writer, .. } => {
                sqlx::query_as::<Sqlite, _>(text).fetch_one(writer).await?
            }
            Pools::MySql(pool) => sqlx::query_as::<MySql, _>(text).fetch_one(pool).await?,
        };
        Ok(rows > 0)
    }

    /// MySQL's part: a change of the schema, which ends a transaction.
    async fn go_on_numbering(&self, next: &BTreeMap<String, i64>) -> Result<(), StoreError> {
        let Pools::MySql(pool) = &self.pools else {
            return Ok(());
        };
        for (table, number) in numbered(next) {
            let text = format!("ALTER TABLE {table} AUTO_INCREMENT = {number}");
            pool.acquire().await?.execute(AssertSqlSafe(text)).await?;
        }
        Ok(())
    }
}

/// Only names that are ours get into a statement.
fn numbered(next: &BTreeMap<String, i64>) -> impl Iterator<Item = (&'static str, i64)> {
    NUMBERED
        .iter()
        .filter_map(|table| Some((*table, *next.get(*table)?)))
}

/// Binds the values of rows to a query of either engine.
macro_rules! bind_rows {
    ($query:expr, $rows:expr) => {{
        let mut query = $query;
        for value in $rows.iter().flatten() {
            query = match value {
                Value::Null => query.bind(None::<i64>),
                Value::Int(value) => query.bind(*value),
                Value::Text(text) => query.bind(text.as_str()),
                Value::Bytes(bytes) => query.bind(bytes.as_slice()),
            };
        }
        query
    }};
}

impl Transaction {
    async fn insert_rows(&mut self, table: &Table, rows: &[Vec<Value>]) -> Result<(), StoreError> {
        let full = rows.len() == ROWS;
        let text = AssertSqlSafe(table.insert(rows.len()));
        match &mut self.open {
            Open::Sqlite(tx) => {
                let query = sqlx::query::<Sqlite>(text).persistent(full);
                bind_rows!(query, rows).execute(&mut **tx).await?;
            }
            Open::MySql(tx) => {
                let query = sqlx::query::<MySql>(text).persistent(full);
                bind_rows!(query, rows).execute(&mut **tx).await?;
            }
        }
        Ok(())
    }

    /// SQLite's part.
    async fn go_on_numbering(&mut self, next: &BTreeMap<String, i64>) -> Result<(), StoreError> {
        let Open::Sqlite(tx) = &mut self.open else {
            return Ok(());
        };
        for (table, number) in numbered(next) {
            sqlx::query::<Sqlite>(FORGET_GIVEN)
                .bind(table)
                .execute(&mut **tx)
                .await?;
            sqlx::query::<Sqlite>(SET_GIVEN)
                .bind(table)
                .bind(number.saturating_sub(1))
                .execute(&mut **tx)
                .await?;
        }
        Ok(())
    }

    async fn end_all_sessions(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.execute(RAISE_ALL, &[]).await?;
        let expires = Arg::from(now.after(AccessTokenPolicy::MAX_LIFETIME));
        self.execute(REVOKE_ALL, &[expires]).await?;
        let reason = EndReason::Administrator.as_str();
        self.execute(END_ALL, &[now.into(), reason.into()]).await?;
        Ok(())
    }
}
