//! CSV with a header line (RFC 4180), splitting by `csv-core`. A damaged line costs that line and no other.

use std::{
    collections::VecDeque,
    io::{self, BufRead},
};

use csv_core::ReadRecordResult;
use zeroize::Zeroizing;

use super::super::{Columns, Reject, RoleSource, SourceRow};
use super::lines::{LONGEST, Line, Lines};

/// The most columns of a file.
const MOST_COLUMNS: usize = 1024;

/// Reads record after record.
pub(crate) struct Csv<R> {
    lines: Lines<R>,
    /// Lines that were read ahead to look for the end of a quoted field.
    ahead: VecDeque<(i64, Vec<u8>)>,
    splitter: csv_core::Reader,
    fields: Vec<u8>,
    ends: Vec<usize>,
    header: Header,
}

/// Where the columns of the plan are.
#[derive(Debug, Clone, Default)]
struct Header {
    columns: usize,
    id: Option<usize>,
    username: usize,
    password: usize,
    role: Option<usize>,
    active: Option<usize>,
}

/// Why the header cannot be used.
pub(crate) enum HeaderError {
    Io(io::Error),
    Malformed(String),
    NoColumn(super::super::Identifier, String),
}

/// What came of splitting one record.
enum Split {
    /// This many fields, over `lines` lines.
    Record {
        fields: usize,
        lines: usize,
    },
    Damaged(&'static str),
}

impl<R: BufRead> Csv<R> {
    /// Reads the header.
    pub(crate) fn open(input: R, columns: &Columns) -> Result<Self, HeaderError> {
        let mut csv = Self {
            lines: Lines::new(input),
            ahead: VecDeque::new(),
            splitter: csv_core::Reader::new(),
            fields: vec![0; LONGEST],
            ends: vec![0; MOST_COLUMNS],
            header: Header::default(),
        };
        let count = match csv.read_line().map_err(HeaderError::Io)? {
            None => return Err(HeaderError::Malformed("it is empty".to_owned())),
            Some((_, first)) => match csv.split(&first).map_err(HeaderError::Io)? {
                Split::Record { fields, lines: 1 } => fields,
                _ => 0,
            },
        };
        if count == 0 {
            return Err(HeaderError::Malformed(
                "its first line is no CSV header".to_owned(),
            ));
        }
        csv.ahead.clear();
        let names: Option<Vec<&str>> = (0..count)
            .map(|field| std::str::from_utf8(csv.field(field)).ok())
            .collect();
        let names = names.ok_or_else(|| {
            HeaderError::Malformed("its header is not UTF-8; save the file as UTF-8".to_owned())
        })?;
        let place = |wanted: &super::super::Identifier| {
            let mut places = names
                .iter()
                .enumerate()
                .filter(|(_, name)| name.eq_ignore_ascii_case(wanted.as_str()));
            match (places.next(), places.next()) {
                (Some((at, _)), None) => Ok(at),
                (None, _) => Err(HeaderError::NoColumn(wanted.clone(), names.join(", "))),
                (Some(_), Some(_)) => Err(HeaderError::Malformed(format!(
                    "its header has the column {wanted} twice"
                ))),
            }
        };
        let role = match &columns.role {
            RoleSource::Column { column, .. } | RoleSource::Flag { flag: column } => Some(column),
            RoleSource::Always { .. } => None,
        };
        csv.header = Header {
            columns: count,
            id: columns.id.as_ref().map(place).transpose()?,
            username: place(&columns.username)?,
            password: place(&columns.password)?,
            role: role.map(place).transpose()?,
            active: columns.active.as_ref().map(place).transpose()?,
        };
        Ok(csv)
    }

    /// Bytes read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.lines.bytes()
    }

    /// The line on which the next record starts, with the record; `None` at the end of the file.
    pub(crate) fn next(&mut self) -> io::Result<Option<(i64, Result<SourceRow, Reject>)>> {
        loop {
            let (place, line) = match self.ahead.pop_front() {
                Some(line) => line,
                None => match self.read_line()? {
                    None => return Ok(None),
                    Some(line) => line,
                },
            };
            if !line.ends_with(b"\n") {
                let reason = format!("the line has more than {LONGEST} bytes");
                return Ok(Some((place, Err(Reject::new(place, None, reason)))));
            }
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let record = match self.split(&line)? {
                Split::Damaged(reason) => Err(Reject::new(place, None, reason)),
                Split::Record { fields, lines } => {
                    let record = self.record(place, fields);
                    let broken = lines > 1 && record.as_ref().map_or(true, has_line_break);
                    if broken {
                        let reason = "a quote on this line is not closed";
                        Err(Reject::new(place, None, reason))
                    } else {
                        // Those lines are part of this record.
                        self.ahead.drain(..lines - 1);
                        record
                    }
                }
            };
            return Ok(Some((place, record)));
        }
    }

