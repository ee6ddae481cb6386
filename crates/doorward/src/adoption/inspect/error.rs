//! Why nothing is proposed.

use crate::{adoption::Identifier, store::StoreError};

/// Why there is nothing to propose.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file failed.
    #[error("{path} cannot be read")]
    File {
        /// Its path.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file does not hold what its name says.
    #[error("{path} cannot be read: {reason}")]
    NoRecords {
        /// Its path.
        path: String,
        /// Why.
        reason: String,
    },
    /// The table that was named is not there.
    #[error("there is no table {table}; there are: {tables}")]
    NoTable {
        /// Its name.
        table: Identifier,
        /// Those that are there.
        tables: String,
    },
    /// No table has a column for a name and one for a password.
    #[error("no table has a column for a user name and one for a password; there are: {tables}")]
    NoCandidate {
        /// Those that are there.
        tables: String,
    },
    /// A table lacks a column.
    #[error("{table} has no column that looks like {missing}; its columns: {columns}")]
    NoColumn {
        /// The table.
        table: Identifier,
        /// `a password` or `a user name`.
        missing: &'static str,
        /// Those that are there.
        columns: String,
    },
    /// The table has no rows.
    #[error("the table {table} is empty: there is nobody to adopt")]
    Empty {
        /// The table.
        table: Identifier,
    },
    /// The table is doorward's.
    #[error("the table {table} is doorward's own already: its accounts are beside it")]
    Ours {
        /// The table.
        table: Identifier,
    },
}
