//! Why an adoption stops.

use super::{Identifier, InvalidPlan};
use crate::{password::HashPoolError, store::StoreError};

/// Why an adoption cannot begin or go on. What is done so far is kept; the same command goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum AdoptionError {
    /// The plan contradicts itself.
    #[error(transparent)]
    Plan(#[from] InvalidPlan),
    /// A copy needs to know from where.
    #[error("the plan is a copy, and nothing says from where")]
    NoSource,
    /// A copy from a database needs the table's name.
    #[error("the plan names no table; set users.table")]
    TableNotNamed,
    /// The table is not there, or this account cannot see it.
    #[error("there is no table {0}, or this database account may not read it")]
    NoTable(Identifier),
    /// A column is not there.
    #[error("{place} has no column {column}; it has: {there}")]
    NoColumn {
        /// The table or file.
        place: String,
        /// The missing column.
        column: Identifier,
        /// The columns that are there.
        there: String,
    },
    /// In place, the id must be a key.
    #[error(
        "the column {0} is no whole-number key that every row has; in place, users.id must be one. Use mode = \"copy\" with another database"
    )]
    NotAKey(Identifier),
    /// An id that is no 64-bit number.
    #[error(
        "an id of the source is no whole number below 9223372036854775808; leave users.id out of the plan to give new numbers"
    )]
    IdOutOfRange,
    /// New hashes would be cut off.
    #[error(
        "the column {column} holds {width} characters and the hashes of passwords.write need {needed}; set passwords.widen_to = 255 in the plan"
    )]
    TooNarrow {
        /// The password column.
        column: Identifier,
        /// Its width in characters.
        width: i64,
        /// What is needed.
        needed: i64,
    },
    /// A file cannot be read.
    #[error("the file {path} cannot be read: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The report of rejects cannot be written. The rejects themselves are kept in the database.
    #[error("the report {path} cannot be written: {source}")]
    ReportFile {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what its name says.
    #[error("the file {path} cannot be used: {reason}")]
    Malformed {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// The source broke off.
    #[error("the source cannot be read: {0}")]
    Source(#[source] StoreError),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A password could not be hashed.
    #[error("a password could not be hashed: {0}")]
    Hash(#[from] HashPoolError),
    /// Two processes at once.
    #[error(
        "another process is carrying out this adoption, or has undone it; look at `doorward adopt status`"
    )]
    AnotherProcess,
    /// The application keeps changing rows.
    #[error(
        "the application changed the same rows again and again; run the command again, it goes on from there"
    )]
    KeepsChanging,
    /// The table is adopted by a plan that names other columns.
    #[error(
        "this database is adopted in place by a plan with another table or other columns; `doorward adopt undo` ends that one"
    )]
    OtherPlan,
    /// Coexistence has ended.
    #[error("the adoption in place of this database is finished; nothing is left to adopt")]
    Finished,
}

impl super::super::store::AsStoreError for AdoptionError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}
