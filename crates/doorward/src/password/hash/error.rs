//! Why a stored string is refused before any key derivation runs.

use thiserror::Error;

/// Why a stored string is not a hash that may be verified. No message repeats the string.
///
/// To the client all are the same 401 as a wrong password; the audit log tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HashFormatError {
    /// The string is in no known format. Where a column may hold passwords in the clear, only
    /// such a string can be one: everything that looks like a hash is one of the other variants.
    #[error("the stored password is in no known hash format; the account needs a new password")]
    Unknown,
    /// The string has a known format and a defect in it, or it is empty.
    #[error("the stored password hash is corrupt: {reason}; the account needs a new password")]
    Corrupt {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The format is known, and not accepted: too weak, or only with a setting.
    #[error("stored password hashes of the form {form} are not accepted; {advice}")]
    Unsupported {
        /// The form's name, fit for counting how many hashes a table has of it.
        form: &'static str,
        /// What an operator can do about it; names the setting where there is one.
        advice: &'static str,
    },
    /// A cost parameter is above its ceiling.
    #[error(
        "the stored password hash has a {parameter} above {ceiling}; verifying it would cost too \
         much, the account needs a new password"
    )]
    TooCostly {
        /// The parameter's name.
        parameter: &'static str,
        /// The most that is accepted.
        ceiling: u64,
    },
}

impl HashFormatError {
    pub(super) const fn corrupt(reason: &'static str) -> Self {
        Self::Corrupt { reason }
    }

    /// A form that no setting turns on.
    pub(super) const fn refused(form: &'static str) -> Self {
        Self::Unsupported {
            form,
            advice: "the account needs a new password",
        }
    }

    /// What to count such a string as, beside the names of the accepted
    /// [`Scheme`](super::Scheme)s: the refused form's name, `unknown`, `corrupt` or `too costly`.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Corrupt { .. } => "corrupt",
            Self::Unsupported { form, .. } => form,
            Self::TooCostly { .. } => "too costly",
        }
    }
}
