//! RFC 9457 problem details, for clients that name the media type in `Accept`.

use axum::body::Body;
use http::HeaderMap;
use http::header::ACCEPT;
use serde::Serialize;

use crate::error::ApiError;

/// The media type of a problem document.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// Whether `Accept` names `application/problem+json` itself with a weight above
/// zero. Wildcards do not count: every browser sends `*/*`, and the plain body
/// is the contract.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(names_problem)
}

fn names_problem(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let names = parts
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case(MEDIA_TYPE));
    names && parts.all(has_weight)
}

/// False only for a `q` that is zero or no number (RFC 9110 section 12.4.2).
fn has_weight(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return true;
    };
    !name.trim().eq_ignore_ascii_case("q")
        || value
            .trim()
            .parse::<f32>()
            .is_ok_and(|weight| weight > 0.0 && weight <= 1.0)
}

#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
}

/// The problem document of an error. `type` is `about:blank` when the code says
/// no more than the status (RFC 9457 section 4.2.1), else
/// `urn:doorward:error:<code>`; `instance` is the request id.
pub(crate) fn body(error: &ApiError, request_id: Option<&str>) -> Body {
    let kind = if error.is_generic() {
        "about:blank".to_owned()
    } else {
        format!("urn:doorward:error:{}", error.code())
    };
    let problem = Problem {
        r#type: &kind,
        title: error.status().canonical_reason().unwrap_or("Error"),
        status: error.status().as_u16(),
        detail: error.message(),
        code: error.code(),
        instance: request_id,
    };
    serde_json::to_vec(&problem).map_or_else(|_| error.plain_body(), Body::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http_body_util::BodyExt;

    fn wanted(accept: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        is_wanted(&headers)
    }

    #[test]
    fn only_the_named_type_with_a_weight_asks_for_problem_details() {
        for accept in [
            "application/problem+json",
            "Application/Problem+JSON",
            "application/json, application/problem+json;q=0.1",
            "application/problem+json; charset=utf-8; q=1",
        ] {
            assert!(wanted(accept), "{accept}");
        }
        for accept in [
            "*/*",
            "application/*",
            "application/json",
            "application/problem+json;q=0",
            "application/problem+json; Q=0.000",
            "application/problem+json;q=NaN",
            "application/problem+jsonx",
            "",
        ] {
            assert!(!wanted(accept), "{accept}");
        }
        assert!(!is_wanted(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn a_specific_code_becomes_the_type() {
        let error = ApiError::bad_request("Role must be 'admin' or 'user'").with_code("role");
        let bytes = body(&error, Some("r-1"))
            .collect()
            .await
            .unwrap()
            .to_bytes();
        let expected = r#"{"type":"urn:doorward:error:role","title":"Bad Request","status":400,"detail":"Role must be 'admin' or 'user'","code":"role","instance":"r-1"}"#;
        assert_eq!(bytes, expected);
        let bytes = body(&ApiError::not_found(), None)
            .collect()
            .await
            .unwrap()
            .to_bytes();
        let expected = r#"{"type":"about:blank","title":"Not Found","status":404,"detail":"Not found","code":"not_found"}"#;
        assert_eq!(bytes, expected);
    }
}
