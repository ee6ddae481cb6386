//! What our account may do in a MySQL database, read from `SHOW GRANTS`.

/// Whether the account has a right: known, or not told by what could be read (a right can come from a role).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// It has the right.
    Yes,
    /// It has not.
    No,
    /// It cannot be told.
    Unknown,
}

/// The rights that an adoption in place needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Privileges {
    /// Whether tables can be created.
    pub create: Allowed,
    /// Whether rows can be added and changed.
    pub write: Allowed,
}

impl Privileges {
    /// Reads the lines of `SHOW GRANTS` for the database of this name.
    pub(super) fn of(grants: &[String], database: &str) -> Self {
        let mut rights: Vec<String> = Vec::new();
        let mut has_roles = false;
        for line in grants {
            let upper = line.to_ascii_uppercase();
            let Some((listed, rest)) = line
                .strip_prefix("GRANT ")
                .zip(upper.find(" ON "))
                .and_then(|(_, at)| Some((line.get(6..at)?, line.get(at + 4..)?)))
            else {
                has_roles |= upper.starts_with("GRANT ");
                continue;
            };
            if covers(rest, database) {
                rights.extend(
                    listed
                        .split(',')
                        .map(|right| right.trim().to_ascii_uppercase()),
                );
            }
        }
        let has = |wanted: &str| {
            rights
                .iter()
                .any(|right| right == wanted || right == "ALL" || right == "ALL PRIVILEGES")
        };
        let allowed = |yes: bool| match (yes, has_roles || grants.is_empty()) {
            (true, _) => Allowed::Yes,
            (false, true) => Allowed::Unknown,
            (false, false) => Allowed::No,
        };
        Self {
            create: allowed(has("CREATE")),
            write: allowed(has("INSERT") && has("UPDATE") && has("DELETE")),
        }
    }
}

/// Whether `*.*`, `` `name`.* `` or `` `pre\_fix%`.* `` is the whole database. Rights over single tables do not count:
/// ours are not there yet.
fn covers(place: &str, database: &str) -> bool {
    let Some((pattern, _)) = place.split_once(".*") else {
        return false;
    };
    let pattern = pattern.trim_matches('`');
    pattern == "*" || matches(pattern, database)
}

/// MySQL's pattern of a database name: `%` any text, `_` any character, `\` before either as itself.
fn matches(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('%') => {
            let rest = rest.as_str();
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.filter_map(|at| text.get(at..))
                .any(|tail| matches(rest, tail))
        }
        Some(first) => {
            let (wanted, any) = match first {
                '_' => (None, true),
                '\\' => (rest.next(), false),
                other => (Some(other), false),
            };
            let mut text = text.chars();
            let found = text.next();
            found.is_some() && (any || found == wanted) && matches(rest.as_str(), text.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(lines: &[&str]) -> Allowed {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        Privileges::of(&lines, "flask_api").create
    }

    #[test]
    fn rights_over_the_database_count_and_those_over_others_do_not() {
        for (line, allowed) in [
            ("GRANT ALL PRIVILEGES ON *.* TO `u`@`%`", Allowed::Yes),
            (
                "GRANT SELECT, CREATE ON `flask\\_api`.* TO `u`@`%`",
                Allowed::Yes,
            ),
            ("GRANT CREATE ON `flask%`.* TO `u`@`%`", Allowed::Yes),
            (
                "GRANT SELECT, INSERT ON `flask_api`.* TO `u`@`%`",
                Allowed::No,
            ),
            ("GRANT ALL PRIVILEGES ON `other`.* TO `u`@`%`", Allowed::No),
            (
                "GRANT ALL PRIVILEGES ON `flask_api`.`users` TO `u`@`%`",
                Allowed::No,
            ),
            (
                "GRANT CREATE TEMPORARY TABLES ON `flask_api`.* TO `u`@`%`",
                Allowed::No,
            ),
        ] {
            assert_eq!(
                create(&["GRANT USAGE ON *.* TO `u`@`%`", line]),
                allowed,
                "{line}"
            );
        }
    }

    #[test]
    fn a_role_may_give_what_cannot_be_seen() {
        assert_eq!(create(&["GRANT `app` TO `u`@`%`"]), Allowed::Unknown);
        assert_eq!(create(&[]), Allowed::Unknown);
    }
}
