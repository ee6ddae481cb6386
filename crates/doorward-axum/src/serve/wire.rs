//! A response as bytes, for the answers that no parser writes.

use std::time::SystemTime;

use axum::response::Response;
use http::header::CONNECTION;
use http_body_util::BodyExt;

/// The whole response, closing the connection.
pub(crate) async fn encode(response: Response) -> Vec<u8> {
    let (parts, body) = response.into_parts();
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let reason = parts.status.canonical_reason().unwrap_or("");
    #[expect(
        clippy::disallowed_methods,
        reason = "the Date of an answer (RFC 9110 section 6.6.1) decides nothing"
    )]
    let date = httpdate::fmt_http_date(SystemTime::now());
    let mut bytes = format!(
        "HTTP/1.1 {} {reason}\r\ndate: {date}\r\nconnection: close\r\n",
        parts.status.as_u16()
    )
    .into_bytes();
    let others = parts.headers.iter().filter(|(name, _)| *name != CONNECTION);
    for (name, value) in others {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    if !parts.headers.contains_key(http::header::CONTENT_LENGTH) {
        bytes.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&body);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ApiError;
    use axum::response::IntoResponse;

    #[tokio::test]
    async fn a_response_is_written_whole() {
        let bytes = encode(ApiError::not_found().into_response()).await;
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("HTTP/1.1 404 Not Found\r\ndate: "));
        assert!(text.contains("\r\nconnection: close\r\n"));
        assert!(text.contains("\r\ncontent-length: 21\r\n"));
        assert!(text.ends_with("\r\n\r\n{\"error\":\"Not found\"}"));
    }
}
