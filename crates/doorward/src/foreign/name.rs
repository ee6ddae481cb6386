use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The name of a foreign source: 1 to 64 of `A-Z a-z 0-9 _ -`, so that it is safe in a log, a metric's label and a
/// database column.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceName(String);

/// Why a text is no [`SourceName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be 1 to 64 of: letters, digits, _ -")]
pub struct InvalidSourceName;

impl SourceName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SourceName {
    type Err = InvalidSourceName;

    fn from_str(text: &str) -> Result<Self, InvalidSourceName> {
        let permitted = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if (1..=64).contains(&text.len()) && text.bytes().all(permitted) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidSourceName)
        }
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_holds_only_harmless_characters() {
        for text in ["a", "Flask-2_old", &"x".repeat(64)] {
            assert_eq!(text.parse::<SourceName>().unwrap().as_str(), text);
        }
        for text in ["", "a b", "a\"", "a\n", "a.b", "é", "a/b", &"x".repeat(65)] {
            assert_eq!(text.parse::<SourceName>(), Err(InvalidSourceName), "{text}");
        }
    }
}
