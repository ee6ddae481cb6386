//! The two ways in which doorward verifies a signature, and what they answer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward::secret::{Secret, WeakSecret};
use doorward::token::{
    Algorithm, Hs256Key, InvalidReason, KeyError, KeyId, PublicJwk, TokenError, Validation,
    Verifier, VerifyingKey,
};
use serde_json::{Value, json};

use crate::jwk;

/// Who reads the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// `KeyVerifier`: one key of another application, a secret or a PEM, for the algorithms that the operator names: here
    /// the one that the key names. Of a set, each key is a source of its own.
    OneKey,
    /// `Verifier`: the keys of one server, published as JSON Web Keys, and a secret for HS256.
    KeySet,
}

impl Reader {
    pub(crate) const ALL: [Self; 2] = [Self::OneKey, Self::KeySet];
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Accepted,
    /// The names of what speaks against the token, or against the key.
    Refused(String),
}

impl Answer {
    pub(crate) fn cell(&self) -> String {
        match self {
            Self::Accepted => "accepted".to_owned(),
            Self::Refused(reason) => reason.clone(),
        }
    }
}

/// The name of an enum's variant, without what is in it.
fn name(value: &impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    let end = text.find([' ', '(', '{']).unwrap_or(text.len());
    format!("`{}`", &text[..end])
}

fn refused_key(error: &impl std::fmt::Debug) -> String {
    format!("key: {}", name(error))
}

/// What a `KeyVerifier` for each of the keys answers; the payload when one accepts.
pub(crate) fn by_one_key(keys: &[Value], token: &str) -> Result<Vec<u8>, String> {
    let mut reasons = Vec::new();
    for key in keys {
        let named = key["alg"].as_str().map(str::parse::<Algorithm>);
        let verifier = match named {
            Some(Ok(algorithm)) => jwk::verifier(key, &[algorithm], Validation::new())
                .map_err(|error| refused_key(&error)),
            Some(Err(_)) => Err("no such algorithm".to_owned()),
            None => Err("no algorithm".to_owned()),
        };
        let answer = verifier.and_then(|verifier| {
            verifier.verify_jws(token).map_err(|error| match error {
                TokenError::Invalid(reason) => name(&reason),
                other => name(&other),
            })
        });
        match answer {
            Ok(payload) => return Ok(payload),
            Err(reason) if reasons.contains(&reason) => {}
            Err(reason) => reasons.push(reason),
        }
    }
    Err(reasons.join(", "))
}

/// One key as a server has it: a secret for HS256 that it would start with, or a published key.
fn server_key(key: &Value) -> Result<VerifyingKey, String> {
    if key["kty"] != "oct" {
        let jwk = PublicJwk::parse(&key.to_string()).map_err(|error| refused_key(&error))?;
        return VerifyingKey::new(jwk).map_err(|error| refused_key(&error));
    }
    if key["alg"] != "HS256" {
        return Err("not HS256".to_owned());
    }
    let bytes = URL_SAFE_NO_PAD.decode(key["k"].as_str().unwrap());
    let secret = Secret::new(bytes.map_err(|_| refused_key(&KeyError::Rejected))?);
    // A server starts with no secret that is one byte over and over either; a group has such a one for every of its tests,
    // which are about base64 and have their answers.
    if let Err(weak @ WeakSecret::TooShort { .. }) = secret.check_strength() {
        return Err(refused_key(&weak));
    }
    let id = key["kid"].as_str().and_then(|kid| KeyId::parse(kid).ok());
    Ok(Hs256Key::new(&secret, id).into())
}

/// A server's verifier with those of the keys that it takes, or why it takes none.
pub(crate) fn server(keys: &[Value]) -> Result<Verifier, String> {
    let mut verifier = Verifier::without_keys(Validation::new());
    let mut reasons = Vec::new();
    for key in keys {
        match server_key(key) {
            Ok(key) => verifier = verifier.with_key(key),
            Err(reason) => reasons.push(reason),
        }
    }
    let public = keys.iter().filter(|key| key["kty"] != "oct");
    let set = json!({"keys": public.collect::<Vec<_>>()}).to_string();
    let alone = verifier.keys().filter(|key| key.public().is_some());
    // What a set loses is what is refused alone.
    assert_eq!(PublicJwk::parse_set(&set).unwrap().len(), alone.count());
    if verifier.keys().next().is_none() {
        return Err(reasons.join(", "));
    }
    Ok(verifier)
}

/// What a server's verifier answers, and whether somebody would be logged in. Claims are read under a good signature alone,
/// so a complaint about them says that the signature was accepted.
pub(crate) fn by_key_set(keys: &[Value], token: &str) -> (Answer, bool) {
    let verifier = match server(keys) {
        Ok(verifier) => verifier,
        Err(reason) => return (Answer::Refused(reason), false),
    };
    match verifier.verify::<Value>(token, 0) {
        Ok(_) => (Answer::Accepted, true),
        Err(TokenError::Invalid(InvalidReason::ClaimsJson)) => (Answer::Accepted, false),
        Err(TokenError::Invalid(reason)) => (Answer::Refused(name(&reason)), false),
        Err(error) => (Answer::Refused(name(&error)), false),
    }
}

/// The key without its private half.
pub(crate) fn public_half(key: &Value) -> Value {
    let mut key = key.clone();
    if key["kty"] != "oct" {
        let had_private_half = key.get("d").is_some();
        let refused = PublicJwk::parse(&key.to_string());
        assert!(!had_private_half || refused == Err(KeyError::PrivateKey));
        let members = key.as_object_mut().unwrap();
        for name in ["d", "p", "q", "dp", "dq", "qi"] {
            members.remove(name);
        }
    }
    key
}
