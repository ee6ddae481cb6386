//! Reading a whole database as it was at one moment.

use std::{collections::BTreeMap, io::Write};

use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, MySql, Row as _, Sqlite};

use super::{
    BackupError, TableContents,
    archive::{ArchiveHeader, Writer},
    load::{AfterRestore, Load},
    row::{Count, Value, encode},
    tables::{Kind, NUMBERED, TABLES, Table},
};
use crate::{
    clock::Timestamp,
    store::{Database, Sql, Store, StoreError, Transaction, database::Pools, transaction::Open},
};

/// The highest number that SQLite has given in each table that it numbers.
const GIVEN: Sql = Sql::both("SELECT name, seq FROM sqlite_sequence");

/// A database as it was when this was made, however long it is read.
#[derive(Debug)]
pub struct Snapshot {
    tx: Transaction,
    header: ArchiveHeader,
}

impl Snapshot {
    /// Looks at the database from now on.
    ///
    /// # Errors
    /// [`BackupError::InPlace`] and [`BackupError::Behind`] for a database that cannot be backed up so, or any
    /// [`StoreError`].
    pub async fn take(store: &Store, now: Timestamp) -> Result<Self, BackupError> {
        if store.in_place().is_some() {
            return Err(BackupError::InPlace);
        }
        let database = store.database();
        let schema = super::load::current_schema(database).await?;
        let mut tx = database.begin_snapshot().await?;
        // With the first read SQLite's snapshot begins.
        let next = next_numbers(&mut tx).await?;
        let header = ArchiveHeader::new(schema, database.engine(), now, next);
        Ok(Self { tx, header })
    }

    /// Which moment it shows.
    #[must_use]
    pub fn made_at(&self) -> Timestamp {
        self.header.made_at()
    }

    /// Writes everything as an archive, and says what it is.
    ///
    /// `out` is written from the calling task.
    ///
    /// # Errors
    /// [`BackupError::Io`] when `out` fails, or [`BackupError::Store`].
    pub async fn write(mut self, out: impl Write) -> Result<Vec<TableContents>, BackupError> {
        let mut writer = Writer::begin(out, &self.header)?;
        let mut contents = Vec::with_capacity(TABLES.len());
        for table in TABLES {
            let mut count = Count::of(table);
            writer.table(table)?;
            self.tx
                .each_row(table, async |row| {
                    let line = encode(&row).map_err(std::io::Error::from)?;
                    count.add(&line);
                    Ok(writer.line(&line)?)
                })
                .await?;
            contents.push(count.end());
        }
        writer.end(&contents)?;
        Ok(contents)
    }

    /// Writes everything into another database, which must be migrated and empty, and says what it is.
    ///
    /// # Errors
    /// As [`super::restore`]; then nothing was changed there.
    pub async fn copy(
        mut self,
        target: &Database,
        after: &AfterRestore,
        now: Timestamp,
    ) -> Result<Vec<TableContents>, BackupError> {
        let mut load = Load::begin(target, &self.header.next).await?;
        let mut contents = Vec::with_capacity(TABLES.len());
        for table in TABLES {
            let mut count = Count::of(table);
            self.tx
                .each_row(table, async |row| {
                    count.add(&encode(&row).map_err(std::io::Error::from)?);
                    load.row(table, row).await
                })
                .await?;
            contents.push(count.end());
        }
        load.finish(&contents, after, now).await?;
        Ok(contents)
    }
}

impl Database {
    /// A transaction that only reads, and sees what was committed before it and nothing else.
    async fn begin_snapshot(&self) -> Result<Transaction, StoreError> {
        Ok(match &self.pools {
            Pools::Sqlite { readers, .. } => Open::Sqlite(readers.begin().await?).into(),
            // Whatever level the server has for others.
            Pools::MySql(pool) => Open::MySql(
                pool.begin_with(
                    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT",
                )
                .await?,
            )
            .into(),
        })
    }
}

/// For each table that the engine numbers, the lowest number that it has never given.
async fn next_numbers(tx: &mut Transaction) -> Result<BTreeMap<String, i64>, StoreError> {
    let mut next = BTreeMap::new();
    if matches!(tx.open, Open::Sqlite(_)) {
        for (table, given) in tx.fetch_all::<(String, i64)>(GIVEN, &[]).await? {
            if NUMBERED.contains(&table.as_str()) {
                next.insert(table, given.saturating_add(1));
            }
        }
        return Ok(next);
    }
    for table in NUMBERED {
        if let Some(number) = tx.next_of_mysql(table).await? {
            next.insert((*table).to_owned(), number);
        }
    }
    Ok(next)
}

/// The number in `… AUTO_INCREMENT=17 …`. The information schema may be a day old on MySQL 8.
fn auto_increment(create_table: &str) -> Option<i64> {
    let (_, rest) = create_table.rsplit_once(" AUTO_INCREMENT=")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The values of a row of either engine's driver.
macro_rules! values {
    ($row:expr, $table:expr) => {{
        let mut values = Vec::with_capacity($table.columns.len());
        for (index, (_, kind)) in $table.columns.iter().enumerate() {
            values.push(
                match kind {
                    Kind::Int => $row.try_get::<Option<i64>, _>(index)?.map(Value::Int),
                    Kind::Text => $row.try_get::<Option<String>, _>(index)?.map(Value::Text),
                    Kind::Bytes => $row.try_get::<Option<Vec<u8>>, _>(index)?.map(Value::Bytes),
                }
                .unwrap_or(Value::Null),
            );
        }
        values
    }};
}

impl Transaction {
    /// Has `each` called with every row of the table, in the order of its key.
    pub(super) async fn each_row(
        &mut self,
        table: &Table,
        mut each: impl AsyncFnMut(Vec<Value>) -> Result<(), BackupError>,
    ) -> Result<(), BackupError> {
        let text = AssertSqlSafe(table.select());
        match &mut self.open {
            Open::Sqlite(tx) => {
                let mut rows = sqlx::query::<Sqlite>(text).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await? {
                    each(values!(row, table)).await?;
                }
            }
            Open::MySql(tx) => {
                let mut rows = sqlx::query::<MySql>(text).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await? {
                    each(values!(row, table)).await?;
                }
            }
        }
        Ok(())
    }

    async fn next_of_mysql(&mut self, table: &str) -> Result<Option<i64>, StoreError> {
        let Open::MySql(tx) = &mut self.open else {
            return Ok(None);
        };
        let text = AssertSqlSafe(format!("SHOW CREATE TABLE {table}"));
        let row: (String, String) = sqlx::query_as::<MySql, _>(text)
            .fetch_one(&mut **tx)
            .await?;
        Ok(auto_increment(&row.1))
    }
}
