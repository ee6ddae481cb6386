use std::sync::Arc;

use serde::Serialize;

use super::access_token::AccessToken;
use super::algorithm::Algorithm;
use super::compact;
use super::error::SignError;
use super::jwk::PublicJwk;
use super::key::{Hs256Key, KeyId};
use super::key_pair::KeyPair;

/// A key that signs tokens: a shared secret, or the private half of a pair.
#[derive(Debug, Clone)]
pub enum SigningKey {
    /// HS256: whoever verifies could sign as well.
    Secret(Hs256Key),
    /// ES256, `EdDSA` or RS256: others verify by the public half.
    Pair(PairKey),
}

/// A pair with the header of its tokens.
#[derive(Debug, Clone)]
pub struct PairKey {
    pair: Arc<KeyPair>,
    header: String,
}

impl SigningKey {
    /// The algorithm of its tokens.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Secret(_) => Algorithm::Hs256,
            Self::Pair(key) => key.pair.algorithm().algorithm(),
        }
    }

    /// The `kid` of its tokens.
    #[must_use]
    pub fn id(&self) -> Option<&KeyId> {
        match self {
            Self::Secret(key) => key.id(),
            Self::Pair(key) => Some(key.pair.public().id()),
        }
    }

    /// The half that may be published; a shared secret has none.
    #[must_use]
    pub fn public(&self) -> Option<&PublicJwk> {
        match self {
            Self::Secret(_) => None,
            Self::Pair(key) => Some(key.pair.public()),
        }
    }

    /// Signs claims. They are taken as given: setting `exp` is the caller's duty, and [`super::Verifier::verify`] refuses a
    /// token without it.
    ///
    /// # Errors
    /// [`SignError`] when the claims are no JSON object, the token gets too long, or the library fails.
    pub fn sign<C: Serialize + ?Sized>(&self, claims: &C) -> Result<AccessToken, SignError> {
        match self {
            Self::Secret(key) => key.sign(claims),
            Self::Pair(key) => {
                let input = compact::signing_input(&key.header, claims)?;
                let signature = key.signature(&input)?;
                AccessToken::signed(input, &signature)
            }
        }
    }

    /// Signs claims of another kind than a token's (RFC 8725 §3.11), of any length. `typ` is a media type without
    /// `application/`.
    ///
    /// # Errors
    /// [`SignError`] when the claims are no JSON object or the library fails.
    pub fn sign_document<C: Serialize + ?Sized>(
        &self,
        typ: &'static str,
        claims: &C,
    ) -> Result<String, SignError> {
        match self {
            Self::Secret(key) => key.sign_document(typ, claims),
            Self::Pair(key) => {
                let header = compact::header(self.algorithm().as_str(), self.id(), typ);
                let input = compact::signing_input(&header, claims)?;
                let signature = key.signature(&input)?;
                Ok(compact::with_signature(input, &signature))
            }
        }
    }
}

impl PairKey {
    fn signature(&self, input: &str) -> Result<Vec<u8>, SignError> {
        self.pair
            .sign(input.as_bytes())
            .map_err(|_| SignError::Library)
    }
}

impl From<Hs256Key> for SigningKey {
    fn from(key: Hs256Key) -> Self {
        Self::Secret(key)
    }
}

impl From<KeyPair> for SigningKey {
    fn from(pair: KeyPair) -> Self {
        let algorithm = pair.algorithm().algorithm();
        Self::Pair(PairKey {
            header: compact::header(algorithm.as_str(), Some(pair.public().id()), "JWT"),
            pair: Arc::new(pair),
        })
    }
}
