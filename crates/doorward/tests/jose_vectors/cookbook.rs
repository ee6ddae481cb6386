//! The examples of the cookbook: every serialisation of every signature, and the keys.

use std::fmt::Write as _;

use doorward::token::PublicJwk;
use serde_json::{Value, json};

use crate::{
    jwk,
    reader::{Answer, by_key_set, by_one_key, public_half},
};

/// File, text, and why a serialisation of it is refused, where one is.
type Example = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const COMPACT_ONLY: &str =
    "a token is one text in the compact serialisation (RFC 7519 §1, RFC 7515 §7.1)";
const KEY_NAME: &str =
    "one key accepts it; the key's name has an `@`, which a published key's has not";

const EXAMPLES: &[Example] = &[
    (
        "jws/4_1.rsa_v15_signature.json",
        include_str!("../vectors/jose_cookbook/jws/4_1.rsa_v15_signature.json"),
        &[("compact", KEY_NAME)],
    ),
    (
        "jws/4_2.rsa-pss_signature.json",
        include_str!("../vectors/jose_cookbook/jws/4_2.rsa-pss_signature.json"),
        &[("compact", KEY_NAME)],
    ),
    (
        "jws/4_3.ecdsa_signature.json",
        include_str!("../vectors/jose_cookbook/jws/4_3.ecdsa_signature.json"),
        &[("compact", "P-521 and ES512 are not offered")],
    ),
    (
        "jws/4_4.hmac-sha2_integrity_protection.json",
        include_str!("../vectors/jose_cookbook/jws/4_4.hmac-sha2_integrity_protection.json"),
        &[],
    ),
    (
        "jws/4_5.signature_with_detached_content.json",
        include_str!("../vectors/jose_cookbook/jws/4_5.signature_with_detached_content.json"),
        &[(
            "compact",
            "the signature is over content that the token has not got; a token carries its claims",
        )],
    ),
    (
        "jws/4_6.protecting_specific_header_fields.json",
        include_str!("../vectors/jose_cookbook/jws/4_6.protecting_specific_header_fields.json"),
        &[],
    ),
    (
        "jws/4_7.protecting_content_only.json",
        include_str!("../vectors/jose_cookbook/jws/4_7.protecting_content_only.json"),
        &[],
    ),
    (
        "jws/4_8.multiple_signatures.json",
        include_str!("../vectors/jose_cookbook/jws/4_8.multiple_signatures.json"),
        &[],
    ),
    (
        "rfc7797/4.2.hmac-sha2_b64_false.json",
        include_str!("../vectors/jose_cookbook/rfc7797/4.2.hmac-sha2_b64_false.json"),
        &[],
    ),
    (
        "rfc7797/hmac-sha2_b64_false.json",
        include_str!("../vectors/jose_cookbook/rfc7797/hmac-sha2_b64_false.json"),
        &[(
            "compact",
            "`b64` may not be used in a JWT (RFC 7797 §7), and what is critical (`crit`) is not understood",
        )],
    ),
    (
        "curve25519/jws.json",
        include_str!("../vectors/jose_cookbook/curve25519/jws.json"),
        &[(
            "compact",
            "one key accepts it; a published key has a `kid`, and this one has none",
        )],
    ),
    (
        "curve25519/ecdh-es.json",
        include_str!("../vectors/jose_cookbook/curve25519/ecdh-es.json"),
        &[("compact", "encrypted tokens (JWE) are not read")],
    ),
];

/// File, text, and why it is refused as one or the other, where it is.
const KEYS: &[(&str, &str, &str)] = &[
    (
        "jwk/3_1.ec_public_key.json",
        include_str!("../vectors/jose_cookbook/jwk/3_1.ec_public_key.json"),
        "P-521 is not offered",
    ),
    (
        "jwk/3_2.ec_private_key.json",
        include_str!("../vectors/jose_cookbook/jwk/3_2.ec_private_key.json"),
        "a private key has no place among the published; those to sign with are imported as PKCS #8",
    ),
    (
        "jwk/3_3.rsa_public_key.json",
        include_str!("../vectors/jose_cookbook/jwk/3_3.rsa_public_key.json"),
        "the key's name has an `@`",
    ),
    (
        "jwk/3_4.rsa_private_key.json",
        include_str!("../vectors/jose_cookbook/jwk/3_4.rsa_private_key.json"),
        "a private key, as above; its public half verifies, and it is imported as PKCS #8",
    ),
    (
        "jwk/3_5.symmetric_key_mac_computation.json",
        include_str!("../vectors/jose_cookbook/jwk/3_5.symmetric_key_mac_computation.json"),
        "a shared secret is never published, and none is read from a set",
    ),
    (
        "jwk/3_6.symmetric_key_encryption.json",
        include_str!("../vectors/jose_cookbook/jwk/3_6.symmetric_key_encryption.json"),
        "for encryption",
    ),
];

