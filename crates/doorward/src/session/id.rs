use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::random::{self, Random, RandomError};

/// The name of a session: 128 random bits, 22 characters of base64url as text (`sid` in tokens).
///
/// It names a session and opens nothing: the secret of a session is its refresh token (SE-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId([u8; 16]);

/// The text is not the name of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a session id has 22 characters of base64url")]
pub struct InvalidSessionId;

impl SessionId {
    /// A new one.
    ///
    /// # Errors
    /// [`RandomError`] when there is no randomness.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        random::bytes(random).map(Self)
    }

    /// The session with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, as stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads the text of an id, in its one form.
    ///
    /// # Errors
    /// [`InvalidSessionId`].
    pub fn parse(text: &str) -> Result<Self, InvalidSessionId> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidSessionId)?;
        bytes.try_into().map(Self).map_err(|_| InvalidSessionId)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::OsRandom;

    #[test]
    fn an_id_comes_back_as_it_went_and_nothing_else_is_one() {
        let id = SessionId::generate(&OsRandom).unwrap();
        assert_eq!(SessionId::parse(&id.to_string()), Ok(id));
        let text = "A".repeat(22);
        assert!(SessionId::parse(&text).is_ok());
        for other in [
            "",
            "AAAA",
            &"A".repeat(21),
            &"A".repeat(23),
            &format!("{text}="),
        ] {
            assert_eq!(SessionId::parse(other), Err(InvalidSessionId), "{other}");
        }
        // The last character has four bits that count for nothing: set, they are another text of the same id.
        assert_eq!(
            SessionId::parse(&format!("{}B", "A".repeat(21))),
            Err(InvalidSessionId)
        );
    }
}
