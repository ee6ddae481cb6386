//! The JWS layer against Project Wycheproof and RFC 7515 Appendix A.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can not go on should stop"
)]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward::secret::Secret;
use doorward::token::{Hs256Key, KeyId, TokenError, Validation, Verifier, verify_jws};
use serde_json::Value;

/// Tests of HS256 groups whose result we do not share.
const SKIPPED_TESTS: &[(u64, &str)] = &[
    (
        367,
        "named invalid padding, but the text is that of tcId 357, which is valid",
    ),
    (
        370,
        "named invalid padding, but the text is that of tcId 357, which is valid",
    ),
    (
        372,
        "calls a `?` inside the header segment valid; base64url is read strictly here",
    ),
    (
        373,
        "calls a `?` inside the payload segment valid; base64url is read strictly here",
    ),
];

/// Algorithms of the groups that are not HS256: how many tests each has, and why they are skipped.
const SKIPPED_ALGORITHMS: &[(&str, usize, &str)] = &[
    ("ES256", 39, "EC keys are not part of the HS256 layer"),
    (
        "ES521",
        2,
        "no such algorithm (RFC 7518 has ES512), and EC keys are not part of this layer",
    ),
    ("PS256", 50, "RSA keys are not part of the HS256 layer"),
    ("PS384", 5, "RSA keys are not part of the HS256 layer"),
    ("PS512", 20, "RSA keys are not part of the HS256 layer"),
    ("RS256", 233, "RSA keys are not part of the HS256 layer"),
    ("RS384", 4, "RSA keys are not part of the HS256 layer"),
    ("RS512", 4, "RSA keys are not part of the HS256 layer"),
    (
        "",
        4,
        "RSA and EC keys made for encryption, without an algorithm of their own",
    ),
];

fn hs256(jwk: &Value) -> Hs256Key {
    let bytes = URL_SAFE_NO_PAD.decode(jwk["k"].as_str().unwrap()).unwrap();
    // The kid of the RFC's example is a sentence, which no key of ours can be called.
    let id = jwk["kid"].as_str().and_then(|kid| KeyId::parse(kid).ok());
    Hs256Key::new(&Secret::new(bytes), id)
}

fn groups() -> Vec<Value> {
    let text = include_str!("vectors/json_web_signature_test.json");
    let file: Value = serde_json::from_str(text).unwrap();
    file["testGroups"].as_array().unwrap().clone()
}

#[test]
fn wycheproof_s_hs256_tests_get_their_result() {
    let (mut run, mut skipped) = (0, 0);
    for group in groups() {
        let jwk = &group["private"];
        if jwk["kty"] != "oct" {
            continue;
        }
        assert_eq!(jwk["alg"], "HS256");
        let key = hs256(jwk);
        for test in group["tests"].as_array().unwrap() {
            let id = test["tcId"].as_u64().unwrap();
            // The JSON serialisation is an object in the file, and no compact token in any case.
            let token = test["jws"]
                .as_str()
                .map_or_else(|| test["jws"].to_string(), str::to_owned);
            let verdict = verify_jws(&token, &key);
            let agrees = verdict.is_ok() == (test["result"] == "valid");
            if let Some((_, reason)) = SKIPPED_TESTS.iter().find(|(tc, _)| *tc == id) {
                assert!(!agrees, "tcId {id} is skipped ({reason}), but passes");
                skipped += 1;
                continue;
            }
            assert!(agrees, "tcId {id} {}: {verdict:?}", test["comment"]);
            run += 1;
            // None of the payloads is a claims set, so none may become a login.
            let verifier = Verifier::new(key.clone(), Validation::new());
            assert!(verifier.verify::<Value>(&token, 0).is_err(), "tcId {id}");
        }
    }
    assert_eq!((run, skipped), (36, SKIPPED_TESTS.len()));
}

#[test]
fn wycheproof_s_other_algorithms_are_refused_by_an_hs256_key() {
    let key = Hs256Key::new(&Secret::new(vec![7; 32]), None);
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for group in groups() {
        let jwk = &group["private"];
        if jwk["kty"] == "oct" {
            continue;
        }
        let tests = group["tests"].as_array().unwrap();
        *counts
            .entry(jwk["alg"].as_str().unwrap_or_default().to_owned())
            .or_default() += tests.len();
        for test in tests {
            let token = test["jws"]
                .as_str()
                .map_or_else(|| test["jws"].to_string(), str::to_owned);
            assert!(verify_jws(&token, &key).is_err(), "tcId {}", test["tcId"]);
        }
    }
    let listed: std::collections::BTreeMap<String, usize> = SKIPPED_ALGORITHMS
        .iter()
        .map(|(algorithm, count, _)| ((*algorithm).to_owned(), *count))
        .collect();
    assert_eq!(counts, listed);
}

#[test]
fn the_hs256_example_of_rfc_7515_verifies_and_is_expired() {
    let text = include_str!("vectors/rfc7515_appendix_a.json");
    let file: Value = serde_json::from_str(text).unwrap();
    let example = &file["vectors"][0];
    assert_eq!(example["appendix"], "RFC 7515 A.1");
    let key = hs256(&example["jwk"]);
    let token = example["jws_compact"].as_str().unwrap();
    let payload = example["payload_utf8"].as_str().unwrap();
    assert_eq!(verify_jws(token, &key), Ok(payload.as_bytes().to_vec()));

    let verifier = Verifier::new(key.clone(), Validation::new().issuer("joe"));
    let at = |seconds: i64| verifier.verify::<Value>(token, seconds * 1000);
    assert!(at(1_300_819_379).is_ok());
    assert_eq!(at(1_300_819_380), Err(TokenError::Expired));

    // A.2 to A.6 have other algorithms or none.
    for example in file["vectors"].as_array().unwrap().iter().skip(1) {
        let token = example["jws_compact"].as_str().unwrap_or_default();
        assert!(verify_jws(token, &key).is_err(), "{}", example["appendix"]);
    }
}
