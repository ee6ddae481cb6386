use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;
use thiserror::Error;

use super::access_token::AccessToken;
use super::compact;
use super::error::SignError;
use crate::secret::Secret;

/// Name of a key in the `kid` header: 1 to 128 characters of `[A-Za-z0-9._-]`, so that it is safe in
/// a log, a URL or a file name (RFC 7515 §4.1.4, RFC 8725 §3.10).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(String);

/// Why a text is no [`KeyId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a key id has 1 to 128 characters out of A-Z a-z 0-9 . _ -; choose another")]
pub struct KeyIdError;

impl KeyId {
    /// Reads a key id.
    ///
    /// # Errors
    /// [`KeyIdError`] when the text is empty, too long, or holds another character.
    pub fn parse(text: &str) -> Result<Self, KeyIdError> {
        let permitted =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if (1..=128).contains(&text.len()) && text.bytes().all(permitted) {
            Ok(Self(text.to_owned()))
        } else {
            Err(KeyIdError)
        }
    }

    /// The text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// A key for HS256 (RFC 7518 §3.2), ready to sign and verify.
///
/// Holds the keyed hash state, not the secret, so that a token does not pay for the key schedule.
/// It does not judge the secret; [`Secret::check_strength`] does.
#[derive(Clone)]
pub struct Hs256Key {
    keyed: Hmac<Sha256>,
    id: Option<KeyId>,
    /// The encoded header of every token that this key signs.
    header: String,
}

impl Hs256Key {
    /// Prepares a key. With an id, its tokens carry `kid`.
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "HMAC takes keys of any length (RFC 2104 §2), so this can't panic"
    )]
    pub fn new(secret: &Secret, id: Option<KeyId>) -> Self {
        let keyed = Hmac::new_from_slice(secret.expose()).expect("HMAC takes keys of any length");
        let header = compact::header("HS256", id.as_ref(), "JWT");
        Self { keyed, id, header }
    }

    /// The id that its tokens carry as `kid`.
    #[must_use]
    pub fn id(&self) -> Option<&KeyId> {
        self.id.as_ref()
    }

    /// Signs claims (lecture programs 5, 9 to 11: `jwt.encode(payload, key, algorithm="HS256")`).
    ///
    /// The claims are taken as given: setting `exp` is the caller's duty, and
    /// [`super::Verifier::verify`] refuses a token without it.
    ///
    /// # Errors
    /// [`SignError`] when the claims are no JSON object or the token gets too long.
    pub fn sign<C: Serialize + ?Sized>(&self, claims: &C) -> Result<AccessToken, SignError> {
        let input = compact::signing_input(&self.header, claims)?;
        let signature = self.signature(&input);
        AccessToken::signed(input, &signature)
    }

    /// Signs claims of another kind than a token's (RFC 8725 §3.11), of any length. `typ` is a media type without
    /// `application/`.
    ///
    /// # Errors
    /// [`SignError::NotAnObject`] when the claims are no JSON object.
    pub fn sign_document<C: Serialize + ?Sized>(
        &self,
        typ: &str,
        claims: &C,
    ) -> Result<String, SignError> {
        let header = compact::header("HS256", self.id.as_ref(), typ);
        let input = compact::signing_input(&header, claims)?;
        let signature = self.signature(&input);
        Ok(compact::with_signature(input, &signature))
    }

    /// Compares in constant time.
    pub(super) fn verifies(&self, signing_input: &str, signature: &[u8]) -> bool {
        self.mac(signing_input).verify_slice(signature).is_ok()
    }

    pub(super) fn signature(&self, signing_input: &str) -> [u8; 32] {
        self.mac(signing_input).finalize().into_bytes().into()
    }

    fn mac(&self, signing_input: &str) -> Hmac<Sha256> {
        self.keyed.clone().chain_update(signing_input)
    }
}

impl fmt::Debug for Hs256Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hs256Key")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
