//! A JSON body as a type, and every way in which it can be refused.

use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::body;
use crate::error::ApiError;

const NOT_JSON: &str = "Request body must be JSON";

/// A JSON request body, or a JSON response.
///
/// As an extractor it takes `application/json` in UTF-8 only, up to
/// [`crate::HttpLimits::body_bytes`], checked strictly: RFC 8259 without
/// repeated names, lone surrogates or deep nesting. A handler with a text of its
/// own takes `Result<Json<T>, JsonRejection>`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

/// Why a JSON body was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JsonRejection {
    /// No `Content-Type`; 415.
    #[error("request has no content type; send application/json")]
    MissingContentType,
    /// A `Content-Type` that isn't `application/json` in UTF-8; 415.
    #[error("content type is not application/json")]
    UnsupportedMediaType,
    /// Nothing but white space; 400.
    #[error("request body is empty")]
    Empty,
    /// Not UTF-8 (RFC 8259 section 8.1); 400.
    #[error("request body is not UTF-8")]
    NotUtf8,
    /// Not JSON (RFC 8259); 400.
    #[error("request body is not JSON")]
    Syntax,
    /// Deeper than [`crate::HttpLimits::json_depth`]; 400.
    #[error("request body is nested too deep")]
    TooDeep,
    /// An object with the same name twice (ASVS 1.5.3); 400.
    #[error("an object in the request body has the same name twice")]
    DuplicateName,
    /// A string with half a surrogate pair, which no Unicode text can hold; 400.
    #[error("a string in the request body holds half of a surrogate pair")]
    LoneSurrogate,
    /// JSON of another shape than the handler takes; 400. Only the place is
    /// kept: the text of the parser would repeat parts of the body.
    #[error("request body has another shape than expected, at line {line} column {column}")]
    Data {
        /// Line of the first misfit, from 1.
        line: usize,
        /// Column of the first misfit, from 1.
        column: usize,
    },
    /// Longer than the limit; 413.
    #[error("request body is longer than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// Broken chunked framing (RFC 9112 section 7.1); 400.
    #[error("request body is framed wrongly")]
    Malformed,
    /// The body did not arrive in time; 408.
    #[error("request body did not arrive in time")]
    Timeout,
    /// The client went away inside the body; 400, which nobody reads.
    #[error("connection ended inside the request body")]
    Disconnected,
}

impl JsonRejection {
    /// The stable code of the refusal.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingContentType => "missing_content_type",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::Empty => "json_empty",
            Self::NotUtf8 => "json_not_utf8",
            Self::Syntax => "json_syntax",
            Self::TooDeep => "json_too_deep",
            Self::DuplicateName => "json_duplicate_name",
            Self::LoneSurrogate => "json_lone_surrogate",
            Self::Data { .. } => "json_data",
            Self::TooLarge { .. } => "payload_too_large",
            Self::Malformed => "body_malformed",
            Self::Timeout => "request_timeout",
            Self::Disconnected => "body_disconnected",
        }
    }

    /// Whether the body itself is at fault, as the lecture's programs see it: no
    /// JSON, or not sent as JSON. False for size, time and a broken transfer,
    /// which keep their own answers whatever text a handler has.
    #[must_use]
    pub fn is_not_json(&self) -> bool {
        !matches!(
            self,
            Self::TooLarge { .. } | Self::Malformed | Self::Timeout | Self::Disconnected
        )
    }

    /// The answer of a handler that has one text for all that isn't the JSON it
    /// takes: 400 with `message`. What is no matter of JSON keeps its answer.
    #[must_use]
    pub fn or_bad_request(self, message: &'static str) -> ApiError {
        if self.is_not_json() {
            ApiError::bad_request(message).with_code(self.code())
        } else {
            self.into()
        }
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        let code = rejection.code();
        match rejection {
            JsonRejection::MissingContentType | JsonRejection::UnsupportedMediaType => {
                Self::unsupported_media_type("Content-Type must be application/json")
            }
            JsonRejection::TooLarge { .. } => Self::payload_too_large(),
            JsonRejection::Timeout => Self::request_timeout(),
            JsonRejection::Malformed | JsonRejection::Disconnected => {
                Self::new(StatusCode::BAD_REQUEST, code, "Malformed request body").closing()
            }
            JsonRejection::Empty
            | JsonRejection::NotUtf8
            | JsonRejection::Syntax
            | JsonRejection::TooDeep
            | JsonRejection::DuplicateName
            | JsonRejection::LoneSurrogate
            | JsonRejection::Data { .. } => Self::bad_request(NOT_JSON),
        }
        .with_code(code)
    }
}

impl IntoResponse for JsonRejection {
    fn into_response(self) -> Response {
        ApiError::from(self).into_response()
    }
}

impl<T, S> FromRequest<S> for Json<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = JsonRejection;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        let text = body::checked_json(request).await?;
        serde_json::from_slice(&text)
            .map(Json)
            .map_err(|error| JsonRejection::Data {
                line: error.line(),
                column: error.column(),
            })
    }
}

/// `Option<Json<T>>` is `None` only for a request without a body and without a
/// content type; whatever is sent must be right.
impl<T, S> OptionalFromRequest<S> for Json<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = JsonRejection;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Self::Rejection> {
        let headers = request.headers();
        let has_body = headers.contains_key(TRANSFER_ENCODING)
            || headers
                .get(CONTENT_LENGTH)
                .is_some_and(|length| length != "0");
        if !has_body && !headers.contains_key(CONTENT_TYPE) {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state)
            .await
            .map(Some)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(text) => {
                let mut response = Response::new(text.into());
                response
                    .headers_mut()
                    .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            Err(error) => ApiError::internal().with_source(error).into_response(),
        }
    }
}

#[cfg(test)]
mod tests;
