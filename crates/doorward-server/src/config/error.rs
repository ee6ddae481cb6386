//! Why the configuration is refused, and the warnings that do not refuse it.

use std::fmt;

use thiserror::Error;

/// The kind of a [`ConfigError`], for callers that branch on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigErrorKind {
    /// A key in the configuration file that is not a setting.
    UnknownKey,
    /// A `DOORWARD_…` variable that is not a setting.
    UnknownVariable,
    /// A value that its setting cannot take.
    InvalidValue,
    /// One secret in two places.
    SecretTwice,
    /// A sample, short or guessable secret (OWASP ASVS 5.0 13.2.3, RFC 7518 section 3.2).
    WeakSecret,
    /// A file that cannot be read.
    UnreadableFile,
    /// A configuration file that is not TOML.
    InvalidToml,
    /// `--demo` on an address that others can reach.
    RemoteDemo,
    /// The table of settings and the typed configuration disagree: a defect.
    Table,
}

/// A refusal of the configuration, in three lines: what is wrong, why (with the
/// setting's origin), and the command or line that fixes it. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what}\n{why}\n{fix}")]
pub struct ConfigError {
    kind: ConfigErrorKind,
    what: String,
    why: String,
    fix: String,
}

impl ConfigError {
    /// The process' exit code for a refused configuration, the same as for a
    /// wrong command line.
    pub const EXIT_CODE: u8 = 2;

    pub(crate) fn new(
        kind: ConfigErrorKind,
        what: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            what: what.into(),
            why: why.into(),
            fix: fix.into(),
        }
    }

    /// What kind of refusal this is.
    #[must_use]
    pub fn kind(&self) -> ConfigErrorKind {
        self.kind
    }

    /// First line: what is wrong.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Second line: why, with the origin.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    /// Third line: the command or line that fixes it.
    #[must_use]
    pub fn fix(&self) -> &str {
        &self.fix
    }
}

/// Something the operator should know that does not stop the server. Holds no
/// secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What is the matter.
    pub what: String,
    /// The command or line that ends the warning.
    pub fix: String,
}

impl Warning {
    pub(crate) fn new(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            fix: fix.into(),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}\n{}", self.what, self.fix)
    }
}
