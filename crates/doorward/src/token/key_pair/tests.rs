use super::*;
use crate::secret::Secret;
use crate::token::{
    Hs256Key, InvalidReason, KeyId, SigningKey, TokenError, Validation, Verifier, VerifyingKey,
};
use serde_json::{Value, json};

const NOW: i64 = 1_767_225_660_000;

fn claims() -> Value {
    json!({"sub": "7", "exp": NOW / 1000 + 60})
}

#[test]
fn every_pair_signs_what_its_public_half_verifies_and_no_other_does() {
    let keys: Vec<SigningKey> = PairAlgorithm::ALL
        .into_iter()
        .chain(PairAlgorithm::ALL)
        .map(|algorithm| KeyPair::generate(algorithm).unwrap().into())
        .collect();
    for key in &keys {
        let token = key.sign(&claims()).unwrap();
        for other in &keys {
            let verifying = VerifyingKey::of(other).unwrap();
            let verifier = Verifier::new(verifying, Validation::new());
            // Twice: the second time it is remembered.
            for _ in 0..2 {
                let verdict: Result<Value, _> = verifier.verify(token.as_str(), NOW);
                if key.id() == other.id() {
                    assert_eq!(verdict, Ok(claims()));
                } else {
                    assert!(verdict.is_err());
                }
            }
        }
    }
}

#[test]
fn a_remembered_signature_does_not_outlive_its_token() {
    let key = SigningKey::from(KeyPair::generate(PairAlgorithm::Es256).unwrap());
    let verifier = Verifier::new(VerifyingKey::of(&key).unwrap(), Validation::new());
    let token = key.sign(&claims()).unwrap();
    assert!(verifier.verify::<Value>(token.as_str(), NOW).is_ok());
    let verdict = verifier.verify::<Value>(token.as_str(), NOW + 60_000);
    assert_eq!(verdict, Err(TokenError::Expired));
    let mut altered = token.as_str().to_owned();
    // The last character of a signature of 64 bytes has four bits that count.
    let last = altered.pop().unwrap();
    altered.push(if last == 'A' { 'Q' } else { 'A' });
    assert_eq!(
        verifier.verify::<Value>(&altered, NOW),
        Err(InvalidReason::Signature.into())
    );
}

/// Answers CVE-2016-10555, CVE-2022-29217: a public key is never a shared secret.
#[test]
fn a_token_keyed_by_the_public_key_is_refused() {
    for algorithm in PairAlgorithm::ALL {
        let pair = KeyPair::generate(algorithm).unwrap();
        let id = pair.public().id().clone();
        let known: [Vec<u8>; 2] = [
            pair.public().to_pem().unwrap().into_bytes(),
            serde_json::to_vec(pair.public()).unwrap(),
        ];
        let verifying = VerifyingKey::new(pair.public().clone()).unwrap();
        let own = Hs256Key::new(&Secret::from_text("s".repeat(32)), None);
        let alone = Verifier::new(verifying.clone(), Validation::new());
        let beside = Verifier::new(own, Validation::new()).with_key(verifying);
        for bytes in known {
            let text = String::from_utf8(bytes).unwrap();
            for id in [Some(id.clone()), None] {
                let named = id.is_some();
                let forger = Hs256Key::new(&Secret::from_text(text.clone()), id);
                let token = forger.sign(&claims()).unwrap();
                assert_eq!(
                    alone.verify::<Value>(token.as_str(), NOW),
                    Err(InvalidReason::Algorithm.into())
                );
                let reason = if named {
                    InvalidReason::Algorithm
                } else {
                    InvalidReason::Signature
                };
                assert_eq!(
                    beside.verify::<Value>(token.as_str(), NOW),
                    Err(reason.into())
                );
            }
        }
    }
}

#[test]
fn a_private_key_comes_back_from_der_and_from_pem() {
    for algorithm in PairAlgorithm::ALL {
        let pair = KeyPair::generate(algorithm).unwrap();
        let der = pair.to_pkcs8().unwrap();
        let again = KeyPair::from_pkcs8(algorithm, &der).unwrap();
        assert_eq!(again.public(), pair.public());
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            STANDARD.encode(&*der)
        );
        let again = KeyPair::from_pem(&pem).unwrap();
        assert_eq!(again.public(), pair.public());
        assert_eq!(again.algorithm(), algorithm);
    }
}

#[test]
fn what_is_no_private_key_is_refused_with_the_way_out() {
    let pair = KeyPair::generate(PairAlgorithm::Es256).unwrap();
    let public = pair.public().to_pem().unwrap();
    assert_eq!(KeyPair::from_pem(&public).unwrap_err(), KeyError::NotPkcs8);
    let garbage = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
    assert_eq!(
        KeyPair::from_pem(garbage).unwrap_err(),
        KeyError::UnknownPair
    );
    assert_eq!(KeyPair::from_pem("").unwrap_err(), KeyError::NotPkcs8);
}

#[test]
fn debug_shows_the_public_half_alone() {
    let pair = KeyPair::generate(PairAlgorithm::EdDsa).unwrap();
    let shown = format!("{pair:?}");
    let seed = pair.to_pkcs8().unwrap();
    let seed = format!("{:?}", &seed[16..48]);
    assert!(shown.contains(pair.public().id().as_str()));
    assert!(!shown.contains(&seed));
}

#[test]
fn the_id_of_a_pair_is_its_thumbprint() {
    let pair = KeyPair::generate(PairAlgorithm::Es256).unwrap();
    let id: &KeyId = pair.public().id();
    assert_eq!(id.as_str(), pair.public().thumbprint());
}
