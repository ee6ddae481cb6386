//! The file of a backup: lines of JSON. The first says what it is, then come the tables, each a line with its columns and a
//! line for each row, and the last has the number of rows and a digest of all that was before it. Bytes are in base64.

use std::{
    collections::BTreeMap,
    io::{BufRead, Read as _, Write},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    TableContents,
    row::{Count, Value, decode, hex},
    tables::{TABLES, Table},
};
use crate::{clock::Timestamp, store::migrate};

/// The most bytes of a line. A row is a thousand times smaller, but for the plan of an adoption.
pub const MAX_LINE: usize = 4 * 1024 * 1024;

const FORMAT: u32 = 1;

/// Why an archive is not one, or not whole.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is something else.
    #[error("this is no backup of doorward")]
    NoArchive,
    /// It comes from another version.
    #[error(
        "the backup was made by doorward {version} with schema {schema}, and this program has schema {own}: restore it with that version, and let the newer one bring it up to date"
    )]
    OtherVersion {
        /// The version that made it.
        version: String,
        /// The last migration there.
        schema: i64,
        /// The last migration here.
        own: i64,
    },
    /// It ends too early.
    #[error("the backup is cut off after line {line}")]
    CutOff {
        /// The last line.
        line: u64,
    },
    /// A line is not as doorward writes it.
    #[error("line {line} of the backup is damaged: {what}")]
    Damaged {
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// It cannot be read.
    #[error("the backup cannot be read: {0}")]
    Io(#[from] std::io::Error),
}

/// The first line of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchiveHeader {
    doorward_backup: u32,
    /// The version of doorward that made it.
    pub version: String,
    /// The last migration that the database had.
    pub schema: i64,
    /// The engine that it was read from.
    pub engine: String,
    made_at_ms: i64,
    pub(super) next: BTreeMap<String, i64>,
}

impl ArchiveHeader {
    pub(super) fn new(
        schema: i64,
        engine: &str,
        now: Timestamp,
        next: BTreeMap<String, i64>,
    ) -> Self {
        Self {
            doorward_backup: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema,
            engine: engine.to_owned(),
            made_at_ms: now.as_millis(),
            next,
        }
    }

