//! Private keys of the vectors, imported as PKCS #8 to sign with, and what is published of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward::token::{
    KeyError, KeyPair, PublicJwk, SigningKey, Validation, Verifier, VerifyingKey,
};
use serde_json::{Value, json};

use crate::{
    cookbook,
    jwk::{self, der, integer, member},
    reader::public_half,
    wycheproof::FILES,
};

const VERSION_0: &[u8] = &[2, 1, 0];
/// `rsaEncryption` without parameters (RFC 8017 A.1).
const RSA: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
/// `id-ecPublicKey` on `secp256r1` (RFC 5480 §2.1.1).
const P256: &[u8] = &[
    0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
    0xce, 0x3d, 0x03, 0x01, 0x07,
];
/// `id-Ed25519` (RFC 8410 §3).
const ED25519: &[u8] = &[0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70];

/// The private key as PKCS #8 in PEM (RFC 5208 §5); `None` for kinds that are not signed with.
fn pkcs8(key: &Value) -> Option<String> {
    let (algorithm, inner) = match (key["kty"].as_str()?, key["crv"].as_str()) {
        ("RSA", None) => {
            let numbers = ["n", "e", "d", "p", "q", "dp", "dq", "qi"]
                .map(|name| integer(&member(key, name).unwrap()));
            let content = [VERSION_0, &numbers.concat()].concat();
            (RSA, der(0x30, &content))
        }
        ("EC", Some("P-256")) => {
            let point = [&[0, 4][..], &member(key, "x")?, &member(key, "y")?].concat();
            let parts = [
                vec![2, 1, 1],
                der(4, &member(key, "d")?),
                der(0xa1, &der(3, &point)),
            ];
            (P256, der(0x30, &parts.concat()))
        }
        ("OKP", Some("Ed25519")) => (ED25519, der(4, &member(key, "d")?)),
        _ => return None,
    };
    let key = der(0x30, &[VERSION_0, algorithm, &der(4, &inner)].concat());
    let base64 = STANDARD.encode(key);
    Some(format!(
        "-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n"
    ))
}

/// Every private key of the files, once, with the comment of its group.
fn private_keys() -> Vec<(String, Value)> {
    let mut keys = vec![
        ("cookbook RSA".to_owned(), cookbook::rsa_private_key()),
        (
            "cookbook Ed25519".to_owned(),
            cookbook::ed25519_private_key(),
        ),
    ];
    for (_, text, _) in FILES {
        let file: Value = serde_json::from_str(text).unwrap();
        for group in file["testGroups"].as_array().unwrap() {
            let private = &group["private"];
            let set = private["keys"].as_array().cloned();
            for key in set.unwrap_or_else(|| vec![private.clone()]) {
                let known = keys
                    .iter()
                    .any(|(_, known)| member(known, "d") == member(&key, "d"));
                if key.get("d").is_some() && !known {
                    keys.push((group["comment"].as_str().unwrap().to_owned(), key));
                }
            }
        }
    }
    keys
}

#[test]
fn an_imported_key_publishes_the_half_that_the_vectors_have() {
    let (mut imported, mut refused) = (Vec::new(), Vec::new());
    for (name, private) in private_keys() {
        let Some(pem) = pkcs8(&private) else {
            refused.push((name, None));
            continue;
        };
        let pair = match KeyPair::from_pem(&pem) {
            Ok(pair) => pair,
            Err(error) => {
                refused.push((name, Some(error)));
                continue;
            }
        };
        let mut public = public_half(&private);
        for other in ["kid", "alg", "use", "key_ops"] {
            public.as_object_mut().unwrap().remove(other);
        }
        let published: Value = serde_json::to_value(pair.public()).unwrap();
        for (member, value) in public.as_object().unwrap() {
            assert_eq!(published[member], *value, "{name} {member}");
        }
        assert_eq!(published["kid"], pair.public().thumbprint(), "{name}");

        let (algorithm, id) = (pair.algorithm().algorithm(), pair.public().id().clone());
        let ours = PublicJwk::parse(&published.to_string()).unwrap();
        let token = SigningKey::from(pair)
            .sign(&json!({"exp": 2_000_000_000}))
            .unwrap();
        let ring = Verifier::new(VerifyingKey::new(ours).unwrap(), Validation::new());
        assert!(ring.verify::<Value>(token.as_str(), 0).is_ok(), "{name}");
        let theirs = jwk::verifier(&public, &[algorithm], Validation::new()).unwrap();
        let theirs = theirs.with_key_id(id);
        assert!(theirs.verify::<Value>(token.as_str(), 0).is_ok(), "{name}");
        imported.push((name, algorithm.as_str()));
    }
    let imported: Vec<_> = imported.iter().map(|(name, alg)| (&**name, *alg)).collect();
    let refused: Vec<_> = refused
        .iter()
        .map(|(name, error)| (&**name, *error))
        .collect();
    assert_eq!(
        imported,
        [
            ("cookbook RSA", "RS256"),
            ("cookbook Ed25519", "EdDSA"),
            ("es256", "ES256"),
            ("rs256", "RS256"),
            ("rs256", "RS256"),
            ("rs384", "RS256"),
            ("rs512", "RS256"),
            ("jws_rsa_roca_key", "RS256"),
            ("jwe_ec", "ES256"),
        ]
    );
    assert_eq!(
        refused,
        [
            // P-521.
            ("rfc7520", None),
            ("keysize_too_small", Some(KeyError::UnknownPair)),
            ("exponentOne", Some(KeyError::UnknownPair)),
        ]
    );
}
