//! The name a person logs in with.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// A well-formed user name: the text as the person wrote it, and the key that decides identity.
///
/// Two names are the same account exactly when their keys are equal. The key is the text in NFKC, case-folded
/// (Unicode 3.13, D145), so `ADMIN`, `admin` and full-width `ａｄｍｉｎ` are one name. The database compares keys byte by byte;
/// its collation has no say.
#[derive(Debug, Clone)]
pub struct Username {
    text: String,
    key: UsernameKey,
}

/// The normalised form of a [`Username`]: what is unique in the database. 1 to 255 bytes of UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UsernameKey(String);

impl Username {
    /// The longest name, in characters (the lecture's `VARCHAR(50)`).
    pub const MAX_CHARS: usize = 50;
    /// The longest key, in bytes: a character can grow when it is normalised.
    pub const MAX_KEY_BYTES: usize = 255;

    /// Takes `text` as a user name, unchanged.
    ///
    /// # Errors
    /// [`InvalidUsername`] says which rule the text breaks. Characters that nobody can see (control, format,
    /// private use, variation selectors) are refused, as is white space at either end: two names that look alike
    /// would otherwise be different accounts.
    pub fn parse(text: &str) -> Result<Self, InvalidUsername> {
        if text.is_empty() {
            return Err(InvalidUsername::Empty);
        }
        if text.chars().nth(Self::MAX_CHARS).is_some() {
            return Err(InvalidUsername::TooLong);
        }
        if text.trim() != text {
            return Err(InvalidUsername::SurroundingSpace);
        }
        if text.chars().any(is_invisible) {
            return Err(InvalidUsername::InvisibleCharacter);
        }
        let key = UsernameKey::of(text);
        // Normalising can leave spaces at the ends (a no-break space becomes a space) or more than the column holds.
        if key.0.is_empty() || key.0.trim() != key.0 {
            return Err(InvalidUsername::SurroundingSpace);
        }
        if key.0.len() > Self::MAX_KEY_BYTES {
            return Err(InvalidUsername::TooLong);
        }
        Ok(Self {
            text: text.to_owned(),
            key,
        })
    }

    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What decides identity.
    #[must_use]
    pub fn key(&self) -> &UsernameKey {
        &self.key
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Username {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Username {}

impl UsernameKey {
    fn of(text: &str) -> Self {
        let compatible: String = text.nfkc().collect();
        // Folding can undo the normal form, so it is restored afterwards.
        Self(
            caseless::default_case_fold_str(&compatible)
                .nfkc()
                .collect(),
        )
    }

    /// The start of keys: what the names have in common that begin with `text`, in any spelling. `None` when no name can
    /// begin so.
    #[must_use]
    pub fn prefix(text: &str) -> Option<Self> {
        let possible = text.chars().nth(Username::MAX_CHARS).is_none();
        let key = Self::of(text);
        (possible && !key.0.is_empty() && key.0.len() <= Username::MAX_KEY_BYTES).then_some(key)
    }

    /// The key's bytes, as stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Characters that leave no mark of their own on a screen, and so could tell two equal-looking names apart.
fn is_invisible(c: char) -> bool {
    let unseen_category = matches!(
        c.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    );
    // Default_Ignorable_Code_Point (Unicode DerivedCoreProperties) that are letters or marks by category.
    let ignorable = matches!(c, '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'..='\u{e01ef}');
    unseen_category || ignorable
}

/// Why a text is not a user name. The message is meant for the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUsername {
    /// Nothing was given.
    #[error("Username must not be empty")]
    Empty,
    /// More than 50 characters, or a key of more than 255 bytes.
    #[error("Username must be at most 50 characters long")]
    TooLong,
    /// White space at the start or the end.
    #[error("Username must not start or end with a space")]
    SurroundingSpace,
    /// A character that cannot be seen.
    #[error("Username must not contain control or invisible characters")]
    InvisibleCharacter,
}

#[cfg(test)]
mod tests;
