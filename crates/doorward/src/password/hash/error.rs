//! Why a stored string is refused before any key derivation runs.

use thiserror::Error;

/// Why a stored string is not a hash that may be verified. No message repeats the string.
///
/// To the client all three are the same 401 as a wrong password; the audit log tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HashFormatError {
    /// The string does not follow its format.
    #[error("the stored password hash is corrupt: {reason}; the account needs a new password")]
    Corrupt {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The format is known, and not accepted: too weak, or only with a setting.
    #[error("stored password hashes of the form {form} are not accepted; {advice}")]
    Unsupported {
        /// The form's name.
        form: &'static str,
        /// What an operator can do about it.
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
}
