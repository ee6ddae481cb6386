//! What doorward has to write into columns that mean nothing to it when it adds a user in place.

use std::collections::BTreeMap;

use super::schema::{Column, Kind, Table};
use crate::adoption::{Fill, Generator, Identifier};

/// The most hexadecimal digits of [`Generator::Hex`].
const HEX_DIGITS: u32 = 32;

/// A value for each column that a new row needs one in, apart from those in `known`.
pub(super) fn fills(table: &Table, known: &[&Identifier]) -> BTreeMap<Identifier, Fill> {
    let needed = table.columns.iter().filter(|column| {
        !column.is_nullable && !column.has_own_value && !known.contains(&&column.name)
    });
    needed
        .map(|column| (column.name.clone(), fill(column)))
        .collect()
}

/// Whether a proposed value cannot be right for every new row.
pub(super) fn is_doubtful(column: &Column, fill: &Fill) -> bool {
    let too_long = matches!(
        fill,
        Fill::Generated {
            generate: Generator::Hex
        }
    ) && column.max_chars.is_some_and(|most| most < HEX_DIGITS);
    let the_same_for_all = column.is_unique && matches!(fill, Fill::Number(_) | Fill::Text(_));
    let points_elsewhere =
        column.kind == Kind::Integer && column.name.as_str().to_ascii_lowercase().ends_with("_id");
    too_long || the_same_for_all || points_elsewhere || column.kind == Kind::Binary
}

fn fill(column: &Column) -> Fill {
    let name = column.name.as_str().to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    let generated = |generate| Fill::Generated { generate };
    match column.kind {
        Kind::Boolean | Kind::Bit => Fill::Number(i64::from(is_active(&name))),
        Kind::Integer if is_active(&name) => Fill::Number(1),
        Kind::Integer if name.ends_with("_at") || has(&["timestamp", "created", "updated"]) => {
            generated(Generator::UnixSeconds)
        }
        Kind::Integer | Kind::Decimal => Fill::Number(0),
        Kind::Date | Kind::DateTime => generated(Generator::Datetime),
        Kind::Time => Fill::Text("00:00:00".to_owned()),
        Kind::Json => Fill::Text("{}".to_owned()),
        Kind::Choice => Fill::Text(first_choice(&column.declared)),
        Kind::Text | Kind::Binary | Kind::Any => {
            if has(&[
                "uniquifier",
                "uuid",
                "token",
                "alternative_id",
                "session_id",
            ]) {
                generated(Generator::Hex)
            } else if has(&["mail", "user", "login", "nick", "display"]) {
                generated(Generator::Username)
            } else if column.is_unique {
                generated(Generator::Hex)
            } else {
                Fill::Text(String::new())
            }
        }
    }
}

fn is_active(name: &str) -> bool {
    ["active", "is_active", "enabled", "is_enabled"].contains(&name)
}

/// The first word of `enum('a','b')`.
fn first_choice(declared: &str) -> String {
    let first = declared.split('\'').nth(1);
    first.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: Kind) -> Column {
        Column {
            name: Identifier::parse(name).unwrap(),
            kind,
            declared: "enum('new','old')".to_owned(),
            max_chars: Some(64),
            is_nullable: false,
            has_own_value: false,
            key_place: 0,
            is_unique: false,
        }
    }

    #[test]
    fn the_columns_of_known_libraries_get_what_these_would_write() {
        let hex = Fill::Generated {
            generate: Generator::Hex,
        };
        let now = Fill::Generated {
            generate: Generator::Datetime,
        };
        let username = Fill::Generated {
            generate: Generator::Username,
        };
        for (name, kind, expected) in [
            ("fs_uniquifier", Kind::Text, hex),
            ("active", Kind::Boolean, Fill::Number(1)),
            ("is_staff", Kind::Boolean, Fill::Number(0)),
            ("date_joined", Kind::DateTime, now),
            ("email", Kind::Text, username),
            ("first_name", Kind::Text, Fill::Text(String::new())),
            ("state", Kind::Choice, Fill::Text("new".to_owned())),
        ] {
            assert_eq!(fill(&column(name, kind)), expected, "{name}");
        }
    }

    #[test]
    fn a_value_that_cannot_be_right_is_doubted() {
        let mut short = column("fs_uniquifier", Kind::Text);
        short.max_chars = Some(16);
        assert!(is_doubtful(&short, &fill(&short)));
        let elsewhere = column("company_id", Kind::Integer);
        assert!(is_doubtful(&elsewhere, &fill(&elsewhere)));
        let plain = column("first_name", Kind::Text);
        assert!(!is_doubtful(&plain, &fill(&plain)));
    }
}
