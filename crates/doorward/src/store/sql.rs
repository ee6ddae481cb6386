//! Statements and their arguments.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

/// One SQL statement, written once where both engines agree and twice where they do not. Placeholders are `?`.
///
/// A test prepares every statement on a migrated database of each engine.
#[derive(Debug, Clone)]
pub struct Sql {
    sqlite: Text,
    mysql: Text,
}

#[derive(Debug, Clone)]
enum Text {
    Constant(&'static str),
    /// A constant with the names of an adopted table in it.
    Rendered(Arc<str>),
}

impl Text {
    fn get(&self) -> SqlStr {
        match self {
            Self::Constant(text) => SqlStr::from_static(text),
            // Only names that `Identifier` has checked and quoted were put in.
            Self::Rendered(text) => AssertSqlSafe(Arc::clone(text)).into_sql_str(),
        }
    }
}

impl Sql {
    /// A statement that both engines understand.
    #[must_use]
    pub const fn both(text: &'static str) -> Self {
        Self::each(text, text)
    }

    /// A statement that has to be said differently to each engine.
    #[must_use]
    pub const fn each(sqlite: &'static str, mysql: &'static str) -> Self {
        Self {
            sqlite: Text::Constant(sqlite),
            mysql: Text::Constant(mysql),
        }
    }

    /// A statement over tables whose names are known only at run time. The caller vouches for every part of it: names
    /// come from [`crate::adoption::Identifier::quoted`], values are placeholders.
    pub(super) fn rendered(sqlite: String, mysql: String) -> Self {
        Self {
            sqlite: Text::Rendered(sqlite.into()),
            mysql: Text::Rendered(mysql.into()),
        }
    }

    /// The text for SQLite.
    #[must_use]
    pub fn sqlite(&self) -> SqlStr {
        self.sqlite.get()
    }

    /// The text for MySQL and MariaDB.
    #[must_use]
    pub fn mysql(&self) -> SqlStr {
        self.mysql.get()
    }
}

/// A value for a placeholder.
#[derive(Clone, Copy)]
pub enum Arg<'a> {
    /// A whole number.
    Int(i64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl From<i64> for Arg<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Arg<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Arg<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Bytes(value)
    }
}

impl From<crate::clock::Timestamp> for Arg<'_> {
    fn from(value: crate::clock::Timestamp) -> Self {
        Self::Int(value.as_millis())
    }
}
