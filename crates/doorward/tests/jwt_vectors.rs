//! Every vector of `jwt_vectors.json` against an HS256 verifier.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can not go on should stop"
)]

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward::secret::Secret;
use doorward::token::{Hs256Key, KeyId, RequiredClaim, TokenError, Validation, Verifier};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    token: String,
    allowed_algs: Vec<String>,
    issuer: String,
    audience: String,
    verify_at: i64,
    leeway_s: u64,
    expected: String,
}

/// Vectors that another algorithm accepts. They are still run, and must be refused here.
const OTHER_ALGORITHMS: &[(&str, &str)] = &[
    (
        "valid_HS384",
        "only HS256 is implemented among the HMAC algorithms",
    ),
    (
        "valid_HS512",
        "only HS256 is implemented among the HMAC algorithms",
    ),
    ("valid_RS256", "RSA keys are not part of the HS256 verifier"),
    ("valid_PS256", "RSA keys are not part of the HS256 verifier"),
    ("valid_ES256", "EC keys are not part of the HS256 verifier"),
    ("valid_ES384", "EC keys are not part of the HS256 verifier"),
    (
        "valid_EdDSA",
        "EdDSA keys are not part of the HS256 verifier",
    ),
    ("es256_ok", "EC keys are not part of the HS256 verifier"),
    (
        "es256_malleated_n_minus_s",
        "EC keys are not part of the HS256 verifier",
    ),
    ("eddsa_ok", "EdDSA keys are not part of the HS256 verifier"),
];

fn file() -> (File, Value) {
    let text = include_str!("vectors/jwt_vectors.json");
    let whole: Value = serde_json::from_str(text).unwrap();
    (serde_json::from_str(text).unwrap(), whole["keys"].clone())
}

fn hs256_key(keys: &Value) -> Hs256Key {
    let bytes = URL_SAFE_NO_PAD
        .decode(keys["hs256"]["k"].as_str().unwrap())
        .unwrap();
    let id = KeyId::parse(keys["hs256"]["kid"].as_str().unwrap()).unwrap();
    Hs256Key::new(&Secret::new(bytes), Some(id))
}

fn profile(vector: &Vector) -> Validation {
    Validation::new()
        .issuer(&vector.issuer)
        .audience(&vector.audience)
        .leeway(Duration::from_secs(vector.leeway_s))
        .max_lifetime(Duration::from_hours(1))
        .require([
            RequiredClaim::Issuer,
            RequiredClaim::Audience,
            RequiredClaim::Subject,
            RequiredClaim::IssuedAt,
            RequiredClaim::TokenId,
        ])
}

fn verdict(vector: &Vector, rules: Validation, keys: &Value) -> Result<Value, TokenError> {
    Verifier::new(hs256_key(keys), rules).verify(&vector.token, vector.verify_at * 1000)
}

#[test]
fn every_vector_gets_its_expected_answer() {
    let (file, keys) = file();
    assert_eq!(file.vectors.len(), 190);
    let mut other_algorithms = 0;
    let mut wrong = Vec::new();
    for vector in &file.vectors {
        let default = verdict(vector, profile(vector), &keys);
        let other = OTHER_ALGORITHMS
            .iter()
            .any(|(name, _)| *name == vector.name);
        let right = match vector.expected.as_str() {
            "accept" if other => {
                other_algorithms += 1;
                assert_ne!(
                    vector.allowed_algs,
                    ["HS256"],
                    "{}: {}",
                    vector.name,
                    "stale entry"
                );
                default.is_err()
            }
            "accept" => default.is_ok(),
            // The condition is the newer name of EdDSA, which nothing configures.
            "reject" | "reject-unless-configured" => default.is_err(),
            // Two kinds of access token that RFC 9068 names: refused unless configured.
            "accept-or-reject-by-profile" => {
                let types = profile(vector).types(["at+jwt", "application/at+jwt"]);
                default.is_err() && verdict(vector, types, &keys).is_ok()
            }
            // `typ` is missing: accepted unless it is required.
            "reject-if-typ-required" => {
                let typed = profile(vector).require_type(true);
                default.is_ok() && verdict(vector, typed, &keys).is_err()
            }
            other => panic!("{}: unknown expectation {other}", vector.name),
        };
        if !right {
            wrong.push(format!("{}: {default:?}", vector.name));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(
        other_algorithms,
        OTHER_ALGORITHMS.len(),
        "an entry of the list names no vector"
    );
}

#[test]
fn expired_vectors_are_told_apart_from_invalid_ones() {
    let (file, keys) = file();
    for vector in &file.vectors {
        let expired = matches!(
            vector.name.as_str(),
            "exp_equal_now"
                | "expired_1s_leeway_0"
                | "expired_31s_leeway_30"
                | "exp_negative"
                | "exp_zero"
        );
        let verdict = verdict(vector, profile(vector), &keys);
        assert_eq!(
            verdict.err() == Some(TokenError::Expired),
            expired,
            "{}",
            vector.name
        );
    }
}

/// The same keys, but named or unnamed, must not change any answer but those about `kid`.
#[test]
fn vectors_are_refused_without_a_key_id_too() {
    let (file, keys) = file();
    let bytes = URL_SAFE_NO_PAD
        .decode(keys["hs256"]["k"].as_str().unwrap())
        .unwrap();
    for vector in file
        .vectors
        .iter()
        .filter(|vector| vector.expected == "reject")
    {
        let about_kid = vector.name.starts_with("kid_");
        let unnamed = Hs256Key::new(&Secret::new(bytes.clone()), None);
        let verifier = Verifier::new(unnamed, profile(vector));
        let verdict = verifier.verify::<Value>(&vector.token, vector.verify_at * 1000);
        let typed = matches!(
            vector.name.as_str(),
            "kid_number" | "kid_null" | "kid_array" | "kid_long"
        );
        assert_eq!(verdict.is_err(), !about_kid || typed, "{}", vector.name);
    }
}