    /// Which moment it shows.
    #[must_use]
    pub fn made_at(&self) -> Timestamp {
        Timestamp::from_millis(self.made_at_ms)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableLine {
    table: String,
    columns: Vec<String>,
}

impl TableLine {
    fn of(table: &Table) -> Self {
        Self {
            table: table.name.to_owned(),
            columns: table
                .columns
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .collect(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndLine {
    end: Vec<TableContents>,
    sha256: String,
}

/// Writes an archive.
pub(super) struct Writer<W> {
    out: W,
    sha256: Sha256,
}

impl<W: Write> Writer<W> {
    pub(super) fn begin(out: W, header: &ArchiveHeader) -> std::io::Result<Self> {
        let mut writer = Self {
            out,
            sha256: Sha256::new(),
        };
        writer.json(header)?;
        Ok(writer)
    }

    pub(super) fn table(&mut self, table: &Table) -> std::io::Result<()> {
        self.json(&TableLine::of(table))
    }

    pub(super) fn line(&mut self, line: &[u8]) -> std::io::Result<()> {
        self.sha256.update(line);
        self.out.write_all(line)
    }

    pub(super) fn end(mut self, contents: &[TableContents]) -> std::io::Result<()> {
        let end = EndLine {
            end: contents.to_vec(),
            sha256: hex(&self.sha256.clone().finalize()),
        };
        self.json(&end)?;
        self.out.flush()
    }

    fn json(&mut self, value: &impl Serialize) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.line(&line)
    }
}

/// An archive that is being read. What it has is not to be relied on before its end was reached.
#[derive(Debug)]
pub struct Archive<R> {
    reader: R,
    header: ArchiveHeader,
    lines: u64,
    sha256: Sha256,
}

/// What follows in an archive.
pub(super) enum Item {
    Row(&'static Table, Vec<Value>),
    End(Vec<TableContents>),
}

/// Where a reader is.
pub(super) struct Position {
    tables: std::slice::Iter<'static, Table>,
    now: Option<(&'static Table, Count)>,
    contents: Vec<TableContents>,
}

impl Position {
    pub(super) fn start() -> Self {
        Self {
            tables: TABLES.iter(),
            now: None,
            contents: Vec::new(),
        }
    }
}

impl<R: BufRead> Archive<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// [`ArchiveError`] when this is no archive of this version of doorward.
    pub fn open(mut reader: R) -> Result<Self, ArchiveError> {
        let own = own_schema();
        let mut sha256 = Sha256::new();
        let line = read_line(&mut reader, 0)?.ok_or(ArchiveError::NoArchive)?;
        sha256.update(&line);
        let header: ArchiveHeader =
            serde_json::from_slice(&line).map_err(|_| ArchiveError::NoArchive)?;
        if header.doorward_backup != FORMAT || header.schema != own {
            return Err(ArchiveError::OtherVersion {
                version: header.version,
                schema: header.schema,
                own,
            });
        }
        Ok(Self {
            reader,
            header,
            lines: 1,
            sha256,
        })
    }

    /// The first line.
    #[must_use]
    pub fn header(&self) -> &ArchiveHeader {
        &self.header
    }

    /// Reads it to its end and keeps nothing. Returns what is in it.
    ///
    /// # Errors
    /// [`ArchiveError`] names the line that is damaged, or says that the end is missing.
    pub fn check(mut self) -> Result<Vec<TableContents>, ArchiveError> {
        let mut position = Position::start();
        loop {
            if let Item::End(contents) = self.next(&mut position)? {
                return Ok(contents);
            }
        }
    }

    pub(super) fn next(&mut self, position: &mut Position) -> Result<Item, ArchiveError> {
        loop {
            let line = read_line(&mut self.reader, self.lines)?
                .ok_or(ArchiveError::CutOff { line: self.lines })?;
            self.lines += 1;
            if line.first() == Some(&b'[') {
                let (table, count) = position
                    .now
                    .as_mut()
                    .ok_or_else(|| self.damaged("a row outside of a table"))?;
                let row = decode(table, &line)
                    .ok_or_else(|| self.damaged("it is no row of its table"))?;
                count.add(&line);
                self.sha256.update(&line);
                return Ok(Item::Row(table, row));
            }
            let digest = hex(&self.sha256.clone().finalize());
            self.sha256.update(&line);
            if let Some((_, count)) = position.now.take() {
                position.contents.push(count.end());
            }
            let Some(table) = position.tables.next() else {
                let contents = std::mem::take(&mut position.contents);
                return self.expect_end(&line, &digest, contents);
            };
            self.expect_table(table, &line)?;
            position.now = Some((table, Count::of(table)));
        }
    }

    fn expect_table(&self, table: &Table, line: &[u8]) -> Result<(), ArchiveError> {
        let found: TableLine =
            serde_json::from_slice(line).map_err(|_| self.damaged("it does not begin a table"))?;
        let expected = TableLine::of(table);
        if (found.table, found.columns) == (expected.table, expected.columns) {
            Ok(())
        } else {
            Err(self.damaged("another table, or other columns, should be here"))
        }
    }

    fn expect_end(
        &mut self,
        line: &[u8],
        digest: &str,
        contents: Vec<TableContents>,
    ) -> Result<Item, ArchiveError> {
        let end: EndLine =
            serde_json::from_slice(line).map_err(|_| self.damaged("it is not the end"))?;
        if end.sha256 != digest || end.end != contents {
            return Err(self.damaged("the digest does not fit: something before it was changed"));
        }
        if read_line(&mut self.reader, self.lines)?.is_some() {
            self.lines += 1;
            return Err(self.damaged("something follows the end"));
        }
        Ok(Item::End(contents))
    }

    fn damaged(&self, what: &'static str) -> ArchiveError {
        ArchiveError::Damaged {
            line: self.lines,
            what,
        }
    }
}

/// The last migration that this program knows.
fn own_schema() -> i64 {
    let last = migrate::sqlite().iter().last();
    last.map_or(0, |migration| migration.version)
}

/// The next line with its end; `None` at the end of the file. `before` lines were read.
fn read_line(reader: &mut impl BufRead, before: u64) -> Result<Option<Vec<u8>>, ArchiveError> {
    let mut line = Vec::new();
    let most = MAX_LINE as u64 + 1;
    let read = reader.by_ref().take(most).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        return Ok(Some(line));
    }
    Err(if line.len() > MAX_LINE {
        ArchiveError::Damaged {
            line: before + 1,
            what: "it is longer than 4 MiB",
        }
    } else if before == 0 {
        ArchiveError::NoArchive
    } else {
        ArchiveError::CutOff { line: before }
    })
}

#[cfg(test)]
mod tests;
