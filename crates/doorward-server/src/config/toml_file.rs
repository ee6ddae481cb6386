//! The configuration file: TOML to raw values with their lines.

use std::path::Path;

use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

use super::error::{ConfigError, ConfigErrorKind};
use super::foreign::{ARRAY_TABLES, ArrayTable, Row};
use super::kind::{Kind, Raw};
use super::setting::{Setting, find_setting};
use super::suggest::nearest;
use super::table::SETTINGS;

/// One key of the file.
pub(crate) struct TomlEntry {
    pub(crate) setting: &'static Setting,
    pub(crate) raw: Raw,
    pub(crate) line: usize,
}

/// What a file holds.
#[derive(Default)]
pub(crate) struct TomlContent {
    /// The settings.
    pub(crate) entries: Vec<TomlEntry>,
    /// The tables that may stand several times, in their order.
    pub(crate) rows: Vec<Row>,
}

/// Reads the file's text; unknown keys are refused.
pub(crate) fn parse(text: &str, path: &Path) -> Result<TomlContent, ConfigError> {
    let document = DeTable::parse(text).map_err(|error| {
        let line = line_at(text, error.span().map_or(0, |span| span.start));
        // Only the message: the error's own display quotes the line, which may
        // hold a secret.
        ConfigError::new(
            ConfigErrorKind::InvalidToml,
            format!("{} line {line} is not TOML", path.display()),
            error.message().replace('\n', ", "),
            "correct the line; `doorward config template` shows a file with every key",
        )
    })?;
    let mut reader = Reader {
        text,
        path,
        content: TomlContent::default(),
    };
    reader.read_table("", document.get_ref())?;
    Ok(reader.content)
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

struct Reader<'t> {
    text: &'t str,
    path: &'t Path,
    content: TomlContent,
}

impl Reader<'_> {
    fn read_table(&mut self, prefix: &str, table: &DeTable<'_>) -> Result<(), ConfigError> {
        for (name, value) in table {
            let key = format!("{prefix}{}", name.get_ref());
            let line = line_at(self.text, name.span().start);
            let inner = format!("{key}.");
            let array_table = ARRAY_TABLES
                .into_iter()
                .find(|table| prefix.is_empty() && table.name == key);
            if let Some(table) = array_table {
                self.read_rows(table, value.get_ref(), line)?;
                continue;
            }
            let is_table = SETTINGS.iter().any(|s| s.key.starts_with(&inner));
            match (find_setting(&key), value.get_ref()) {
                // A quoted "db.url" would be a second spelling of one key.
                (Some(setting), value) if !name.get_ref().contains('.') => {
                    let raw = raw(setting.kind, value);
                    self.content.entries.push(TomlEntry { setting, raw, line });
                }
                (None, DeValue::Table(table)) if is_table => self.read_table(&inner, table)?,
                _ => return Err(self.unknown(&key, name.get_ref(), line)),
            }
        }
        Ok(())
    }

    fn read_rows(
        &mut self,
        table: &'static ArrayTable,
        value: &DeValue<'_>,
        line: usize,
    ) -> Result<(), ConfigError> {
        let not_a_table = || {
            ConfigError::new(
                ConfigErrorKind::InvalidValue,
                format!("`{}` must be a table in double brackets", table.name),
                format!("{} line {line} has something else", self.path.display()),
                format!("begin each with a line: [[{}]]", table.name),
            )
        };
        let DeValue::Array(items) = value else {
            return Err(not_a_table());
        };
        for item in items {
            let DeValue::Table(content) = item.get_ref() else {
                return Err(not_a_table());
            };
            let line = line_at(self.text, item.span().start);
            let line_at = |offset| line_at(self.text, offset);
            let row = Row::read(table, content, self.path, line, line_at)?;
            self.content.rows.push(row);
        }
        Ok(())
    }

    fn unknown(&self, key: &str, name: &str, line: usize) -> ConfigError {
        let keys = || SETTINGS.iter().map(|setting| setting.key);
        let tables = SETTINGS.iter().map(|setting| setting.table_and_name().0);
        let tables = tables
            .filter(|table| !table.is_empty())
            .chain(ARRAY_TABLES.into_iter().map(|table| table.name));
        // A key in the wrong table is recognised by its last part.
        let meant = nearest(key, keys().chain(tables)).or_else(|| {
            let last = nearest(name, SETTINGS.iter().map(|s| s.table_and_name().1))?;
            keys().find(|key| key.rsplit('.').next() == Some(last))
        });
        let fix = match meant {
            Some(meant) => format!("did you mean `{meant}`? If not, delete the line"),
            None => "delete the line; `doorward config template` lists every key".to_owned(),
        };
        ConfigError::new(
            ConfigErrorKind::UnknownKey,
            format!("unknown key `{}`", key.escape_debug()),
            format!(
                "{} line {line} sets it, but no setting has this name",
                self.path.display()
            ),
            fix,
        )
    }
}

