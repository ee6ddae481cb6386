//! Why a command gives up: what, why, and what to type next.

use std::{error::Error, fmt, process::ExitCode};

use crate::config::ConfigError;

/// A command's failure. Shown as up to three lines: what went wrong, why, and how to mend it.
#[derive(Debug)]
pub struct Failure {
    what: String,
    why: Option<String>,
    fix: Option<String>,
    exit_code: u8,
}

impl Failure {
    /// The exit code of a command that was understood and failed.
    pub const FAILED: u8 = 1;
    /// The exit code of a wrong command line or configuration.
    pub const USAGE: u8 = 2;
    /// The exit code of a command that did its work for all but some; a report names them.
    pub const PARTIAL: u8 = 3;

    /// A failure with its first line.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: None,
            fix: None,
            exit_code: Self::FAILED,
        }
    }

    /// For `map_err`: a failure with this first line, and the error as its reason.
    pub fn because<E: Error>(what: &'static str) -> impl Fn(E) -> Self {
        move |error| Self::new(what).why(error)
    }

    /// Adds the reason, with its own reasons.
    #[must_use]
    pub fn why(mut self, error: impl Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text.push_str(": ");
                text.push_str(&cause_text);
            }
            source = cause.source();
        }
        self.why = Some(text);
        self
    }

    /// Adds the reason in words.
    #[must_use]
    pub fn because_text(mut self, reason: impl Into<String>) -> Self {
        self.why = Some(reason.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// Says that the command line or the configuration is to blame.
    #[must_use]
    pub fn usage(mut self) -> Self {
        self.exit_code = Self::USAGE;
        self
    }

    /// The process's exit code.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit_code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        for line in [&self.why, &self.fix].into_iter().flatten() {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self {
            what: error.what().to_owned(),
            why: Some(error.why().to_owned()),
            fix: Some(error.fix().to_owned()),
            exit_code: ConfigError::EXIT_CODE,
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new("the terminal or a file could not be used").why(error)
    }
}
