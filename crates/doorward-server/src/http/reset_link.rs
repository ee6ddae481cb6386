//! A link with which a user sets a new password, handed over by an administrator.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use doorward::authenticator::{Authenticator, ResetLink};
use doorward_axum::{ApiError, Json, Path, PathInt, RequestClient, RequirePermission, UsersWrite};
use serde::Serialize;
use utoipa::ToSchema;

use super::user::{refuse_own_key, user_id};
use crate::commands::timestamp::rfc3339;

/// A link that is shown once.
#[derive(Serialize, ToSchema)]
pub struct HandedOver {
    link: String,
    #[schema(format = DateTime)]
    expires_at: String,
}

impl From<ResetLink> for HandedOver {
    fn from(link: ResetLink) -> Self {
        Self {
            link: link.expose().to_owned(),
            expires_at: rfc3339(link.expires_at),
        }
    }
}

/// `POST /users/{id}/reset-link`: the link, for whoever hands it over. Nobody but the user ever knows the password (AU-14).
///
/// # Errors
/// 401 and 403 for callers without the permission; 404 when there is no such user; 409 for a disabled one; 503 without
/// `public_url`.
#[utoipa::path(
    post,
    path = "/users/{id}/reset-link",
    tag = "users",
    operation_id = "make_reset_link",
    summary = "Make a link with which the user sets a new password",
    params(("id" = i64, Path, description = "The number of the user")),
    responses(
        (status = 201, description = "The link; an older one is void", body = HandedOver),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Needs `users:write`: `insufficient_scope`; the user may do what the caller may not: `user_out_of_reach`; or an API key is asked for its own user: `api_key_of_user`"),
        (status = 404, description = "There is no such user"),
        (status = 409, description = "The user is disabled: `user_disabled`"),
        (status = 503, description = "No `public_url`: `public_url_not_configured`"),
    ),
    security(("bearer" = [])),
)]
pub async fn make(
    administrator: RequirePermission<UsersWrite>,
    State(authenticator): State<Arc<Authenticator>>,
    Path(id): Path<PathInt>,
    RequestClient(client): RequestClient,
) -> Result<(StatusCode, Json<HandedOver>), ApiError> {
    let id = user_id(id)?;
    refuse_own_key(&administrator, id)?;
    let found = authenticator.find_user(id).await?;
    let (user, _) = found.ok_or_else(ApiError::not_found)?;
    let authority = administrator.authority(client);
    let link = authenticator.make_reset_link(&user, &authority).await?;
    Ok((StatusCode::CREATED, Json(link.into())))
}
