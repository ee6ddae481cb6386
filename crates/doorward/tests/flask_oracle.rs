//! Both directions against the real libraries: what we write they read, what they write we read.
//!
//! `DOORWARD_PYTHON` names a Python with Flask 3, itsdangerous and `PyJWT`. Without it nothing runs;
//! with `DOORWARD_REQUIRE_ALL=1` that is a failure.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test that can not go on should stop"
)]

use std::time::{Duration, SystemTime};

use doorward::flask_session::{BigInteger, HttpDate, SessionData, SessionSigner, SessionValue};
use doorward::secret::Secret;
use doorward::token::{Hs256Key, KeyId, Validation, Verifier};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

mod oracle;

use oracle::python;

/// Flask and `PyJWT`.
fn ask(python: &str, request: &Value) -> Value {
    oracle::ask(python, "oracle.py", request)
}

const SECRET: &str = "k3J9x!vQ0pLr7TzW2mYb5NcD8fGhS1aÉ";

fn unix_now() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// A value with its Python type, as the oracle describes it.
fn describe(value: &SessionValue) -> Value {
    let all = |items: &[SessionValue]| items.iter().map(describe).collect::<Vec<_>>();
    match value {
        SessionValue::Null => json!(["null"]),
        SessionValue::Bool(value) => json!(["bool", value]),
        SessionValue::Integer(number) => json!(["int", number.to_string()]),
        SessionValue::BigInteger(number) => json!(["int", number.as_str()]),
        SessionValue::Float(number) => json!(["float", number]),
        SessionValue::String(text) => json!(["str", text]),
        SessionValue::List(items) => json!(["list", all(items)]),
        SessionValue::Tuple(items) => json!(["tuple", all(items)]),
        SessionValue::Map(values) => {
            let members: Vec<Value> = values
                .iter()
                .map(|(name, value)| json!([name, describe(value)]))
                .collect();
            json!(["dict", members])
        }
        SessionValue::Bytes(bytes) => {
            let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
            let hex: Option<String> = digits
                .map(|digit| char::from_digit(digit.into(), 16))
                .collect();
            json!(["bytes", hex])
        }
        SessionValue::Markup(text) => json!(["markup", text]),
        SessionValue::Uuid(uuid) => json!(["uuid", uuid.simple().to_string()]),
        SessionValue::DateTime(date) => json!(["datetime", date.unix_seconds()]),
    }
}

fn describe_session(session: &SessionData) -> Value {
    let members: Vec<Value> = session
        .iter()
        .map(|(name, value)| json!([name, describe(value)]))
        .collect();
    json!(["dict", members])
}

/// Floats come back as Python prints them; everything else as it was sent.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Array(ours), Value::Array(theirs)) if ours.first() == Some(&json!("float")) => {
            let read = theirs
                .get(1)
                .and_then(Value::as_str)
                .and_then(|text| text.parse().ok());
            ours.get(1).and_then(Value::as_f64) == read && theirs.first() == ours.first()
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| same(a, b))
        }
        _ => ours == theirs,
    }
}

fn names() -> impl Strategy<Value = String> {
    let tags = prop::sample::select(vec![" t", " b", " m", " u", " d", " di", " t__", "__", "x"]);
    prop_oneof![tags.prop_map(str::to_owned), ".{0,6}"]
}

fn values() -> impl Strategy<Value = SessionValue> {
    let leaf = prop_oneof![
        Just(SessionValue::Null),
        any::<bool>().prop_map(SessionValue::from),
        any::<i64>().prop_map(SessionValue::from),
        "-?[1-9][0-9]{19,40}"
            .prop_map(|text| { SessionValue::BigInteger(BigInteger::parse(&text).unwrap()) }),
        any::<f64>().prop_map(SessionValue::Float),
        (-400_000_i32..400_000).prop_map(|n| SessionValue::Float(f64::from(n) / 1000.0)),
        (-30..30).prop_map(|power| SessionValue::Float(10_f64.powi(power))),
        ".{0,40}".prop_map(SessionValue::from),
        "[ab]{0,80}".prop_map(SessionValue::from),
        prop::collection::vec(any::<u8>(), 0..12).prop_map(SessionValue::Bytes),
        ".{0,12}".prop_map(SessionValue::Markup),
        any::<u128>().prop_map(|bits| SessionValue::Uuid(uuid::Uuid::from_u128(bits))),
        (-62_135_596_800_i64..253_402_300_800)
            .prop_map(|at| SessionValue::DateTime(HttpDate::from_unix_seconds(at).unwrap())),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(SessionValue::List),
            prop::collection::vec(inner.clone(), 0..4).prop_map(SessionValue::Tuple),
            prop::collection::btree_map(names(), inner, 0..3).prop_map(SessionValue::Map),
        ]
    })
}

