//! Where rows come from: a table, a CSV file, a file of JSON lines. Each is read beside the writing, a few batches ahead.

mod batch;
mod csv;
mod file;
mod json_lines;
mod lines;
mod table;

use std::{fmt, path::PathBuf};

use crate::store::DatabaseUrl;

pub(crate) use batch::Batch;
pub(crate) use file::{FileSource, fingerprint};
pub(crate) use table::{read_between, spawn as spawn_table};

/// The receiving end of a source: its batches in order, then nothing.
pub(crate) type Batches = tokio::sync::mpsc::Receiver<Result<Batch, super::AdoptionError>>;

/// Batches that wait to be written. With the one being made and the one being written, four are in memory.
const AHEAD: usize = 2;

/// Where a copy comes from. `Display` shows no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceAddress {
    /// A table of a database.
    Database(DatabaseUrl),
    /// A file with a header line and comma-separated values (RFC 4180).
    Csv(PathBuf),
    /// A file with one JSON object a line.
    JsonLines(PathBuf),
}

impl fmt::Display for SourceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(url) => url.fmt(f),
            Self::Csv(path) | Self::JsonLines(path) => path.display().fmt(f),
        }
    }
}
