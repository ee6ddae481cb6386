use super::*;
use crate::json::JsonError;
use proptest::prelude::*;

fn one(value: SessionValue) -> Map {
    Map::from([("x".to_owned(), value)])
}

#[test]
fn every_type_is_written_as_flask_writes_it_and_read_back() {
    let uuid = Uuid::from_u128(0x1234_5678_1234_5678_1234_5678_1234_5678);
    for (value, text) in [
        (SessionValue::Null, "null"),
        (true.into(), "true"),
        (i64::MIN.into(), "-9223372036854775808"),
        (
            SessionValue::BigInteger(BigInteger::parse("98765432109876543210").unwrap()),
            "98765432109876543210",
        ),
        (SessionValue::Float(1e16), "1e+16"),
        ("Zoë".into(), r#""Zo\u00eb""#),
        (
            SessionValue::List(vec![1.into(), SessionValue::List(vec![])]),
            "[1,[]]",
        ),
        (
            SessionValue::Tuple(vec!["a".into(), SessionValue::Null]),
            r#"{" t":["a",null]}"#,
        ),
        (SessionValue::Bytes(vec![0, 255]), r#"{" b":"AP8="}"#),
        (SessionValue::Markup("<b>".to_owned()), r#"{" m":"<b>"}"#),
        (
            SessionValue::Uuid(uuid),
            r#"{" u":"12345678123456781234567812345678"}"#,
        ),
        (
            SessionValue::DateTime(HttpDate::from_unix_seconds(1_767_323_045).unwrap()),
            r#"{" d":"Fri, 02 Jan 2026 03:04:05 GMT"}"#,
        ),
        (SessionValue::Map(Map::new()), "{}"),
        (
            SessionValue::Map(Map::from([(" t".to_owned(), "v".into())])),
            r#"{" di":{" t__":"v"}}"#,
        ),
        (
            SessionValue::Map(Map::from([(" di".to_owned(), SessionValue::Tuple(vec![]))])),
            r#"{" di":{" di__":{" t":[]}}}"#,
        ),
        (
            SessionValue::Map(Map::from([(" zz".to_owned(), 1.into())])),
            r#"{" zz":1}"#,
        ),
        (
            SessionValue::Map(Map::from([
                (" t".to_owned(), 1.into()),
                ("b".to_owned(), 2.into()),
            ])),
            r#"{" t":1,"b":2}"#,
        ),
    ] {
        let values = one(value);
        let written = write(&values).unwrap();
        assert_eq!(written, format!("{{\"x\":{text}}}"));
        assert_eq!(read(written.as_bytes()), Ok(values), "{text}");
    }
}

#[test]
fn a_session_that_looks_like_a_tag_is_written_and_read_as_flask_does() {
    let values = Map::from([(" t".to_owned(), 5.into())]);
    let written = write(&values).unwrap();
    assert_eq!(written, r#"{" di":{" t__":5}}"#);
    assert_eq!(read(written.as_bytes()), Ok(values));
}

#[test]
fn a_tag_with_content_that_does_not_fit_is_refused() {
    for text in [
        r#"{" t":"ab"}"#,
        r#"{" t":{}}"#,
        r#"{" b":"%%%"}"#,
        r#"{" b":"AA"}"#,
        r#"{" b":1}"#,
        r#"{" m":5}"#,
        r#"{" m":null}"#,
        r#"{" u":"zz"}"#,
        r#"{" d":"yesterday"}"#,
        r#"{" d":0}"#,
        r#"{" u":"12345678-1234-5678-1234-567812345678"}"#,
        r#"{" di":1}"#,
        r#"{" di":{}}"#,
        r#"{" di":{"a__":1}}"#,
        r#"{" di":{" t__":1," b__":1}}"#,
        r#"{" di":{" t":[]}}"#,
        r#"{" b":{" m":"AA=="}}"#,
    ] {
        let session = format!("{{\"x\":{text}}}");
        assert_eq!(read(session.as_bytes()), Err(SessionError::Tag), "{text}");
    }
}

#[test]
fn only_an_object_is_a_session() {
    for text in [
        "[1,2]",
        "\"x\"",
        "1",
        "null",
        r#"{" t":[1]}"#,
        r#"{" m":"x"}"#,
    ] {
        assert_eq!(
            read(text.as_bytes()),
            Err(SessionError::NotAnObject),
            "{text}"
        );
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    for number in ["1e999".to_owned(), "-1e400".to_owned(), "9".repeat(4301)] {
        let text = format!("{{\"x\":{number}}}");
        assert_eq!(read(text.as_bytes()), Err(SessionError::Number), "{number}");
    }
    assert_eq!(read(b"{\"x\":-0}"), Ok(one(0.into())));
    assert_eq!(read(b"{\"x\":1e2}"), Ok(one(SessionValue::Float(100.0))));
    for number in [f64::NAN, f64::INFINITY] {
        assert_eq!(
            write(&one(SessionValue::Float(number))),
            Err(EncodeError::NotFinite)
        );
    }
}

#[test]
fn a_payload_is_strict_json_of_bounded_depth() {
    for (text, error) in [
        (
            format!("{{\"x\":{}{}}}", "[".repeat(32), "]".repeat(32)),
            JsonError::TooDeep { max: 32 },
        ),
        (
            r#"{"role":"user","role":"admin"}"#.to_owned(),
            JsonError::DuplicateName,
        ),
        (r#"{"x":"\ud800"}"#.to_owned(), JsonError::LoneSurrogate),
        (r#"{"x":NaN}"#.to_owned(), JsonError::Syntax { offset: 5 }),
        (String::new(), JsonError::Empty),
    ] {
        assert_eq!(
            read(text.as_bytes()),
            Err(SessionError::Json(error)),
            "{text}"
        );
    }
    assert_eq!(
        read(b"{\"a\":\"\xff\"}"),
        Err(SessionError::Json(JsonError::NotUtf8))
    );
}

#[test]
fn what_can_not_be_read_back_for_its_depth_is_not_written() {
    let nested = |levels: usize| {
        (0..levels).fold(SessionValue::Null, |inner, _| {
            SessionValue::List(vec![inner])
        })
    };
    let deepest = one(nested(31));
    assert_eq!(read(write(&deepest).unwrap().as_bytes()), Ok(deepest));
    assert_eq!(write(&one(nested(32))), Err(EncodeError::TooDeep));
    // A tuple takes two levels.
    let tuples = |levels: usize| {
        (0..levels).fold(SessionValue::Null, |inner, _| {
            SessionValue::Tuple(vec![inner])
        })
    };
    let deepest = one(tuples(15));
    assert_eq!(read(write(&deepest).unwrap().as_bytes()), Ok(deepest));
    assert_eq!(write(&one(tuples(16))), Err(EncodeError::TooDeep));
}

fn names() -> impl Strategy<Value = String> {
    let tags = prop::sample::select(vec![" t", " b", " m", " u", " d", " di", " t__", "__", "x"]);
    prop_oneof![tags.prop_map(str::to_owned), ".{0,6}"]
}

pub(crate) fn any_value() -> impl Strategy<Value = SessionValue> {
    let leaf = prop_oneof![
        Just(SessionValue::Null),
        any::<bool>().prop_map(SessionValue::from),
        any::<i64>().prop_map(SessionValue::from),
        "-?[1-9][0-9]{19,40}"
            .prop_map(|digits| SessionValue::BigInteger(BigInteger::parse(&digits).unwrap())),
        any::<f64>().prop_map(SessionValue::Float),
        ".{0,12}".prop_map(SessionValue::from),
        prop::collection::vec(any::<u8>(), 0..12).prop_map(SessionValue::Bytes),
        ".{0,12}".prop_map(SessionValue::Markup),
        any::<u128>().prop_map(|bits| SessionValue::Uuid(Uuid::from_u128(bits))),
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

proptest! {
    #[test]
    fn any_session_is_read_back_as_it_was_written(
        values in prop::collection::btree_map(names(), any_value(), 0..4),
    ) {
        let written = write(&values).unwrap();
        prop_assert!(written.is_ascii());
        prop_assert_eq!(read(written.as_bytes()), Ok(values));
    }

    #[test]
    fn any_text_is_judged_without_panic(
        text in ".*", tag in names(), content in prop_oneof![".*", "\\[.*\\]", "\".*\""],
    ) {
        let _ = read(text.as_bytes());
        let _ = read(format!("{{\"x\":{{\"{tag}\":{content}}}}}").as_bytes());
    }
}
