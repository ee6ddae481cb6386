//! API keys: the caller's own, and those of others.

use std::{sync::Arc, time::Duration};

use axum::{extract::State, http::StatusCode};
use doorward::{
    api_key::{ApiKeyId, ApiKeyRecord},
    authenticator::{
        ApiKeyError, Authenticator, ChangePasswordError, KeyMaker, MadeApiKey, NewApiKey,
    },
    authority::Authority,
    caller::Caller,
    permission::{Permission, PermissionSet},
    store::AddKeyError,
    user::UserId,
};
use doorward_axum::{
    ApiError, Bearer, BearerRejection, Json, JsonRejection, KeysWrite, Path, PathInt,
    RequestClient, RequirePermission,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    account::parse_password,
    user::{existing, user_id},
};
use crate::commands::timestamp::rfc3339;

/// A key. Its text is there when it was just made, and never again.
#[derive(Serialize, ToSchema)]
pub struct ApiKeyView {
    id: String,
    name: String,
    permissions: Vec<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    /// To the hour.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    /// The key: only in the answer that makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl From<ApiKeyRecord> for ApiKeyView {
    fn from(record: ApiKeyRecord) -> Self {
        Self {
            id: record.id.to_string(),
            name: record.name,
            permissions: record.scope.iter().map(ToString::to_string).collect(),
            created_at: rfc3339(record.created_at),
            expires_at: rfc3339(record.expires_at),
            last_used_at: record.last_used_at.map(rfc3339),
            key: None,
        }
    }
}

impl From<MadeApiKey> for ApiKeyView {
    fn from(made: MadeApiKey) -> Self {
        Self {
            key: Some(made.key.expose().to_owned()),
            ..made.record.into()
        }
    }
}

/// What a key shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyBody {
    /// At most 64 characters.
    name: String,
    /// `noun:verb` or `noun:*`; with none of them the key says who it is for, and may do nothing.
    permissions: Vec<String>,
    /// 90 when left out.
    expires_in_days: Option<u32>,
}

impl KeyBody {
    fn read(self) -> Result<NewApiKey, ApiError> {
        let permissions = self.permissions.iter().map(|name| Permission::parse(name));
        let scope: PermissionSet = permissions.collect::<Result<_, _>>().map_err(|error| {
            ApiError::bad_request(error.to_string()).with_code("permission_invalid")
        })?;
        Ok(NewApiKey {
            name: self.name,
            scope,
            lifetime: self
                .expires_in_days
                .map(|days| Duration::from_secs(u64::from(days) * 86_400)),
        })
    }
}

/// What a key of the caller's own shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnKeyBody {
    /// At most 64 characters.
    name: String,
    /// `noun:verb` or `noun:*`; with none of them the key says who it is for, and may do nothing.
    permissions: Vec<String>,
    /// 90 when left out.
    expires_in_days: Option<u32>,
    /// The caller's own: a key outlives whatever token asks for it.
    #[schema(format = Password)]
    current_password: String,
}

type Body = Result<Json<KeyBody>, JsonRejection>;
type Made = (StatusCode, Json<ApiKeyView>);

