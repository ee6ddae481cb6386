//! The caller's sessions: going on with one, listing them, ending one or all.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
};
use doorward::{
    authenticator::{Authenticator, LoggedIn},
    caller::Caller,
    session::{EndReason, Session, SessionId},
    store::EndSessions,
};
use doorward_axum::{ApiError, Bearer, BearerRejection, Json, Path, RequestClient};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::account::{Body, fields};
use crate::commands::timestamp::rfc3339;

/// What a login, a refresh and an exchange answer (as RFC 6749 §5.1 names it; `token` is the lecture's name).
#[derive(Serialize, ToSchema)]
pub struct TokenPair {
    /// For `Authorization: Bearer`.
    token: String,
    /// For `POST /auth/refresh`, once.
    refresh_token: String,
    /// `Bearer`
    token_type: &'static str,
    /// How long `token` is valid, in seconds.
    expires_in: u64,
}

impl From<LoggedIn> for TokenPair {
    fn from(logged_in: LoggedIn) -> Self {
        Self {
            token: logged_in.issued.token.as_str().to_owned(),
            refresh_token: logged_in.refresh.expose().to_string(),
            token_type: "Bearer",
            expires_in: logged_in.issued.expires_in.as_secs(),
        }
    }
}

#[derive(Deserialize, ToSchema)]
struct Refresh {
    /// As the login or the last refresh gave it.
    refresh_token: String,
}

const REFRESH_TOKEN_REQUIRED: &str = "Refresh token required";

/// `POST /auth/refresh` `{"refresh_token"}`: the next pair. The token is used up with it (RFC 9700 §4.14.2).
///
/// # Errors
/// 400 without one; 401 for one that gives nothing (any more), and with the use of an old one the session ends; 503 when the
/// database is away.
#[utoipa::path(
    post,
    path = "/auth/refresh",
    tag = "session",
    summary = "Exchange a refresh token for the next pair",
    request_body = Refresh,
    responses(
        (status = 200, description = "The next pair", body = TokenPair),
        (status = 401, description = "A token that gives nothing: `refresh_token_invalid`; one that was used before, which ends the session: `refresh_token_reused`"),
    ),
)]
pub async fn refresh(
    State(authenticator): State<Arc<Authenticator>>,
    RequestClient(client): RequestClient,
    body: Body,
) -> Result<Json<TokenPair>, ApiError> {
    let Refresh { refresh_token } = fields(body, REFRESH_TOKEN_REQUIRED)?;
    let logged_in = authenticator.refresh(&refresh_token, &client).await?;
    Ok(Json(logged_in.into()))
}