/// The private RSA key of the cookbook.
pub(crate) fn rsa_private_key() -> Value {
    serde_json::from_str(KEYS[3].1).unwrap()
}

/// The private key of RFC 8037 A.1.
pub(crate) fn ed25519_private_key() -> Value {
    let example: Value = serde_json::from_str(EXAMPLES[10].1).unwrap();
    example["input"]["key"].clone()
}

/// The keys of an example, with the algorithms that stand beside them.
fn keys(example: &Value) -> Vec<Value> {
    let input = &example["input"];
    let pairs: Vec<(Value, Value)> = match (input["key"].as_array(), input["alg"].as_array()) {
        (Some(keys), Some(algorithms)) => keys
            .iter()
            .cloned()
            .zip(algorithms.iter().cloned())
            .collect(),
        _ => vec![(input["key"].clone(), input["alg"].clone())],
    };
    let with_algorithm = |(key, algorithm): (Value, Value)| {
        let mut key = public_half(&key);
        key["alg"] = algorithm;
        key
    };
    pairs.into_iter().map(with_algorithm).collect()
}

struct Row {
    file: &'static str,
    form: String,
    one_key: Answer,
    key_set: Answer,
    reason: &'static str,
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (file, text, reasons) in EXAMPLES {
        let example: Value = serde_json::from_str(text).unwrap();
        let keys = keys(&example);
        for (form, output) in example["output"].as_object().unwrap() {
            let token = output
                .as_str()
                .map_or_else(|| output.to_string(), str::to_owned);
            let one_key = match by_one_key(&keys, &token) {
                Ok(payload) => {
                    let signed = example["input"]["payload"].as_str().unwrap();
                    assert_eq!(payload, signed.as_bytes(), "{file}");
                    Answer::Accepted
                }
                Err(reason) => Answer::Refused(reason),
            };
            let reason = match reasons.iter().find(|(named, _)| named == form) {
                Some((_, reason)) => *reason,
                None if form == "compact" => "",
                None => COMPACT_ONLY,
            };
            rows.push(Row {
                file,
                form: form.clone(),
                one_key,
                key_set: by_key_set(&keys, &token).0,
                reason,
            });
        }
    }
    rows
}

/// The key as a published one, and as the PEM or the secret of another application.
fn readings(text: &str) -> [String; 2] {
    let key: Value = serde_json::from_str(text).unwrap();
    let published = match PublicJwk::parse(text) {
        Ok(_) => "read".to_owned(),
        Err(error) => format!("`{error:?}`"),
    };
    let algorithm = match key["kty"].as_str().unwrap() {
        "RSA" => json!("RS256"),
        "EC" => json!("ES512"),
        _ => key["alg"].clone(),
    };
    let verifies = algorithm.as_str().unwrap().parse().is_ok_and(|algorithm| {
        jwk::verifier(&key, &[algorithm], doorward::token::Validation::new()).is_ok()
    });
    let source = if verifies {
        "read"
    } else {
        "no algorithm here"
    };
    [published, source.to_owned()]
}

/// The part of the page.
pub(crate) fn section() -> String {
    let mut page = String::from(
        "\n## The cookbook\n\nEvery serialisation of every signature, as the RFCs give them.\n\n\
         | example | serialisation | one key | key set | why it is refused |\n| --- | --- | --- | --- | --- |\n",
    );
    for row in rows() {
        let (file, form, reason) = (row.file, row.form, row.reason);
        let (one, set) = (row.one_key.cell(), row.key_set.cell());
        writeln!(page, "| `{file}` | {form} | {one} | {set} | {reason} |").unwrap();
    }
    page += "\nThe keys, read as a published key (`PublicJwk`), and their public half or secret as the key of a source:\n\n\
             | key | published | source | why it is refused |\n| --- | --- | --- | --- |\n";
    for (file, text, reason) in KEYS {
        let [published, source] = readings(text);
        writeln!(page, "| `{file}` | {published} | {source} | {reason} |").unwrap();
    }
    page
}

#[test]
fn an_example_is_accepted_or_there_is_a_reason() {
    let mut accepted = Vec::new();
    for row in rows() {
        let both = row.one_key == Answer::Accepted && row.key_set == Answer::Accepted;
        assert_eq!(both, row.reason.is_empty(), "{} {}", row.file, row.form);
        if row.one_key == Answer::Accepted {
            accepted.push((row.file, row.form));
        }
    }
    let compact = |file: &'static str| (file, "compact".to_owned());
    assert_eq!(
        accepted,
        [
            compact("jws/4_1.rsa_v15_signature.json"),
            compact("jws/4_2.rsa-pss_signature.json"),
            compact("jws/4_4.hmac-sha2_integrity_protection.json"),
            compact("curve25519/jws.json"),
        ]
    );
}
