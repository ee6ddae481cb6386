//! Statements and their arguments.

/// One SQL statement, written once where both engines agree and twice where they do not. Placeholders are `?`.
///
/// A test prepares every statement on a migrated database of each engine.
#[derive(Debug, Clone, Copy)]
pub struct Sql {
    sqlite: &'static str,
    mysql: &'static str,
}

impl Sql {
    /// A statement that both engines understand.
    #[must_use]
    pub const fn both(text: &'static str) -> Self {
        Self {
            sqlite: text,
            mysql: text,
        }
    }

    /// A statement that has to be said differently to each engine.
    #[must_use]
    pub const fn each(sqlite: &'static str, mysql: &'static str) -> Self {
        Self { sqlite, mysql }
    }

    /// The text for SQLite.
    #[must_use]
    pub const fn sqlite(self) -> &'static str {
        self.sqlite
    }

    /// The text for MySQL and MariaDB.
    #[must_use]
    pub const fn mysql(self) -> &'static str {
        self.mysql
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