/// `POST /auth/logout`: ends the session of the access token, or of `{"refresh_token"}` when that token has expired. 204 also
/// when it has ended before (SE-04, RFC 7009 §2.2).
///
/// # Errors
/// 401 without a token that counts or a refresh token; 503 when the database is away.
#[utoipa::path(
    post,
    path = "/auth/logout",
    tag = "session",
    summary = "End this session",
    request_body = Option<Refresh>,
    responses(
        (status = 204, description = "The session has ended"),
        (status = 401, description = "No token, or one that counts no more: `token_…`"),
    ),
    security((), ("bearer" = [])),
)]
pub async fn log_out(
    State(authenticator): State<Arc<Authenticator>>,
    RequestClient(client): RequestClient,
    headers: HeaderMap,
    bearer: Result<Bearer, BearerRejection>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    match bearer {
        Ok(Bearer(principal)) => authenticator.log_out(&principal, &client).await?,
        // An expired token still stands in the header of a client that has not looked; its session goes on.
        Err(rejection)
            if headers.contains_key(AUTHORIZATION)
                && !matches!(rejection, BearerRejection::Expired) =>
        {
            return Err(rejection.into());
        }
        Err(rejection) => {
            let Ok(Refresh { refresh_token }) = fields(body, REFRESH_TOKEN_REQUIRED) else {
                return Err(rejection.into());
            };
            authenticator
                .log_out_by_refresh_token(&refresh_token, &client)
                .await?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /auth/logout-all`: ends every session of the caller, this one too, and makes all access tokens void.
///
/// # Errors
/// 401 without a token that counts; 503 when the database is away.
#[utoipa::path(
    post,
    path = "/auth/logout-all",
    tag = "session",
    summary = "End all sessions of the caller",
    responses(
        (status = 204, description = "All sessions have ended"),
        (status = 401, description = "No token, or one that counts no more: `token_…`"),
    ),
    security(("bearer" = [])),
)]
pub async fn log_out_everywhere(
    State(authenticator): State<Arc<Authenticator>>,
    RequestClient(client): RequestClient,
    Bearer(principal): Bearer,
) -> Result<StatusCode, ApiError> {
    let caller = Caller::user(principal.user_id, client);
    authenticator
        .end_sessions(
            principal.user_id,
            EndSessions::All(EndReason::Logout),
            &caller,
        )
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A session, as its user sees it.
#[derive(Serialize, ToSchema)]
pub struct SessionRow {
    /// The `sid` of its access tokens.
    id: String,
    /// Whether it is the one that asks.
    current: bool,
    /// `password` or `exchange`
    method: &'static str,
    /// RFC 3339.
    created_at: String,
    /// When it was refreshed last, RFC 3339.
    last_seen_at: String,
    /// When it ends if it is not refreshed, RFC 3339.
    expires_at: String,
    /// From where it was seen last.
    address: Option<String>,
    /// What the client called itself.
    user_agent: Option<String>,
}

impl SessionRow {
    /// `current` is the session that asks.
    pub(crate) fn new(session: Session, current: Option<SessionId>) -> Self {
        Self {
            current: current == Some(session.id),
            id: session.id.to_string(),
            method: session.method.as_str(),
            created_at: rfc3339(session.created_at),
            last_seen_at: rfc3339(session.last_seen_at),
            expires_at: rfc3339(session.expires_at),
            address: session.address.map(|address| address.to_string()),
            user_agent: session.user_agent,
        }
    }
}

/// `GET /auth/sessions`: the caller's sessions, the one seen last first (SE-06, ASVS 7.5.2).
///
/// # Errors
/// 401 without a token that counts; 503 when the database is away.
#[utoipa::path(
    get,
    path = "/auth/sessions",
    tag = "session",
    summary = "The sessions of the caller",
    responses(
        (status = 200, description = "The one seen last first", body = Vec<SessionRow>),
        (status = 401, description = "No token, or one that counts no more: `token_…`"),
    ),
    security(("bearer" = [])),
)]
pub async fn list_sessions(
    State(authenticator): State<Arc<Authenticator>>,
    Bearer(principal): Bearer,
) -> Result<Json<Vec<SessionRow>>, ApiError> {
    let sessions = authenticator.sessions_of(principal.user_id).await?;
    let rows = sessions
        .into_iter()
        .map(|session| SessionRow::new(session, principal.session));
    Ok(Json(rows.collect()))
}

/// `DELETE /auth/sessions/{id}`: ends one of the caller's sessions. Somebody else's is as unknown as one that is not there
/// (AZ-02).
///
/// # Errors
/// 401 without a token that counts; 404 for no session of the caller that goes on; 503 when the database is away.
#[utoipa::path(
    delete,
    path = "/auth/sessions/{id}",
    tag = "session",
    summary = "End one session of the caller",
    params(("id" = String, Path, description = "As the list has it")),
    responses(
        (status = 204, description = "The session has ended"),
        (status = 401, description = "No token, or one that counts no more: `token_…`"),
        (status = 404, description = "No session of the caller that goes on"),
    ),
    security(("bearer" = [])),
)]
pub async fn end_session(
    State(authenticator): State<Arc<Authenticator>>,
    RequestClient(client): RequestClient,
    Bearer(principal): Bearer,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id = SessionId::parse(&id).map_err(|_| ApiError::not_found())?;
    let caller = Caller::user(principal.user_id, client);
    let ended = authenticator
        .end_session(principal.user_id, id, EndReason::Revoked, &caller)
        .await?;
    if ended {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found())
    }
}
