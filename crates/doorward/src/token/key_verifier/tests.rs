use super::*;
use crate::token::Hs256Key;

const NOW: i64 = 1_800_000_000_000;
const P256: &str = "-----BEGIN PUBLIC KEY-----\n\
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEItWhb4ckHCIDRuE+UMIALqckiOoa\n\
MSpjpn0/SX1NOPnn0FI4ob+bmPc2e6r8sGdaltjpXLndRhbfRNEcFzZc+Q==\n\
-----END PUBLIC KEY-----";
const ED25519: &str = "-----BEGIN PUBLIC KEY-----\n\
MCowBQYDK2VwAyEANk6BxjeeXtXhGjCukz5YzvjRO2VaPSmRGO0ROkJgmAI=\n\
-----END PUBLIC KEY-----";
const P521: &str = "-----BEGIN PUBLIC KEY-----\n\
MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQB1MInPyI6WSzQYX+vviwERlqBTrlg\n\
tPWkCU7CMoXWNOuJq+5waG0L2hBBrxcvwP7+ShuS9w+nio/uiGkTRFT709QBLw6s\n\
zKT95p0ydUMuyYn/55fX/AeS9KRIA3sn59EplB832hHkwRf9IA8vkamBKKT7G0xV\n\
z21FWpzE6teg/o5lPBA=\n\
-----END PUBLIC KEY-----";
const X25519: &str = "-----BEGIN PUBLIC KEY-----\n\
MCowBQYDK2VuAyEASpjfjzciHvXnHBgxoKLUu1C96riqY43RRuN3kjIfukw=\n\
-----END PUBLIC KEY-----";
const RSA_1024: &str = "-----BEGIN PUBLIC KEY-----\n\
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDrxcGgraCIQ7vAjnev5CMs/atc\n\
k92o+q4hss/kjVzqY9ofknnYO0pZkoy928OzQpEuOV+5kusiQtgtPQRtZh83N1YG\n\
xpUEcoHHma8gnumTv5l2DTDykKuzOhYNvtxkFmEFx083SoYT4bUAAHOp94j6OrVx\n\
h1LZQMZFdRKXgEDw6wIDAQAB\n\
-----END PUBLIC KEY-----";
const RSA_2048: &str = "-----BEGIN PUBLIC KEY-----\n\
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAkblA8tfTQBZwx+IpXxm8\n\
UOdClYcVLlufV/ezOmzXGTE2lqbQpKkC8SXfpdn8vmOIui3JCfGcRGmgLq6qtyfV\n\
s1Sp70yO6+8pKV6Ph0WXaQVhZz34c4wknjk6aLk8sN5BNMZB224/JOvdOzOLHRUW\n\
UUUYbMqS53GrP7YHXe8c3mOOkU2Y5JTrt4siw1Fp5ZI0JGoG7EjD65JsSabwJEPs\n\
HX6fge5YMpPN2yVXgC1tMZH6puAD4rYmsBk98PG5gKroxsqrW/ML3wiKwDxLd1Yh\n\
zSHk+SdS3rymTkQRVfBxGGE9huaeF7/K9FLcc0ctdu37yV5KEfPlQAyi33nFvoks\n\
gQIDAQAB\n\
-----END PUBLIC KEY-----";

fn secret() -> Secret {
    Secret::from_text("the application's own secret, as it is".to_owned())
}

fn public(pem: &str, algorithms: &[Algorithm]) -> Result<KeyVerifier, KeyError> {
    KeyVerifier::with_public_key(pem, algorithms, Validation::new())
}

fn refusal(result: Result<KeyVerifier, KeyError>) -> KeyError {
    result.map(|_| ()).unwrap_err()
}

#[test]
fn a_token_of_the_same_secret_is_verified_and_of_another_is_not() {
    let token = Hs256Key::new(&secret(), None)
        .sign(&serde_json::json!({"user_id": 7, "exp": 1_800_000_060}))
        .unwrap();
    let verifier = |secret: &Secret, algorithms: &[Algorithm]| {
        KeyVerifier::with_secret(secret, algorithms, Validation::new()).unwrap()
    };
    let ours = verifier(&secret(), &[Algorithm::Hs512, Algorithm::Hs256]);
    let claims: serde_json::Value = ours.verify(token.as_str(), NOW).unwrap();
    assert_eq!(claims["user_id"], 7);
    assert_eq!(
        ours.verify::<serde_json::Value>(token.as_str(), NOW + 60_000),
        Err(TokenError::Expired)
    );
    let other = verifier(
        &Secret::from_text("another".to_owned()),
        &[Algorithm::Hs256],
    );
    assert_eq!(
        other.verify::<serde_json::Value>(token.as_str(), NOW),
        Err(InvalidReason::Signature.into())
    );
    let narrow = verifier(&secret(), &[Algorithm::Hs384, Algorithm::Hs512]);
    assert_eq!(
        narrow.verify::<serde_json::Value>(token.as_str(), NOW),
        Err(InvalidReason::Algorithm.into())
    );
}

