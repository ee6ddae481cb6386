use std::fmt;

use zeroize::Zeroizing;

use super::compact::{self, MAX_TOKEN_BYTES};
use super::error::SignError;

/// A signed token in compact serialisation. It is a credential: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(Zeroizing<String>);

impl AccessToken {
    /// A token of its signing input and its signature.
    pub(super) fn signed(input: String, signature: &[u8]) -> Result<Self, SignError> {
        let text = compact::with_signature(input, signature);
        if text.len() > MAX_TOKEN_BYTES {
            return Err(SignError::TooLong);
        }
        Ok(Self(Zeroizing::new(text)))
    }

    /// The text to send in the `Authorization` field or a login's answer, and nowhere else.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_a_token() {
        let token = AccessToken::signed("eyJh.eyJz".to_owned(), b"sig").unwrap();
        assert_eq!(format!("{token:?}"), "AccessToken(redacted)");
        assert_eq!(token.as_str(), "eyJh.eyJz.c2ln");
    }
}
