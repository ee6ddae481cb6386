//! Flask's signed session cookie (lecture, program 7).

use std::{
    convert::Infallible,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use axum::{
    extract::{FromRef, FromRequestParts},
    response::{IntoResponse, IntoResponseParts, Response, ResponseParts},
};
use doorward::{
    clock::Clock,
    flask_session::{SessionData, SessionSigner},
};
use http::{
    HeaderMap, HeaderValue,
    header::{COOKIE, SET_COOKIE, VARY},
    request::Parts,
};

use crate::ApiError;

const NAME: &str = "session";

/// How session cookies are signed and sent.
#[derive(Clone)]
pub struct SessionCookies {
    signer: Arc<SessionSigner>,
    clock: Arc<dyn Clock>,
    secure: bool,
}

impl SessionCookies {
    /// Cookies signed by `signer`; `secure` when clients reach the service by https, so that the cookie never
    /// travels in the clear (ASVS 3.3.1).
    #[must_use]
    pub fn new(signer: SessionSigner, clock: Arc<dyn Clock>, secure: bool) -> Self {
        Self {
            signer: Arc::new(signer),
            clock,
            secure,
        }
    }

    /// The session that a request brings, or an empty one: a cookie that is altered, too old or sent twice is no
    /// cookie (SE-11, SE-16).
    fn read(&self, headers: &HeaderMap) -> SessionData {
        let now = self.now();
        only_cookie(headers, NAME)
            .and_then(|value| self.signer.decode(value, now).ok())
            .unwrap_or_default()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.now().as_seconds()).unwrap_or(0)
    }

    fn set_cookie(&self, data: &SessionData) -> Result<HeaderValue, ApiError> {
        if data.is_empty() {
            return self.header(NAME, "; Max-Age=0");
        }
        let value = self
            .signer
            .encode(data, self.now())
            .map_err(|error| ApiError::internal().with_source(error))?;
        self.header(NAME, &value)
    }

    /// The `Set-Cookie` value for a cookie that is signed already: `HttpOnly; Path=/; SameSite=Lax`, and `Secure` as for
    /// our own.
    ///
    /// # Errors
    /// A 500 when name or value cannot stand in a header.
    pub fn header(&self, name: &str, value: &str) -> Result<HeaderValue, ApiError> {
        let secure = if self.secure { "; Secure" } else { "" };
        HeaderValue::try_from(format!(
            "{name}={value}; HttpOnly; Path=/; SameSite=Lax{secure}"
        ))
        .map_err(|error| ApiError::internal().with_source(error))
    }
}

impl std::fmt::Debug for SessionCookies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionCookies")
            .field("secure", &self.secure)
            .finish_non_exhaustive()
    }
}

/// The only cookie of a name; `None` when there is none, or two: which of them a browser means, nobody knows (SE-11).
#[must_use]
pub fn only_cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter_map(|(found, value)| (found == name).then_some(value));
    let value = values.next();
    if values.next().is_some() { None } else { value }
}

/// The caller's session: signed by us, kept by the client, readable by Flask with the same `SECRET_KEY` and written
/// in its format.
///
/// Return it with the answer to send changes back: `(session, Json(…))`. A session that was only read sets no cookie.
#[derive(Debug)]
pub struct Session {
    data: SessionData,
    cookies: SessionCookies,
}

impl Deref for Session {
    type Target = SessionData;

    fn deref(&self) -> &SessionData {
        &self.data
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut SessionData {
        &mut self.data
    }
}

impl<S> FromRequestParts<S> for Session
where
    S: Send + Sync,
    SessionCookies: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let cookies = SessionCookies::from_ref(state);
        Ok(Self {
            data: cookies.read(&parts.headers),
            cookies,
        })
    }
}

impl IntoResponseParts for Session {
    type Error = ApiError;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, ApiError> {
        let headers = response.headers_mut();
        // A cache must not give one caller's answer to another.
        headers.append(VARY, HeaderValue::from_static("Cookie"));
        if self.data.is_modified() {
            headers.append(SET_COOKIE, self.cookies.set_cookie(&self.data)?);
        }
        Ok(response)
    }
}

impl IntoResponse for Session {
    fn into_response(self) -> Response {
        (self, ()).into_response()
    }
}
