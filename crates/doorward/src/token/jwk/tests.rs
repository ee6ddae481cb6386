use super::*;
use crate::token::{KeyPair, PairAlgorithm};

/// The key of RFC 7638 §3.1.
const RFC_7638: &str = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
/// The key of RFC 8037 A.2, with a name.
const RFC_8037: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"ed"}"#;
/// The key of RFC 7517 A.1.
const RFC_7517: &str = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"sig","kid":"1"}"#;

#[test]
fn thumbprints_are_those_of_the_rfcs() {
    for (key, thumbprint) in [
        (RFC_7638, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
        (RFC_8037, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
    ] {
        assert_eq!(PublicJwk::parse(key).unwrap().thumbprint(), thumbprint);
    }
}

#[test]
fn a_key_is_written_as_it_is_read() {
    for text in [RFC_7638, RFC_8037, RFC_7517] {
        let jwk = PublicJwk::parse(text).unwrap();
        let written = serde_json::to_string(&jwk).unwrap();
        assert_eq!(PublicJwk::parse(&written).unwrap(), jwk);
        let value: serde_json::Value = serde_json::from_str(&written).unwrap();
        assert_eq!(value["use"], "sig");
        assert_eq!(value["alg"], jwk.algorithm().as_str());
        assert!(value.get("d").is_none());
    }
}

#[test]
fn a_pem_is_read_by_the_reader_of_public_keys() {
    for algorithm in PairAlgorithm::ALL {
        let pair = KeyPair::generate(algorithm).unwrap();
        let pem = pair.public().to_pem().unwrap();
        let verifier = crate::token::KeyVerifier::with_public_key(
            &pem,
            &[algorithm.algorithm()],
            crate::token::Validation::new(),
        )
        .unwrap();
        let token = crate::token::SigningKey::from(pair)
            .sign(&serde_json::json!({"exp": 2_000_000_000}))
            .unwrap();
        assert!(verifier.verify_jws(token.as_str()).is_ok(), "{pem}");
    }
}

#[test]
fn what_is_no_public_key_for_signatures_is_refused() {
    let with = |from: &str, to: &str| PublicJwk::parse(&RFC_7517.replace(from, to));
    assert_eq!(
        with("\"use\"", "\"d\":\"AAAA\",\"use\""),
        Err(KeyError::PrivateKey)
    );
    assert_eq!(with("sig", "enc"), Err(KeyError::UnknownKind));
    assert_eq!(
        with("\"use\":\"sig\"", "\"key_ops\":[\"sign\"]"),
        Err(KeyError::UnknownKind)
    );
    assert_eq!(
        with("\"use\"", "\"alg\":\"ES384\",\"use\""),
        Err(KeyError::UnknownKind)
    );
    assert_eq!(with("P-256", "secp256k1"), Err(KeyError::UnknownKind));
    // A point off the curve (CVE-2020-0601 has such keys accepted).
    assert_eq!(with("MKBC", "MKBD"), Err(KeyError::Rejected));
    assert_eq!(with("\"x\":\"MK", "\"x\":\""), Err(KeyError::Rejected));
    assert_eq!(
        with("\"kid\":\"1\"", "\"kid\":\"\""),
        Err(KeyError::NoKeyId)
    );
    let short = RFC_7638.replace("0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78", "");
    assert_eq!(PublicJwk::parse(&short), Err(KeyError::ShortRsa));
    // With the exponent 1 a signature is its own message.
    for exponent in ["AQ", "Ag", "AQAA", ""] {
        let weak = RFC_7638.replace("AQAB", exponent);
        assert_eq!(
            PublicJwk::parse(&weak),
            Err(KeyError::Rejected),
            "{exponent}"
        );
    }
    assert_eq!(
        PublicJwk::parse(r#"{"kty":"oct","k":"AAAA","kid":"a"}"#),
        Err(KeyError::UnknownKind)
    );
    for text in ["", "null", "[]", "{}", "{\"kty\":\"EC\",\"kty\":\"EC\"}"] {
        assert!(PublicJwk::parse(text).is_err(), "{text}");
    }
}

#[test]
fn keys_of_a_set_that_nobody_knows_are_left_out() {
    let set = format!(
        r#"{{"keys":[{{"kty":"AKP","alg":"ML-DSA-44","kid":"m"}},{RFC_7517},{{"kty":"oct","k":"AAAA"}},{RFC_8037}],"more":1}}"#
    );
    let keys = PublicJwk::parse_set(&set).unwrap();
    let ids: Vec<_> = keys.iter().map(|key| key.id().as_str()).collect();
    assert_eq!(ids, ["1", "ed"]);
    for text in ["", "{}", "[]", r#"{"keys":{}}"#] {
        assert!(PublicJwk::parse_set(text).is_err(), "{text}");
    }
}
