//! Which passwords may be set.

mod pattern;

use thiserror::Error;
use zeroize::Zeroizing;

use super::{Blocklist, Password};

/// What a password must satisfy when it is set: at registration, change, reset, and by an
/// administrator alike. It is not asked when a password is verified.
///
/// Length in code points of the NFC form, and a blocklist; never a rule about composition (NIST
/// SP 800-63B 3.1.1.2, ASVS 6.2.1, 6.2.4, 6.2.5, 6.2.9).
#[derive(Debug, Clone, Copy)]
pub struct PasswordPolicy {
    min_chars: usize,
    max_chars: usize,
    max_bytes: usize,
    blocklist: Blocklist,
}

impl PasswordPolicy {
    /// Nothing shorter can be configured (ASVS 6.2.1).
    pub const LEAST_MIN_CHARS: usize = 8;
    /// Passwords of this many code points must be possible (ASVS 6.2.9).
    pub const LEAST_MAX_CHARS: usize = 64;

    /// A policy with these lengths, in code points, and the embedded blocklist.
    ///
    /// # Errors
    /// [`PasswordPolicyError`] when `min_chars` is below [`PasswordPolicy::LEAST_MIN_CHARS`] or
    /// above `max_chars`, or `max_chars` is below [`PasswordPolicy::LEAST_MAX_CHARS`] or above
    /// [`Password::MAX_BYTES`].
    pub fn new(min_chars: usize, max_chars: usize) -> Result<Self, PasswordPolicyError> {
        if min_chars < Self::LEAST_MIN_CHARS || min_chars > max_chars {
            return Err(PasswordPolicyError::MinChars {
                min_chars,
                max_chars,
            });
        }
        if !(Self::LEAST_MAX_CHARS..=Password::MAX_BYTES).contains(&max_chars) {
            return Err(PasswordPolicyError::MaxChars { max_chars });
        }
        Ok(Self {
            min_chars,
            max_chars,
            max_bytes: Password::MAX_BYTES,
            blocklist: Blocklist::embedded(),
        })
    }

    /// The same policy without the list of common passwords. Repetitions, runs and the user's own name are still
    /// refused.
    #[must_use]
    pub fn without_blocklist(mut self) -> Self {
        self.blocklist = Blocklist::empty();
        self
    }

    /// The same policy with a limit in UTF-8 bytes as typed, for new hashes that read no more
    /// ([`NewHashForm::most_password_bytes`](super::NewHashForm::most_password_bytes)).
    #[must_use]
    pub const fn with_max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// The fewest code points.
    #[must_use]
    pub const fn min_chars(&self) -> usize {
        self.min_chars
    }

    /// The most code points.
    #[must_use]
    pub const fn max_chars(&self) -> usize {
        self.max_chars
    }

    /// Whether `password` may be set in `context`.
    ///
    /// # Errors
    /// The first [`PolicyViolation`] found.
    pub fn check(
        &self,
        password: &Password,
        context: &PolicyContext<'_>,
    ) -> Result<(), PolicyViolation> {
        let composed = password.nfc();
        let text = composed
            .as_ref()
            .map_or(password.expose(), |text| text.as_str());
        let chars = text.chars().count();
        if chars < self.min_chars {
            return Err(PolicyViolation::TooShort {
                min_chars: self.min_chars,
            });
        }
        if chars > self.max_chars {
            return Err(PolicyViolation::TooLong {
                max_chars: self.max_chars,
            });
        }
        if password.expose().len() > self.max_bytes {
            return Err(PolicyViolation::TooManyBytes {
                max_bytes: self.max_bytes,
            });
        }
        if text.contains('\0') {
            return Err(PolicyViolation::ContainsNul);
        }
        let lowered = Zeroizing::new(text.to_lowercase());
        match self.common(&lowered, context) {
            Some(reason) => Err(PolicyViolation::Common { reason }),
            None => Ok(()),
        }
    }

    fn common(&self, lowered: &str, context: &PolicyContext<'_>) -> Option<CommonReason> {
        if self.blocklist.contains(lowered) {
            return Some(CommonReason::Listed);
        }
        if pattern::is_run(lowered) {
            return Some(CommonReason::Run);
        }
        if let Some(unit) = pattern::repeated_unit(lowered)
            && (unit.chars().count() < self.min_chars || self.blocklist.contains(unit))
        {
            return Some(CommonReason::Repeated);
        }
        context
            .lowered_words()
            .any(|word| pattern::derives_from(lowered, &word))
            .then_some(CommonReason::Context)
    }
}

