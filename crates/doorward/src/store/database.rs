//! Connections and statements: the one place that knows there are two engines.

use std::time::{Duration, Instant};

use sqlx::{
    ConnectOptions, Connection as _, Executor, FromRow, MySql, MySqlPool, Sqlite, SqlitePool,
    mysql::{MySqlPoolOptions, MySqlRow},
    sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
    },
};

use tracing::{Instrument as _, Span};

use super::{Arg, DatabaseUrl, Sql, StoreError, Transaction, private_file, transaction::Open};

/// How long a statement waits for SQLite's write lock, and a caller for a free connection.
const WAIT: Duration = Duration::from_secs(5);
/// How long a start waits before it opens a file again that another start is opening.
const COME_AGAIN: Duration = Duration::from_millis(10);
/// How often a transaction that lost a race is tried again (ASVS 15.4.2; DB-06: at most five).
const ATTEMPTS: u32 = 5;

const PING: Sql =
    Sql::both("SELECT COUNT(*) FROM (SELECT user_id FROM accounts LIMIT 1) AS any_account");

pub(super) const STATEMENTS: &[(&str, Sql)] = &[("database.PING", PING)];

/// A pool of connections to a database.
#[derive(Debug, Clone)]
pub struct Database {
    pub(super) pools: Pools,
}

#[derive(Debug, Clone)]
pub(super) enum Pools {
    /// SQLite has one writer at a time, so it gets one connection for writing: writers queue here instead of
    /// colliding there.
    Sqlite {
        readers: SqlitePool,
        writer: SqlitePool,
    },
    MySql(MySqlPool),
}

/// A row of both engines' drivers can become a `T`.
pub trait Row:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, MySqlRow> + Send + Unpin
{
}
impl<T> Row for T where
    T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, MySqlRow> + Send + Unpin
{
}

/// What a statement that returns no rows did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Rows that the statement matched. (The MySQL driver counts matched rows, not changed ones, so a
    /// compare-and-swap names the old value in its `WHERE`.)
    pub rows_affected: u64,
    /// The id that the database gave to an inserted row.
    pub last_insert_id: i64,
}

