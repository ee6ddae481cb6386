//! A page of one file: its style and its script are inline, and nothing else can run or load.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// Answers with the page, under a policy (CSP level 3 §6.7) that names its style and its script by their hashes.
pub(super) fn answer(page: &'static str) -> Response {
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
        inline_hash(page, "<style>", "</style>"),
        inline_hash(page, "<script>", "</script>"),
    );
    let mut response = (
        [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        )],
        page,
    )
        .into_response();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The CSP source of what stands between two marks of the page.
fn inline_hash(page: &str, start: &str, end: &str) -> String {
    let inside = page
        .split_once(start)
        .and_then(|(_, rest)| rest.split_once(end))
        .map_or("", |(inside, _)| inside);
    format!("sha256-{}", STANDARD.encode(Sha256::digest(inside)))
}
