//! Tables and columns as they are found.

use crate::adoption::Identifier;

/// A table or view, or a file of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name; of a file, the file's name without its ending.
    pub name: Identifier,
    /// A view, or a file: nothing can be written there.
    pub is_view: bool,
    /// MySQL's storage engine.
    pub engine: Option<String>,
    /// The columns in their order.
    pub columns: Vec<Column>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: Identifier,
    /// What it holds.
    pub kind: Kind,
    /// The type as declared.
    pub declared: String,
    /// The most characters that the database lets in (bytes, for a binary column); none where it does not count.
    pub max_chars: Option<u32>,
    /// Whether a row can have NULL here.
    pub is_nullable: bool,
    /// Whether the database gives a new row its value: a default, a number of its own, an expression.
    pub has_own_value: bool,
    /// The column's place in the primary key, from 1; 0 outside of it.
    pub key_place: u8,
    /// Whether the column alone is unique.
    pub is_unique: bool,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers.
    Integer,
    /// True and false (MySQL: a number of one digit).
    Boolean,
    /// Bits (MySQL).
    Bit,
    /// Other numbers.
    Decimal,
    /// Text.
    Text,
    /// Bytes.
    Binary,
    /// A day.
    Date,
    /// A moment.
    DateTime,
    /// A time of day.
    Time,
    /// One of a list of words (MySQL).
    Choice,
    /// JSON.
    Json,
    /// Anything: a column of a file, or of SQLite without a type.
    Any,
}

impl Kind {
    /// Of a type as SQLite keeps it, which is whatever was written. In lower case.
    pub(crate) fn of_sqlite(declared: &str) -> Self {
        let is = |part: &str| declared.contains(part);
        if is("bool") {
            Self::Boolean
        } else if is("int") {
            Self::Integer
        } else if is("datetime") || is("timestamp") {
            Self::DateTime
        } else if is("date") {
            Self::Date
        } else if is("time") {
            Self::Time
        } else if is("json") {
            Self::Json
        } else if is("char") || is("clob") || is("text") {
            Self::Text
        } else if is("blob") || is("binary") {
            Self::Binary
        } else if is("real") || is("floa") || is("doub") || is("num") || is("dec") {
            Self::Decimal
        } else {
            Self::Any
        }
    }

    /// Of a type as MySQL names it: `data_type` and `column_type`.
    pub(crate) fn of_mysql(data_type: &str, column_type: &str) -> Self {
        match data_type {
            "tinyint" if column_type.starts_with("tinyint(1)") => Self::Boolean,
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => Self::Integer,
            "bit" => Self::Bit,
            "decimal" | "float" | "double" => Self::Decimal,
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => {
                Self::Binary
            }
            "date" => Self::Date,
            "datetime" | "timestamp" => Self::DateTime,
            "time" => Self::Time,
            "enum" | "set" => Self::Choice,
            "json" => Self::Json,
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "uuid" => {
                Self::Text
            }
            _ => Self::Any,
        }
    }

    /// Whether a name or a stored password can be here.
    pub(crate) fn may_hold_text(self) -> bool {
        matches!(self, Self::Text | Self::Binary | Self::Choice | Self::Any)
    }

    /// Whether a true or false can be here.
    pub(crate) fn may_hold_truth(self) -> bool {
        matches!(self, Self::Boolean | Self::Bit | Self::Integer | Self::Any)
    }
}

impl Table {
    /// The column of this name, in any case.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        let same = |column: &&Column| column.name.as_str().eq_ignore_ascii_case(name);
        self.columns.iter().find(same)
    }

    /// The whole-number column that is the primary key, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<&Column> {
        let mut key = self.columns.iter().filter(|column| column.key_place > 0);
        match (key.next(), key.next()) {
            (Some(column), None) if matches!(column.kind, Kind::Integer | Kind::Boolean) => {
                Some(column)
            }
            _ => None,
        }
    }

    /// Whether the columns have all these names, in any case.
    pub(crate) fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.column(name).is_some())
    }
}

impl Column {
    /// What the column is, for a person: `varchar(100), unique`.
    #[must_use]
    pub fn described(&self) -> String {
        let mut text = self.declared.clone();
        if self.key_place > 0 {
            text.push_str(", primary key");
        } else if self.is_unique {
            text.push_str(", unique");
        }
        if self.is_nullable {
            text.push_str(", may be NULL");
        }
        text.trim_start_matches(", ").to_owned()
    }
}
