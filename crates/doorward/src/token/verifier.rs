use serde::de::DeserializeOwned;

use super::algorithm::Algorithm;
use super::claims;
use super::compact::{self, Compact};
use super::error::{InvalidReason, TokenError};
use super::header::{self, AcceptedTypes, CheckedHeader};
use super::key::Hs256Key;
use super::validation::Validation;
use super::verifying_key::VerifyingKey;

/// Verifies tokens against a set of keys and one set of rules. Cheap to share, never changes; rotation makes a new one.
#[derive(Debug, Clone)]
pub struct Verifier {
    keys: Vec<Entry>,
    validation: Validation,
    /// Headers seen often, with the keys that they lead to: those that our own keys write and the
    /// one that `PyJWT` writes. A token with one of them skips the JSON work; the answer is the
    /// same, because it was computed by the full check.
    known_headers: Vec<(String, Candidates)>,
}

/// `{"alg":"HS256","typ":"JWT"}`, which `PyJWT` writes in front of every HS256 token.
const PYJWT_HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

#[derive(Debug, Clone)]
struct Entry {
    key: VerifyingKey,
    /// Whether tokens without `kid` are tried on it.
    default: bool,
}

/// The keys that a header leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Candidates {
    /// The one that `kid` names, by its place.
    One(usize),
    /// All defaults for this algorithm.
    Defaults(Algorithm),
}

impl Verifier {
    /// A verifier with one key, on which tokens without `kid` are tried too.
    #[must_use]
    pub fn new(key: impl Into<VerifyingKey>, validation: Validation) -> Self {
        Self::without_keys(validation).with_default_key(key)
    }

    /// A verifier that accepts nothing until it is given a key.
    #[must_use]
    pub fn without_keys(validation: Validation) -> Self {
        Self {
            keys: Vec::new(),
            validation,
            known_headers: Vec::new(),
        }
    }

    /// Adds a key. If it has an id, only tokens that name it are tried on it; if not, those without
    /// `kid` are.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<VerifyingKey>) -> Self {
        let key = key.into();
        let default = key.id().is_none();
        self.add(key, default);
        self
    }

    /// Adds a key on which tokens without `kid` are tried as well, such as those that an application
    /// with `PyJWT` signs with the same secret.
    #[must_use]
    pub fn with_default_key(mut self, key: impl Into<VerifyingKey>) -> Self {
        self.add(key.into(), true);
        self
    }

    /// The keys, in the order in which they were added.
    pub fn keys(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.keys.iter().map(|entry| &entry.key)
    }

    fn add(&mut self, key: VerifyingKey, default: bool) {
        self.keys.push(Entry { key, default });
        // Whether `kid` counts depends on all keys, so every known header is judged again.
        let mut headers: Vec<String> = self.keys.iter().map(|entry| entry.key.header()).collect();
        headers.push(PYJWT_HEADER.to_owned());
        self.known_headers = headers
            .into_iter()
            .filter_map(|header| {
                self.judge(&header)
                    .ok()
                    .map(|candidates| (header, candidates))
            })
            .collect();
    }

    /// Verifies a token and reads its claims as `C`.
    ///
    /// `now_ms` is the time in milliseconds since 1970. Order: size, characters and segments; header;
    /// signature in constant time; claims as strict JSON; registered claims; `C`.
    ///
    /// # Errors
    /// [`TokenError::Expired`] when only time speaks against the token, otherwise
    /// [`TokenError::Invalid`] with the rule that it broke first.
    pub fn verify<C: DeserializeOwned>(&self, token: &str, now_ms: i64) -> Result<C, TokenError> {
        let parts = Compact::split_within(self.validation.max_bytes, token)?;
        let known = self
            .known_headers
            .iter()
            .find(|(header, _)| header == parts.header);
        let candidates = match known {
            Some((_, candidates)) => *candidates,
            None => self.judge(parts.header)?,
        };
        let signature = compact::decode(parts.signature)?;
        if !self.signed_by(candidates, parts.signing_input, &signature) {
            return Err(InvalidReason::Signature.into());
        }
        let payload = compact::decode(parts.payload)?;
        let claims = claims::check(&payload, &self.validation, now_ms)?;
        serde_json::from_str(claims).map_err(|_| InvalidReason::ClaimsForm.into())
    }

    fn signed_by(&self, candidates: Candidates, signing_input: &str, signature: &[u8]) -> bool {
        match candidates {
            Candidates::One(place) => self
                .keys
                .get(place)
                .is_some_and(|entry| entry.key.verifies(signing_input, signature)),
            Candidates::Defaults(algorithm) => self
                .keys
                .iter()
                .filter(|entry| entry.default && entry.key.algorithm() == algorithm)
                .any(|entry| entry.key.verifies(signing_input, signature)),
        }
    }

    /// The full check of a header segment.
    fn judge(&self, segment: &str) -> Result<Candidates, InvalidReason> {
        let types = AcceptedTypes {
            names: &self.validation.types,
            required: self.validation.require_type,
        };
        let header = compact::decode(segment)?;
        let is_ours = |algorithm| {
            self.keys
                .iter()
                .any(|entry| entry.key.algorithm() == algorithm)
        };
        let CheckedHeader { kid, algorithm } = header::check(&header, is_ours, Some(&types))?;
        let keys_have_ids = self.keys.iter().any(|entry| entry.key.id().is_some());
        let Some(kid) = kid.filter(|_| keys_have_ids) else {
            return Ok(Candidates::Defaults(algorithm));
        };
        let place = self
            .keys
            .iter()
            .position(|entry| entry.key.id().is_some_and(|id| id.as_str() == kid))
            .ok_or(InvalidReason::UnknownKey)?;
        // The key has one algorithm, whatever the header says (RFC 8725 §3.1).
        match self.keys.get(place) {
            Some(entry) if entry.key.algorithm() == algorithm => Ok(Candidates::One(place)),
            _ => Err(InvalidReason::Algorithm),
        }
    }
}

/// Verifies a compact JWS with HS256 and answers its payload, whatever it is (RFC 7515 §5.2).
///
/// For payloads that are no claims; tokens go through [`Verifier::verify`]. `typ` is not looked at. A
/// `kid` must be the key's own, if the key has one.
///
/// # Errors
/// [`TokenError::Invalid`] with the rule that the token broke first.
pub fn verify_jws(token: &str, key: &Hs256Key) -> Result<Vec<u8>, TokenError> {
    let parts = Compact::split(token)?;
    let header = compact::decode(parts.header)?;
    let CheckedHeader { kid, .. } = header::check(&header, is_hs256, None)?;
    if let (Some(named), Some(id)) = (kid, key.id())
        && named != id.as_str()
    {
        return Err(InvalidReason::UnknownKey.into());
    }
    let signature = compact::decode(parts.signature)?;
    if !key.verifies(parts.signing_input, &signature) {
        return Err(InvalidReason::Signature.into());
    }
    Ok(compact::decode(parts.payload)?)
}

/// What `kid` a token names, before anything of it is verified: to tell whose it claims to be, and for nothing else.
/// `None` when it names none or is no token.
#[must_use]
pub fn unverified_key_id(token: &str) -> Option<String> {
    let parts = Compact::split(token).ok()?;
    header::unverified_key_id(&compact::decode(parts.header).ok()?)
}

fn is_hs256(algorithm: Algorithm) -> bool {
    algorithm == Algorithm::Hs256
}

#[cfg(test)]
mod tests;