    /// The next line with its number. One that is too long has no line end, every other one has, also the last.
    fn read_line(&mut self) -> io::Result<Option<(i64, Vec<u8>)>> {
        let mut line = Vec::new();
        let read = self.lines.next(&mut line)?;
        if read == Some(Line::Whole) && !line.ends_with(b"\n") {
            line.push(b'\n');
        }
        Ok(read.map(|_| (self.lines.number(), line)))
    }

    /// Splits the record that begins with `first`. Further lines that it takes stay in `ahead`.
    fn split(&mut self, first: &[u8]) -> io::Result<Split> {
        self.splitter.reset();
        let (mut written, mut fields) = (0, 0);
        let mut lines = 1;
        let mut total = first.len();
        let mut line: Vec<u8> = Vec::new();
        let mut input = first;
        loop {
            let (result, read, wrote, ended) = self.splitter.read_record(
                input,
                self.fields.get_mut(written..).unwrap_or_default(),
                self.ends.get_mut(fields..).unwrap_or_default(),
            );
            written += wrote;
            fields += ended;
            let left = input.get(read..).unwrap_or_default();
            match result {
                ReadRecordResult::Record if left.iter().all(|byte| *byte == b'\n') => {
                    return Ok(Split::Record { fields, lines });
                }
                ReadRecordResult::Record | ReadRecordResult::End => {
                    return Ok(Split::Damaged("a carriage return stands inside the line"));
                }
                ReadRecordResult::OutputFull => {
                    return Ok(Split::Damaged("the record is too long"));
                }
                ReadRecordResult::OutputEndsFull => {
                    return Ok(Split::Damaged("the record has too many fields"));
                }
                ReadRecordResult::InputEmpty => {
                    if self.ahead.len() < lines {
                        let next = self.read_line()?;
                        self.ahead.extend(next);
                    }
                    let Some((_, next)) = self.ahead.get(lines - 1) else {
                        return Ok(Split::Damaged("a quote on this line is not closed"));
                    };
                    total += next.len();
                    if total > LONGEST || !next.ends_with(b"\n") {
                        return Ok(Split::Damaged("a quote on this line is not closed"));
                    }
                    line.clone_from(next);
                    input = &line;
                    lines += 1;
                }
            }
        }
    }

    fn field(&self, number: usize) -> &[u8] {
        let end = self.ends.get(number).copied().unwrap_or_default();
        let start = number
            .checked_sub(1)
            .and_then(|before| self.ends.get(before).copied())
            .unwrap_or_default();
        self.fields.get(start..end).unwrap_or_default()
    }

    fn record(&self, place: i64, fields: usize) -> Result<SourceRow, Reject> {
        let header = &self.header;
        if fields != header.columns {
            let reason = format!("it has {fields} fields, the header has {}", header.columns);
            return Err(Reject::new(place, None, reason));
        }
        let text = |field: Option<usize>| match field.map(|field| self.field(field)) {
            None | Some([]) => Ok(None),
            Some(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(Some(text.to_owned())),
                Err(_) => Err(Reject::new(place, None, "it is not UTF-8")),
            },
        };
        Ok(SourceRow {
            place,
            id: text(header.id)?,
            username: text(Some(header.username))?,
            password: text(Some(header.password))?.map(Zeroizing::new),
            role: text(header.role)?,
            active: text(header.active)?,
        })
    }
}

/// Whether a value that we need spans lines: then a quote was forgotten, since none of them ever does.
fn has_line_break(row: &SourceRow) -> bool {
    let texts = [&row.id, &row.username, &row.role, &row.active];
    let password = row.password.as_ref().map(|password| password.as_str());
    let mut all = texts
        .into_iter()
        .flatten()
        .map(String::as_str)
        .chain(password);
    all.any(|text| text.contains('\n'))
}

#[cfg(test)]
mod tests;
