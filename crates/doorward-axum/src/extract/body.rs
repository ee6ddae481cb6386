//! Reading a JSON body: media type, size and the strict check, in this order.

use std::error::Error;
use std::io;

use axum::body::Body;
use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError};

use super::json::JsonRejection;
use super::media_type::{self, ContentType};
use crate::context::BodyRules;
use crate::strict_json::{self, StrictJsonError};

/// The bytes of a body that is strict JSON.
pub(crate) async fn checked_json(request: Request) -> Result<Bytes, JsonRejection> {
    match media_type::of(request.headers()) {
        ContentType::Json => {}
        ContentType::Missing => return Err(JsonRejection::MissingContentType),
        ContentType::Other => return Err(JsonRejection::UnsupportedMediaType),
    }
    let rules = BodyRules::of(request.extensions());
    let text = collect(request.into_body(), rules.body_bytes).await?;
    strict_json::check(&text, rules.json_depth)?;
    Ok(text)
}

pub(super) async fn collect(mut body: Body, limit: usize) -> Result<Bytes, JsonRejection> {
    let too_large = JsonRejection::TooLarge { limit };
    let hint = body.size_hint().lower();
    if usize::try_from(hint).map_or(true, |length| length > limit) {
        return Err(too_large);
    }
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| body_error(&error, limit))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if first.len() + all.len() + data.len() > limit {
            return Err(too_large);
        }
        if first.is_empty() && all.is_empty() {
            // Nearly every body is one frame, which needs no copy.
            first = data;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// Finds out why a body broke off, from the errors below axum's.
fn body_error(error: &(dyn Error + 'static), limit: usize) -> JsonRejection {
    let mut next = Some(error);
    while let Some(cause) = next {
        if cause.is::<LengthLimitError>() {
            return JsonRejection::TooLarge { limit };
        }
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return match io.kind() {
                io::ErrorKind::TimedOut => JsonRejection::Timeout,
                io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                    JsonRejection::Malformed
                }
                _ => JsonRejection::Disconnected,
            };
        }
        next = cause.source();
    }
    JsonRejection::Disconnected
}

impl From<StrictJsonError> for JsonRejection {
    fn from(error: StrictJsonError) -> Self {
        match error {
            StrictJsonError::NotUtf8 => Self::NotUtf8,
            StrictJsonError::Syntax { .. } => Self::Syntax,
            StrictJsonError::TooDeep { .. } => Self::TooDeep,
            StrictJsonError::DuplicateName => Self::DuplicateName,
            StrictJsonError::LoneSurrogate => Self::LoneSurrogate,
            StrictJsonError::Empty => Self::Empty,
        }
    }
}
