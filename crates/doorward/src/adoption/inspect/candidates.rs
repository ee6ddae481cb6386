//! Which table is looked at.

use super::{
    InspectError, Table,
    layout::{self, Guess, Lacking},
};
use crate::adoption::Identifier;

/// The named table, or the likeliest, and the other candidates.
pub(super) fn choose<'t>(
    tables: &'t [Table],
    named: Option<&Identifier>,
) -> Result<(&'t Table, Vec<Identifier>), InspectError> {
    let there = || {
        let tables: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
        shortened(&tables)
    };
    let mut candidates: Vec<(u32, &Table)> = tables
        .iter()
        .filter_map(|table| Some((layout::likelihood(table)?, table)))
        .collect();
    candidates.sort_by_key(|(points, _)| std::cmp::Reverse(*points));
    let chosen = match named {
        Some(name) => {
            let exact = tables.iter().find(|table| table.name == *name);
            let same = |table: &&Table| table.name.as_str().eq_ignore_ascii_case(name.as_str());
            let found = exact.or_else(|| tables.iter().find(same));
            found.ok_or_else(|| InspectError::NoTable {
                table: name.clone(),
                tables: there(),
            })?
        }
        None => match candidates.first() {
            Some((_, table)) => table,
            // What is missing is worth more than a list when there is a table that must be it.
            None => match tables
                .iter()
                .find(|table| ["users", "user"].contains(&table.name.as_str()))
            {
                Some(table) => table,
                None => return Err(InspectError::NoCandidate { tables: there() }),
            },
        },
    };
    let others = candidates
        .into_iter()
        .filter(|(_, table)| table.name != chosen.name)
        .map(|(_, table)| table.name.clone())
        .take(5)
        .collect();
    Ok((chosen, others))
}

pub(super) fn guessed(table: &Table) -> Result<Guess, InspectError> {
    layout::guess(table).map_err(|lacking| {
        let columns: Vec<&str> = table
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .collect();
        InspectError::NoColumn {
            table: table.name.clone(),
            missing: match lacking {
                Lacking::Password => "a password",
                Lacking::Username => "a user name",
            },
            columns: shortened(&columns),
        }
    })
}

fn shortened(names: &[&str]) -> String {
    const SHOWN: usize = 30;
    if names.is_empty() {
        return "none".to_owned();
    }
    let mut text = names
        .iter()
        .take(SHOWN)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN {
        text.push_str(", …");
    }
    text
}