/// Builds a query with its arguments for one engine; the two expansions differ in type only.
macro_rules! bind {
    ($query:expr, $args:expr) => {{
        let mut query = $query;
        for arg in $args {
            query = match *arg {
                Arg::Int(value) => query.bind(value),
                Arg::Text(value) => query.bind(value),
                Arg::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}

pub(super) use bind;

impl Database {
    /// Opens `url` with at most `max_connections` connections. A SQLite file and its folder are created.
    ///
    /// SQLite runs in WAL mode with `synchronous=FULL`: an acknowledged write is on disk. MySQL sessions are
    /// checked for strict mode, without which the server would cut what does not fit (DB-03).
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] or [`StoreError::Database`] when it cannot be opened.
    pub async fn connect(url: &DatabaseUrl, max_connections: u32) -> Result<Self, StoreError> {
        let pools = match url {
            DatabaseUrl::Sqlite(path) => {
                if let Some(folder) = path
                    .parent()
                    .filter(|folder| !folder.as_os_str().is_empty())
                {
                    private_file::create_folder(folder).map_err(sqlx::Error::Io)?;
                }
                private_file::create(path).map_err(sqlx::Error::Io)?;
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    // A hash that was replaced must not stay behind in the file's free space (PW-03).
                    .pragma("secure_delete", "ON")
                    .busy_timeout(WAIT)
                    .disable_statement_logging();
                let writer = open_writer(&options).await?;
                let readers = SqlitePoolOptions::new()
                    .max_connections(max_connections.max(1))
                    .acquire_timeout(WAIT)
                    .connect_lazy_with(options.pragma("query_only", "ON"));
                Pools::Sqlite { readers, writer }
            }
            DatabaseUrl::MySql(url) => {
                let options = url
                    .options
                    .clone()
                    .charset("utf8mb4")
                    .disable_statement_logging();
                let pool = MySqlPoolOptions::new()
                    .max_connections(max_connections.max(1))
                    .acquire_timeout(WAIT)
                    .after_connect(|connection, _| {
                        Box::pin(async move {
                            // Strict for this session whatever the server's default, and able to read what another
                            // Galera node has just committed.
                            connection.execute("SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES,NO_ZERO_DATE')").await?;
                            // Servers without Galera do not know the variable.
                            let _ = connection.execute("SET SESSION wsrep_sync_wait = 1").await;
                            Ok(())
                        })
                    })
                    .connect_with(options)
                    .await?;
                Pools::MySql(pool)
            }
        };
        Ok(Self { pools })
    }

    /// `sqlite` or `mysql`.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        match self.pools {
            Pools::Sqlite { .. } => "sqlite",
            Pools::MySql(_) => "mysql",
        }
    }

    /// The first row of `sql`'s result, if there is one.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::AlreadyExists`].
    pub async fn fetch_optional<T: Row>(
        &self,
        sql: Sql,
        args: &[Arg<'_>],
    ) -> Result<Option<T>, StoreError> {
        let span = self.span(&sql);
        let fetch = async {
            Ok(match &self.pools {
                Pools::Sqlite { readers, .. } => {
                    bind!(sqlx::query_as::<Sqlite, T>(sql.sqlite()), args)
                        .fetch_optional(readers)
                        .await?
                }
                Pools::MySql(pool) => {
                    bind!(sqlx::query_as::<MySql, T>(sql.mysql()), args)
                        .fetch_optional(pool)
                        .await?
                }
            })
        };
        traced(span, fetch).await
    }

    /// All rows of `sql`'s result.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::AlreadyExists`].
    pub async fn fetch_all<T: Row>(
        &self,
        sql: Sql,
        args: &[Arg<'_>],
    ) -> Result<Vec<T>, StoreError> {
        let span = self.span(&sql);
        let fetch = async {
            Ok(match &self.pools {
                Pools::Sqlite { readers, .. } => {
                    bind!(sqlx::query_as::<Sqlite, T>(sql.sqlite()), args)
                        .fetch_all(readers)
                        .await?
                }
                Pools::MySql(pool) => {
                    bind!(sqlx::query_as::<MySql, T>(sql.mysql()), args)
                        .fetch_all(pool)
                        .await?
                }
            })
        };
        traced(span, fetch).await
    }

    /// Runs a statement that returns no rows, again when the engine asks for it.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn execute(&self, sql: Sql, args: &[Arg<'_>]) -> Result<Outcome, StoreError> {
        let span = self.span(&sql);
        let execute = self.attempt(|| async {
            Ok(match &self.pools {
                Pools::Sqlite { writer, .. } => from_sqlite(
                    &bind!(sqlx::query::<Sqlite>(sql.sqlite()), args)
                        .execute(writer)
                        .await?,
                ),
                Pools::MySql(pool) => from_mysql(
                    &bind!(sqlx::query::<MySql>(sql.mysql()), args)
                        .execute(pool)
                        .await?,
                ),
            })
        });
        traced(span, execute).await
    }

    /// Runs `attempt`, a whole transaction from [`Self::begin`] to [`Transaction::commit`], again when it lost a race.
    ///
    /// It may run several times, so it must have no effect outside its transaction.
    ///
    /// # Errors
    /// What the last attempt returned.
    pub async fn retry<T, E, A>(&self, attempt: impl Fn() -> A) -> Result<T, E>
    where
        E: AsStoreError,
        A: Future<Output = Result<T, E>>,
    {
        let span =
            tracing::info_span!(target: "traces", "transaction", db.system.name = self.engine());
        traced(span, self.attempt(attempt)).await
    }

    /// The span of a statement: its text, in which values are placeholders.
    fn span(&self, sql: &Sql) -> Span {
        let text = || match self.pools {
            Pools::Sqlite { .. } => sql.sqlite(),
            Pools::MySql(_) => sql.mysql(),
        };
        tracing::info_span!(
            target: "traces",
            "statement",
            db.system.name = self.engine(),
            db.query.text = text().as_str(),
        )
    }

    async fn attempt<T, E, A>(&self, attempt: impl Fn() -> A) -> Result<T, E>
    where
        E: AsStoreError,
        A: Future<Output = Result<T, E>>,
    {
        let mut number = 1;
        loop {
            match attempt().await {
                Err(error)
                    if error.as_store_error().is_some_and(StoreError::is_transient)
                        && number < ATTEMPTS =>
                {
                    pause(number).await;
                }
                other => return other,
            }
            number += 1;
        }
    }

    /// Begins a transaction; dropping it rolls it back.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::AlreadyExists`].
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(match &self.pools {
            // IMMEDIATE: a transaction that reads first and then writes would otherwise fail half-way.
            Pools::Sqlite { writer, .. } => {
                Open::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?).into()
            }
            Pools::MySql(pool) => Open::MySql(pool.begin().await?).into(),
        })
    }

    /// Whether the database answers a read of a table (`SELECT 1` succeeds on a Galera node that left its cluster).
    ///
    /// # Errors
    /// [`StoreError`] when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.fetch_optional::<(i64,)>(PING, &[]).await.map(drop)
    }

    /// Asks each engine to prepare `sql`: it exists for the test that reads every statement against a real schema.
    ///
    /// # Errors
    /// [`StoreError::Database`] when the engine cannot.
    pub async fn prepare(&self, sql: Sql) -> Result<(), StoreError> {
        match &self.pools {
            Pools::Sqlite { writer, .. } => {
                drop(writer.acquire().await?.prepare(sql.sqlite()).await?);
            }
            Pools::MySql(pool) => drop(pool.acquire().await?.prepare(sql.mysql()).await?),
        }
        Ok(())
    }

    /// Closes all connections, after the statements that are running.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::MySql(pool) => pool.close().await,
        }
    }
}

