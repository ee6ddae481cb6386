//! The sessions of one user, for those who may read users or end sessions.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use doorward::{
    authenticator::Authenticator,
    caller::Caller,
    session::{EndReason, SessionId},
    store::EndSessions,
    user::UserId,
};
use doorward_axum::{
    ApiError, Json, Path, PathInt, RequestClient, RequirePermission, SessionsRevoke, UsersRead,
};

use super::{session::SessionRow, user::user_id};

/// `GET /users/{id}/sessions`: those that go on, the one seen last first (ASVS 7.4.5).
///
/// # Errors
/// 401 and 403 for callers without the permission, 404 when there is no such user.
#[utoipa::path(
    get,
    path = "/users/{id}/sessions",
    tag = "users",
    operation_id = "list_sessions_of_user",
    summary = "The sessions of a user",
    params(("id" = i64, Path, description = "The number of the user")),
    responses(
        (status = 200, description = "The one seen last first", body = Vec<SessionRow>),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Needs `users:read`: `insufficient_scope`"),
        (status = 404, description = "There is no such user"),
    ),
    security(("bearer" = [])),
)]
pub async fn list(
    administrator: RequirePermission<UsersRead>,
    State(authenticator): State<Arc<Authenticator>>,
    Path(id): Path<PathInt>,
) -> Result<Json<Vec<SessionRow>>, ApiError> {
    let id = existing(&authenticator, id).await?;
    let sessions = authenticator.sessions_of(id).await?;
    let rows = sessions
        .into_iter()
        .map(|session| SessionRow::new(session, administrator.session));
    Ok(Json(rows.collect()))
}

/// `DELETE /users/{id}/sessions`: ends all of them and makes the user's access tokens void. It gives the caller nothing, so
/// it may be done to anybody: an administrator whose token was stolen, too.
///
/// # Errors
/// 401 and 403 for callers without the permission, 404 when there is no such user.
#[utoipa::path(
    delete,
    path = "/users/{id}/sessions",
    tag = "users",
    operation_id = "end_sessions_of_user",
    summary = "End all sessions of a user",
    params(("id" = i64, Path, description = "The number of the user")),
    responses(
        (status = 204, description = "All sessions have ended"),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Needs `sessions:revoke`: `insufficient_scope`"),
        (status = 404, description = "There is no such user"),
    ),
    security(("bearer" = [])),
)]
pub async fn end_all(
    administrator: RequirePermission<SessionsRevoke>,
    State(authenticator): State<Arc<Authenticator>>,
    Path(id): Path<PathInt>,
    RequestClient(client): RequestClient,
) -> Result<StatusCode, ApiError> {
    let id = existing(&authenticator, id).await?;
    let caller = Caller::acting(&administrator, client);
    let all = EndSessions::All(EndReason::Administrator);
    gone(authenticator.end_sessions(id, all, &caller).await?)
}

/// `DELETE /users/{id}/sessions/{sid}`: ends one. Another user's session is as unknown as one that is not there (AZ-02).
///
/// # Errors
/// 401 and 403 for callers without the permission, 404 for no session of this user that goes on.
#[utoipa::path(
    delete,
    path = "/users/{id}/sessions/{sid}",
    tag = "users",
    operation_id = "end_session_of_user",
    summary = "End one session of a user",
    params(
        ("id" = i64, Path, description = "The number of the user"),
        ("sid" = String, Path, description = "As the list has it"),
    ),
    responses(
        (status = 204, description = "The session has ended"),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Needs `sessions:revoke`: `insufficient_scope`"),
        (status = 404, description = "No session of this user that goes on"),
    ),
    security(("bearer" = [])),
)]
pub async fn end_one(
    administrator: RequirePermission<SessionsRevoke>,
    State(authenticator): State<Arc<Authenticator>>,
    Path((id, sid)): Path<(PathInt, String)>,
    RequestClient(client): RequestClient,
) -> Result<StatusCode, ApiError> {
    let id = user_id(id)?;
    let sid = SessionId::parse(&sid).map_err(|_| ApiError::not_found())?;
    let caller = Caller::acting(&administrator, client);
    gone(
        authenticator
            .end_session(id, sid, EndReason::Administrator, &caller)
            .await?,
    )
}

async fn existing(authenticator: &Authenticator, id: PathInt) -> Result<UserId, ApiError> {
    let id = user_id(id)?;
    let found = authenticator.find_user(id).await?;
    found.map(|_| id).ok_or_else(ApiError::not_found)
}

fn gone(ended: bool) -> Result<StatusCode, ApiError> {
    if ended {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found())
    }
}
