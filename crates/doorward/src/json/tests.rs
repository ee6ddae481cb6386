use super::*;
use proptest::prelude::*;

fn verdict(text: &str) -> Result<(), JsonError> {
    check(text.as_bytes(), JsonLimits::default())
}

#[test]
fn one_value_of_every_kind_is_accepted() {
    for text in [
        "0",
        "-0",
        "1.5e+10",
        "1e999",
        " null\n",
        "true",
        "false",
        "\"\"",
        "[]",
        "{}",
        "\"\\ud83d\\ude00\\u0041\\n\"",
        "{\"a\":[1,{\"a\":2}],\"b\":{}}",
        "\"\u{7f}é\u{10ffff}\"",
    ] {
        assert_eq!(verdict(text), Ok(()), "{text}");
    }
}

#[test]
fn what_is_not_json_is_refused_at_its_place() {
    for (text, offset) in [
        ("{\"a\":1}x", 7),
        ("[1,]", 3),
        ("{\"a\":1,}", 7),
        ("01", 1),
        ("-", 1),
        ("1.", 2),
        ("NaN", 0),
        ("Infinity", 0),
        ("-Infinity", 1),
        ("'a'", 0),
        ("{a:1}", 1),
        ("\"\t\"", 1),
        ("\"\\x\"", 2),
        ("\"\\u12g4\"", 5),
        ("\"abc", 4),
        ("[", 1),
        ("{\"a\"", 4),
        ("{\"a\":", 5),
        ("1 2", 2),
        ("[1 2]", 3),
        ("[}", 1),
        ("{]", 1),
        ("tru", 3),
        ("\u{feff}{}", 0),
        ("+1", 0),
        (".5", 0),
        ("1e", 2),
        ("\0", 0),
        ("{}\0", 2),
    ] {
        assert_eq!(verdict(text), Err(JsonError::Syntax { offset }), "{text}");
    }
}

#[test]
fn nothing_is_not_a_value() {
    assert_eq!(verdict(""), Err(JsonError::Empty));
    assert_eq!(verdict(" \r\n\t"), Err(JsonError::Empty));
}

#[test]
fn bytes_that_are_not_utf8_are_refused() {
    let limits = JsonLimits::default();
    assert_eq!(check(b"\"\xff\"", limits), Err(JsonError::NotUtf8));
    assert_eq!(check(b"\xff\xfe{\0}\0", limits), Err(JsonError::NotUtf8));
    assert_eq!(check(b"\"\xed\xa0\x80\"", limits), Err(JsonError::NotUtf8));
}

#[test]
fn half_a_surrogate_pair_is_refused() {
    for text in [
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800x\"",
        "\"\\ud800\\n\"",
        "\"\\ud800\\u0041\"",
        "\"\\ud800\\ud800\"",
        "{\"\\udfff\":1}",
    ] {
        assert_eq!(verdict(text), Err(JsonError::LoneSurrogate), "{text}");
    }
}

#[test]
fn a_name_twice_in_one_object_is_refused_however_it_is_spelt() {
    for text in [
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"b\":2,\"\\u0061\":3}",
        "[{\"x\":{\"\":1,\"\":2}}]",
        "{\"é\":1,\"\\u00e9\":2}",
        "{\"\\\"\":1,\"\\u0022\":2}",
    ] {
        assert_eq!(verdict(text), Err(JsonError::DuplicateName), "{text}");
    }
    assert_eq!(
        verdict("{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":1}]}"),
        Ok(())
    );
    assert_eq!(verdict("{\"a\":1,\"A\":1,\"a \":1}"), Ok(()));
    assert_eq!(verdict("{\"\\\"a\":1,\"a\":1}"), Ok(()));
}

#[test]
fn a_name_twice_among_many_is_refused() {
    for twin in [0, 15, 16, 17, 99] {
        let mut members: Vec<String> = (0..100).map(|n| format!("\"k{n}\":{n}")).collect();
        assert_eq!(verdict(&format!("{{{}}}", members.join(","))), Ok(()));
        members.push(format!("\"k{twin}\":0"));
        let text = format!("[{{{}}}]", members.join(","));
        assert_eq!(verdict(&text), Err(JsonError::DuplicateName), "{twin}");
    }
}

#[test]
fn depth_is_counted_exactly_and_never_costs_stack() {
    let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert_eq!(verdict(&nested(32)), Ok(()));
    assert_eq!(verdict(&nested(33)), Err(JsonError::TooDeep { max: 32 }));
    assert_eq!(
        verdict(&"{\"a\":".repeat(33)),
        Err(JsonError::TooDeep { max: 32 })
    );
    assert_eq!(check(b"1", JsonLimits { max_depth: 0 }), Ok(()));
    assert_eq!(
        check(b"[]", JsonLimits { max_depth: 0 }),
        Err(JsonError::TooDeep { max: 0 })
    );
    let limits = JsonLimits {
        max_depth: 2_000_000,
    };
    assert_eq!(check(nested(1_000_000).as_bytes(), limits), Ok(()));
}

/// Texts near JSON: pieces of the grammar in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"b\"",
        "\"\\u0061\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "0",
        "-1",
        "1.5",
        "1e5",
        "01",
        "1e400",
        "true",
        "null",
        "fals",
        " ",
        "\n",
        "\"é\"",
        "\"\\/\"",
        "\"",
        "\\",
        "NaN",
        "-",
        "{\"a\":",
        "[[",
        "]]",
        "\u{a0}",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|parts| parts.concat())
}

fn values() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        ".*".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            prop::collection::hash_map(".*", inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

/// The verdict of `serde_json` on the same bytes must be ours, except for what we refuse on purpose
/// and for numbers that no `f64` can hold.
fn agrees_with_serde_json(text: &[u8]) -> Result<(), TestCaseError> {
    let theirs = serde_json::from_slice::<serde_json::Value>(text);
    match (check(text, JsonLimits::default()), theirs) {
        (Ok(()), Err(error)) => {
            prop_assert!(error.to_string().contains("number out of range"), "{error}");
        }
        (Err(error), Ok(_)) => prop_assert!(
            matches!(error, JsonError::DuplicateName | JsonError::TooDeep { .. }),
            "{error}"
        ),
        _ => {}
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_text_serde_json_writes_is_accepted(value in values()) {
        prop_assert_eq!(check(&serde_json::to_vec(&value).unwrap(), JsonLimits::default()), Ok(()));
        let pretty = serde_json::to_vec_pretty(&value).unwrap();
        prop_assert_eq!(check(&pretty, JsonLimits::default()), Ok(()));
    }

    #[test]
    fn pieces_of_json_get_the_verdict_of_serde_json(text in pieces()) {
        agrees_with_serde_json(text.as_bytes())?;
    }

    #[test]
    fn damaged_json_gets_the_verdict_of_serde_json(
        value in values(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut text = serde_json::to_vec(&value).unwrap();
        let at = at.index(text.len());
        text[at] = byte;
        agrees_with_serde_json(&text)?;
        text.truncate(at);
        agrees_with_serde_json(&text)?;
    }

    #[test]
    fn any_bytes_are_judged_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        agrees_with_serde_json(&bytes)?;
    }
}
