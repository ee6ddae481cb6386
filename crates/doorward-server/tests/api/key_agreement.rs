//! What `jose`, `PyJWT` and OpenSSL make of the published keys, and of the tokens under them.

use std::{collections::BTreeMap, path::Path, process::Command};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::{
    client::get,
    installation::{Engine, Installation, PASSWORD, Server, eventually},
    programs,
};

const ISSUER: &str = "https://auth.example.org";
const AUDIENCE: &str = "app";

/// A server whose ring has a key of each kind, and a token under each.
struct Ring {
    installation: Installation,
    server: Server,
    keys: BTreeMap<String, Value>,
    pems: BTreeMap<String, String>,
    tokens: Vec<String>,
}

fn header(token: &str) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap());
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}

impl Ring {
    fn new() -> Self {
        let installation = Installation::new(Engine::Sqlite)
            .set("DOORWARD_KEYS_LEAD", "1s")
            .set("DOORWARD_TOKEN_ISSUER", ISSUER)
            .set("DOORWARD_TOKEN_AUDIENCE", AUDIENCE);
        let server = installation.start();
        let mut tokens = vec![server.sign_up("una")];
        for algorithm in ["EdDSA", "RS256"] {
            let rotate = ["key", "rotate", "--algorithm", algorithm];
            let ran = installation.run(&rotate, "");
            assert!(ran.status.success(), "{ran:?}");
            let mut token = String::new();
            eventually("the key signs", || {
                token = server.token("una", PASSWORD);
                header(&token)["alg"] == algorithm
            });
            tokens.push(token);
        }
        let answer = get("/.well-known/jwks.json").send(server.address);
        let keys: BTreeMap<String, Value> = answer.json()["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| (key["kid"].as_str().unwrap().to_owned(), key.clone()))
            .collect();
        let pem = |kid: &String| {
            let answer = get(&format!("/.well-known/keys/{kid}")).send(server.address);
            (kid.clone(), answer.text().to_owned())
        };
        let pems: BTreeMap<_, _> = keys.keys().map(pem).collect();
        let kinds: Vec<_> = tokens
            .iter()
            .map(|token| header(token)["alg"].clone())
            .collect();
        assert_eq!(
            (kinds, keys.len()),
            (vec![json!("ES256"), json!("EdDSA"), json!("RS256")], 3)
        );
        Self {
            installation,
            server,
            keys,
            pems,
            tokens,
        }
    }

    /// What a library says of it all.
    fn judged_by(&self, library: Command) -> Value {
        let asked = json!({
            "url": format!("http://{}/.well-known/jwks.json", self.server.address),
            "keys": self.keys.values().collect::<Vec<_>>(),
            "tokens": self.tokens,
            "issuer": ISSUER,
            "audience": AUDIENCE,
        });
        programs::asked(library, &asked)
    }

    fn agrees_with(&self, library: Command, refusal: &str) {
        let said = self.judged_by(library);
        let ids: BTreeMap<_, _> = self.keys.keys().map(|kid| (kid, kid)).collect();
        assert_eq!(said["thumbprints"], json!(ids));
        for (kid, pem) in &self.pems {
            assert_eq!(said["pems"][kid].as_str().unwrap().trim(), pem.trim());
        }
        for claims in said["tokens"].as_array().unwrap() {
            let id = self.installation.stored("una").0.get();
            assert_eq!(
                (&claims["sub"], &claims["username"]),
                (&json!(id.to_string()), &json!("una"))
            );
        }
        assert_eq!(said["tokens"].as_array().unwrap().len(), 3);
        assert_eq!(said["forged"], json!([refusal, refusal, refusal]));
    }
}

#[test]
fn jose_agrees_with_keys_thumbprints_and_tokens() {
    let Some(jose) = programs::node("neighbours/keys.cjs") else {
        return;
    };
    Ring::new().agrees_with(jose, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
}

#[test]
fn pyjwt_agrees_with_keys_thumbprints_and_tokens() {
    let Some(pyjwt) = programs::python("neighbours/keys.py") else {
        return;
    };
    Ring::new().agrees_with(pyjwt, "InvalidSignatureError");
}

/// What OpenSSL prints, and whether it was content.
fn openssl(arguments: &[&str], folder: &Path) -> (bool, Vec<u8>) {
    let ran = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("openssl runs");
    (ran.status.success(), ran.stdout)
}

/// The number after a heading of `openssl pkey -text`, as it stands in lines of hexadecimal pairs.
fn number(text: &str, heading: &str) -> Vec<u8> {
    let lines = text
        .lines()
        .skip_while(|line| !line.starts_with(heading))
        .skip(1);
    let digits: String = lines.take_while(|line| line.starts_with(' ')).collect();
    let pairs = digits
        .split(':')
        .map(str::trim)
        .filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

/// A signature of ECDSA as OpenSSL takes it, `SEQUENCE` of two `INTEGER` (RFC 3279 §2.2.3), out of JOSE's 64 bytes.
fn ecdsa_der(signature: &[u8]) -> Vec<u8> {
    let integers = signature.chunks(32).map(|number| {
        let number: Vec<u8> = number
            .iter()
            .copied()
            .skip_while(|byte| *byte == 0)
            .collect();
        let sign = if number[0] > 127 { vec![0] } else { vec![] };
        let content = [sign, number].concat();
        [vec![2, u8::try_from(content.len()).unwrap()], content].concat()
    });
    let content = integers.collect::<Vec<_>>().concat();
    [vec![0x30, u8::try_from(content.len()).unwrap()], content].concat()
}

/// Whether OpenSSL finds the signature good under the key in a file.
fn verifies(algorithm: &str, token: &str, key: &str, folder: &Path) -> bool {
    let (input, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    if algorithm == "ES256" {
        signature = ecdsa_der(&signature);
    }
    std::fs::write(folder.join("input"), input).unwrap();
    std::fs::write(folder.join("signature"), signature).unwrap();
    let arguments: &[&str] = if algorithm == "EdDSA" {
        &[
            "pkeyutl",
            "-verify",
            "-pubin",
            "-inkey",
            key,
            "-rawin",
            "-in",
            "input",
            "-sigfile",
            "signature",
        ]
    } else {
        &[
            "dgst",
            "-sha256",
            "-verify",
            key,
            "-signature",
            "signature",
            "input",
        ]
    };
    openssl(arguments, folder).0
}

#[test]
fn openssl_agrees_with_keys_thumbprints_and_tokens() {
    let ring = Ring::new();
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    for token in &ring.tokens {
        let header = header(token);
        let (kid, algorithm) = (
            header["kid"].as_str().unwrap(),
            header["alg"].as_str().unwrap(),
        );
        let (key, pem) = (&ring.keys[kid], &ring.pems[kid]);
        std::fs::write(folder.join("key.pem"), pem).unwrap();
        // The PEM is the one that OpenSSL writes, and its DER is the PEM's.
        let read = ["pkey", "-pubin", "-in", "key.pem"];
        assert_eq!(openssl(&read, folder), (true, pem.clone().into_bytes()));
        let (_, der) = openssl(&[&read[..], &["-outform", "DER"]].concat(), folder);
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        assert_eq!(STANDARD.encode(der), body);
        // The numbers in it are those of the set.
        let (_, text) = openssl(&[&read[..], &["-text_pub", "-noout"]].concat(), folder);
        let text = String::from_utf8(text).unwrap();
        let member = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let members = match algorithm {
            "ES256" => {
                let point = number(&text, "pub:");
                assert_eq!(point, [vec![4], member("x"), member("y")].concat());
                let (x, y) = (encoded(&point[1..33]), encoded(&point[33..]));
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            "EdDSA" => {
                let point = number(&text, "pub:");
                assert_eq!(point, member("x"));
                format!(
                    r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#,
                    encoded(&point)
                )
            }
            _ => {
                let modulus = number(&text, "Modulus:");
                assert_eq!(modulus, [vec![0], member("n")].concat());
                assert!(text.contains("Exponent: 65537 (0x10001)"), "{text}");
                format!(
                    r#"{{"e":"AQAB","kty":"RSA","n":"{}"}}"#,
                    encoded(&modulus[1..])
                )
            }
        };
        std::fs::write(folder.join("members"), &members).unwrap();
        let (_, digest) = openssl(&["dgst", "-sha256", "-binary", "members"], folder);
        assert_eq!(encoded(&digest), kid);
        assert_eq!(digest, Sha256::digest(&members).to_vec());

        assert!(verifies(algorithm, token, "key.pem", folder), "{algorithm}");
        let parameters: &[&str] = match algorithm {
            "ES256" => &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
            "EdDSA" => &["ed25519"],
            _ => &["RSA"],
        };
        let make = [&["genpkey", "-out", "other", "-algorithm"], parameters].concat();
        assert!(openssl(&make, folder).0);
        assert!(
            openssl(
                &["pkey", "-in", "other", "-pubout", "-out", "other.pem"],
                folder
            )
            .0
        );
        assert!(
            !verifies(algorithm, token, "other.pem", folder),
            "{algorithm}"
        );
        let other = token.replacen('.', ".e", 1);
        assert!(
            !verifies(algorithm, &other, "key.pem", folder),
            "{algorithm}"
        );
    }
}