fn raw(kind: Kind, value: &DeValue<'_>) -> Raw {
    let text = |value: &DeValue<'_>| value.as_str().map(|s| Zeroizing::new(s.to_owned()));
    match value {
        DeValue::String(string) => Raw::TomlText(Zeroizing::new(string.to_string())),
        DeValue::Boolean(boolean) => Raw::Boolean(*boolean),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or(Raw::Other("a number this large"), Raw::Integer),
        DeValue::Array(array) => array
            .iter()
            .map(|item| text(item.get_ref()))
            .collect::<Option<Vec<_>>>()
            .map_or(Raw::Other("a list of other things than texts"), Raw::List),
        DeValue::Table(table) if kind == Kind::Claims => table
            .iter()
            .map(|(name, item)| Some((name.get_ref().to_string(), constant(item.get_ref())?)))
            .collect::<Option<Vec<_>>>()
            .map_or(
                Raw::Other("a table of other things than texts, whole numbers, true and false"),
                Raw::Table,
            ),
        DeValue::Table(_) => Raw::Other("a table"),
        DeValue::Float(_) => Raw::Other("a number"),
        DeValue::Datetime(_) => Raw::Other("a date"),
    }
}

/// A claim's value as the environment spells it.
fn constant(value: &DeValue<'_>) -> Option<Zeroizing<String>> {
    let text = match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Boolean(boolean) => boolean.to_string(),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .ok()?
            .to_string(),
        _ => return None,
    };
    Some(Zeroizing::new(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusal(text: &str) -> ConfigError {
        match parse(text, Path::new("doorward.toml")) {
            Err(error) => error,
            Ok(_) => panic!("accepted: {text}"),
        }
    }

    #[test]
    fn keys_are_found_in_tables_and_dotted_with_their_lines() {
        let text = "listen = \"[::1]:80\"\n\n[db]\n# c\nurl = 'sqlite:x'\n[token]\nextra_claims.user = \"username\"\n";
        let mut found: Vec<_> = parse(text, Path::new("x"))
            .unwrap()
            .entries
            .into_iter()
            .map(|entry| (entry.line, entry.setting.key))
            .collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [(1, "listen"), (5, "db.url"), (7, "token.extra_claims")]
        );
    }

    #[test]
    fn an_unknown_key_names_its_line_and_the_nearest_key() {
        for (text, line, meant) in [
            ("lisen = 1", 1, "`listen`?"),
            ("\n[db]\nulr = 'x'", 3, "`db.url`?"),
            ("[http]\nissuer = 'x'", 2, "`token.issuer`?"),
            ("[tokens]\nttl = 'x'", 1, "`token`?"),
            ("\"db.url\" = 'x'", 1, "`db.url`?"),
            ("db = 'x'", 1, "`db`?"),
            ("[colours]\nx = 1", 1, "delete the line"),
        ] {
            let error = refusal(text);
            assert_eq!(error.kind(), ConfigErrorKind::UnknownKey, "{error}");
            assert!(
                error.why().contains(&format!("doorward.toml line {line} ")),
                "{error}"
            );
            assert!(error.fix().contains(meant), "{error}");
        }
    }

    #[test]
    fn a_broken_line_is_named_but_not_quoted() {
        let error = refusal("listen = '127.0.0.1:1'\nsecret_key = \"canary4711\ndata_dir = 'x'");
        assert_eq!(error.kind(), ConfigErrorKind::InvalidToml);
        assert!(error.what().contains("line 2"), "{error}");
        assert!(!error.to_string().contains("canary"), "{error}");
    }

    proptest! {
        #[test]
        fn no_file_makes_the_reader_panic(text in "([a-z_.]{1,12} ?= ?[0-9a-z\"'\\[\\]{}=]{0,12}\n?){0,4}") {
            let _ = parse(&text, Path::new("x"));
        }
    }
}
