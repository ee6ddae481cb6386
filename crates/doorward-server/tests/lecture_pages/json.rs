//! Compares JSON bodies.

use serde_json::Value;

use crate::pattern::{Captured, Dots, matches};

/// Whether the JSON text `actual` has the form of `expected`: the same value,
/// where the string `"..."` stands for any value and strings may capture.
/// `None` when `expected` is no JSON.
pub(crate) fn same(expected: &str, actual: &str, captured: &mut Captured) -> Option<bool> {
    let wanted: Value = serde_json::from_str(expected).ok()?;
    let Ok(got) = serde_json::from_str::<Value>(actual) else {
        return Some(false);
    };
    // serde_json reads long integers as floats, which would hide lost digits.
    let digits_kept = long_integers(expected) == long_integers(actual);
    Some(digits_kept && same_value(&wanted, &got, captured))
}

fn same_value(expected: &Value, actual: &Value, captured: &mut Captured) -> bool {
    match (expected, actual) {
        (Value::String(any), _) if any == "..." => true,
        (Value::String(e), Value::String(a)) => matches(e, a, Dots::Literal, captured),
        (Value::Array(e), Value::Array(a)) => {
            e.len() == a.len()
                && e.iter()
                    .zip(a)
                    .all(|(e, a)| same_value(e, a, &mut *captured))
        }
        (Value::Object(e), Value::Object(a)) => {
            e.len() == a.len()
                && e.iter()
                    .all(|(key, e)| a.get(key).is_some_and(|a| same_value(e, a, &mut *captured)))
        }
        (e, a) => e == a,
    }
}

/// The integers of more than 15 digits outside strings, sorted.
fn long_integers(json: &str) -> Vec<&str> {
    // Every second part between quotes is a string; escaped quotes may not
    // occur in pages that use long integers.
    let mut found: Vec<&str> = json
        .split('"')
        .step_by(2)
        .flat_map(|part| part.split(|c: char| !c.is_ascii_digit()))
        .filter(|digits| digits.len() > 15)
        .collect();
    found.sort_unstable();
    found
}

#[test]
fn a_changed_body_is_noticed() {
    let page = r#"{"a":9.0,"list":[1,2],"name":"x","any":"..."}"#;
    let same = |actual| same(page, actual, &mut Captured::new()).unwrap();
    assert!(same(r#"{"any":null,"list":[1,2],"name":"x","a":9.0}"#));
    assert!(!same(r#"{"a":9,"list":[1,2],"name":"x","any":1}"#));
    assert!(!same(r#"{"a":9.0,"list":[2,1],"name":"x","any":1}"#));
    assert!(!same(r#"{"a":9.0,"list":[1,2],"name":"y","any":1}"#));
    assert!(!same(r#"{"a":9.0,"list":[1,2],"name":"x"}"#));
    assert!(!same(
        r#"{"a":9.0,"list":[1,2],"name":"x","any":1,"more":1}"#
    ));
    assert!(!same("text"));
}

#[test]
fn a_lost_digit_is_noticed() {
    let page = r#"{"square":15241578780673678546105778281054720515}"#;
    let mut none = Captured::new();
    assert_eq!(same(page, page, &mut none), Some(true));
    let changed = page.replace("515}", "516}");
    assert_eq!(same(page, &changed, &mut none), Some(false));
}
