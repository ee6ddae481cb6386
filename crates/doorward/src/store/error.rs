//! What can go wrong with the database.

/// A failure of the database. The message is for the operator's log; a client is told only that the service is
/// unavailable or that something failed inside.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique key is taken.
    #[error("a row with the same unique key exists")]
    AlreadyExists,
    /// The engine asks to try again: a lock, a deadlock, a certification failure. Returned after our own retries.
    #[error("the database is busy; the operation was tried several times")]
    Busy(#[source] sqlx::Error),
    /// The database cannot be reached, or no connection was free in time.
    #[error("the database cannot be reached: {0}")]
    Unreachable(#[source] sqlx::Error),
    /// There is no room on the disk, or it may only be read from.
    #[error("the database cannot write: {0}")]
    Unwritable(#[source] sqlx::Error),
    /// A stored value does not mean what it should.
    #[error("the column {column} of table {table} holds a value that is not valid there")]
    Corrupt {
        /// The table's name.
        table: &'static str,
        /// The column's name.
        column: &'static str,
    },
    /// The schema is not the one this program knows.
    #[error(transparent)]
    Migration(#[from] super::migrate::MigrationError),
    /// An adoption in place was interrupted: some users have no account yet.
    #[error(
        "the adoption of this database's users was interrupted; run `doorward adopt run` with the same plan again, it goes on where it stopped"
    )]
    AdoptionIncomplete,
    /// No random bytes for a new row.
    #[error(transparent)]
    Random(#[from] crate::random::RandomError),
    /// Anything else.
    #[error("the database refused a statement: {0}")]
    Database(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether a whole transaction that failed like this can be tried again.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Busy(_))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => {
                if database.is_unique_violation() {
                    return Self::AlreadyExists;
                }
                match database.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
                    // 1205 lock wait, 1213 deadlock or Galera certification, 1020 snapshot conflict,
                    // 1047 Galera node not ready, 9007 TiDB write conflict.
                    Some(mysql) if matches!(mysql.number(), 1205 | 1213 | 1020 | 9007) => {
                        Self::Busy(error)
                    }
                    Some(mysql) if matches!(mysql.number(), 1040 | 1047 | 1053 | 1203) => {
                        Self::Unreachable(error)
                    }
                    // 1021 the disk is full, 1114 the table is full, 1290 and 1836 read-only.
                    Some(mysql) if matches!(mysql.number(), 1021 | 1114 | 1290 | 1836) => {
                        Self::Unwritable(error)
                    }
                    Some(_) => Self::Database(error),
                    // SQLITE_BUSY (5), SQLITE_LOCKED (6) and their extended codes.
                    None => match database
                        .code()
                        .and_then(|code| code.parse::<i32>().ok())
                        .map(|code| code & 0xff)
                    {
                        Some(5 | 6) => Self::Busy(error),
                        // SQLITE_READONLY (8), SQLITE_IOERR (10), SQLITE_FULL (13), SQLITE_CANTOPEN (14).
                        Some(8 | 10 | 13 | 14) => Self::Unwritable(error),
                        _ => Self::Database(error),
                    },
                }
            }
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::WorkerCrashed => Self::Unreachable(error),
            _ => Self::Database(error),
        }
    }
}
