//! The `Content-Type` that counts as JSON.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// What `Content-Type` says about a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContentType {
    /// `application/json`, in UTF-8.
    Json,
    /// No such header.
    Missing,
    /// Anything else, or the header twice.
    Other,
}

/// Only `application/json` counts: `text/plain` and forms can be sent across
/// sites without a preflight, and `+json` types have rules of their own.
pub(crate) fn of(headers: &HeaderMap) -> ContentType {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let Some(value) = values.next() else {
        return ContentType::Missing;
    };
    if values.next().is_none() && value.to_str().is_ok_and(is_json) {
        ContentType::Json
    } else {
        ContentType::Other
    }
}

fn is_json(value: &str) -> bool {
    let mut parts = value.split(';').map(str::trim);
    let named = parts
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    named && parts.all(is_harmless)
}

/// False for a charset other than UTF-8, and for what is no parameter.
fn is_harmless(parameter: &str) -> bool {
    if parameter.is_empty() {
        return true;
    }
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    let value = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(value);
    !name.eq_ignore_ascii_case("charset") || value.eq_ignore_ascii_case("utf-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_application_json_in_utf_8_is_json() {
        for good in [
            "application/json",
            "Application/JSON;Charset=\"UTF-8\"",
            "application/json; charset=utf-8",
            "application/json ; profile=x;",
        ] {
            assert!(is_json(good), "{good}");
        }
        for bad in [
            "text/json",
            "application/problem+json",
            "application/jsonx",
            "application/json, text/plain",
            "application/json; charset=latin1",
            "application/json; utf-8",
            "",
        ] {
            assert!(!is_json(bad), "{bad}");
        }
    }
}
