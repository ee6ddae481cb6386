//! A file, read by a thread of its own.

use std::{
    fs::File,
    io::{self, BufReader, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::super::{AdoptionError, Columns, Reject, RowRules, SourceRow};
use super::batch::Batcher;
use super::csv::{Csv, HeaderError};
use super::json_lines::JsonLines;
use super::{AHEAD, Batch, Batches, SourceAddress};

/// What is read from the file at once.
const BUFFER: usize = 256 * 1024;

enum Records {
    Csv(Box<Csv<BufReader<File>>>),
    JsonLines(Box<JsonLines<BufReader<File>>>),
}

impl Records {
    fn next(&mut self) -> io::Result<Option<(i64, Result<SourceRow, Reject>)>> {
        match self {
            Self::Csv(csv) => csv.next(),
            Self::JsonLines(lines) => lines.next(),
        }
    }

    fn bytes(&self) -> u64 {
        match self {
            Self::Csv(csv) => csv.bytes(),
            Self::JsonLines(lines) => lines.bytes(),
        }
    }
}

/// An opened file whose header fits the plan.
pub(crate) struct FileSource {
    path: PathBuf,
    records: Records,
    pub(crate) size: u64,
}

impl FileSource {
    /// Opens the file. `None` when the address is no file.
    ///
    /// # Errors
    /// [`AdoptionError`] says what is wrong with it.
    pub(crate) fn open(
        address: &SourceAddress,
        columns: &Columns,
    ) -> Result<Option<Self>, AdoptionError> {
        let (path, is_csv) = match address {
            SourceAddress::Database(_) => return Ok(None),
            SourceAddress::Csv(path) => (path, true),
            SourceAddress::JsonLines(path) => (path, false),
        };
        let failed = |source| unreadable(path, source);
        let file = File::open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let input = BufReader::with_capacity(BUFFER, file);
        let records = if is_csv {
            Records::Csv(Box::new(Csv::open(input, columns).map_err(
                |error| match error {
                    HeaderError::Io(source) => failed(source),
                    HeaderError::Malformed(reason) => AdoptionError::Malformed {
                        path: path.display().to_string(),
                        reason,
                    },
                    HeaderError::NoColumn(column, there) => AdoptionError::NoColumn {
                        place: path.display().to_string(),
                        column,
                        there,
                    },
                },
            )?))
        } else {
            Records::JsonLines(Box::new(JsonLines::new(input, columns)))
        };
        Ok(Some(Self {
            path: path.clone(),
            records,
            size,
        }))
    }

    /// Starts reading, behind the line `position`.
    ///
    /// # Errors
    /// [`AdoptionError::File`] when there can be no thread.
    pub(crate) fn spawn(
        mut self,
        rules: Arc<RowRules>,
        position: i64,
    ) -> Result<Batches, AdoptionError> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let path = self.path.clone();
        std::thread::Builder::new()
            .name("doorward-read".to_owned())
            .spawn(move || {
                let result = self.read(&rules, position, |batch| {
                    // Nobody waits for it any more when the adoption has failed.
                    sender.blocking_send(Ok(batch)).is_ok()
                });
                if let Err(source) = result {
                    let _ = sender.blocking_send(Err(unreadable(&self.path, source)));
                }
            })
            .map_err(|source| unreadable(&path, source))?;
        Ok(receiver)
    }

    fn read(
        &mut self,
        rules: &RowRules,
        position: i64,
        mut send: impl FnMut(Batch) -> bool,
    ) -> io::Result<()> {
        let mut batcher = Batcher::new(rules, position);
        while let Some((place, row)) = self.records.next()? {
            if place <= position {
                continue;
            }
            if let Some(batch) = batcher.add(place, row, self.records.bytes())
                && !send(batch)
            {
                return Ok(());
            }
        }
        if let Some(batch) = batcher.rest() {
            send(batch);
        }
        Ok(())
    }
}

fn unreadable(path: &Path, source: io::Error) -> AdoptionError {
    AdoptionError::File {
        path: path.display().to_string(),
        source,
    }
}

/// The SHA-256 of a file: what makes it the same one.
///
/// # Errors
/// [`AdoptionError::File`].
pub(crate) fn fingerprint(path: &Path) -> Result<[u8; 32], AdoptionError> {
    let failed = |source| unreadable(path, source);
    let mut file = File::open(path).map_err(failed)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(digest.finalize().into()),
            Ok(count) => digest.update(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
}
