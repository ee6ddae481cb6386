use super::*;
use crate::secret::Secret;
use crate::token::KeyId;
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: i64 = 1_767_225_660_000;

fn key(secret: &str, id: Option<&str>) -> Hs256Key {
    let id = id.map(|id| KeyId::parse(id).unwrap());
    Hs256Key::new(&Secret::from_text(secret.to_owned()), id)
}

fn claims() -> Value {
    json!({"user_id": 7, "username": "alice", "role": "admin", "exp": NOW / 1000 + 3600})
}

fn verdict(verifier: &Verifier, token: &str) -> Result<Value, TokenError> {
    verifier.verify(token, NOW)
}

#[test]
fn what_was_signed_is_read_back() {
    for id in [None, Some("hs-1")] {
        let key = key("secret one", id);
        let token = key.sign(&claims()).unwrap();
        let verifier = Verifier::new(key, Validation::new());
        assert_eq!(verdict(&verifier, token.as_str()), Ok(claims()));
    }
}

#[test]
fn every_key_of_the_set_verifies_its_own_tokens_and_no_other() {
    let verifier = Verifier::new(key("one", Some("k1")), Validation::new())
        .with_key(key("two", Some("k2")))
        .with_key(key("three", None));
    for (secret, id) in [
        ("one", Some("k1")),
        ("two", Some("k2")),
        ("three", None),
        ("one", None),
    ] {
        let token = key(secret, id).sign(&claims()).unwrap();
        assert_eq!(
            verdict(&verifier, token.as_str()),
            Ok(claims()),
            "{secret} {id:?}"
        );
    }
    for (secret, id, reason) in [
        ("one", Some("k2"), InvalidReason::Signature),
        ("one", Some("k3"), InvalidReason::UnknownKey),
        // Not a default, so its tokens must name it.
        ("two", None, InvalidReason::Signature),
        ("four", None, InvalidReason::Signature),
    ] {
        let token = key(secret, id).sign(&claims()).unwrap();
        assert_eq!(
            verdict(&verifier, token.as_str()),
            Err(reason.into()),
            "{secret} {id:?}"
        );
    }
}

#[test]
fn a_default_key_with_an_id_takes_tokens_without_kid() {
    let verifier = Verifier::new(key("new", Some("k2")), Validation::new())
        .with_default_key(key("old", Some("k1")));
    for secret in ["new", "old"] {
        let token = key(secret, None).sign(&claims()).unwrap();
        assert_eq!(verdict(&verifier, token.as_str()), Ok(claims()));
    }
}

#[test]
fn a_kid_means_nothing_to_keys_without_ids() {
    let verifier = Verifier::new(key("one", None), Validation::new());
    let token = key("one", Some("theirs")).sign(&claims()).unwrap();
    assert_eq!(verdict(&verifier, token.as_str()), Ok(claims()));
}

#[test]
fn a_known_header_obeys_the_rules_like_any_other() {
    let only_at = Validation::new().types(["at+jwt"]).require_type(true);
    let verifier = Verifier::new(key("one", None), only_at);
    let token = key("one", None).sign(&claims()).unwrap();
    assert_eq!(
        verdict(&verifier, token.as_str()),
        Err(InvalidReason::Type.into())
    );
}

#[test]
fn claims_of_another_form_are_refused() {
    #[derive(Debug, serde::Deserialize)]
    struct Profile {
        #[expect(dead_code, reason = "only its type matters")]
        user_id: i64,
    }
    let key = key("one", None);
    let verifier = Verifier::new(key.clone(), Validation::new());
    let good = key.sign(&claims()).unwrap();
    assert!(verifier.verify::<Profile>(good.as_str(), NOW).is_ok());
    let bad = key
        .sign(&json!({"user_id": "7", "exp": NOW / 1000 + 1}))
        .unwrap();
    assert_eq!(
        verifier.verify::<Profile>(bad.as_str(), NOW).err(),
        Some(InvalidReason::ClaimsForm.into())
    );
}

