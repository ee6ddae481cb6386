//! Tokens of real itsdangerous 2.2.0 in forms that are no Flask session: none of them may pass for one.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that can not go on should stop"
)]

use std::collections::BTreeSet;
use std::time::Duration;

use doorward::flask_session::SessionSigner;
use doorward::secret::Secret;
use serde_json::Value;

/// What the vectors hold and this project does not read, by class, key derivation and digest. Sessions are
/// `URLSafeTimedSerializer hmac sha1`. An entry that no vector has, and a vector that no entry has, fail the test.
const NOT_IMPLEMENTED: &[(&str, &str)] = &[
    ("Signer concat sha1", "no timestamp, so no end"),
    ("Signer django-concat sha1", "no timestamp, so no end"),
    ("Signer django-concat sha512", "no timestamp, so no end"),
    ("Signer hmac sha256", "no timestamp, so no end"),
    ("Signer none sha1", "no timestamp, so no end"),
    ("TimestampSigner concat sha1", "text, not a session"),
    ("TimestampSigner django-concat sha1", "text, not a session"),
    (
        "TimestampSigner django-concat sha512",
        "text, not a session",
    ),
    ("TimestampSigner hmac sha256", "text, not a session"),
    ("TimestampSigner none sha1", "text, not a session"),
    (
        "URLSafeTimedSerializer concat sha1",
        "links of an application (confirm, reset), which it reads itself",
    ),
    (
        "URLSafeTimedSerializer django-concat sha1",
        "links of an application (confirm, reset), which it reads itself",
    ),
    (
        "URLSafeTimedSerializer django-concat sha512",
        "links of an application (confirm, reset), which it reads itself",
    ),
    (
        "URLSafeTimedSerializer hmac sha256",
        "a session interface with another digest than Flask's",
    ),
    (
        "URLSafeTimedSerializer none sha1",
        "a key that is used as it is, for every purpose",
    ),
];

#[test]
fn no_other_token_of_an_application_passes_for_its_session() {
    let text = include_str!("vectors/itsdangerous_tokens.json");
    let file: Value = serde_json::from_str(text).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 30);
    let mut seen = BTreeSet::new();
    for vector in vectors {
        let text = |name: &str| vector[name].as_str().unwrap().to_owned();
        let secret = Secret::from_text(text("secret_key"));
        let issued_at = vector["issued_at"].as_u64().unwrap_or(1_767_225_600);
        // Neither under the salt of sessions nor under its own.
        for salt in [SessionSigner::SALT, &text("salt")] {
            let signer = SessionSigner::with_salt(&secret, &[], Duration::from_hours(1), salt);
            let signer = signer.accept_2011_timestamps(true);
            assert!(
                signer.decode(&text("token"), issued_at).is_err(),
                "{vector}"
            );
        }
        let form = ["class", "key_derivation", "digest"].map(text);
        seen.insert(form.join(" "));
    }
    let listed: BTreeSet<String> = NOT_IMPLEMENTED
        .iter()
        .map(|(form, _)| (*form).to_owned())
        .collect();
    assert_eq!(seen, listed);
}
