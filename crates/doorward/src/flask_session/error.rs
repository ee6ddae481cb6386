use thiserror::Error;

use crate::json::JsonError;

/// Why a session cookie is not accepted. Callers treat every case as "no session"; the case itself
/// is for logs. It holds nothing of the cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The value is longer than [`super::MAX_COOKIE_BYTES`].
    #[error("the session cookie is longer than 4093 bytes; start a new session")]
    TooLong,
    /// Not `payload.timestamp.signature`, or a part is not canonical base64url.
    #[error("the session cookie is malformed; start a new session")]
    Malformed,
    /// No key made this signature.
    #[error("the signature of the session cookie does not match; start a new session")]
    Signature,
    /// Older than the signer's maximum age.
    #[error("the session cookie is too old; start a new session")]
    Expired,
    /// Dated ahead of the clock.
    #[error("the session cookie is dated in the future; check the clocks of the servers")]
    Future,
    /// A timestamp of itsdangerous before 1.0, which counted from 2011, and the signer was not told
    /// to accept those.
    #[error("the session cookie has an itsdangerous 0.x timestamp; enable those to accept it")]
    OldTimestamp,
    /// The payload is not a whole zlib stream.
    #[error("the payload of the session cookie does not decompress; start a new session")]
    Compression,
    /// The payload is larger than [`super::MAX_PAYLOAD_BYTES`] when decompressed.
    #[error("the payload of the session cookie is larger than 64 KiB; start a new session")]
    TooLarge,
    /// The payload is not strict JSON.
    #[error("the payload of the session cookie is not strict JSON ({0}); start a new session")]
    Json(#[from] JsonError),
    /// The payload is JSON, but not an object.
    #[error("the payload of the session cookie is not an object; start a new session")]
    NotAnObject,
    /// A number that no value can hold: a float beyond `f64`, or more than 4300 digits.
    #[error("a number in the session cookie is out of range; start a new session")]
    Number,
    /// A tagged value whose content does not fit its tag.
    #[error("a tagged value in the session cookie is malformed; start a new session")]
    Tag,
}

/// Why a session can't be written into a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// Browsers drop cookies this long, so the session would be lost without a word.
    #[error(
        "the session cookie would have {bytes} bytes, and browsers keep 4093; store less in it"
    )]
    TooLong {
        /// Length of the cookie value.
        bytes: usize,
    },
    /// The payload would be larger than the reader decompresses.
    #[error("the session holds more than 64 KiB; store less in it")]
    TooLarge,
    /// Nested deeper than the reader accepts, tags included.
    #[error("the session nests deeper than 32 levels; flatten it")]
    TooDeep,
    /// An infinite float or NaN, which JSON can't hold.
    #[error("the session holds an infinite number or NaN; store a finite number")]
    NotFinite,
}
