use super::*;

#[test]
fn json_is_json_and_the_rest_is_named() {
    for good in ["0", " [1e400, -0.5E+3]\n", r#"{"a":{"a":"\ud83d\ude00"}}"#] {
        assert_eq!(check(good.as_bytes(), 8), Ok(()), "{good}");
    }
    for (bad, why) in [
        ("", StrictJsonError::Empty),
        (" \n", StrictJsonError::Empty),
        ("01", StrictJsonError::Syntax),
        ("[1,]", StrictJsonError::Syntax),
        ("NaN", StrictJsonError::Syntax),
        ("\u{feff}{}", StrictJsonError::Syntax),
        (r#"{"a":1,"\u0061":2}"#, StrictJsonError::DuplicateName),
        (r#""\ud800""#, StrictJsonError::LoneSurrogate),
        (r#""\udc00""#, StrictJsonError::LoneSurrogate),
        ("[[[0]]]", StrictJsonError::TooDeep),
    ] {
        assert_eq!(check(bad.as_bytes(), 2), Err(why), "{bad}");
    }
    assert_eq!(check(b"\"\xff\"", 2), Err(StrictJsonError::NotUtf8));
}
