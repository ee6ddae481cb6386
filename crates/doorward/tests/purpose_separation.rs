//! Tokens and cookies share a secret in Flask applications; neither is accepted as the other.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can not go on should stop"
)]

use std::time::Duration;

use doorward::flask_session::{SessionData, SessionError, SessionSigner};
use doorward::secret::Secret;
use doorward::token::{Hs256Key, InvalidReason, TokenError, Validation, Verifier, verify_jws};
use serde_json::{Value, json};

const NOW: i64 = 1_767_225_600;

fn parts() -> (Hs256Key, Verifier, SessionSigner) {
    let secret = Secret::from_text("k3J9x!vQ0pLr7TzW2mYb5NcD8fGhS1aE".to_owned());
    let key = Hs256Key::new(&secret, None);
    let verifier = Verifier::new(key.clone(), Validation::new());
    let signer = SessionSigner::new(&secret, &[], Duration::from_hours(1));
    (key, verifier, signer.accept_2011_timestamps(true))
}

fn seconds() -> u64 {
    u64::try_from(NOW).unwrap()
}

#[test]
fn a_token_is_no_session_cookie() {
    let (key, verifier, signer) = parts();
    let token = key.sign(&json!({"exp": NOW + 60, "user_id": 1})).unwrap();
    assert!(verifier.verify::<Value>(token.as_str(), NOW * 1000).is_ok());
    assert_eq!(
        signer.decode(token.as_str(), seconds()),
        Err(SessionError::Signature)
    );
}

#[test]
fn a_session_cookie_is_no_token_even_when_its_payload_is_a_jose_header() {
    let (key, verifier, signer) = parts();
    let plain: SessionData = [("user_id", 1)].into_iter().collect();
    let header: SessionData = [("alg", "HS256"), ("typ", "JWT")].into_iter().collect();
    for (session, reason) in [
        (plain, InvalidReason::Algorithm),
        (header, InvalidReason::Signature),
    ] {
        let cookie = signer.encode(&session, seconds()).unwrap();
        assert_eq!(signer.decode(&cookie, seconds()), Ok(session));
        let refused = Err(TokenError::Invalid(reason));
        assert_eq!(verifier.verify::<Value>(&cookie, NOW * 1000), refused);
        assert!(verify_jws(&cookie, &key).is_err());
    }
}
