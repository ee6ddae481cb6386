use std::fmt;

use zeroize::Zeroizing;

/// A signed token in compact serialisation. It is a credential: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(Zeroizing<String>);

impl AccessToken {
    pub(super) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
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
        let token = AccessToken::new("eyJh.eyJz.c2ln".to_owned());
        assert_eq!(format!("{token:?}"), "AccessToken(redacted)");
        assert_eq!(token.as_str(), "eyJh.eyJz.c2ln");
    }
}
