//! The rows of a table that somebody else made, one after the other.

use futures_util::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use sqlx::{AssertSqlSafe, MySql, Sqlite};

use super::{StoreError, foreign_schema::Reading, foreign_table::ForeignRow};
use crate::adoption::{
    Identifier,
    inspect::{Kind, Table},
};

impl Reading {
    /// All rows of `table`, read as they come: the memory it takes does not grow with the table. A column that is not
    /// wanted, or not there, is NULL in each row.
    pub(crate) fn rows(
        &self,
        table: &Table,
        wanted: [Option<&Identifier>; 5],
    ) -> BoxStream<'_, Result<ForeignRow, StoreError>> {
        let values = wanted.map(|name| {
            let found = name.and_then(|name| table.column(name.as_str()));
            found.map_or("NULL".to_owned(), |column| {
                self.as_bytes(&column.name, column.kind)
            })
        });
        let text = format!("SELECT {} FROM {}", values.join(", "), table.name.quoted());
        match self {
            Self::Sqlite(pool) => sqlx::query_as::<Sqlite, ForeignRow>(AssertSqlSafe(text))
                .fetch(pool)
                .map_err(StoreError::from)
                .boxed(),
            Self::MySql(pool) => sqlx::query_as::<MySql, ForeignRow>(AssertSqlSafe(text))
                .fetch(pool)
                .map_err(StoreError::from)
                .boxed(),
        }
    }

    /// The column's value as the bytes of its UTF-8 text, whatever its type and character set.
    fn as_bytes(&self, column: &Identifier, kind: Kind) -> String {
        let name = column.quoted();
        match (self, kind) {
            (Self::Sqlite(_), _) => format!("CAST(CAST({name} AS TEXT) AS BLOB)"),
            (Self::MySql(_), Kind::Binary) => format!("CAST({name} AS BINARY)"),
            // A bit's text would be its byte.
            (Self::MySql(_), Kind::Bit) => {
                format!("CAST(CONVERT({name} + 0 USING utf8mb4) AS BINARY)")
            }
            (Self::MySql(_), _) => format!("CAST(CONVERT({name} USING utf8mb4) AS BINARY)"),
        }
    }
}