/// `POST /auth/keys`: a key for programs that act for the caller. It is shown once. An API key makes none here, and a token
/// without the password does not either: a stolen one would become a key that lasts.
///
/// # Errors
/// 400 for what breaks a rule; 401 without a user's token; 403 for more than the caller may do or a wrong password; 409 for
/// too many; 429 after too many wrong passwords.
#[utoipa::path(
    post,
    path = "/auth/keys",
    tag = "keys",
    summary = "Make an API key",
    request_body = OwnKeyBody,
    responses(
        (status = 201, description = "The key, shown once", body = ApiKeyView),
        (status = 400, description = "`api_key_invalid`, `permission_invalid`, or a body of another shape"),
        (status = 401, description = "No token of a user, or one that is not good: `token_…`"),
        (status = 403, description = "The password is wrong: `current_password_wrong`; or the key allows more than the caller may do: `permission_not_held`"),
        (status = 409, description = "There are too many: `too_many_keys`"),
        (status = 429, description = "Too many failures: `login_throttled`"),
    ),
    security(("bearer" = [])),
)]
pub async fn create_own_key(
    State(authenticator): State<Arc<Authenticator>>,
    Bearer(principal): Bearer,
    RequestClient(client): RequestClient,
    body: Result<Json<OwnKeyBody>, JsonRejection>,
) -> Result<Made, ApiError> {
    let Json(OwnKeyBody {
        name,
        permissions,
        expires_in_days,
        current_password,
    }) = body?;
    let password = parse_password(current_password)?;
    // Boxed as every login is.
    Box::pin(authenticator.confirm_password(principal.user_id, password, &client))
        .await
        .map_err(ChangePasswordError::from)?;
    let body = KeyBody {
        name,
        permissions,
        expires_in_days,
    };
    let current = authenticator.current(&principal).await?;
    let principal = current.ok_or(BearerRejection::Invalid)?;
    let held = authenticator.permissions_of(&principal).await?;
    let maker = KeyMaker {
        authority: &Authority::new(Caller::user(principal.user_id, client), held),
        ends: None,
    };
    make(&authenticator, principal.user_id, body, &maker).await
}

/// `GET /auth/keys`.
///
/// # Errors
/// 401 without a user's token.
#[utoipa::path(
    get,
    path = "/auth/keys",
    tag = "keys",
    summary = "The caller's API keys",
    responses(
        (status = 200, description = "The oldest first; not the keys themselves", body = Vec<ApiKeyView>),
        (status = 401, description = "No token of a user, or one that is not good: `token_…`"),
    ),
    security(("bearer" = [])),
)]
pub async fn list_own_keys(
    State(authenticator): State<Arc<Authenticator>>,
    Bearer(principal): Bearer,
) -> Result<Json<Vec<ApiKeyView>>, ApiError> {
    list(&authenticator, principal.user_id).await
}

/// `DELETE /auth/keys/{id}`: revokes one, with the tokens that were given for it.
///
/// # Errors
/// 401 without a user's token; 404 when it is none of the caller's.
#[utoipa::path(
    delete,
    path = "/auth/keys/{id}",
    tag = "keys",
    summary = "Revoke an API key",
    params(("id" = String, Path, description = "As the list has it")),
    responses(
        (status = 204, description = "It counts no more"),
        (status = 401, description = "No token of a user, or one that is not good: `token_…`"),
        (status = 404, description = "No key of the caller's"),
    ),
    security(("bearer" = [])),
)]
pub async fn revoke_own_key(
    State(authenticator): State<Arc<Authenticator>>,
    Bearer(principal): Bearer,
    RequestClient(client): RequestClient,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let caller = Caller::user(principal.user_id, client);
    revoke(&authenticator, principal.user_id, &id, &caller).await
}

/// `POST /users/{id}/keys`: a key for programs that act for another user. It is shown once. What an API key makes so does not
/// outlive it.
///
/// # Errors
/// 400 for what breaks a rule; 401 and 403 for callers without `keys:write`, or for more than both may do; 404 when there is no
/// such user; 409 for too many.
#[utoipa::path(
    post,
    path = "/users/{id}/keys",
    tag = "keys",
    summary = "Make an API key for a user",
    params(("id" = i64, Path, description = "The number of the user")),
    request_body = KeyBody,
    responses(
        (status = 201, description = "The key, shown once", body = ApiKeyView),
        (status = 400, description = "`api_key_invalid`, `permission_invalid`, or a body of another shape"),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Needs `keys:write`: `insufficient_scope`; or more than the caller or the user may do: `permission_not_held`, `user_out_of_reach`"),
        (status = 404, description = "There is no such user, or the user is disabled"),
        (status = 409, description = "There are too many: `too_many_keys`"),
    ),
    security(("bearer" = [])),
)]
pub async fn create_key(
    granter: RequirePermission<KeysWrite>,
    State(authenticator): State<Arc<Authenticator>>,
    RequestClient(client): RequestClient,
    Path(id): Path<PathInt>,
    body: Body,
) -> Result<Made, ApiError> {
    let id = existing(&authenticator, id).await?;
    let Json(body) = body?;
    let maker = KeyMaker {
        authority: &granter.authority(client),
        ends: granter.key.as_ref().map(|key| key.expires_at),
    };
    make(&authenticator, id, body, &maker).await
}

