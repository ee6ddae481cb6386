//! The `http_basic` and `bearer` vectors of `small_standards.json`, as far as they concern parsing.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can not go on should stop"
)]

use doorward::authorization::{BasicError, BearerError, basic, bearer};
use serde_json::Value;

fn vectors(kind: &str) -> Vec<Value> {
    let text = include_str!("vectors/small_standards.json");
    let file: Value = serde_json::from_str(text).unwrap();
    file[kind].as_array().unwrap().clone()
}

fn name(vector: &Value) -> &str {
    vector["name"].as_str().unwrap()
}

/// The refusals, which in the file are "401 or 400"; program 4 of the lecture tells them apart.
const REFUSED: &[(&str, BasicError)] = &[
    ("no_colon", BasicError::MissingColon),
    ("empty_credentials", BasicError::MalformedHeader),
    ("scheme_only", BasicError::MalformedHeader),
    ("not_base64", BasicError::InvalidBase64),
    ("url_safe_base64", BasicError::InvalidBase64),
    ("no_padding", BasicError::InvalidBase64),
    ("invalid_utf8", BasicError::InvalidBase64),
    ("latin1_pound", BasicError::InvalidBase64),
    ("nul", BasicError::ControlCharacter),
    ("cr_lf", BasicError::ControlCharacter),
    ("comma_joined_two", BasicError::MalformedHeader),
    ("bearer_then_basic", BasicError::MalformedHeader),
    ("double_encoded", BasicError::MissingColon),
];

/// Refused in the file, but good syntax: the refusal belongs to the login or the HTTP layer.
const SKIPPED_BASIC: &[(&str, &str, &str)] = &[
    (
        "empty_user",
        "",
        "parses; no account has an empty name, so the login answers 401",
    ),
    (
        "10k",
        "u",
        "parses; the header limit of the HTTP layer or the password limit refuses it",
    ),
    (
        "tab_separator",
        "u",
        "program 4 splits on any white space (`str.split`), so a tab separates",
    ),
];

#[test]
fn every_basic_vector_gets_its_answer() {
    let vectors = vectors("http_basic");
    let mut judged = 0;
    for vector in &vectors {
        let name = name(vector);
        let read = basic(Some(vector["authorization"].as_str().unwrap().as_bytes()));
        if let Some(user) = vector["expected"]["user"].as_str() {
            let read = read.unwrap();
            assert_eq!(read.username(), user, "{name}");
            assert_eq!(
                read.password(),
                vector["expected"]["password"].as_str().unwrap(),
                "{name}"
            );
        } else if let Some((_, error)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
            assert_eq!(read.unwrap_err(), *error, "{name}");
        } else if let Some((_, user, _)) = SKIPPED_BASIC.iter().find(|(skip, ..)| *skip == name) {
            assert_eq!(read.unwrap().username(), *user, "{name}");
        } else {
            // "401 or accept": program 4 accepts it.
            assert_eq!(name, "two_spaces");
            assert_eq!(read.unwrap().username(), "u");
        }
        judged += 1;
    }
    assert_eq!((judged, REFUSED.len() + SKIPPED_BASIC.len()), (23, 16));
}

/// Vectors about whole requests, not about one field value.
const SKIPPED_BEARER: &[(&str, &str)] = &[
    ("query_parameter", "the query never reaches the parser"),
    ("form_body", "the body never reaches the parser"),
    (
        "two_authorization_headers",
        "the caller refuses repeated fields before parsing",
    ),
    ("expired", "a matter of the token, not of the field"),
    (
        "insufficient_scope",
        "a matter of the token, not of the field",
    ),
];

#[test]
fn every_bearer_vector_about_the_field_gets_its_answer() {
    let mut skipped = 0;
    for vector in vectors("bearer") {
        let name = name(&vector);
        if SKIPPED_BEARER.iter().any(|(skip, _)| *skip == name) {
            skipped += 1;
            continue;
        }
        let expected = match name {
            "header_ok" | "scheme_case" | "header_and_query" => Ok("T"),
            "no_token" => Err(BearerError::Malformed),
            "missing_credentials" => Err(BearerError::Missing),
            other => panic!("{other}: unknown vector"),
        };
        let value = vector["request"]["Authorization"]
            .as_str()
            .map(str::as_bytes);
        assert_eq!(bearer(value), expected, "{name}");
    }
    assert_eq!(skipped, SKIPPED_BEARER.len());
}

/// What `small_standards.json` holds for parts that this version does not have.
const NOT_IMPLEMENTED: &[&str] = &["hotp", "jwk_thumbprint", "pkce", "totp"];

#[test]
fn every_kind_of_vector_is_used_or_named_as_not_implemented() {
    let file: Value = serde_json::from_str(include_str!("vectors/small_standards.json")).unwrap();
    let kinds: Vec<&str> = file
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .filter(|kind| !["about", "bearer", "http_basic"].contains(kind))
        .collect();
    assert_eq!(kinds, NOT_IMPLEMENTED);
}