/// The same sessions on every run.
fn sessions() -> Vec<SessionData> {
    let mut runner = TestRunner::deterministic();
    let strategy = prop::collection::btree_map(names(), values(), 0..4)
        .prop_map(|values| values.into_iter().collect::<SessionData>());
    (0..400)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}

#[test]
fn flask_reads_our_cookies_and_we_read_flask_s() {
    let Some(python) = python() else { return };
    let now = unix_now();
    let secret = Secret::from_text(SECRET.to_owned());
    let signer = SessionSigner::new(&secret, &[], Duration::from_hours(31 * 24));
    let sessions = sessions();
    let ours: Vec<String> = sessions
        .iter()
        .map(|session| signer.encode(session, now).unwrap())
        .collect();
    let described: Vec<Value> = sessions.iter().map(describe_session).collect();
    let answer = ask(
        &python,
        &json!({
            "secret": SECRET, "now": now, "cookies": ours, "sessions": described,
            "tokens": [], "claims": [],
        }),
    );
    println!("compared with {}", answer["versions"]);
    let (mut plain, mut compressed) = (0, 0);
    for (place, session) in sessions.iter().enumerate() {
        let read = &answer["read_cookies"][place];
        assert!(
            same(&described[place], read),
            "{} read as {read}",
            described[place]
        );
        let theirs = answer["made_cookies"][place].as_str().unwrap();
        assert_eq!(signer.decode(theirs, now).as_ref(), Ok(session), "{theirs}");
        // Flask's zlib finds a few bytes more to save, so it compresses now and then what ours
        // leaves plain; what Flask leaves plain must be the same bytes.
        if theirs.starts_with('.') {
            compressed += usize::from(ours[place].starts_with('.'));
        } else {
            assert_eq!(ours[place], theirs);
            plain += 1;
        }
    }
    assert!(
        plain > 50 && compressed > 50,
        "{plain} plain, {compressed} compressed"
    );
}

#[test]
fn pyjwt_reads_our_tokens_and_we_read_pyjwt_s() {
    let Some(python) = python() else { return };
    let now = unix_now();
    let secret = Secret::from_text(SECRET.to_owned());
    let claims = vec![
        json!({"user": "alice", "exp": now + 3600}),
        json!({"user_id": 7, "username": "Zoë 张 🔐", "role": "admin", "exp": now + 3600}),
        json!({"iss": "i", "sub": "7", "jti": "j", "iat": now, "nbf": now, "exp": now + 60}),
        json!({"exp": f64::from(u32::try_from(now).unwrap()) + 60.5, "nested": {"a": [1, null, -2.5]}}),
    ];
    let named = Hs256Key::new(&secret, Some(KeyId::parse("hs-1").unwrap()));
    let unnamed = Hs256Key::new(&secret, None);
    let signed = |key: &Hs256Key| -> Vec<String> {
        claims
            .iter()
            .map(|claims| key.sign(claims).unwrap().as_str().to_owned())
            .collect()
    };
    let tokens = [signed(&named), signed(&unnamed)].concat();
    let answer = ask(
        &python,
        &json!({
            "secret": SECRET, "now": now, "cookies": [], "sessions": [],
            "tokens": tokens, "claims": claims,
        }),
    );
    let verifier = Verifier::new(named, Validation::new());
    let now_ms = i64::try_from(now).unwrap() * 1000;
    for (place, claims) in claims.iter().enumerate() {
        assert_eq!(&answer["read_tokens"][place], claims);
        assert_eq!(&answer["read_tokens"][place + 4], claims);
        let theirs = answer["made_tokens"][place].as_str().unwrap();
        assert_eq!(
            verifier.verify::<Value>(theirs, now_ms).as_ref(),
            Ok(claims)
        );
    }
}
