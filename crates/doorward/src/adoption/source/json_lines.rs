//! One JSON object a line.

use std::io::{self, BufRead};

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::super::{Columns, Identifier, Reject, RoleSource, SourceRow};
use super::lines::{LONGEST, Line, Lines};

/// Reads object after object.
pub(crate) struct JsonLines<R> {
    lines: Lines<R>,
    columns: Columns,
    line: Vec<u8>,
}

impl<R: BufRead> JsonLines<R> {
    pub(crate) fn new(input: R, columns: &Columns) -> Self {
        Self {
            lines: Lines::new(input),
            columns: columns.clone(),
            line: Vec::new(),
        }
    }

    /// Bytes read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.lines.bytes()
    }

    /// The next line's number, with its object; `None` at the end of the file.
    pub(crate) fn next(&mut self) -> io::Result<Option<(i64, Result<SourceRow, Reject>)>> {
        loop {
            let mut line = std::mem::take(&mut self.line);
            let read = self.lines.next(&mut line)?;
            self.line = line;
            let place = self.lines.number();
            let row = match read {
                None => return Ok(None),
                Some(Line::TooLong) => Err(Reject::new(
                    place,
                    None,
                    format!("the line has more than {LONGEST} bytes"),
                )),
                Some(Line::Whole) if self.line.iter().all(u8::is_ascii_whitespace) => continue,
                Some(Line::Whole) => self.row(place),
            };
            return Ok(Some((place, row)));
        }
    }

    fn row(&self, place: i64) -> Result<SourceRow, Reject> {
        let mut object: Map<String, Value> =
            serde_json::from_slice(&self.line).map_err(|error| {
                // The error's own text has a line number, of a text with one line.
                let kind = match error.classify() {
                    serde_json::error::Category::Eof => "the JSON breaks off".to_owned(),
                    serde_json::error::Category::Data => "the line is no JSON object".to_owned(),
                    _ => format!("the JSON is damaged at character {}", error.column()),
                };
                Reject::new(place, None, kind)
            })?;
        let mut text = |key: Option<&Identifier>| match key {
            None => Ok(None),
            Some(key) => match object.remove(key.as_str()) {
                None | Some(Value::Null) => Ok(None),
                Some(Value::String(text)) => Ok(Some(text)),
                Some(Value::Number(number)) => Ok(Some(number.to_string())),
                Some(Value::Bool(truth)) => Ok(Some(truth.to_string())),
                Some(Value::Array(_) | Value::Object(_)) => Err(Reject::new(
                    place,
                    None,
                    format!("its {key} is neither a text nor a number"),
                )),
            },
        };
        let columns = &self.columns;
        let role = match &columns.role {
            RoleSource::Column { column, .. } | RoleSource::Flag { flag: column } => Some(column),
            RoleSource::Always { .. } => None,
        };
        Ok(SourceRow {
            place,
            id: text(columns.id.as_ref())?,
            username: text(Some(&columns.username))?,
            password: text(Some(&columns.password))?.map(Zeroizing::new),
            role: text(role)?,
            active: text(columns.active.as_ref())?,
        })
    }
}