#[test]
fn a_forged_token_learns_nothing_about_its_claims() {
    let verifier = Verifier::new(key("one", None), Validation::new());
    for claims in [json!({"exp": 1}), json!({}), json!({"exp": "x"})] {
        let forged = key("two", None).sign(&claims).unwrap();
        assert_eq!(
            verdict(&verifier, forged.as_str()),
            Err(InvalidReason::Signature.into())
        );
    }
}

#[test]
fn a_jws_of_another_kid_is_refused() {
    let token = key("one", Some("k1")).sign(&claims()).unwrap();
    let payload = claims().to_string().into_bytes();
    assert_eq!(
        verify_jws(token.as_str(), &key("one", Some("k1"))),
        Ok(payload.clone())
    );
    assert_eq!(verify_jws(token.as_str(), &key("one", None)), Ok(payload));
    assert_eq!(
        verify_jws(token.as_str(), &key("one", Some("k2"))),
        Err(InvalidReason::UnknownKey.into())
    );
}

fn alphabet() -> impl Strategy<Value = char> {
    prop_oneof![
        4 => prop::sample::select(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
                .chars()
                .collect::<Vec<_>>()
        ),
        1 => any::<char>(),
    ]
}

proptest! {
    #[test]
    fn any_claims_survive_the_round_trip(
        secret in ".{0,80}", id in "[A-Za-z0-9._-]{1,20}", name in ".{0,40}", user in any::<i64>(),
    ) {
        let key = key(&secret, Some(&id));
        let claims = json!({"username": name, "user_id": user, "exp": NOW / 1000 + 1});
        let token = key.sign(&claims).unwrap();
        let verifier = Verifier::new(key, Validation::new());
        prop_assert_eq!(verdict(&verifier, token.as_str()), Ok(claims));
    }

    /// Answers PYSEC-2017-28.
    #[test]
    fn any_changed_character_is_refused(at in any::<prop::sample::Index>(), new in alphabet()) {
        let key = key("one", Some("k1"));
        let token = key.sign(&claims()).unwrap();
        let mut characters: Vec<char> = token.as_str().chars().collect();
        let at = at.index(characters.len());
        prop_assume!(characters[at] != new);
        characters[at] = new;
        let changed: String = characters.into_iter().collect();
        let verifier = Verifier::new(key, Validation::new());
        prop_assert!(matches!(verdict(&verifier, &changed), Err(TokenError::Invalid(_))));
    }

    #[test]
    fn a_token_cut_or_extended_is_refused(cut in any::<prop::sample::Index>(), more in ".{1,3}") {
        let key = key("one", None);
        let token = key.sign(&claims()).unwrap();
        let verifier = Verifier::new(key, Validation::new());
        let cut = &token.as_str()[..cut.index(token.as_str().len())];
        prop_assert!(verdict(&verifier, cut).is_err());
        let longer = format!("{}{more}", token.as_str());
        prop_assert!(verdict(&verifier, &longer).is_err());
        let longer = format!("{more}{}", token.as_str());
        prop_assert!(verdict(&verifier, &longer).is_err());
    }

    #[test]
    fn any_text_is_refused_without_panic(text in prop_oneof![".*", "[A-Za-z0-9_-]*\\.[A-Za-z0-9_-]*\\.[A-Za-z0-9_-]*"]) {
        let verifier = Verifier::new(key("one", None), Validation::new());
        prop_assert!(verdict(&verifier, &text).is_err());
        prop_assert!(verify_jws(&text, &key("one", None)).is_err());
    }

    #[test]
    fn signed_rubbish_is_refused_without_panic(header in ".{0,40}", payload in prop::collection::vec(any::<u8>(), 0..60)) {
        use base64::Engine as _;
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let key = key("one", None);
        for header in [header.as_str(), r#"{"alg":"HS256"}"#] {
            let input = format!("{}.{}", engine.encode(header), engine.encode(&payload));
            let token = format!("{input}.{}", engine.encode(key.signature(&input)));
            let verifier = Verifier::new(key.clone(), Validation::new());
            prop_assert!(verdict(&verifier, &token).is_err());
        }
        let input = format!("{}.{}", engine.encode(r#"{"alg":"HS256"}"#), engine.encode(&payload));
        let token = format!("{input}.{}", engine.encode(key.signature(&input)));
        prop_assert_eq!(verify_jws(&token, &key), Ok(payload));
    }
}
