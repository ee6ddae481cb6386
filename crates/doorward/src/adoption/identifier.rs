//! Names of tables and columns that somebody else chose.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a table or column, as its owner wrote it: 1 to 64 characters (MySQL's limit), no backtick, no control
/// character. It goes into statements only through [`Identifier::quoted`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Identifier(String);

impl Identifier {
    const MAX_CHARS: usize = 64;

    /// A name, unchanged.
    ///
    /// # Errors
    /// [`InvalidIdentifier`].
    pub fn parse(name: impl Into<String>) -> Result<Self, InvalidIdentifier> {
        let name = name.into();
        let well_formed = !name.chars().any(|c| c == '`' || c.is_control());
        if (1..=Self::MAX_CHARS).contains(&name.chars().count()) && well_formed {
            Ok(Self(name))
        } else {
            Err(InvalidIdentifier)
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name between backticks, which MySQL and SQLite both read as a name and nothing else.
    #[must_use]
    pub fn quoted(&self) -> String {
        format!("`{}`", self.0)
    }
}

impl TryFrom<String> for Identifier {
    type Error = InvalidIdentifier;

    fn try_from(name: String) -> Result<Self, InvalidIdentifier> {
        Self::parse(name)
    }
}

impl From<Identifier> for String {
    fn from(identifier: Identifier) -> Self {
        identifier.0
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no name of a table or column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a table or column name has 1 to 64 characters, no backtick and no control character")]
pub struct InvalidIdentifier;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_its_own_quotes() {
        assert_eq!(Identifier::parse("e-mail").unwrap().quoted(), "`e-mail`");
        for name in ["", "a`b", "a\nb", &"a".repeat(65)] {
            assert_eq!(Identifier::parse(name), Err(InvalidIdentifier), "{name:?}");
        }
    }
}