/// `work` in its span. It is boxed: one allocation is nothing beside a statement, and without it the compiler has to look
/// through the drivers' futures to lay out every handler, deeper than it does by default.
fn traced<F: Future>(span: Span, work: F) -> impl Future<Output = F::Output> {
    Box::pin(work).instrument(span)
}

/// An error that may have come from the database, so that a transaction knows whether to try again.
pub trait AsStoreError {
    /// The database's error, if that is what this is.
    fn as_store_error(&self) -> Option<&StoreError>;
}

impl AsStoreError for StoreError {
    fn as_store_error(&self) -> Option<&StoreError> {
        Some(self)
    }
}

pub(super) fn from_sqlite(result: &sqlx::sqlite::SqliteQueryResult) -> Outcome {
    Outcome {
        rows_affected: result.rows_affected(),
        last_insert_id: result.last_insert_rowid(),
    }
}

pub(super) fn from_mysql(result: &sqlx::mysql::MySqlQueryResult) -> Outcome {
    Outcome {
        rows_affected: result.rows_affected(),
        last_insert_id: i64::try_from(result.last_insert_id()).unwrap_or(i64::MAX),
    }
}

/// Waits a little longer after each lost race, so that the winners finish.
pub(crate) async fn pause(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(u64::from(attempt * attempt) * 5)).await;
}

/// The connection that writes. Of two processes that open a new file at once SQLite refuses one without waiting, because
/// both turn its journal into a log; then that one comes again.
async fn open_writer(options: &SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    let give_up = Instant::now() + WAIT;
    loop {
        let opened = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(WAIT)
            // When the disk is full SQLite rolls back by itself. The driver takes the transaction for open still,
            // and would refuse to begin another one on this connection for ever.
            .before_acquire(|connection, _| {
                Box::pin(async move { Ok(!connection.is_in_transaction()) })
            })
            .connect_with(options.clone())
            .await;
        match opened {
            Err(error) if is_busy(&error) && Instant::now() < give_up => {
                tokio::time::sleep(COME_AGAIN).await;
            }
            other => return other,
        }
    }
}

/// `SQLITE_BUSY`, in whichever extended form.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| code & 0xff == 5)
}
