//! Where a setting's value comes from.

use std::fmt;
use std::path::PathBuf;

/// The layer and place that gave a value, from the strongest to the weakest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A command line flag, named without its dashes.
    Flag(&'static str),
    /// An environment variable `DOORWARD_…`.
    Environment(String),
    /// A file named by an environment variable `DOORWARD_…_FILE`.
    EnvironmentFile {
        /// The variable.
        variable: String,
        /// The file it names.
        path: PathBuf,
    },
    /// The configuration file.
    Toml {
        /// The file.
        path: PathBuf,
        /// The line of the key, from 1.
        line: usize,
    },
    /// Variables of a Flask deployment beside us.
    Flask(Vec<&'static str>),
    /// The built-in default of `serve --demo`, where it differs.
    DemoDefault,
    /// The built-in default.
    Default,
}

impl Origin {
    /// Whether nobody set the value.
    #[must_use]
    pub fn is_default(&self) -> bool {
        matches!(self, Self::Default | Self::DemoDefault)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(formatter, "flag --{name}"),
            Self::Environment(name) => write!(formatter, "environment variable {name}"),
            Self::EnvironmentFile { variable, path } => {
                write!(formatter, "file {} named by {variable}", path.display())
            }
            Self::Toml { path, line } => write!(formatter, "{} line {line}", path.display()),
            Self::Flask(names) => {
                write!(formatter, "Flask environment {}", names.join(", "))
            }
            Self::DemoDefault => formatter.write_str("default of --demo"),
            Self::Default => formatter.write_str("default"),
        }
    }
}
