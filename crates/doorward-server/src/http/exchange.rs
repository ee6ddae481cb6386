//! Coming over from another application: its token or its session for a token of ours.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::IntoResponse};
use doorward::{
    audit::{Event, EventKind},
    authenticator::{Authenticator, ExchangeError, SessionLoginError},
    caller::Caller,
    foreign::SessionRefusal,
};
use doorward_axum::{
    ApiError, BearerRejection, Json, OwnOrigin, RequestClient, SessionCookies, bearer_token,
    only_cookie,
};
use http::{
    HeaderValue, StatusCode,
    header::{AUTHORIZATION, COOKIE, SET_COOKIE, VARY},
};

use super::{account::Profile, session::TokenPair};

/// `POST /auth/exchange`: with `Authorization: Bearer` a foreign token, else a Flask session cookie, for a token of ours. A
/// session is signed by our key on the way. No answer is stored (`Cache-Control: no-store` stands on every one).
///
/// # Errors
/// 400 for a token that is ours already; 401 for what lets nobody in; 403 for a cookie that another page sent; 503 when the
/// database is away.
#[utoipa::path(
    post,
    path = "/auth/exchange",
    tag = "exchange",
    summary = "Another application's token or session for a token",
    params(("Cookie" = Option<String>, Header, description = "A Flask session, when there is no `Authorization`")),
    responses(
        (status = 200, description = "A session of ours", body = TokenPair,
            headers(("Set-Cookie" = String, description = "The session, signed by our key; for a session only"))),
        (status = 400, description = "The token is ours already: `token_not_foreign`"),
        (status = 401, description = "What lets nobody in: `token_…`, `session_…`"),
        (status = 403, description = "A cookie that another page sent: `cross_site`"),
    ),
    security((), ("bearer" = [])),
)]
pub async fn exchange(
    State(authenticator): State<Arc<Authenticator>>,
    State(cookies): State<SessionCookies>,
    State(origin): State<OwnOrigin>,
    RequestClient(client): RequestClient,
    headers: HeaderMap,
) -> Result<axum::response::Response, ApiError> {
    if headers.contains_key(AUTHORIZATION) {
        let logged_in = authenticator
            .exchange_token(bearer_token(&headers)?, &client)
            .await
            .map_err(refused_token)?;
        return Ok(Json(TokenPair::from(logged_in)).into_response());
    }
    if !headers.contains_key(COOKIE) {
        return Err(BearerRejection::Missing.into());
    }
    if let Err(cross_site) = origin.check(&headers) {
        let event = Event::denied(EventKind::Forbidden, &Caller::anonymous(client));
        let event = event.detail("refusal", "cross_site");
        authenticator.audit_refusal(event).await;
        return Err(cross_site.into());
    }
    let exchanged = authenticator
        .exchange_session(|name| only_cookie(&headers, name), &client)
        .await
        .map_err(refused_session)?;
    let cookie = cookies.header(&exchanged.cookie, &exchanged.value)?;
    let fields = [(SET_COOKIE, cookie), (VARY, VARY_COOKIE)];
    Ok((fields, Json(TokenPair::from(exchanged.logged_in))).into_response())
}

/// `GET /auth/session`: whom the request's session cookie logs in, as the database has them now.
///
/// # Errors
/// 401 without an accepted cookie; 503 when the database is away.
#[utoipa::path(
    get,
    path = "/auth/session",
    tag = "exchange",
    summary = "Whom a Flask session logs in",
    params(("Cookie" = Option<String>, Header, description = "The session")),
    responses(
        (status = 200, description = "The user, as the database has them now", body = Profile),
        (status = 401, description = "No cookie, or one that lets nobody in: `session_…`"),
    ),
)]
pub async fn show_session(
    State(authenticator): State<Arc<Authenticator>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    let principal = authenticator
        .session_principal(|name| only_cookie(&headers, name))
        .await
        .map_err(refused_session)?;
    Ok(([(VARY, VARY_COOKIE)], Json(Profile::from(principal))))
}

/// A cache must not give one caller's answer to another.
const VARY_COOKIE: HeaderValue = HeaderValue::from_static("Cookie");

fn refused_token(error: ExchangeError) -> ApiError {
    match error {
        ExchangeError::OwnToken => {
            ApiError::bad_request(error.to_string()).with_code("token_not_foreign")
        }
        ExchangeError::Token(error) => BearerRejection::from(error).into(),
        ExchangeError::Session(error) => error.into(),
    }
}

fn refused_session(error: SessionLoginError) -> ApiError {
    let (code, text) = match error {
        SessionLoginError::Refused(SessionRefusal::Missing) => {
            ("session_missing", "Session is missing")
        }
        SessionLoginError::Refused(SessionRefusal::Expired | SessionRefusal::OwnExpired) => {
            ("session_expired", "Session has expired")
        }
        SessionLoginError::Refused(SessionRefusal::Retired) => {
            ("foreign_session_retired", "Invalid session")
        }
        SessionLoginError::Refused(SessionRefusal::Invalid(_)) | SessionLoginError::UnknownUser => {
            ("session_invalid", "Invalid session")
        }
        SessionLoginError::Store(error) => return error.into(),
        SessionLoginError::Session(error) => return error.into(),
        SessionLoginError::Encode(error) => return ApiError::internal().with_source(error),
    };
    // No scheme of authentication is a cookie; the challenge names the one that every other route takes.
    ApiError::new(StatusCode::UNAUTHORIZED, code, text)
        .with_challenge(BearerRejection::Missing.challenge())
        .with_header(VARY, VARY_COOKIE)
}
