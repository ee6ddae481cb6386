//! Verifiers out of JSON Web Keys (RFC 7517), which the vectors have and the program, taking PEM, has not.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use doorward::secret::Secret;
use doorward::token::{Algorithm, KeyError, KeyId, KeyVerifier, Validation};
use serde_json::Value;

pub(crate) fn member(jwk: &Value, name: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(jwk[name].as_str()?).ok()
}

pub(crate) fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut bytes = vec![tag];
    match length {
        0..=127 => bytes.push(u8::try_from(length).unwrap()),
        128..=255 => bytes.extend([0x81, u8::try_from(length).unwrap()]),
        _ => bytes.extend([
            0x82,
            u8::try_from(length >> 8).unwrap(),
            u8::try_from(length & 255).unwrap(),
        ]),
    }
    bytes.extend(content);
    bytes
}

pub(crate) fn integer(bytes: &[u8]) -> Vec<u8> {
    let mut content = bytes.to_vec();
    if content.first().is_some_and(|first| *first > 127) {
        content.insert(0, 0);
    }
    der(2, &content)
}

/// The public key as PEM; `None` for a shared secret or a curve that no key of ours is on.
pub(crate) fn public_pem(jwk: &Value) -> Option<String> {
    const P256: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
    const P384: &str = "3076301006072a8648ce3d020106052b81040022036200";
    const ED25519: &str = "302a300506032b6570032100";
    let prefixed = |prefix: &str, rest: &[&[u8]]| {
        let prefix = (0..prefix.len())
            .step_by(2)
            .map(|place| u8::from_str_radix(&prefix[place..place + 2], 16).unwrap());
        prefix.chain(rest.concat()).collect::<Vec<u8>>()
    };
    let (label, bytes) = match (jwk["kty"].as_str()?, jwk["crv"].as_str()) {
        ("RSA", _) => {
            let numbers = [integer(&member(jwk, "n")?), integer(&member(jwk, "e")?)];
            ("RSA PUBLIC KEY", der(0x30, &numbers.concat()))
        }
        ("EC", Some(curve @ ("P-256" | "P-384"))) => {
            let prefix = if curve == "P-256" { P256 } else { P384 };
            let point = [&[4][..], &member(jwk, "x")?, &member(jwk, "y")?];
            ("PUBLIC KEY", prefixed(prefix, &point))
        }
        ("OKP", Some("Ed25519")) => ("PUBLIC KEY", prefixed(ED25519, &[&member(jwk, "x")?])),
        _ => return None,
    };
    let base64 = STANDARD.encode(bytes);
    Some(format!(
        "-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n"
    ))
}

/// A verifier with the key for these algorithms.
pub(crate) fn verifier(
    jwk: &Value,
    algorithms: &[Algorithm],
    rules: Validation,
) -> Result<KeyVerifier, KeyError> {
    let verifier = match public_pem(jwk) {
        Some(pem) => KeyVerifier::with_public_key(&pem, algorithms, rules)?,
        None if jwk["kty"] == "oct" => {
            let secret = Secret::new(member(jwk, "k").ok_or(KeyError::Rejected)?);
            KeyVerifier::with_secret(&secret, algorithms, rules)?
        }
        None => return Err(KeyError::UnknownKind),
    };
    // The kid of the RFC's example is a sentence, which no key of ours can be called.
    let id = jwk["kid"].as_str().and_then(|kid| KeyId::parse(kid).ok());
    Ok(match id {
        Some(id) => verifier.with_key_id(id),
        None => verifier,
    })
}
