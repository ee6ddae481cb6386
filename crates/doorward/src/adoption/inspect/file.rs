//! Files of records: CSV with a header line, or one JSON object a line.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read as _},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use super::{Column, InspectError, Kind, Table, rows::RawRow};
use crate::adoption::Identifier;

/// The longest record: a hash has at most some hundred bytes, so more is an unclosed quote or no such file.
const RECORD_BYTES: usize = 1024 * 1024;
/// The most columns of a CSV file.
const FIELDS: usize = 1024;
/// How many JSON objects are looked at for their keys.
const KEYS_FROM: u64 = 100;

/// A file with a record for each user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    path: PathBuf,
    form: FileForm,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileForm {
    /// RFC 4180, with a header line.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

impl SourceFile {
    /// The file at `path`, if its name ends like one that can be read: `.csv`, `.jsonl`, `.ndjson`.
    #[must_use]
    pub fn new(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        let form = match ending.as_str() {
            "csv" => FileForm::Csv,
            "jsonl" | "ndjson" => FileForm::JsonLines,
            _ => return None,
        };
        Some(Self {
            path: path.to_owned(),
            form,
        })
    }

    /// How it is written.
    #[must_use]
    pub fn form(&self) -> FileForm {
        self.form
    }

    /// The file's name without its ending, and its columns or keys.
    ///
    /// # Errors
    /// [`InspectError`] when the file cannot be read or has no header.
    pub(super) fn table(&self) -> Result<Table, InspectError> {
        let mut names: Vec<String> = Vec::new();
        match self.form {
            FileForm::Csv => {
                let mut records = CsvRecords::open(self)?;
                if records.next()? {
                    names = records.fields().map(text).collect();
                }
                if let Some(first) = names.first_mut() {
                    // Excel begins a CSV file with a byte order mark.
                    *first = first.trim_start_matches('\u{feff}').to_owned();
                }
            }
            FileForm::JsonLines => self.each_object(&mut |number, object| {
                for key in object.keys() {
                    if !names.contains(key) && names.len() < FIELDS {
                        names.push(key.clone());
                    }
                }
                number < KEYS_FROM
            })?,
        }
        let stem = self.path.file_stem().map(|stem| stem.to_string_lossy());
        let name = Identifier::parse(stem.unwrap_or_default()).or(Identifier::parse("file"));
        let columns = names.into_iter().filter_map(|name| {
            Some(Column {
                name: Identifier::parse(name).ok()?,
                kind: Kind::Any,
                declared: String::new(),
                max_chars: None,
                is_nullable: false,
                has_own_value: false,
                key_place: 0,
                is_unique: false,
            })
        });
        Ok(Table {
            name: name.map_err(|_| self.unreadable("it has no name"))?,
            is_view: true,
            engine: None,
            columns: columns.collect(),
        })
    }

    /// Shows each record to `visit`, with the wanted fields; an empty CSV field is an empty text.
    pub(super) fn each(
        &self,
        wanted: [Option<&Identifier>; 5],
        visit: &mut (dyn FnMut(&RawRow) + Send),
    ) -> Result<(), InspectError> {
        match self.form {
            FileForm::Csv => self.each_csv(wanted, visit),
            FileForm::JsonLines => self.each_object(&mut |number, object| {
                let field =
                    |name: Option<&Identifier>| object.get(name?.as_str()).and_then(json_text);
                let [id, name, password, role, active] = wanted.map(field);
                visit(&RawRow::new(number, (id, name, password, role, active)));
                true
            }),
        }
    }

    fn each_csv(
        &self,
        wanted: [Option<&Identifier>; 5],
        visit: &mut (dyn FnMut(&RawRow) + Send),
    ) -> Result<(), InspectError> {
        let mut records = CsvRecords::open(self)?;
        if !records.next()? {
            return Ok(());
        }
        let header: Vec<String> = records.fields().map(text).collect();
        let places = wanted.map(|name| {
            let name = name?.as_str();
            header
                .iter()
                .position(|found| found.trim_start_matches('\u{feff}') == name)
        });
        let mut number = 0;
        while records.next()? {
            number += 1;
            let field = |place: Option<usize>| records.fields().nth(place?).map(<[u8]>::to_vec);
            let [id, name, password, role, active] = places.map(field);
            visit(&RawRow::new(number, (id, name, password, role, active)));
        }
        Ok(())
    }

    /// Shows each object to `visit` with its number, until that returns false.
    fn each_object(
        &self,
        visit: &mut dyn FnMut(u64, &Map<String, Value>) -> bool,
    ) -> Result<(), InspectError> {
        let mut file = self.open()?;
        let mut line = Vec::new();
        let mut number = 0;
        for line_number in 1_u64.. {
            line.clear();
            let limit = RECORD_BYTES as u64 + 1;
            let read = file.by_ref().take(limit).read_until(b'\n', &mut line);
            if read.map_err(|error| self.failed(error))? == 0 {
                break;
            }
            if line.len() > RECORD_BYTES {
                return Err(self.unreadable(&format!("line {line_number} is longer than 1 MiB")));
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            // The parser's own message could quote the line.
            let Ok(object) = serde_json::from_slice::<Map<String, Value>>(&line) else {
                return Err(self.unreadable(&format!("line {line_number} is no JSON object")));
            };
            number += 1;
            if !visit(number, &object) {
                break;
            }
        }
        Ok(())
    }

    fn open(&self) -> Result<BufReader<File>, InspectError> {
        let file = File::open(&self.path).map_err(|error| self.failed(error))?;
        Ok(BufReader::new(file))
    }

    fn failed(&self, source: std::io::Error) -> InspectError {
        let path = self.path.display().to_string();
        InspectError::File { path, source }
    }

    fn unreadable(&self, reason: &str) -> InspectError {
        InspectError::NoRecords {
            path: self.path.display().to_string(),
            reason: reason.to_owned(),
        }
    }
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field).into_owned()
}

/// A value as the text that a database would give.
fn json_text(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone().into_bytes()),
        Value::Bool(truth) => Some(if *truth { b"1".to_vec() } else { b"0".to_vec() }),
        other => Some(other.to_string().into_bytes()),
    }
}

