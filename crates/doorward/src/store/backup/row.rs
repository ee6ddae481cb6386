//! Rows as a backup sees them, the one way in which they are written, and what is known of a table's rows.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::tables::{Kind, Table};

/// A value of a column.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_str(&STANDARD.encode(bytes)),
        }
    }
}

impl Value {
    fn parse(value: serde_json::Value, kind: Kind) -> Option<Self> {
        match (kind, value) {
            (_, serde_json::Value::Null) => Some(Self::Null),
            (Kind::Int, serde_json::Value::Number(number)) => number.as_i64().map(Self::Int),
            (Kind::Text, serde_json::Value::String(text)) => Some(Self::Text(text)),
            (Kind::Bytes, serde_json::Value::String(text)) => {
                STANDARD.decode(text).ok().map(Self::Bytes)
            }
            _ => None,
        }
    }

    /// How many bytes it takes, about.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Null | Self::Int(_) => 8,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

/// A line with the values of a row, and the end of the line.
pub(super) fn encode(row: &[Value]) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(row)?;
    line.push(b'\n');
    Ok(line)
}

/// The row in a line; `None` when the line is none of a row of `table`.
pub(super) fn decode(table: &Table, line: &[u8]) -> Option<Vec<Value>> {
    let values: Vec<serde_json::Value> = serde_json::from_slice(line).ok()?;
    if values.len() != table.columns.len() {
        return None;
    }
    let kinds = table.columns.iter().map(|(_, kind)| *kind);
    values
        .into_iter()
        .zip(kinds)
        .map(|(value, kind)| Value::parse(value, kind))
        .collect()
}

/// What is in a table, so that two of them can be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableContents {
    /// The table.
    pub table: String,
    /// How many rows.
    pub rows: u64,
    /// SHA-256 over the rows, as they are written in an archive, in hexadecimal.
    pub sha256: String,
}

/// [`TableContents`] in the making.
pub(super) struct Count {
    table: &'static str,
    rows: u64,
    sha256: Sha256,
}

impl Count {
    pub(super) fn of(table: &Table) -> Self {
        Self {
            table: table.name,
            rows: 0,
            sha256: Sha256::new(),
        }
    }

    pub(super) fn add(&mut self, line: &[u8]) {
        self.rows += 1;
        self.sha256.update(line);
    }

    pub(super) fn end(self) -> TableContents {
        TableContents {
            table: self.table.to_owned(),
            rows: self.rows,
            sha256: hex(&self.sha256.finalize()),
        }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
