//! Reading the value of an `Authorization` field: Basic (RFC 7617, lecture program 4) and Bearer
//! (RFC 6750 §2.1, lecture programs 6, 10 and 11).
//!
//! Values are split on white space as the lecture's `str.split()` does, on ASCII only. More than one
//! `Authorization` field in a request is for the caller to refuse, before any value comes here.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// User name and password of a Basic field. The password is wiped on drop; `Debug` shows neither.
pub struct BasicCredentials {
    username: String,
    password: Zeroizing<String>,
}

impl BasicCredentials {
    /// The text before the first colon; may be empty.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The text behind the first colon, colons included; may be empty.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Both parts, for a caller that keeps them.
    #[must_use]
    pub fn into_parts(self) -> (String, Zeroizing<String>) {
        (self.username, self.password)
    }
}

impl fmt::Debug for BasicCredentials {
    /// Not even the user name: people type passwords there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BasicCredentials(redacted)")
    }
}

/// Why a field value holds no Basic credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BasicError {
    /// No field, or an empty one: ask for credentials.
    #[error("no Authorization field was sent; send Basic credentials")]
    Missing,
    /// Not two parts, or another scheme.
    #[error("the Authorization field is not `Basic <credentials>`; send it in that form")]
    MalformedHeader,
    /// Not canonical base64 with padding (RFC 4648 §4), or not UTF-8 inside.
    #[error("the Basic credentials are not base64 of UTF-8 text; encode them so")]
    InvalidBase64,
    /// A control character inside, which RFC 7617 §2 forbids. Programs that know one text for bad
    /// base64 use it here too.
    #[error("the Basic credentials hold a control character; remove it")]
    ControlCharacter,
    /// No colon between user name and password.
    #[error("the Basic credentials hold no colon; send `username:password`")]
    MissingColon,
}

/// Why a field value holds no Bearer token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BearerError {
    /// No field, or an empty one: ask for a token.
    #[error("no Authorization field was sent; send a Bearer token")]
    Missing,
    /// Not two parts, another scheme, or bytes that are no text.
    #[error("the Authorization field is not `Bearer <token>`; send it in that form")]
    Malformed,
}

/// Reads Basic credentials from a field value; `None` when the request has no such field.
///
/// The scheme is compared without case (RFC 9110 §11.1), the first colon splits.
///
/// # Errors
/// [`BasicError`], whose cases are the answers of lecture program 4.
pub fn basic(value: Option<&[u8]>) -> Result<BasicCredentials, BasicError> {
    let value = sent(value).ok_or(BasicError::Missing)?;
    let encoded = credentials(value, "basic").ok_or(BasicError::MalformedHeader)?;
    let decoded = STANDARD.decode(encoded).map(Zeroizing::new);
    let decoded = decoded.map_err(|_| BasicError::InvalidBase64)?;
    let text = std::str::from_utf8(&decoded).map_err(|_| BasicError::InvalidBase64)?;
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(BasicError::ControlCharacter);
    }
    let (username, password) = text.split_once(':').ok_or(BasicError::MissingColon)?;
    Ok(BasicCredentials {
        username: username.to_owned(),
        password: Zeroizing::new(password.to_owned()),
    })
}

/// Reads a Bearer token from a field value; `None` when the request has no such field. What the
/// token is worth, [`crate::token::Verifier`] says.
///
/// # Errors
/// [`BearerError`], whose cases are the answers of lecture programs 6, 10 and 11.
pub fn bearer(value: Option<&[u8]>) -> Result<&str, BearerError> {
    let value = sent(value).ok_or(BearerError::Missing)?;
    let token = credentials(value, "bearer").ok_or(BearerError::Malformed)?;
    std::str::from_utf8(token).map_err(|_| BearerError::Malformed)
}

/// The value, unless there is nothing in it but the white space around field values (RFC 9110 §5.5).
fn sent(value: Option<&[u8]>) -> Option<&[u8]> {
    value.filter(|value| value.iter().any(|byte| !matches!(byte, b' ' | b'\t')))
}

/// The second of exactly two parts, if the first is the scheme.
fn credentials<'a>(value: &'a [u8], scheme: &str) -> Option<&'a [u8]> {
    let value = trim(value);
    let end = value.iter().position(|byte| is_separator(*byte))?;
    let (first, rest) = value.split_at_checked(end)?;
    let second = trim(rest);
    // No early exit, so that the compiler looks at many bytes of a token at once.
    let has_third = second
        .iter()
        .fold(false, |has, byte| has | is_separator(*byte));
    (first.eq_ignore_ascii_case(scheme.as_bytes()) && !has_third).then_some(second)
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_separator(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_separator(*last)
    {
        text = rest;
    }
    text
}

/// What `str.split()` takes for white space in ASCII.
fn is_separator(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | 0x1c..=0x1f | b' ')
}