/// The records of a CSV file, one at a time in the same memory.
struct CsvRecords<'f> {
    file: &'f SourceFile,
    input: BufReader<File>,
    reader: csv_core::Reader,
    record: u64,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl<'f> CsvRecords<'f> {
    fn open(file: &'f SourceFile) -> Result<Self, InspectError> {
        Ok(Self {
            file,
            input: file.open()?,
            reader: csv_core::Reader::new(),
            record: 0,
            bytes: vec![0; RECORD_BYTES],
            ends: vec![0; FIELDS],
            count: 0,
        })
    }

    /// Reads the next record; false at the end of the file.
    fn next(&mut self) -> Result<bool, InspectError> {
        use csv_core::ReadRecordResult as Read;
        self.record += 1;
        let (mut written, mut ended) = (0, 0);
        loop {
            let input = self
                .input
                .fill_buf()
                .map_err(|error| self.file.failed(error))?;
            let bytes = self.bytes.get_mut(written..).unwrap_or_default();
            let ends = self.ends.get_mut(ended..).unwrap_or_default();
            let (result, read, wrote, finished) = self.reader.read_record(input, bytes, ends);
            self.input.consume(read);
            written += wrote;
            ended += finished;
            self.count = ended;
            match result {
                Read::InputEmpty => {}
                Read::Record => return Ok(true),
                Read::End => return Ok(false),
                Read::OutputFull | Read::OutputEndsFull => {
                    let reason = format!("record {} is longer than 1 MiB", self.record);
                    return Err(self.file.unreadable(&reason));
                }
            }
        }
    }

    fn fields(&self) -> impl Iterator<Item = &[u8]> {
        let ends = self.ends.get(..self.count).unwrap_or_default();
        let starts = std::iter::once(&0).chain(ends);
        starts
            .zip(ends)
            .map(|(start, end)| self.bytes.get(*start..*end).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
