use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::ParsedPublicKey;
use hmac::{Hmac, KeyInit, Mac};
use serde::de::DeserializeOwned;
use sha2::{Sha256, Sha384, Sha512};

use super::algorithm::{Algorithm, Family};
use super::claims;
use super::compact::{self, Compact};
use super::error::{InvalidReason, TokenError};
use super::header::{self, AcceptedTypes};
use super::key::KeyId;
use super::key_error::KeyError;
use super::public_key::PublicKeyDer;
use super::validation::Validation;
use crate::secret::Secret;

/// Verifies tokens that somebody else signed: one key, the algorithms that were configured for it, one set of rules.
///
/// As strict as [`super::Verifier`], which knows our own keys: the header never chooses outside the list, and claims
/// are looked at only under a good signature. Cheap to share.
#[derive(Clone)]
pub struct KeyVerifier {
    keys: Arc<[(Algorithm, PreparedKey)]>,
    key_id: Option<KeyId>,
    validation: Validation,
}

enum PreparedKey {
    Hs256(Hmac<Sha256>),
    Hs384(Hmac<Sha384>),
    Hs512(Hmac<Sha512>),
    Public(ParsedPublicKey),
}

impl KeyVerifier {
    /// A verifier with a shared secret, taken as it is.
    ///
    /// # Errors
    /// [`KeyError`] when an algorithm is not HS256, HS384 or HS512, or when the secret is a key of two halves.
    pub fn with_secret(
        secret: &Secret,
        algorithms: &[Algorithm],
        validation: Validation,
    ) -> Result<Self, KeyError> {
        check_family(Family::Hmac, algorithms)?;
        let bytes = secret.expose();
        if bytes.is_empty() {
            return Err(KeyError::Empty);
        }
        let starts = |prefix: &[u8]| bytes.trim_ascii_start().starts_with(prefix);
        if starts(b"-----BEGIN ") || starts(b"ssh-") || starts(b"ecdsa-sha2-") {
            return Err(KeyError::KeyAsSecret);
        }
        let keys = algorithms
            .iter()
            .map(|algorithm| Ok((*algorithm, keyed(*algorithm, bytes)?)));
        Self::from_keys(keys, validation)
    }

    /// A verifier with a public key in PEM: `PUBLIC KEY` (RFC 5280 §4.1) or `RSA PUBLIC KEY` (RFC 8017 A.1.1).
    ///
    /// # Errors
    /// [`KeyError`] when the text is no public key that the algorithms take.
    pub fn with_public_key(
        pem: &str,
        algorithms: &[Algorithm],
        validation: Validation,
    ) -> Result<Self, KeyError> {
        let key = PublicKeyDer::from_pem(pem)?;
        check_family(key.family, algorithms)?;
        let keys = algorithms
            .iter()
            .map(|algorithm| Ok((*algorithm, PreparedKey::Public(key.prepare(*algorithm)?))));
        Self::from_keys(keys, validation)
    }

    fn from_keys(
        keys: impl Iterator<Item = Result<(Algorithm, PreparedKey), KeyError>>,
        validation: Validation,
    ) -> Result<Self, KeyError> {
        Ok(Self {
            keys: keys.collect::<Result<_, _>>()?,
            key_id: None,
            validation,
        })
    }

    /// Demands that a `kid`, where a token has one, is this (RFC 7515 §4.1.4). Without it `kid` must be text and
    /// decides nothing.
    #[must_use]
    pub fn with_key_id(mut self, id: KeyId) -> Self {
        self.key_id = Some(id);
        self
    }