/// `GET /users/{id}/keys`.
///
/// # Errors
/// 401 and 403 for callers without `keys:write`; 404 when there is no such user.
#[utoipa::path(
    get,
    path = "/users/{id}/keys",
    tag = "keys",
    summary = "The API keys of a user",
    params(("id" = i64, Path, description = "The number of the user")),
    responses(
        (status = 200, description = "The oldest first; not the keys themselves", body = Vec<ApiKeyView>),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Needs `keys:write`: `insufficient_scope`"),
        (status = 404, description = "There is no such user"),
    ),
    security(("bearer" = [])),
)]
pub async fn list_keys(
    _: RequirePermission<KeysWrite>,
    State(authenticator): State<Arc<Authenticator>>,
    Path(id): Path<PathInt>,
) -> Result<Json<Vec<ApiKeyView>>, ApiError> {
    let id = user_id(id)?;
    let found = authenticator.find_user(id).await?;
    found.ok_or_else(ApiError::not_found)?;
    list(&authenticator, id).await
}

/// `DELETE /users/{id}/keys/{key}`: whoever may do this may do it to every user's, so that a key that has leaked is stopped at
/// once.
///
/// # Errors
/// 401 and 403 for callers without `keys:write`; 404 when it is none of this user's.
#[utoipa::path(
    delete,
    path = "/users/{id}/keys/{key}",
    tag = "keys",
    summary = "Revoke an API key of a user",
    params(
        ("id" = i64, Path, description = "The number of the user"),
        ("key" = String, Path, description = "As the list has it"),
    ),
    responses(
        (status = 204, description = "It counts no more"),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Needs `keys:write`: `insufficient_scope`"),
        (status = 404, description = "No key of this user"),
    ),
    security(("bearer" = [])),
)]
pub async fn revoke_key(
    granter: RequirePermission<KeysWrite>,
    State(authenticator): State<Arc<Authenticator>>,
    RequestClient(client): RequestClient,
    Path((id, key)): Path<(PathInt, String)>,
) -> Result<StatusCode, ApiError> {
    let caller = Caller::acting(&granter, client);
    revoke(&authenticator, user_id(id)?, &key, &caller).await
}

async fn make(
    authenticator: &Authenticator,
    owner: UserId,
    body: KeyBody,
    maker: &KeyMaker<'_>,
) -> Result<Made, ApiError> {
    let making = authenticator.create_api_key(owner, body.read()?, maker);
    let made = Box::pin(making).await.map_err(refused)?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

async fn list(
    authenticator: &Authenticator,
    owner: UserId,
) -> Result<Json<Vec<ApiKeyView>>, ApiError> {
    let keys = authenticator.store().list_api_keys(owner).await?;
    Ok(Json(keys.into_iter().map(ApiKeyView::from).collect()))
}

async fn revoke(
    authenticator: &Authenticator,
    owner: UserId,
    id: &str,
    caller: &Caller,
) -> Result<StatusCode, ApiError> {
    let id = ApiKeyId::parse(id).ok_or_else(ApiError::not_found)?;
    if authenticator.revoke_api_key(owner, id, caller).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found())
    }
}

fn refused(error: ApiKeyError) -> ApiError {
    let text = error.to_string();
    match error {
        ApiKeyError::InvalidName
        | ApiKeyError::ScopeTooLong
        | ApiKeyError::InvalidLifetime { .. } => {
            ApiError::bad_request(text).with_code("api_key_invalid")
        }
        ApiKeyError::Overreach(error) | ApiKeyError::Refused(AddKeyError::Overreach(error)) => {
            error.into()
        }
        ApiKeyError::Refused(AddKeyError::TooMany) => {
            ApiError::conflict(text).with_code("too_many_keys")
        }
        ApiKeyError::Refused(AddKeyError::NoUser) => ApiError::not_found(),
        ApiKeyError::Refused(AddKeyError::Store(error)) | ApiKeyError::Store(error) => error.into(),
        ApiKeyError::Random(error) => ApiError::internal().with_source(error),
    }
}
