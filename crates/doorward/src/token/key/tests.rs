use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::*;

fn key(id: Option<&str>) -> Hs256Key {
    let secret = Secret::from_text("k3J9x!vQ0pLr7TzW2mYb5NcD8fGhS1aE".to_owned());
    Hs256Key::new(&secret, id.map(|id| KeyId::parse(id).unwrap()))
}

fn header_of(token: &AccessToken) -> String {
    let (header, _) = token.as_str().split_once('.').unwrap();
    String::from_utf8(URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}

#[test]
fn a_key_id_holds_only_harmless_characters() {
    for text in ["a", "hs256-1", "A.b_C-9", &"k".repeat(128)] {
        assert_eq!(KeyId::parse(text).unwrap().as_str(), text);
    }
    for text in [
        "",
        "a b",
        "../x/",
        "a\n",
        "\u{e9}",
        "a\0",
        "$(id)",
        &"k".repeat(129),
    ] {
        assert_eq!(KeyId::parse(text), Err(KeyIdError), "{text}");
    }
}

#[test]
fn the_header_names_algorithm_key_and_type() {
    let claims = serde_json::json!({"exp": 1});
    assert_eq!(
        header_of(&key(Some("hs-1")).sign(&claims).unwrap()),
        r#"{"alg":"HS256","kid":"hs-1","typ":"JWT"}"#
    );
    assert_eq!(
        header_of(&key(None).sign(&claims).unwrap()),
        r#"{"alg":"HS256","typ":"JWT"}"#
    );
}

#[test]
fn only_objects_are_signed() {
    for claims in [
        serde_json::json!([1]),
        serde_json::json!("x"),
        serde_json::json!(null),
    ] {
        assert_eq!(key(None).sign(&claims), Err(SignError::NotAnObject));
    }
    let odd_keys = std::collections::BTreeMap::from([(vec![1], 2)]);
    assert_eq!(key(None).sign(&odd_keys), Err(SignError::NotAnObject));
}

#[test]
fn a_token_that_no_verifier_would_read_is_not_made() {
    let claims = serde_json::json!({"note": "x".repeat(6100)});
    assert_eq!(key(None).sign(&claims), Err(SignError::TooLong));
}

#[test]
fn debug_shows_the_id_of_a_key_and_nothing_else() {
    assert_eq!(
        format!("{:?}", key(Some("hs-1"))),
        "Hs256Key { id: Some(KeyId(\"hs-1\")), .. }"
    );
}
