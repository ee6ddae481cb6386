//! Every cookie of `flask_cookies.json`, made by real Flask releases.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can not go on should stop"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use doorward::clock::Timestamp;
use doorward::flask_session::{HttpDate, SessionData, SessionError, SessionSigner, SessionValue};
use doorward::foreign::{
    FlaskKeys, FlaskSessionRules, FlaskSessionSource, FlaskSessions, SubjectKind, SubjectRule,
};
use doorward::secret::Secret;
use serde_json::Value;

const MONTH: Duration = Duration::from_hours(31 * 24);

fn file() -> Value {
    serde_json::from_str(include_str!("vectors/flask_cookies.json")).unwrap()
}

fn list(kind: &str) -> Vec<Value> {
    file()[kind].as_array().unwrap().clone()
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::from_text(text.to_owned())
}

fn secret_of(vector: &Value) -> Secret {
    let key = text(vector, "secret_key");
    if vector["secret_key_kind"] == "bytes_hex" {
        let digit = |at: usize| u8::from_str_radix(&key[at..at + 2], 16).unwrap();
        Secret::new((0..key.len()).step_by(2).map(digit).collect())
    } else {
        secret(key)
    }
}

fn map<const N: usize>(members: [(&str, SessionValue); N]) -> SessionValue {
    SessionValue::Map(
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

/// What each case of the file holds, written down by hand.
fn expected(case: &str, flask: &str) -> SessionData {
    use SessionValue::{Bool, Bytes, DateTime, Float, Integer, List, Markup, Null, Tuple, Uuid};
    let SessionValue::Map(values) = (match case {
        "flask_login" => map([
            ("_fresh", Bool(true)),
            ("_id", "ab".repeat(64).into()),
            ("_user_id", "42".into()),
            ("csrf_token", "c".repeat(40).into()),
        ]),
        "permanent" => map([
            ("_permanent", Bool(true)),
            ("role", "user".into()),
            ("user_id", Integer(7)),
        ]),
        "empty" => map([]),
        "scalars" => map([
            ("big", Integer(9_007_199_254_740_993)),
            ("f", Float(1.5)),
            ("i", Integer(1)),
            ("n", Null),
            ("neg", Integer(-3)),
            ("t", Bool(true)),
        ]),
        "unicode" => map([("kéy", "v".into()), ("name", "Zoë 张 🔐".into())]),
        "tuple" => map([
            (
                "nested",
                List(vec![
                    Tuple(vec![Integer(1)]),
                    map([("a", Tuple(vec![Integer(2), Integer(3)]))]),
                ]),
            ),
            ("t", Tuple(vec![Integer(1), "two".into(), Null])),
        ]),
        "bytes" => map([("b", Bytes(b"\x00\xff\x10binary".to_vec()))]),
        "markup" => map([("m", Markup("<b>hi</b>".to_owned()))]),
        "uuid" => {
            let uuid = uuid::Uuid::parse_str("12345678-1234-5678-1234-567812345678").unwrap();
            map([("u", Uuid(uuid))])
        }
        "datetime" => map([(
            "d",
            DateTime(HttpDate::from_unix_seconds(1_767_323_045).unwrap()),
        )]),
        // Flask 0.12 had no tag for maps that look like one, so it wrote them as they were.
        "tag_lookalike" if flask == "0.12.5" => map([("x", Tuple(vec![Integer(1), Integer(2)]))]),
        "tag_lookalike" => map([("x", map([(" t", List(vec![Integer(1), Integer(2)]))]))]),
        "flashes" => map([(
            "_flashes",
            List(vec![
                Tuple(vec!["message".into(), "Saved.".into()]),
                Tuple(vec!["error".into(), "No.".into()]),
            ]),
        )]),
        "compressed" => map([("blob", "A".repeat(2000).into()), ("user_id", Integer(1))]),
        "roles_list" => map([
            ("roles", List(vec!["admin".into(), "editor".into()])),
            ("user_id", Integer(9)),
        ]),
        other => panic!("{other}: unknown case"),
    }) else {
        unreachable!("every case is a map")
    };
    values.into_iter().collect()
}

/// Since 2.2, Flask sorts names only where an application is active, which a request always has and
/// the making of these vectors had not. They can't be written again byte for byte; the test with real
/// Flask compares sorted ones.
const UNSORTED_SINCE: &[&str] = &["2.2.5", "2.3.3", "3.0.3", "3.1.0", "3.1.3"];
const UNSORTED: &[&str] = &["permanent", "scalars", "unicode", "roles_list"];

#[test]
fn every_valid_cookie_is_read_and_written_again_as_flask_wrote_it() {
    let vectors = list("valid");
    assert_eq!(vectors.len(), 128);
    let mut identical = 0;
    for vector in &vectors {
        let name = format!("{} {}", text(vector, "flask"), text(vector, "case"));
        let issued_at = vector["issued_at"].as_u64().unwrap();
        let cookie = text(vector, "cookie_value");
        let signer = SessionSigner::new(&secret_of(vector), &[], MONTH);
        let old_timestamp = text(vector, "itsdangerous").starts_with("0.");
        let reader = signer.clone().accept_2011_timestamps(old_timestamp);
        let read = reader
            .decode(cookie, issued_at + 60)
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        let case = text(vector, "case");
        assert_eq!(read, expected(case, text(vector, "flask")), "{name}");
        if old_timestamp {
            let refused = signer.decode(cookie, issued_at + 60);
            assert_eq!(refused, Err(SessionError::OldTimestamp), "{name}");
            continue;
        }
        let written = signer.encode(&read, issued_at).unwrap();
        assert_eq!(signer.decode(&written, issued_at), Ok(read), "{name}");
        if vector["compressed"] == true {
            // Another deflate may pick other symbols, or find nothing to save in a short payload.
            assert!(written.len() <= cookie.len() + 32, "{name}: {written}");
        } else if UNSORTED.contains(&case) && UNSORTED_SINCE.contains(&text(vector, "flask")) {
            assert_ne!(written, cookie, "{name} is no longer an exception");
        } else {
            assert_eq!(written, cookie, "{name}");
            identical += 1;
        }
    }
    // The others: 16 of itsdangerous 0.24, 42 compressed, 25 unsorted.
    assert_eq!(identical, 45);
}

#[test]
fn the_newest_key_signs_and_every_key_verifies_cve_2025_47278() {
    for vector in list("key_rotation") {
        let current = secret(text(&vector, "SECRET_KEY"));
        let fallbacks: Vec<Secret> = vector["SECRET_KEY_FALLBACKS"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| secret(key.as_str().unwrap()))
            .collect();
        let issued_at = vector["issued_at"].as_u64().unwrap();
        let signer = SessionSigner::new(&current, &fallbacks, MONTH);
        let session: SessionData = [("user_id", 5)].into_iter().collect();
        for name in ["cookie_value", "cookie_signed_by_OLD1"] {
            assert_eq!(
                signer.decode(text(&vector, name), issued_at),
                Ok(session.clone())
            );
        }
        let written = signer.encode(&session, issued_at).unwrap();
        // Flask 3.1.0 signed with the oldest key, 3.1.3 with the newest.
        let fixed = text(&vector, "flask") == "3.1.3";
        assert_eq!(written == text(&vector, "cookie_value"), fixed);
        let alone = SessionSigner::new(&current, &[], MONTH);
        assert_eq!(alone.decode(&written, issued_at), Ok(session));
        let old = alone.decode(text(&vector, "cookie_signed_by_OLD1"), issued_at);
        assert_eq!(
            old,
            Err(SessionError::Signature),
            "a removed key kills its cookies"
        );
    }
}

/// Expectations that leave a choice, and the one taken here.
const CHOICES: &[(&str, bool, &str)] = &[
    (
        "signature_last_char_noncanonical",
        false,
        "one cookie has one text",
    ),
    (
        "signed_duplicate_keys",
        false,
        "duplicate names are refused everywhere",
    ),
    ("signed_unknown_tag", true, "a plain object, as in Flask"),
    (
        "signed_bad_bytes_tag",
        false,
        "a tag with content that does not fit is refused",
    ),
    (
        "signed_bad_date_tag",
        false,
        "a tag with content that does not fit is refused",
    ),
];

#[test]
fn every_negative_cookie_gets_its_expected_answer() {
    let vectors = list("negative");
    assert_eq!(vectors.len(), 35);
    let mut choices = 0;
    for vector in &vectors {
        let name = text(vector, "name");
        let max_age = Duration::from_secs(vector["max_age"].as_u64().unwrap());
        let signer = SessionSigner::new(&secret(text(vector, "secret_key")), &[], max_age);
        let at = vector["verify_at"].as_u64().unwrap();
        let verdict = signer.decode(text(vector, "cookie_value"), at);
        let choice = CHOICES.iter().find(|(choice, ..)| *choice == name);
        let accepted = if let Some((_, accepted, _)) = choice {
            choices += 1;
            *accepted
        } else {
            assert!(text(vector, "expected").starts_with("reject"), "{name}");
            false
        };
        assert_eq!(verdict.is_ok(), accepted, "{name}: {verdict:?}");
        // The setting for old timestamps opens nothing else.
        let lenient = signer.accept_2011_timestamps(true);
        assert_eq!(
            lenient.decode(text(vector, "cookie_value"), at).is_ok(),
            accepted,
            "{name}"
        );
    }
    assert_eq!(choices, CHOICES.len());
}

#[test]
fn refusals_name_the_rule_that_was_broken() {
    let reasons: BTreeMap<&str, SessionError> = BTreeMap::from([
        ("payload_swapped", SessionError::Signature),
        ("wrong_digest_sha256", SessionError::Signature),
        ("expired_31_days_plus_1s", SessionError::Expired),
        ("from_the_future_1h", SessionError::Future),
        ("signed_json_array", SessionError::NotAnObject),
        ("signed_bad_zlib", SessionError::Compression),
        ("signed_not_base64", SessionError::Malformed),
        ("signed_bad_uuid_tag", SessionError::Tag),
        ("signed_zlib_bomb_32MiB", SessionError::TooLong),
        ("signed_deep_nesting", SessionError::TooLong),
    ]);
    let mut seen = 0;
    for vector in list("negative") {
        if let Some(reason) = reasons.get(text(&vector, "name")) {
            let signer = SessionSigner::new(&secret(text(&vector, "secret_key")), &[], MONTH);
            let at = vector["verify_at"].as_u64().unwrap();
            let verdict = signer.decode(text(&vector, "cookie_value"), at);
            assert_eq!(verdict, Err(*reason), "{}", text(&vector, "name"));
            seen += 1;
        }
    }
    assert_eq!(seen, reasons.len());
}

/// Flask 3.1.0 signed with the oldest fallback. Such a cookie is good while its key is configured, gets our newest key in an
/// exchange, and is refused as soon as its key is gone.
#[test]
fn a_source_reads_what_its_own_keys_signed_and_signs_with_our_newest_cve_2025_47278() {
    for vector in list("key_rotation") {
        let now = Timestamp::from_seconds(vector["issued_at"].as_i64().unwrap());
        let current = secret(text(&vector, "SECRET_KEY"));
        let former = vector["SECRET_KEY_FALLBACKS"].as_array().unwrap();
        let former: Vec<Secret> = former
            .iter()
            .map(|key| secret(key.as_str().unwrap()))
            .collect();
        let ours = FlaskKeys {
            current: secret("our newest key"),
            fallbacks: vec![secret("our oldest key")],
        };
        let source = |fallbacks: Vec<Secret>| {
            let theirs = FlaskKeys {
                current: current.clone(),
                fallbacks,
            };
            let rules = FlaskSessionRules {
                subject: SubjectRule {
                    claim: "user_id".to_owned(),
                    kind: SubjectKind::Id,
                },
                until: now.after(MONTH),
                max_age: MONTH,
                salt: SessionSigner::SALT.to_owned(),
                cookie: "session".to_owned(),
            };
            let name = "flask".parse().unwrap();
            FlaskSessions::new([FlaskSessionSource::new(name, &theirs, &ours, rules)])
        };
        let (all, newest) = (source(former), source(Vec::new()));
        let newest_signed = text(&vector, "flask") == "3.1.3";
        for (name, good_without_fallbacks) in [
            ("cookie_value", newest_signed),
            ("cookie_signed_by_OLD1", false),
        ] {
            let cookie = text(&vector, name);
            let found = all.verify(|_| Some(cookie), now).unwrap();
            let (_, value) = all.resign(&found).unwrap();
            let reader = SessionSigner::new(&ours.current, &[], MONTH);
            let seconds = u64::try_from(now.as_seconds()).unwrap();
            assert!(reader.decode(&value, seconds).is_ok());
            let verdict = newest.verify(|_| Some(cookie), now);
            assert_eq!(verdict.is_ok(), good_without_fallbacks, "{name}");
        }
    }
}
