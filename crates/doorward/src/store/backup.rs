//! A database's rows in one file, or in another database, of either engine.
//!
//! Everything is read in one transaction that sees the database as it was when the backup began, while servers go on
//! writing: every write that was acknowledged before is in it, and no half of a transaction is. It is written in one
//! transaction too, read back in it and compared, so that a target has all of it or nothing.
//!
//! What only means something where it was is not carried: see [`NOT_CARRIED`].

mod archive;
mod load;
mod row;
mod snapshot;
mod tables;

pub use archive::{Archive, ArchiveError, ArchiveHeader, MAX_LINE};
pub(super) use load::STATEMENTS;
pub use load::{AfterRestore, restore};
pub use row::TableContents;
pub use snapshot::Snapshot;
pub use tables::{NOT_CARRIED, carried};

use super::StoreError;

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The users are in a table of an application, which its own tools back up.
    #[error(
        "the users are in an application's own table, which doorward does not copy; back the whole database up with the engine's own tools"
    )]
    InPlace,
    /// The schema has migrations that are pending.
    #[error(
        "the database's schema is not the one of this program; run `doorward db migrate` first"
    )]
    Behind,
    /// The target holds something already.
    #[error("the database is not empty: the table {table} has rows")]
    NotEmpty {
        /// A table with rows.
        table: String,
    },
    /// The archive is not one, or not whole.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// What was written is not what was read.
    #[error(
        "the table {table} does not read back as it was written; nothing was changed. The engine stores some value in another way"
    )]
    Different {
        /// The table.
        table: String,
    },
    /// A file or a pipe failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}
