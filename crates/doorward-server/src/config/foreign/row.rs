//! One table of the file, with the places of its keys.

use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

use super::columns::{Absence, ArrayTable, Column, ColumnKind};
use crate::config::duration::{format_duration, parse_duration};
use crate::config::end_date::parse_end_date;
use crate::config::error::{ConfigError, ConfigErrorKind};
use crate::config::suggest::nearest;
use doorward::clock::Timestamp;

/// A table as it stands in the file.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) table: &'static ArrayTable,
    path: PathBuf,
    line: usize,
    cells: Vec<Cell>,
}

#[derive(Debug)]
struct Cell {
    column: &'static Column,
    line: usize,
    value: CellValue,
}

/// A value before its meaning is known. Texts are wiped when dropped, and `Debug` shows none.
enum CellValue {
    Text(Zeroizing<String>),
    List(Vec<Zeroizing<String>>),
    Boolean(bool),
    Other(&'static str),
}

impl std::fmt::Debug for CellValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.describe())
    }
}

impl CellValue {
    fn of(value: &DeValue<'_>) -> Self {
        let text = |text: &str| Zeroizing::new(text.to_owned());
        match value {
            DeValue::String(string) => Self::Text(text(string)),
            DeValue::Datetime(moment) => Self::Text(Zeroizing::new(moment.to_string())),
            DeValue::Boolean(boolean) => Self::Boolean(*boolean),
            DeValue::Array(array) => array
                .iter()
                .map(|item| item.get_ref().as_str().map(text))
                .collect::<Option<Vec<_>>>()
                .map_or(Self::Other("a list of other things than texts"), Self::List),
            DeValue::Integer(_) | DeValue::Float(_) => Self::Other("a number"),
            DeValue::Table(_) => Self::Other("a table"),
        }
    }

    fn describe(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Boolean(_) => "true or false",
            Self::Other(name) => name,
        }
    }
}

impl Row {
    /// Takes a table of the file; unknown keys are refused.
    pub(crate) fn read(
        table: &'static ArrayTable,
        content: &DeTable<'_>,
        path: &Path,
        line: usize,
        line_at: impl Fn(usize) -> usize,
    ) -> Result<Self, ConfigError> {
        let mut row = Self {
            table,
            path: path.to_owned(),
            line,
            cells: Vec::new(),
        };
        for (name, value) in content {
            let line = line_at(name.span().start);
            match table.column(name.get_ref()) {
                Some(column) => row.cells.push(Cell {
                    column,
                    line,
                    value: CellValue::of(value.get_ref()),
                }),
                None => return Err(row.unknown(name.get_ref(), line)),
            }
        }
        Ok(row)
    }

    fn unknown(&self, name: &str, line: usize) -> ConfigError {
        let names = self.table.columns.iter().map(|column| column.name);
        let fix = match nearest(name, names) {
            Some(meant) => format!("did you mean `{meant}`? If not, delete the line"),
            None => "delete the line; `doorward config template` lists every key".to_owned(),
        };
        ConfigError::new(
            ConfigErrorKind::UnknownKey,
            format!(
                "unknown key `{}` in [[{}]]",
                name.escape_debug(),
                self.table.name
            ),
            format!(
                "{} line {line} sets it, but the table has no such key",
                self.path.display()
            ),
            fix,
        )
    }

    /// Where the table begins, as errors and the shown configuration name it.
    pub(crate) fn place(&self) -> String {
        format!("{} line {}", self.path.display(), self.line)
    }

    fn place_of(&self, name: &str) -> String {
        let cell = self.cells.iter().find(|cell| cell.column.name == name);
        let line = cell.map_or(self.line, |cell| cell.line);
        format!("{} line {line}", self.path.display())
    }

    /// A refusal of one key's value. `reason` completes "`foreign_tokens.key` …".
    pub(crate) fn refuse(&self, name: &str, reason: &str) -> ConfigError {
        let example = self.table.column(name).map_or("…", |column| column.example);
        self.refuse_as(
            ConfigErrorKind::InvalidValue,
            name,
            reason,
            format!("for example: {name} = {example}"),
        )
    }

