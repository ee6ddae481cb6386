//! What a setting is. The settings themselves are in [`super::table`].

use super::kind::Kind;
use super::origin::Origin;
use super::table::SETTINGS;

/// The prefix of every environment variable of the server.
pub const ENVIRONMENT_PREFIX: &str = "DOORWARD_";

/// What holds when nobody sets a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultValue {
    /// A value, written as in the environment.
    Is(&'static str),
    /// A value, and another one under `serve --demo`.
    Demo {
        /// Outside `--demo`.
        normally: &'static str,
        /// Under `--demo`.
        demo: &'static str,
    },
    /// No fixed value; the text says what happens instead.
    Unset(&'static str),
}

/// One setting: everything else about it (flag, variable, TOML key, errors,
/// reference page, template) follows from this.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The TOML key, tables separated by dots.
    pub key: &'static str,
    /// The command line flag without its dashes, when there is one.
    pub flag: Option<&'static str>,
    /// What values it takes.
    pub kind: Kind,
    /// What holds when nobody sets it.
    pub default: DefaultValue,
    /// A valid value, written as in the environment; for a secret, the path of
    /// a file that holds one.
    pub example: &'static str,
    /// What it does, in a sentence or two.
    pub doc: &'static str,
    /// Whether the value must never be shown or given on the command line.
    pub secret: bool,
    /// Whether most installations decide about it.
    pub everyday: bool,
}

impl Setting {
    /// The environment variable: `db.url` is `DOORWARD_DB_URL`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!(
            "{ENVIRONMENT_PREFIX}{}",
            self.key.replace('.', "_").to_ascii_uppercase()
        )
    }

    /// The variable that names a file holding the value.
    #[must_use]
    pub fn file_variable(&self) -> String {
        format!("{}_FILE", self.variable())
    }

    /// The TOML table (empty at the top level) and the key inside it.
    #[must_use]
    pub fn table_and_name(&self) -> (&'static str, &'static str) {
        self.key.rsplit_once('.').unwrap_or(("", self.key))
    }

    /// A line that sets the example value where `origin` set the bad one.
    pub(crate) fn example_at(&self, origin: &Origin) -> String {
        let (variable, example) = (self.variable(), self.example);
        if self.secret {
            let variable = self.file_variable();
            return format!(
                "umask 077; openssl rand -hex 32 > secret.key; export {variable}=secret.key"
            );
        }
        match origin {
            Origin::Flag(flag) => format!("for example: --{flag} {example}"),
            Origin::EnvironmentFile { path, .. } => {
                format!("write into {}, for example: {example}", path.display())
            }
            Origin::Toml { path, .. } => {
                let (table, name) = self.table_and_name();
                let header = if table.is_empty() {
                    String::new()
                } else {
                    format!("[{table}] ")
                };
                let line = self.kind.toml_example(example);
                format!(
                    "in {}, for example: {header}{name} = {line}",
                    path.display()
                )
            }
            Origin::Environment(_) | Origin::Flask(_) | Origin::DemoDefault | Origin::Default => {
                format!("for example: export {variable}='{example}'")
            }
        }
    }
}

/// The setting with this key.
#[must_use]
pub fn find_setting(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// The help text of a setting's flag: its sentence, variable and default. Empty
/// for a key that is no setting.
#[must_use]
pub fn flag_help(key: &str) -> String {
    let Some(setting) = find_setting(key) else {
        return String::new();
    };
    let default = match setting.default {
        DefaultValue::Is(text)
        | DefaultValue::Demo { normally: text, .. }
        | DefaultValue::Unset(text) => text,
    };
    format!(
        "{} [env: {}] [default: {default}]",
        setting.doc,
        setting.variable()
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_used_once_and_follows_from_the_key() {
        let mut names = BTreeSet::from(["DOORWARD_CONFIG".to_owned()]);
        for setting in SETTINGS {
            assert!(names.insert(setting.variable()), "{}", setting.key);
            assert!(names.insert(setting.file_variable()), "{}", setting.key);
        }
        let setting = find_setting("db.url").unwrap();
        assert_eq!(setting.variable(), "DOORWARD_DB_URL");
        assert_eq!(setting.file_variable(), "DOORWARD_DB_URL_FILE");
        assert_eq!(setting.flag, Some("db-url"));
    }

    #[test]
    fn flags_follow_from_the_key_except_migrate() {
        for setting in SETTINGS {
            if let Some(flag) = setting.flag.filter(|flag| *flag != "migrate") {
                assert_eq!(flag, setting.key.replace(['.', '_'], "-"));
            }
        }
    }

    #[test]
    fn no_secret_has_a_flag() {
        for setting in SETTINGS.iter().filter(|setting| setting.secret) {
            assert_eq!(setting.flag, None, "{}", setting.key);
        }
    }

    #[test]
    fn no_key_is_also_a_table() {
        for setting in SETTINGS {
            let prefix = format!("{}.", setting.key);
            assert!(!SETTINGS.iter().any(|other| other.key.starts_with(&prefix)));
        }
    }
}
