//! The error of every handler and extractor, and its plain rendering.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

pub(crate) const INTERNAL_MESSAGE: &str = "Internal server error";
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A refusal or failure, as the client reads it.
///
/// Rendered as `{"error":"<message>"}` with exactly that key, and put into the
/// extensions of its response. [`crate::app`] finds it there, logs it once with
/// the request id, and renders RFC 9457 instead for a client that asks for it.
///
/// The message goes to the client: it must not hold a secret or an internal
/// detail. What went wrong inside belongs into [`ApiError::with_source`], which
/// is logged and never sent.
#[derive(Clone)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    headers: Vec<(HeaderName, HeaderValue)>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl ApiError {
    /// An error with a status, a stable `snake_case` code and a sentence.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            headers: Vec::new(),
            source: None,
        }
    }

    /// 400 `bad_request`.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 401 `unauthorized`. The challenge is the value of `WWW-Authenticate`,
    /// which RFC 9110 section 15.5.2 demands on every 401.
    pub fn unauthorized(message: impl Into<Cow<'static, str>>, challenge: HeaderValue) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message).with_challenge(challenge)
    }

    /// 403 `forbidden`.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 404 `not_found`, with the text `Not found`.
    #[must_use]
    pub fn not_found() -> Self {
        Self::from_status(StatusCode::NOT_FOUND)
    }

    /// 405 `method_not_allowed`; `allow` is the list for `Allow`, which RFC 9110
    /// section 15.5.6 demands.
    #[must_use]
    pub fn method_not_allowed(allow: HeaderValue) -> Self {
        Self::from_status(StatusCode::METHOD_NOT_ALLOWED).with_header(ALLOW, allow)
    }

    /// 408 `request_timeout`: the request did not arrive in time. Closes the
    /// connection, as RFC 9110 section 15.5.9 advises.
    #[must_use]
    pub fn request_timeout() -> Self {
        Self::from_status(StatusCode::REQUEST_TIMEOUT).closing()
    }

    /// 409 `conflict`.
    pub fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    /// 413 `payload_too_large`.
    #[must_use]
    pub fn payload_too_large() -> Self {
        Self::from_status(StatusCode::PAYLOAD_TOO_LARGE)
    }

    /// 415 `unsupported_media_type`.
    pub fn unsupported_media_type(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            message,
        )
    }

    /// 429 `too_many_requests` with `Retry-After`.
    #[must_use]
    pub fn too_many_requests(retry_after: Duration) -> Self {
        Self::from_status(StatusCode::TOO_MANY_REQUESTS).with_retry_after(retry_after)
    }

    /// 503 `service_unavailable` with `Retry-After`.
    #[must_use]
    pub fn service_unavailable(retry_after: Duration) -> Self {
        Self::from_status(StatusCode::SERVICE_UNAVAILABLE).with_retry_after(retry_after)
    }

    /// 500 `internal` with a fixed text. Add the cause by
    /// [`ApiError::with_source`].
    #[must_use]
    pub fn internal() -> Self {
        Self::from_status(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The error that stands for a bare status: its usual code and sentence.
    #[must_use]
    pub fn from_status(status: StatusCode) -> Self {
        let (code, message) = usual_words(status);
        Self::new(status, code, message)
    }

    /// Replaces the code. Codes are part of the API: keep them stable.
    #[must_use]
    pub fn with_code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// Replaces the message, except on a 500, whose text is fixed.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        if self.status != StatusCode::INTERNAL_SERVER_ERROR {
            self.message = message.into();
        }
        self
    }

    /// Adds a response header; repeated names give repeated header lines.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// For a request whose end can't be found any more.
    pub(crate) fn closing(self) -> Self {
        self.with_header(CONNECTION, HeaderValue::from_static("close"))
    }

    /// Adds a `WWW-Authenticate` challenge.
    #[must_use]
    pub fn with_challenge(self, challenge: HeaderValue) -> Self {
        self.with_header(WWW_AUTHENTICATE, challenge)
    }

    /// Sets `Retry-After` in whole seconds, rounded up, at least 1.
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: Duration) -> Self {
        let whole = retry_after.as_secs();
        let seconds = whole
            .saturating_add(u64::from(retry_after.subsec_nanos() > 0))
            .max(1);
        self.headers.retain(|(name, _)| name != RETRY_AFTER);
        self.with_header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Keeps the cause for the log. It is never sent to the client.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable code, for problem details and logs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The sentence that the client reads.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether the code says no more than the status does.
    pub(crate) fn is_generic(&self) -> bool {
        self.code == usual_words(self.status).0
    }

    /// The cause and its causes on one line, for the log.
    pub(crate) fn cause(&self) -> Option<String> {
        use fmt::Write as _;
        let first: &dyn Error = self.source.as_deref()?;
        let mut text = first.to_string();
        let mut next = first.source();
        while let Some(cause) = next {
            let _ = write!(text, ": {cause}");
            next = cause.source();
        }
        Some(text)
    }

    pub(crate) fn plain_body(&self) -> Body {
        #[derive(Serialize)]
        struct Plain<'a> {
            error: &'a str,
        }
        let plain = Plain {
            error: &self.message,
        };
        match serde_json::to_vec(&plain) {
            Ok(bytes) => Body::from(bytes),
            Err(_) => Body::from(r#"{"error":"Internal server error"}"#),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.plain_body());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, JSON);
        for (name, value) in &self.headers {
            headers.append(name, value.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: {}",
            self.status.as_u16(),
            self.code,
            self.message
        )
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|cause| cause as _)
    }
}

impl fmt::Debug for ApiError {
    // Header values can hold cookies; their names are enough to debug with.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&HeaderName> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("ApiError")
            .field("status", &self.status)
            .field("code", &self.code)
            .field("message", &self.message)
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

fn usual_words(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        400 => ("bad_request", "Bad request"),
        401 => ("unauthorized", "Authentication required"),
        403 => ("forbidden", "Forbidden"),
        404 => ("not_found", "Not found"),
        405 => ("method_not_allowed", "Method not allowed"),
        406 => ("not_acceptable", "Not acceptable"),
        408 => ("request_timeout", "Request timed out"),
        409 => ("conflict", "Conflict"),
        413 => ("payload_too_large", "Request body is too large"),
        414 => ("uri_too_long", "URL is too long"),
        415 => ("unsupported_media_type", "Unsupported media type"),
        417 => ("expectation_failed", "Expectation failed"),
        421 => ("misdirected_request", "Misdirected request"),
        422 => ("unprocessable", "Request could not be processed"),
        429 => ("too_many_requests", "Too many requests"),
        431 => ("header_too_large", "Request header is too large"),
        500 => ("internal", INTERNAL_MESSAGE),
        501 => ("not_implemented", "Not implemented"),
        503 => ("service_unavailable", "Service unavailable"),
        505 => ("http_version", "HTTP version not supported"),
        _ if status.is_client_error() => ("client_error", "Request refused"),
        _ => ("server_error", "Server error"),
    }
}

#[cfg(test)]
mod tests;
