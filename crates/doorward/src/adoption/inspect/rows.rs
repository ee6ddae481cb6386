//! The rows of a source, one after the other, as often as they are needed.

use std::fmt;

use futures_util::TryStreamExt as _;

use super::{InspectError, SourceFile, Table};
use crate::{
    adoption::{Columns, RoleSource},
    store::{ForeignRow, Reading},
};

/// One row with the values that a plan names. It holds a stored password: no `Debug` that shows it.
pub(crate) struct RawRow {
    /// From 1.
    pub(crate) number: u64,
    pub(crate) id: Option<Vec<u8>>,
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) password: Option<Vec<u8>>,
    pub(crate) role: Option<Vec<u8>>,
    pub(crate) active: Option<Vec<u8>>,
}

impl RawRow {
    pub(crate) fn new(number: u64, values: ForeignRow) -> Self {
        let (id, name, password, role, active) = values;
        Self {
            number,
            id,
            name,
            password,
            role,
            active,
        }
    }

    /// Where the row is, for a person: `id 7`, or `row 7` without an id.
    pub(crate) fn place(&self) -> String {
        match &self.id {
            Some(id) => format!("id {}", String::from_utf8_lossy(id)),
            None => format!("row {}", self.number),
        }
    }
}

impl fmt::Debug for RawRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawRow({}, [redacted])", self.number)
    }
}

/// Where rows come from.
pub(super) enum RowSource<'a> {
    Table(&'a Reading, &'a Table),
    File(&'a SourceFile),
}

impl RowSource<'_> {
    /// Shows each row to `visit`.
    pub(super) async fn each(
        &self,
        columns: &Columns,
        visit: &mut (dyn FnMut(&RawRow) + Send),
    ) -> Result<(), InspectError> {
        let role = match &columns.role {
            RoleSource::Column { column, .. } | RoleSource::Flag { flag: column } => Some(column),
            RoleSource::Always { .. } => None,
        };
        let wanted = [
            columns.id.as_ref(),
            Some(&columns.username),
            Some(&columns.password),
            role,
            columns.active.as_ref(),
        ];
        match self {
            Self::Table(reading, table) => {
                let mut rows = reading.rows(table, wanted);
                let mut number = 0;
                while let Some(values) = rows.try_next().await? {
                    number += 1;
                    visit(&RawRow::new(number, values));
                }
                Ok(())
            }
            Self::File(file) => file.each(wanted, visit),
        }
    }
}
