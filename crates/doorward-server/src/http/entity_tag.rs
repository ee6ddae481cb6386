//! The `ETag` of a user, and `If-Match` (RFC 9110 §13.1.1).

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use doorward::store::UserVersion;
use doorward_axum::ApiError;

/// Which versions a change is made for: any of these; `None` for whichever there is.
pub(super) type Expected = Option<Vec<String>>;

/// The header that says which version an answer shows.
pub(super) fn of(version: UserVersion) -> Result<HeaderMap, ApiError> {
    let tag = HeaderValue::try_from(format!("\"{version}\""))
        .map_err(|error| ApiError::internal().with_source(error))?;
    Ok(HeaderMap::from_iter([(header::ETAG, tag)]))
}

/// What `If-Match` names; without it nothing is changed (RFC 6585 §3).
pub(super) fn required(headers: &HeaderMap) -> Result<Expected, ApiError> {
    if headers.contains_key(header::IF_MATCH) {
        return Ok(optional(headers));
    }
    Err(ApiError::new(
        StatusCode::PRECONDITION_REQUIRED,
        "if_match_required",
        "Send the ETag of the user in If-Match",
    ))
}

/// What `If-Match` names, if it is there. Weak tags never match.
pub(super) fn optional(headers: &HeaderMap) -> Expected {
    if !headers.contains_key(header::IF_MATCH) {
        return None;
    }
    let lines = headers.get_all(header::IF_MATCH).iter();
    let text: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
    let text = text.join(",");
    if text.trim() == "*" {
        return None;
    }
    let tags = text
        .split(',')
        .filter_map(|tag| tag.trim().strip_prefix('"')?.strip_suffix('"'));
    Some(tags.map(str::to_owned).collect())
}
