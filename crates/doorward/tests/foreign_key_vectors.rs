//! Keys of other applications against the vectors: `PyJWT`, RFC 7515 Appendix A.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can not go on should stop"
)]

mod jwk;

use std::collections::BTreeMap;
use std::time::Duration;

use doorward::token::{Algorithm, KeyVerifier, RequiredClaim, TokenError, Validation};
use serde_json::Value;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn algorithms(names: &Value) -> Vec<Algorithm> {
    let names = names.as_array().unwrap().iter();
    names
        .map(|name| name.as_str().unwrap().parse().unwrap())
        .collect()
}

fn profile(vector: &Value) -> Validation {
    Validation::new()
        .issuer(vector["issuer"].as_str().unwrap())
        .audience(vector["audience"].as_str().unwrap())
        .leeway(Duration::from_secs(vector["leeway_s"].as_u64().unwrap()))
        .max_lifetime(Duration::from_hours(1))
        .require([
            RequiredClaim::Issuer,
            RequiredClaim::Audience,
            RequiredClaim::Subject,
            RequiredClaim::IssuedAt,
            RequiredClaim::TokenId,
        ])
}

fn verdict(vector: &Value, keys: &Value, rules: Validation) -> Result<Value, TokenError> {
    let key = &keys[vector["key"].as_str().unwrap()];
    let verifier = jwk::verifier(key, &algorithms(&vector["allowed_algs"]), rules).unwrap();
    verifier.verify(
        vector["token"].as_str().unwrap(),
        vector["verify_at"].as_i64().unwrap() * 1000,
    )
}

#[test]
fn every_pyjwt_vector_gets_its_expected_answer_from_its_own_key() {
    let file = parsed(include_str!("vectors/jwt_vectors.json"));
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 190);
    let mut wrong = Vec::new();
    let mut accepted = BTreeMap::<String, usize>::new();
    for vector in vectors {
        let default = verdict(vector, &file["keys"], profile(vector));
        let right = match vector["expected"].as_str().unwrap() {
            "accept" => default.is_ok(),
            // The condition is the newer name of EdDSA, which nothing configures.
            "reject" | "reject-unless-configured" => default.is_err(),
            "accept-or-reject-by-profile" => {
                let typed = profile(vector).types(["at+jwt", "application/at+jwt"]);
                default.is_err() && verdict(vector, &file["keys"], typed).is_ok()
            }
            "reject-if-typ-required" => {
                let typed = profile(vector).require_type(true);
                default.is_ok() && verdict(vector, &file["keys"], typed).is_err()
            }
            other => panic!("unknown expectation {other}"),
        };
        if !right {
            wrong.push(format!("{}: {default:?}", vector["name"]));
        }
        if default.is_ok() {
            let names = vector["allowed_algs"].to_string();
            *accepted.entry(names).or_default() += 1;
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    let families: Vec<&str> = accepted.keys().map(String::as_str).collect();
    assert_eq!(
        families,
        [
            "[\"ES256\"]",
            "[\"ES384\"]",
            "[\"EdDSA\"]",
            "[\"HS256\"]",
            "[\"HS384\"]",
            "[\"HS512\"]",
            "[\"PS256\"]",
            "[\"RS256\"]",
        ]
    );
}

/// CVE-2016-10555, CVE-2022-29217, CVE-2024-33663, CVE-2024-37568, CVE-2023-48223: the public key as HMAC secret.
#[test]
fn a_token_never_chooses_an_algorithm_outside_the_list() {
    let file = parsed(include_str!("vectors/jwt_vectors.json"));
    for vector in file["vectors"].as_array().unwrap() {
        let header = vector["token"].as_str().unwrap().split('.').next().unwrap();
        let own: Vec<Algorithm> = algorithms(&vector["allowed_algs"]);
        let key = &file["keys"][vector["key"].as_str().unwrap()];
        let same_family: Vec<Algorithm> = Algorithm::ALL
            .into_iter()
            .filter(|other| other.family() == own[0].family() && !own.contains(other))
            .collect();
        if same_family.is_empty() || vector["expected"] != "accept" {
            continue;
        }
        let verifier = jwk::verifier(key, &same_family, profile(vector)).unwrap();
        let verdict = verifier.verify::<Value>(
            vector["token"].as_str().unwrap(),
            vector["verify_at"].as_i64().unwrap() * 1000,
        );
        assert!(verdict.is_err(), "{} {header}", vector["name"]);
    }
}

#[test]
fn among_several_algorithms_a_signature_is_of_the_one_that_the_header_names() {
    let file = parsed(include_str!("vectors/jwt_vectors.json"));
    let both = [Algorithm::Rs256, Algorithm::Ps256];
    let mut verdicts = Vec::new();
    for vector in file["vectors"].as_array().unwrap() {
        let name = vector["name"].as_str().unwrap();
        if !["valid_RS256", "valid_PS256", "rs256_by_ps256_signature"].contains(&name) {
            continue;
        }
        let verifier = jwk::verifier(&file["keys"]["rs256"], &both, profile(vector)).unwrap();
        let token = vector["token"].as_str().unwrap();
        let now = vector["verify_at"].as_i64().unwrap() * 1000;
        verdicts.push((name, verifier.verify::<Value>(token, now).is_ok()));
    }
    assert_eq!(
        verdicts,
        [
            ("valid_RS256", true),
            ("valid_PS256", true),
            ("rs256_by_ps256_signature", false)
        ]
    );
}

fn one_key(jwk: &Value) -> Option<KeyVerifier> {
    let algorithm: Algorithm = jwk["alg"].as_str()?.parse().ok()?;
    jwk::verifier(jwk, &[algorithm], Validation::new()).ok()
}

#[test]
fn the_examples_of_rfc_7515_verify_with_their_keys() {
    let file = parsed(include_str!("vectors/rfc7515_appendix_a.json"));
    let mut passed = Vec::new();
    for example in file["vectors"].as_array().unwrap() {
        let token = example["jws_compact"].as_str().unwrap_or_default();
        let Some(verifier) = one_key(&with_algorithm(example)) else {
            continue;
        };
        let payload = example["payload_utf8"].as_str().unwrap().as_bytes();
        assert_eq!(verifier.verify_jws(token), Ok(payload.to_vec()));
        passed.push(example["appendix"].as_str().unwrap());
    }
    // A.4 is ES512, which is not offered; A.5 has no signature; A.6 is not compact.
    assert_eq!(passed, ["RFC 7515 A.1", "RFC 7515 A.2", "RFC 7515 A.3"]);
}

/// The key of an example, with the algorithm that stands beside it.
fn with_algorithm(example: &Value) -> Value {
    let mut jwk = example["jwk"].clone();
    if let Some(members) = jwk.as_object_mut() {
        members.insert("alg".to_owned(), example["alg"].clone());
    }
    jwk
}
