//! The environment as a map, and which of its variables concern us.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use super::error::{ConfigError, ConfigErrorKind};
use super::flask;
use super::setting::ENVIRONMENT_PREFIX;
use super::suggest::nearest;
use super::table::SETTINGS;

/// The variable that names the configuration file.
pub const CONFIG_VARIABLE: &str = "DOORWARD_CONFIG";

/// The variable that names where `doorward adopt` takes users from.
pub const ADOPT_FROM_VARIABLE: &str = "DOORWARD_ADOPT_FROM";
/// The variable with the database that a copy fills.
pub const COPY_TO_VARIABLE: &str = "DOORWARD_COPY_TO";

/// Names that people reach for, and the setting they mean.
const SYNONYMS: [(&str, &str); 8] = [
    ("DOORWARD_PORT", "DOORWARD_LISTEN"),
    ("DOORWARD_HOST", "DOORWARD_LISTEN"),
    ("DOORWARD_BIND", "DOORWARD_LISTEN"),
    ("DOORWARD_ADDRESS", "DOORWARD_LISTEN"),
    ("DOORWARD_DATABASE_URL", "DOORWARD_DB_URL"),
    ("DOORWARD_DATABASE", "DOORWARD_DB_URL"),
    ("DOORWARD_SECRET", "DOORWARD_SECRET_KEY"),
    ("DOORWARD_URL", "DOORWARD_PUBLIC_URL"),
];

/// What the tables that only the file has would be called.
const FILE_ONLY: [&str; 2] = ["DOORWARD_FOREIGN_TOKENS", "DOORWARD_FLASK_SESSIONS"];

/// Environment variables by name. `Debug` prints the names only; values are
/// wiped when dropped.
#[derive(Clone, Default)]
pub struct Environment {
    ours: BTreeMap<String, Zeroizing<String>>,
    /// Those of others: one of them is read when the configuration file says that it holds a key.
    others: BTreeMap<String, Zeroizing<String>>,
}

impl Environment {
    /// The variables of this process: those that start with `DOORWARD_` and
    /// Flask's, and apart from them all others, of which the configuration file
    /// can name one as the place of a key. The only place that reads the process'
    /// environment.
    ///
    /// # Errors
    /// When one of them is not UTF-8.
    pub fn from_process() -> Result<Self, ConfigError> {
        let mut environment = Self::default();
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that reads it"
        )]
        let process = std::env::vars_os();
        for (name, value) in process {
            let Ok(name) = name.into_string() else {
                continue;
            };
            if !name.starts_with(ENVIRONMENT_PREFIX) && !flask::VARIABLES.contains(&name.as_str()) {
                if let Ok(value) = value.into_string() {
                    environment.others.insert(name, Zeroizing::new(value));
                }
                continue;
            }
            let Ok(value) = value.into_string() else {
                return Err(ConfigError::new(
                    ConfigErrorKind::InvalidValue,
                    format!("the environment variable {name} is not UTF-8"),
                    "settings are text",
                    format!("unset {name}, or set it to UTF-8 text"),
                ));
            };
            environment.ours.insert(name, Zeroizing::new(value));
        }
        Ok(environment)
    }

    /// A variable's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.ours.get(name).map(|value| value.as_str())
    }

    /// The same without the secrets that sign tokens and cookies: for a command that must run although they are weak.
    #[must_use]
    pub fn without_secrets(&self) -> Self {
        let is_secret =
            |name: &str| name == flask::SECRET_VARIABLE || name.starts_with("DOORWARD_SECRET_KEY");
        let mut kept = self.clone();
        kept.ours.retain(|name, _| !is_secret(name));
        kept
    }

    /// A variable's value, whosever it is.
    pub(crate) fn any(&self, name: &str) -> Option<&str> {
        let found = self.ours.get(name).or_else(|| self.others.get(name));
        found.map(|value| value.as_str())
    }

    /// Refuses a `DOORWARD_…` variable that is no setting and not `named` as the
    /// place of a key: a slip would otherwise pass for the default.
    pub(crate) fn refuse_unknown(&self, named: &[&str]) -> Result<(), ConfigError> {
        let known: Vec<String> = SETTINGS
            .iter()
            .flat_map(|setting| [setting.variable(), setting.file_variable()])
            .chain([CONFIG_VARIABLE, ADOPT_FROM_VARIABLE, COPY_TO_VARIABLE].map(str::to_owned))
            .collect();
        let unknown = self.ours.iter().find(|(name, value)| {
            name.starts_with(ENVIRONMENT_PREFIX)
                && !named.contains(&name.as_str())
                && !known.contains(name)
                && !belongs_to_others(name, value)
        });
        let Some((name, _)) = unknown else {
            return Ok(());
        };
        let meant = SYNONYMS
            .iter()
            .find(|(synonym, _)| synonym == name)
            .map(|(_, meant)| *meant)
            .or_else(|| nearest_variable(name, &known));
        let fix = match meant {
            Some(meant) => format!("did you mean {meant}? If not: unset {name}"),
            None if FILE_ONLY.iter().any(|table| name.starts_with(table)) => format!(
                "unset {name}; these tables stand in the configuration file, and `key_env` in them names a variable with the key"
            ),
            None => format!("unset {name}; `doorward config template` lists every setting"),
        };
        Err(ConfigError::new(
            ConfigErrorKind::UnknownVariable,
            format!("unknown environment variable {name}"),
            format!("a variable that starts with {ENVIRONMENT_PREFIX} must name a setting"),
            fix,
        ))
    }
}

/// The prefix is not counted: it would make every name look alike.
fn nearest_variable<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let without_prefix = |name: &'a String| name.strip_prefix(ENVIRONMENT_PREFIX);
    let name = name.strip_prefix(ENVIRONMENT_PREFIX)?.to_ascii_uppercase();
    let found = nearest(&name, known.iter().filter_map(without_prefix))?;
    known
        .iter()
        .find(|known| without_prefix(known) == Some(found))
        .map(String::as_str)
}

/// What `scripts/test` sets for the tests, beside `DOORWARD_TEST_…`.
const OF_THE_TESTS: [&str; 5] = [
    "DOORWARD_CADDY",
    "DOORWARD_NGINX",
    "DOORWARD_NODE_MODULES",
    "DOORWARD_PYTHON",
    "DOORWARD_REQUIRE_ALL",
];

/// Variables that carry our prefix but are not for the server: those of our
/// own tests, and those that Kubernetes and Docker links set for a service
/// called `doorward` or `doorward-…`.
fn belongs_to_others(name: &str, value: &str) -> bool {
    if name.starts_with("DOORWARD_TEST_") || OF_THE_TESTS.contains(&name) {
        return true;
    }
    if name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
    {
        return true;
    }
    if name.ends_with("_PORT") && (value.starts_with("tcp://") || value.starts_with("udp://")) {
        return true;
    }
    name.split_once("_PORT_").is_some_and(|(_, rest)| {
        let mut parts = rest.split('_');
        let number = parts.next().unwrap_or_default();
        let protocol = parts.next().unwrap_or_default();
        !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
            && ["TCP", "UDP", "SCTP"].contains(&protocol)
    })
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self {
            ours: variables
                .into_iter()
                .map(|(name, value)| (name.into(), Zeroizing::new(value.into())))
                .collect(),
            others: BTreeMap::new(),
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.ours.keys()).finish()
    }
}

#[cfg(test)]
mod tests;