#[test]
fn a_key_id_must_fit_only_where_both_have_one() {
    let signed = |id: Option<&str>| {
        let id = id.map(|id| KeyId::parse(id).unwrap());
        let key = Hs256Key::new(&secret(), id);
        key.sign(&serde_json::json!({"exp": 1_800_000_060}))
            .unwrap()
    };
    let plain =
        KeyVerifier::with_secret(&secret(), &[Algorithm::Hs256], Validation::new()).unwrap();
    let named = plain.clone().with_key_id(KeyId::parse("2026").unwrap());
    for (verifier, id, good) in [
        (&plain, None, true),
        (&plain, Some("2025"), true),
        (&named, None, true),
        (&named, Some("2026"), true),
        (&named, Some("2025"), false),
    ] {
        let verdict = verifier.verify::<serde_json::Value>(signed(id).as_str(), NOW);
        assert_eq!(verdict.is_ok(), good, "{id:?}: {verdict:?}");
    }
}

#[test]
fn a_token_without_exp_is_refused_unless_allowed() {
    let token = Hs256Key::new(&secret(), None)
        .sign(&serde_json::json!({"sub": "7"}))
        .unwrap();
    let verdict = |rules: Validation| {
        let verifier = KeyVerifier::with_secret(&secret(), &[Algorithm::Hs256], rules).unwrap();
        verifier
            .verify::<serde_json::Value>(token.as_str(), NOW)
            .is_ok()
    };
    assert!(!verdict(Validation::new()));
    assert!(verdict(Validation::new().allow_missing_expiry(true)));
}

#[test]
fn each_kind_of_key_takes_its_own_algorithms_alone() {
    for (pem, algorithm) in [
        (P256, Algorithm::Es256),
        (ED25519, Algorithm::EdDsa),
        (RSA_2048, Algorithm::Rs256),
    ] {
        for other in Algorithm::ALL {
            let verdict = public(pem, &[other]);
            assert_eq!(
                verdict.is_ok(),
                other.family() == algorithm.family(),
                "{other} with a key for {algorithm}"
            );
        }
    }
    assert_eq!(refusal(public(P256, &[])), KeyError::NoAlgorithm);
    assert_eq!(
        refusal(public(RSA_2048, &[Algorithm::Rs256, Algorithm::Hs256])),
        KeyError::SeveralFamilies(Algorithm::Rs256, Algorithm::Hs256)
    );
    assert!(public(RSA_2048, &[Algorithm::Rs256, Algorithm::Ps512]).is_ok());
}

#[test]
fn a_text_that_is_no_public_key_is_refused_with_what_it_is() {
    let es256 = &[Algorithm::Es256];
    for (pem, algorithm, error) in [
        ("", Algorithm::Es256, KeyError::NotPem),
        ("some secret", Algorithm::Es256, KeyError::NotPem),
        (P521, Algorithm::Es256, KeyError::UnknownKind),
        (X25519, Algorithm::EdDsa, KeyError::UnknownKind),
        (RSA_1024, Algorithm::Rs256, KeyError::ShortRsa),
    ] {
        assert_eq!(refusal(public(pem, &[algorithm])), error, "{pem}");
    }
    let labelled = |label: &str| P256.replace("PUBLIC KEY", label);
    assert_eq!(
        refusal(public(&labelled("EC PRIVATE KEY"), es256)),
        KeyError::PrivateKey
    );
    assert_eq!(
        refusal(public(&labelled("CERTIFICATE"), es256)),
        KeyError::Certificate
    );
    let cut = P256.replace("-----END PUBLIC KEY-----", "");
    assert_eq!(refusal(public(&cut, es256)), KeyError::NotPem);
    let two = format!("{P256}\n{P256}");
    assert_eq!(refusal(public(&two, es256)), KeyError::NotPem);
    let off_the_curve = P256.replace("+Q==", "+A==");
    assert_ne!(off_the_curve, P256);
    assert_eq!(refusal(public(&off_the_curve, es256)), KeyError::Rejected);
}

/// CVE-2022-29217: whoever has the public key would sign with it.
/// Answers CVE-2017-11424, CVE-2026-85394.
#[test]
fn a_public_key_is_no_shared_secret() {
    for text in [
        P256,
        RSA_2048,
        "  -----BEGIN CERTIFICATE-----",
        "ssh-rsa AAAAB3",
        "ecdsa-sha2-nistp256 AAAA",
    ] {
        let secret = Secret::from_text(text.to_owned());
        let result = KeyVerifier::with_secret(&secret, &[Algorithm::Hs256], Validation::new());
        assert_eq!(refusal(result), KeyError::KeyAsSecret, "{text}");
    }
    let empty = Secret::from_text(String::new());
    let result = KeyVerifier::with_secret(&empty, &[Algorithm::Hs256], Validation::new());
    assert_eq!(refusal(result), KeyError::Empty);
}

#[test]
fn debug_shows_the_algorithms_and_nothing_of_the_key() {
    let verifier =
        KeyVerifier::with_secret(&secret(), &[Algorithm::Hs256], Validation::new()).unwrap();
    let shown = format!("{verifier:?}");
    assert!(
        shown.contains("Hs256") && !shown.contains("application"),
        "{shown}"
    );
}
