//! The password as the user typed it.

use std::fmt;

use thiserror::Error;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use zeroize::{Zeroize, Zeroizing};

/// A password as a user typed it: any Unicode text, 1 to [`Password::MAX_BYTES`] bytes.
///
/// It is neither trimmed nor case-folded nor truncated (ASVS 6.2.8), its memory is wiped on drop,
/// and its `Debug` output is redacted. Whether it may be *set* is [`PasswordPolicy`]'s question:
/// accounts from elsewhere may have shorter ones, or ones with a NUL, and can still log in.
///
/// [`PasswordPolicy`]: super::PasswordPolicy
pub struct Password(Zeroizing<String>);

impl Password {
    /// Longest accepted password, in UTF-8 bytes.
    pub const MAX_BYTES: usize = 1024;

    /// Takes the text as it is.
    ///
    /// # Errors
    /// [`PasswordError::Empty`] for the empty text, [`PasswordError::TooLong`] above
    /// [`Password::MAX_BYTES`]. The text is wiped in both cases.
    pub fn parse(text: impl Into<String>) -> Result<Self, PasswordError> {
        let text = Zeroizing::new(text.into());
        if text.is_empty() {
            return Err(PasswordError::Empty);
        }
        if text.len() > Self::MAX_BYTES {
            return Err(PasswordError::TooLong);
        }
        Ok(Self(text))
    }

    /// The text. Named so that a reader sees where the secret leaves its wrapper.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text in Unicode normalisation form C, or `None` when it already is.
    ///
    /// New hashes are made over this form, so that the composed and the decomposed spelling of
    /// one password open the same account (NIST SP 800-63B 3.1.1.2).
    pub(super) fn nfc(&self) -> Option<Zeroizing<String>> {
        if is_nfc_quick(self.0.chars()) == IsNormalized::Yes {
            return None;
        }
        // One code point grows to at most three times its bytes under NFC (Unicode FAQ,
        // "Normalization"), so the text is never moved to a larger buffer unwiped.
        let mut composed = Zeroizing::new(String::with_capacity(self.0.len().saturating_mul(3)));
        composed.extend(self.0.nfc());
        (*composed != *self.0).then_some(composed)
    }

    /// The text in Unicode normalisation form KD, or `None` when it already is: what
    /// Flask-Security hashes.
    pub(super) fn nfkd(&self) -> Option<Zeroizing<String>> {
        if self.0.is_ascii() {
            return None;
        }
        // One code point grows to at most eleven times its bytes (U+FDFA), as above.
        let mut decomposed = Zeroizing::new(String::with_capacity(self.0.len().saturating_mul(11)));
        decomposed.extend(self.0.nfkd());
        (*decomposed != *self.0).then_some(decomposed)
    }
}

impl Zeroize for Password {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password([redacted])")
    }
}

/// Why a text cannot be a password at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// The text is empty.
    #[error("the password is empty; send at least one character")]
    Empty,
    /// The text exceeds [`Password::MAX_BYTES`].
    #[error(
        "the password is longer than {} bytes; choose a shorter one",
        Password::MAX_BYTES
    )]
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_keeps_its_spaces_and_its_case() {
        assert_eq!(
            Password::parse("  Two  Words ").unwrap().expose(),
            "  Two  Words "
        );
    }

    #[test]
    fn an_empty_password_is_refused() {
        assert_eq!(Password::parse("").unwrap_err(), PasswordError::Empty);
    }

    #[test]
    fn the_length_limit_counts_bytes_and_is_inclusive() {
        assert!(Password::parse("é".repeat(512)).is_ok());
        assert_eq!(
            Password::parse(format!("{}a", "é".repeat(512))).unwrap_err(),
            PasswordError::TooLong
        );
    }

    #[test]
    fn a_nul_inside_is_kept() {
        assert_eq!(Password::parse("abc\0def").unwrap().expose(), "abc\0def");
    }

    #[test]
    fn debug_output_does_not_show_the_password() {
        let shown = format!("{:?}", Password::parse("tr0ub4dor").unwrap());
        assert!(!shown.contains("tr0ub4dor"), "{shown}");
    }

    #[test]
    fn only_a_decomposed_spelling_has_another_composed_form() {
        assert!(Password::parse("p\u{e4}ss").unwrap().nfc().is_none());
        let composed = Password::parse("pa\u{308}ss").unwrap().nfc().unwrap();
        assert_eq!(*composed, "p\u{e4}ss");
    }

    #[test]
    fn normalising_the_longest_growing_text_does_not_move_it() {
        // U+1D160 is excluded from composition: four bytes become twelve.
        let composed = Password::parse("\u{1d160}".repeat(256))
            .unwrap()
            .nfc()
            .unwrap();
        assert_eq!(composed.len(), 3072);
        assert_eq!(composed.capacity(), 3072);
    }
}
