//! All that a good access token says, to tell it to others (RFC 7662 §2.2).

use serde::Deserialize;

use super::AccessTokens;
use crate::{clock::Timestamp, token::TokenError};

/// What an access token says, of a user or for a key. Which of them it is, the verification tells.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TokenDescription {
    /// The user's number, or the key.
    pub sub: String,
    /// Another one in each token.
    pub jti: String,
    /// When it was issued, in seconds.
    pub iat: i64,
    /// When it ends, in seconds.
    pub exp: i64,
    /// The session, or the key.
    pub sid: Option<String>,
    /// The key.
    pub client_id: Option<String>,
    /// For whom the key acts.
    pub owner_id: Option<i64>,
    /// The user's number.
    pub user_id: Option<i64>,
    /// The user's name.
    pub username: Option<String>,
    /// The user's role in the users table.
    pub role: Option<String>,
    /// All roles of the user.
    pub roles: Option<Vec<String>>,
    /// What it may be used for.
    pub scope: Option<String>,
}

impl AccessTokens {
    /// The `aud` claim.
    #[must_use]
    pub fn audience(&self) -> Option<&str> {
        self.policy.audience.as_deref()
    }

    /// What `token` says, if it is one of ours and in time. Whether it counts,
    /// [`crate::authenticator::Authenticator::introspect`] says.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn describe(&self, token: &str, now: Timestamp) -> Result<TokenDescription, TokenError> {
        let verifier = self.verifier();
        verifier.verify(token, now.as_millis())
    }
}
