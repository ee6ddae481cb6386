use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::algorithm::Algorithm;
use super::error::InvalidReason;
use crate::json::{self, JsonLimits};

/// The members of a JOSE header that decide anything (RFC 7515 §4.1).
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    alg: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    typ: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    kid: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    crit: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    b64: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    zip: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    jwk: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    jku: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    x5u: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    x5c: Option<&'a RawValue>,
}

/// A member that is there, even as `null`: `Option` alone would take `null` for absent.
pub(super) fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The text of a JSON string, or `None` when the value is something else.
pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(raw.get()).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// What a header says after it passed every check.
#[derive(Debug)]
pub(super) struct CheckedHeader {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
}

/// Checks a decoded header: `alg` is one that `accepts` takes, `types` (if given) lists what `typ` may
/// say, and no member is there that would change how the token is read or verified.
pub(super) fn check(
    header: &[u8],
    accepts: impl Fn(Algorithm) -> bool,
    types: Option<&AcceptedTypes<'_>>,
) -> Result<CheckedHeader, InvalidReason> {
    let (members, _): (Members<'_>, _) = object(header).ok_or(InvalidReason::HeaderJson)?;
    let algorithm = members
        .alg
        .and_then(text)
        .and_then(|name| name.parse().ok())
        .filter(|algorithm| accepts(*algorithm))
        .ok_or(InvalidReason::Algorithm)?;
    let refused = [
        members.crit,
        members.b64,
        members.zip,
        members.jwk,
        members.jku,
        members.x5u,
        members.x5c,
    ];
    if refused.iter().any(Option::is_some) {
        return Err(InvalidReason::HeaderMember);
    }
    if let Some(types) = types {
        types.check(members.typ)?;
    }
    let kid = match members.kid {
        Some(raw) => Some(text(raw).ok_or(InvalidReason::UnknownKey)?.into_owned()),
        None => None,
    };
    Ok(CheckedHeader { algorithm, kid })
}

/// The `kid` of a token that nothing else is known of; `None` when it has none or cannot be read.
pub(super) fn unverified_key_id(header: &[u8]) -> Option<String> {
    let (members, _): (Members<'_>, _) = object(header)?;
    Some(text(members.kid?)?.into_owned())
}

/// Reads a strict JSON object, and answers its text too. The first byte is looked at because a
/// derived `Deserialize` would take an array as well.
pub(super) fn object<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<(T, &'a str)> {
    json::check(bytes, JsonLimits::default()).ok()?;
    let text = std::str::from_utf8(bytes).ok()?;
    if !text.trim_ascii_start().starts_with('{') {
        return None;
    }
    Some((serde_json::from_str(text).ok()?, text))
}

/// Which `typ` a verifier takes (RFC 8725 §3.11).
pub(super) struct AcceptedTypes<'a> {
    pub(super) names: &'a [String],
    pub(super) required: bool,
}

impl AcceptedTypes<'_> {
    fn check(&self, typ: Option<&RawValue>) -> Result<(), InvalidReason> {
        let accepted = match typ {
            None => !self.required,
            Some(raw) => {
                let typ = text(raw).ok_or(InvalidReason::Type)?;
                self.names
                    .iter()
                    .any(|name| name.eq_ignore_ascii_case(&typ))
            }
        };
        if accepted {
            Ok(())
        } else {
            Err(InvalidReason::Type)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(algorithm: Algorithm) -> bool {
        algorithm == Algorithm::Hs256
    }

    fn verdict(header: &str) -> Result<Option<String>, InvalidReason> {
        let names = ["JWT".to_owned()];
        let types = AcceptedTypes {
            names: &names,
            required: false,
        };
        check(header.as_bytes(), ours, Some(&types)).map(|header| header.kid)
    }

    #[test]
    fn the_algorithm_is_ours_or_the_token_is_refused() {
        assert_eq!(verdict(r#"{"alg":"HS256"}"#), Ok(None));
        for alg in [
            r#""none""#,
            r#""hs256""#,
            r#""HS512""#,
            r#"["HS256"]"#,
            "null",
            "0",
            r#""""#,
        ] {
            let header = format!(r#"{{"alg":{alg}}}"#);
            assert_eq!(verdict(&header), Err(InvalidReason::Algorithm), "{header}");
        }
        assert_eq!(verdict("{}"), Err(InvalidReason::Algorithm));
    }

    /// Answers GHSA-752w-5fwx-jx9f.
    #[test]
    fn members_that_change_the_reading_or_bring_a_key_are_refused_even_as_null() {
        for name in ["crit", "b64", "zip", "jwk", "jku", "x5u", "x5c"] {
            for value in ["null", "[]", "true", "\"x\""] {
                let header = format!(r#"{{"alg":"HS256","{name}":{value}}}"#);
                assert_eq!(
                    verdict(&header),
                    Err(InvalidReason::HeaderMember),
                    "{header}"
                );
            }
        }
        assert_eq!(verdict(r#"{"alg":"HS256","cty":"x","note":1}"#), Ok(None));
    }

    #[test]
    fn the_type_is_compared_without_case_and_may_be_required() {
        assert_eq!(verdict(r#"{"alg":"HS256","typ":"jwt"}"#), Ok(None));
        for typ in [r#""rt+jwt""#, "5", "null", r#""""#, r#""JWT ""#] {
            let header = format!(r#"{{"alg":"HS256","typ":{typ}}}"#);
            assert_eq!(verdict(&header), Err(InvalidReason::Type), "{header}");
        }
        let names = ["at+jwt".to_owned()];
        let types = AcceptedTypes {
            names: &names,
            required: true,
        };
        assert!(check(br#"{"alg":"HS256","typ":"AT+JWT"}"#, ours, Some(&types)).is_ok());
        assert_eq!(
            check(br#"{"alg":"HS256"}"#, ours, Some(&types)).unwrap_err(),
            InvalidReason::Type
        );
    }

    #[test]
    fn a_key_id_is_text() {
        assert_eq!(
            verdict(r#"{"alg":"HS256","kid":"\u0061"}"#),
            Ok(Some("a".to_owned()))
        );
        for kid in ["1", "null", "[\"a\"]"] {
            let header = format!(r#"{{"alg":"HS256","kid":{kid}}}"#);
            assert_eq!(verdict(&header), Err(InvalidReason::UnknownKey), "{header}");
        }
    }

    #[test]
    fn a_header_is_one_strict_object() {
        for header in [
            "",
            "null",
            "[1]",
            r#"["HS256"]"#,
            r#""HS256""#,
            r#"{"alg":"HS256","alg":"HS256"}"#,
            r#"{"alg":"HS256"} x"#,
            "\u{feff}{\"alg\":\"HS256\"}",
        ] {
            assert_eq!(verdict(header), Err(InvalidReason::HeaderJson), "{header}");
        }
    }
}