    /// The same, of another kind and with another way out.
    pub(crate) fn refuse_as(
        &self,
        kind: ConfigErrorKind,
        name: &str,
        reason: &str,
        fix: impl Into<String>,
    ) -> ConfigError {
        ConfigError::new(
            kind,
            format!("`{}.{name}` {reason}", self.table.name),
            format!("it stands in {}", self.place_of(name)),
            fix,
        )
    }

    fn cell(&self, name: &str) -> Option<&CellValue> {
        let cell = self.cells.iter().find(|cell| cell.column.name == name);
        cell.map(|cell| &cell.value)
    }

    /// Whether the file gives the key.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.cell(name).is_some()
    }

    /// Whether the file itself holds a secret of the source.
    pub(crate) fn has_secret(&self) -> bool {
        self.cells.iter().any(|cell| cell.column.secret)
    }

    /// A text, as it is; the default of the key without one.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, ConfigError> {
        match self.cell(name) {
            Some(CellValue::Text(text)) if text.is_empty() => Err(self.refuse(name, "is empty")),
            Some(CellValue::Text(text)) => Ok(Some(text)),
            Some(other) => {
                let reason = format!("must be text in quotes, not {}", other.describe());
                Err(self.refuse(name, &reason))
            }
            None => match self.table.column(name).map(|column| column.absence) {
                Some(Absence::Default(quoted)) => Ok(Some(quoted.trim_matches('"'))),
                Some(Absence::Required) => Err(self.missing(name)),
                _ => Ok(None),
            },
        }
    }

    /// A text that must be there or has a default.
    pub(crate) fn needed(&self, name: &str) -> Result<&str, ConfigError> {
        self.text(name)?.ok_or_else(|| self.missing(name))
    }

    fn missing(&self, name: &str) -> ConfigError {
        self.refuse(name, "is missing")
    }

    /// The texts of a list; none when the key is left out and may be.
    pub(crate) fn list(&self, name: &str) -> Result<Vec<&str>, ConfigError> {
        match self.cell(name) {
            Some(CellValue::List(items)) if items.iter().any(|item| item.is_empty()) => {
                Err(self.refuse(name, "has an empty item"))
            }
            Some(CellValue::List(items)) => Ok(items.iter().map(|item| item.as_str()).collect()),
            Some(_) => Err(self.refuse(name, "must be a list of texts")),
            None => match self.table.column(name).map(|column| column.absence) {
                Some(Absence::Required) => Err(self.missing(name)),
                _ => Ok(Vec::new()),
            },
        }
    }

    /// Yes or no, or the default of the key.
    pub(crate) fn boolean(&self, name: &str) -> Result<bool, ConfigError> {
        match self.cell(name) {
            Some(CellValue::Boolean(value)) => Ok(*value),
            Some(_) => Err(self.refuse(name, "must be true or false, without quotes")),
            None => Ok(self
                .table
                .column(name)
                .is_some_and(|column| column.absence == Absence::Default("true"))),
        }
    }

    /// A duration within the limits of the key.
    pub(crate) fn duration(&self, name: &str) -> Result<Option<Duration>, ConfigError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let duration =
            parse_duration(text).map_err(|error| self.refuse(name, &error.to_string()))?;
        let Some(ColumnKind::Duration { min, max }) =
            self.table.column(name).map(|column| column.kind)
        else {
            return Ok(Some(duration));
        };
        let (min, max) = (Duration::from_secs(min), Duration::from_secs(max));
        if (min..=max).contains(&duration) {
            return Ok(Some(duration));
        }
        let (min, max) = (format_duration(min), format_duration(max));
        Err(self.refuse(name, &format!("must be from {min} to {max}")))
    }

    /// The moment at which the source ends.
    pub(crate) fn end(&self, name: &str) -> Result<Timestamp, ConfigError> {
        let text = self.needed(name)?;
        parse_end_date(text).map_err(|error| self.refuse(name, &error.to_string()))
    }

    /// A value that its type reads from text.
    pub(crate) fn parsed<T>(&self, name: &str) -> Result<T, ConfigError>
    where
        T: std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        self.needed(name)?
            .parse()
            .map_err(|error: T::Err| self.refuse(name, &error.to_string()))
    }
}