impl Default for PasswordPolicy {
    /// 8 to 256 code points.
    fn default() -> Self {
        Self {
            min_chars: 8,
            max_chars: 256,
            max_bytes: Password::MAX_BYTES,
            blocklist: Blocklist::embedded(),
        }
    }
}

/// Words that a password must not be made of: the account's and the service's (ASVS 6.2.11).
///
/// `doorward` is always among them.
#[derive(Debug, Clone, Default)]
pub struct PolicyContext<'a> {
    words: Vec<&'a str>,
}

impl<'a> PolicyContext<'a> {
    /// Shorter words are ignored: they say nothing about a password of 8 characters.
    const LEAST_WORD_CHARS: usize = 3;
    const SERVICE: &'static str = "doorward";

    /// The context of an account named `username`. Of a name with an `@`, the part before it
    /// counts too.
    #[must_use]
    pub fn for_username(username: &'a str) -> Self {
        Self::default().with_word(username)
    }

    /// Adds a word: the service's name in this deployment, an e-mail address, a display name.
    #[must_use]
    pub fn with_word(mut self, word: &'a str) -> Self {
        self.words.push(word);
        if let Some((local, _)) = word.split_once('@') {
            self.words.push(local);
        }
        self
    }

    fn lowered_words(&self) -> impl Iterator<Item = String> {
        use unicode_normalization::UnicodeNormalization as _;
        self.words
            .iter()
            .copied()
            .chain([Self::SERVICE])
            .map(|word| word.nfc().collect::<String>().to_lowercase())
            .filter(|word| word.chars().count() >= Self::LEAST_WORD_CHARS)
    }
}

/// Why a password may not be set. Messages are meant for the user and never repeat the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyViolation {
    /// Fewer code points than the policy's minimum.
    #[error("the password is too short; use at least {min_chars} characters")]
    TooShort {
        /// The minimum.
        min_chars: usize,
    },
    /// More code points than the policy's maximum.
    #[error("the password is too long; use at most {max_chars} characters")]
    TooLong {
        /// The maximum.
        max_chars: usize,
    },
    /// More bytes than the form of new hashes reads.
    #[error("the password is too long; use at most {max_bytes} bytes")]
    TooManyBytes {
        /// The maximum.
        max_bytes: usize,
    },
    /// An attacker would try it early.
    #[error("the password is too easy to guess: {reason}; choose another one")]
    Common {
        /// Which rule found it.
        reason: CommonReason,
    },
    /// It has a NUL character, which many clients and databases cut a text at.
    #[error("the password contains a NUL character; leave it out")]
    ContainsNul,
}

impl PolicyViolation {
    /// The stable code for API answers.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooShort { .. } => "password_too_short",
            Self::TooLong { .. } | Self::TooManyBytes { .. } => "password_too_long",
            Self::Common { .. } => "password_common",
            Self::ContainsNul => "password_contains_nul",
        }
    }
}

/// Which rule found a password easy to guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CommonReason {
    /// It is on the blocklist, case aside.
    #[error("it is on a list of common passwords")]
    Listed,
    /// It repeats a listed password, or a piece too short to be a password.
    #[error("it repeats one piece")]
    Repeated,
    /// Each character follows the one before it, as in `12345678`.
    #[error("its characters follow one another")]
    Run,
    /// It is made of the user's or the service's name.
    #[error("it is made of the user name or the service name")]
    Context,
}

/// Why lengths are refused for a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PasswordPolicyError {
    /// The minimum is out of bounds.
    #[error(
        "the minimum password length must be {} to {max_chars} characters, not {min_chars}",
        PasswordPolicy::LEAST_MIN_CHARS
    )]
    MinChars {
        /// The refused minimum.
        min_chars: usize,
        /// The maximum it came with.
        max_chars: usize,
    },
    /// The maximum is out of bounds.
    #[error(
        "the maximum password length must be {} to {} characters, not {max_chars}",
        PasswordPolicy::LEAST_MAX_CHARS,
        Password::MAX_BYTES
    )]
    MaxChars {
        /// The refused maximum.
        max_chars: usize,
    },
}

#[cfg(test)]
mod tests;
