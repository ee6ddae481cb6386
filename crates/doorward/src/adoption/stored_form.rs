//! What a stored password is.

use std::fmt;

use crate::password::{AcceptedForms, HashFormatError, PasswordHash, Scheme};

/// What a stored string is, by its form alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredForm {
    /// A hash that logins can be verified with.
    Accepted(Scheme),
    /// A hash that logins cannot be verified with, and why.
    Refused(HashFormatError),
    /// In no known format: where the plan says so, the password itself.
    Unknown,
}

impl StoredForm {
    /// Looks at a stored string. No key derivation runs.
    #[must_use]
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        clippy::clone_on_copy,
        reason = "the forms are to become more than a few flags"
    )]
    pub fn of(stored: &str, accepted: &AcceptedForms) -> Self {
        match PasswordHash::parse_with(stored, accepted) {
            Ok(hash) => Self::Accepted(hash.scheme()),
            Err(HashFormatError::Unknown) => Self::Unknown,
            Err(error) => Self::Refused(error),
        }
    }
}

impl fmt::Display for StoredForm {
    /// What such strings are counted as.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(scheme) => scheme.fmt(f),
            Self::Refused(error) => f.write_str(error.label()),
            Self::Unknown => f.write_str(HashFormatError::Unknown.label()),
        }
    }
}
