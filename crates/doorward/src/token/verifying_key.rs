use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::ParsedPublicKey;

use super::algorithm::Algorithm;
use super::compact;
use super::good_signatures::GoodSignatures;
use super::jwk::PublicJwk;
use super::key::{Hs256Key, KeyId};
use super::key_error::KeyError;
use super::signing_key::SigningKey;

/// A key that verifies tokens of one algorithm. Cheap to clone; the clones share what they have verified.
#[derive(Clone)]
pub struct VerifyingKey {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Secret(Hs256Key),
    Public(Arc<Public>),
}

struct Public {
    jwk: PublicJwk,
    key: ParsedPublicKey,
    good: GoodSignatures,
}

impl VerifyingKey {
    /// The key of a [`PublicJwk`].
    ///
    /// # Errors
    /// [`KeyError`] when its members make no key.
    pub fn new(jwk: PublicJwk) -> Result<Self, KeyError> {
        let public = Public {
            key: jwk.prepare()?,
            jwk,
            good: GoodSignatures::new(),
        };
        Ok(Self {
            kind: Kind::Public(Arc::new(public)),
        })
    }

    /// What verifies the tokens of a signing key.
    ///
    /// # Errors
    /// [`KeyError`] when its public half makes no key.
    pub fn of(key: &SigningKey) -> Result<Self, KeyError> {
        match (key, key.public()) {
            (SigningKey::Secret(key), _) => Ok(key.clone().into()),
            (SigningKey::Pair(_), Some(public)) => Self::new(public.clone()),
            (SigningKey::Pair(_), None) => Err(KeyError::Rejected),
        }
    }

    /// The only algorithm that it verifies (RFC 8725 §3.1).
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match &self.kind {
            Kind::Secret(_) => Algorithm::Hs256,
            Kind::Public(public) => public.jwk.algorithm(),
        }
    }

    /// The id that its tokens carry as `kid`.
    #[must_use]
    pub fn id(&self) -> Option<&KeyId> {
        match &self.kind {
            Kind::Secret(key) => key.id(),
            Kind::Public(public) => Some(public.jwk.id()),
        }
    }

    /// The half that may be published; a shared secret has none.
    #[must_use]
    pub fn public(&self) -> Option<&PublicJwk> {
        match &self.kind {
            Kind::Secret(_) => None,
            Kind::Public(public) => Some(&public.jwk),
        }
    }

    /// The encoded header of the tokens that its own signing key makes.
    pub(super) fn header(&self) -> String {
        compact::header(self.algorithm().as_str(), self.id(), "JWT")
    }

    /// An HMAC is compared in constant time; a public key has nothing to hide.
    pub(super) fn verifies(&self, signing_input: &str, signature: &[u8]) -> bool {
        match &self.kind {
            Kind::Secret(key) => key.verifies(signing_input, signature),
            Kind::Public(public) => {
                let digest = GoodSignatures::digest(signing_input, signature);
                if public.good.contains(&digest) {
                    return true;
                }
                let good = public
                    .key
                    .verify_sig(signing_input.as_bytes(), signature)
                    .is_ok();
                if good {
                    public.good.insert(&digest);
                }
                good
            }
        }
    }
}

impl From<Hs256Key> for VerifyingKey {
    fn from(key: Hs256Key) -> Self {
        Self {
            kind: Kind::Secret(key),
        }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.algorithm())
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}