    /// Verifies a token at a time in milliseconds since 1970 and reads its claims as `C`, in the order of
    /// [`super::Verifier::verify`].
    ///
    /// # Errors
    /// [`TokenError::Expired`] when only time speaks against the token, otherwise
    /// [`TokenError::Invalid`] with the rule that it broke first.
    pub fn verify<C: DeserializeOwned>(&self, token: &str, now_ms: i64) -> Result<C, TokenError> {
        let types = AcceptedTypes {
            names: &self.validation.types,
            required: self.validation.require_type,
        };
        let payload = self.signed(token, Some(&types))?;
        let claims = claims::check(&payload, &self.validation, now_ms)?;
        serde_json::from_str(claims).map_err(|_| InvalidReason::ClaimsForm.into())
    }

    /// Verifies a compact JWS and answers its payload, whatever it is (RFC 7515 §5.2). For payloads that are no
    /// claims; `typ` is not looked at.
    ///
    /// # Errors
    /// [`TokenError::Invalid`] with the rule that the token broke first.
    pub fn verify_jws(&self, token: &str) -> Result<Vec<u8>, TokenError> {
        Ok(self.signed(token, None)?)
    }

    /// The payload under a good signature.
    fn signed(
        &self,
        token: &str,
        types: Option<&AcceptedTypes<'_>>,
    ) -> Result<Vec<u8>, InvalidReason> {
        let parts = Compact::split_within(self.validation.max_bytes, token)?;
        let header = header::check(
            &compact::decode(parts.header)?,
            |algorithm| self.keys.iter().any(|(known, _)| *known == algorithm),
            types,
        )?;
        if let (Some(named), Some(id)) = (&header.kid, &self.key_id)
            && named != id.as_str()
        {
            return Err(InvalidReason::UnknownKey);
        }
        let signature = compact::decode(parts.signature)?;
        let good = self.keys.iter().any(|(algorithm, key)| {
            *algorithm == header.algorithm
                && key.verifies(parts.signing_input.as_bytes(), &signature)
        });
        if !good {
            return Err(InvalidReason::Signature);
        }
        compact::decode(parts.payload)
    }
}

impl PreparedKey {
    /// HMACs are compared in constant time; a public key has nothing to hide.
    fn verifies(&self, signing_input: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Hs256(mac) => verifies(mac, signing_input, signature),
            Self::Hs384(mac) => verifies(mac, signing_input, signature),
            Self::Hs512(mac) => verifies(mac, signing_input, signature),
            Self::Public(key) => key.verify_sig(signing_input, signature).is_ok(),
        }
    }
}

fn verifies<M: Mac + Clone>(mac: &M, signing_input: &[u8], signature: &[u8]) -> bool {
    mac.clone()
        .chain_update(signing_input)
        .verify_slice(signature)
        .is_ok()
}

fn keyed(algorithm: Algorithm, bytes: &[u8]) -> Result<PreparedKey, KeyError> {
    let rejected = |_| KeyError::Rejected;
    Ok(match algorithm {
        Algorithm::Hs384 => PreparedKey::Hs384(Hmac::new_from_slice(bytes).map_err(rejected)?),
        Algorithm::Hs512 => PreparedKey::Hs512(Hmac::new_from_slice(bytes).map_err(rejected)?),
        // The family was checked before.
        _ => PreparedKey::Hs256(Hmac::new_from_slice(bytes).map_err(rejected)?),
    })
}

fn check_family(family: Family, algorithms: &[Algorithm]) -> Result<(), KeyError> {
    let first = *algorithms.first().ok_or(KeyError::NoAlgorithm)?;
    for algorithm in algorithms {
        if algorithm.family() != first.family() {
            return Err(KeyError::SeveralFamilies(first, *algorithm));
        }
    }
    if first.family() != family {
        return Err(KeyError::WrongFamily {
            algorithm: first,
            found: family,
        });
    }
    Ok(())
}

impl fmt::Debug for KeyVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithms: Vec<Algorithm> =
            self.keys.iter().map(|(algorithm, _)| *algorithm).collect();
        f.debug_struct("KeyVerifier")
            .field("algorithms", &algorithms)
            .field("key_id", &self.key_id)
            .field("validation", &self.validation)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
