//! One user, for those who may read or change users.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use doorward::{
    authenticator::{AddedUser, Authenticator},
    principal::Principal,
    role::Role,
    store::UserChange,
    user::{User, UserId},
    username::Username,
};
use doorward_axum::{
    ApiError, Json, Path, PathInt, RequestClient, RequirePermission, UsersRead, UsersWrite,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::ToSchema;

use super::{
    account::{Body, fields, parse_password},
    entity_tag,
};
use crate::commands::timestamp::rfc3339;

/// A user as administrators see one: no hash, no secret (AZ-04).
#[derive(Serialize, ToSchema)]
pub struct UserView {
    id: i64,
    username: String,
    role: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    disabled_at: Option<String>,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id.get(),
            username: user.username,
            role: user.role.to_string(),
            created_at: rfc3339(user.created_at),
            disabled_at: user.disabled_at.map(rfc3339),
        }
    }
}

type Found = (HeaderMap, Json<UserView>);

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Addition {
    username: String,
    #[schema(format = Password)]
    password: Option<String>,
    role: Option<String>,
}

/// `POST /users` `{"username", "password"?, "role"?}`: 201, the user, and where it is.
///
/// # Errors
/// 401 and 403 for callers without the permission; 400 for a missing or unknown field (CVE-2025-61928), a name, role or
/// password that may not be; 409 for a taken name.
#[utoipa::path(
    post,
    path = "/users",
    tag = "users",
    summary = "Add a user",
    request_body = Addition,
    responses(
        (status = 201, description = "The user was made", body = UserView, headers(
            ("Location" = String, description = "Where the user is"),
            ("ETag" = String, description = "For `If-Match`"),
        )),
        (status = 400, description = "A missing or unknown field, or one that breaks a rule: `fields_required`, `role_invalid`, `username_invalid`, `password_…`"),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Needs `users:write`: `insufficient_scope`; or the role allows more than the caller may do: `permission_not_held`"),
        (status = 409, description = "The name is taken: `username_taken`"),
    ),
    security(("bearer" = [])),
)]
pub async fn add_user(
    administrator: RequirePermission<UsersWrite>,
    State(authenticator): State<Arc<Authenticator>>,
    RequestClient(client): RequestClient,
    body: Body,
) -> Result<(StatusCode, HeaderMap, Json<UserView>), ApiError> {
    let Addition {
        username,
        password,
        role,
    } = only(body, "Username is required; password and role may be given")?;
    let added = AddedUser {
        username: Username::parse(&username)?,
        password: password.map(parse_password).transpose()?,
        role: role.as_deref().map_or(Ok(Role::user()), parse_role)?,
    };
    let authority = administrator.authority(client);
    let id = authenticator.add_user(added, &authority).await?.id;
    let (mut headers, user) = found(&authenticator, id).await?;
    let location = HeaderValue::try_from(format!("/users/{id}"))
        .map_err(|error| ApiError::internal().with_source(error))?;
    headers.insert(header::LOCATION, location);
    Ok((StatusCode::CREATED, headers, user))
}

/// `GET /users/{id}`: the user, with an `ETag` for a change.
///
/// # Errors
/// 401 and 403 for callers without the permission, 404 when there is no such user.
#[utoipa::path(
    get,
    path = "/users/{id}",
    tag = "users",
    summary = "Show a user",
    params(("id" = i64, Path, description = "The number of the user")),
    responses(
        (status = 200, description = "The user", body = UserView, headers(
            ("ETag" = String, description = "For `If-Match`"),
        )),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Needs `users:read`: `insufficient_scope`"),
        (status = 404, description = "There is no such user"),
    ),
    security(("bearer" = [])),
)]
pub async fn show_user(
    _: RequirePermission<UsersRead>,
    State(authenticator): State<Arc<Authenticator>>,
    Path(id): Path<PathInt>,
) -> Result<Found, ApiError> {
    found(&authenticator, user_id(id)?).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Change {
    role: Option<String>,
    disabled: Option<bool>,
}

/// `PATCH /users/{id}` `{"role"?, "disabled"?}` with the `ETag` in `If-Match` (RFC 9110 §13.1.1, RFC 6585 §3).
///
/// # Errors
/// 401 and 403 for callers without the permission; 404 when there is no such user; 428 without `If-Match`; 412 when the
/// user has changed meanwhile; 400 for another field; 409 for the last administrator.
#[utoipa::path(
    patch,
    path = "/users/{id}",
    tag = "users",
    summary = "Change a user's role, or whether the user can log in",
    params(
        ("id" = i64, Path, description = "The number of the user"),
        ("If-Match" = String, Header, description = "The `ETag` that the change is made for"),
    ),
    request_body = Change,
    responses(
        (status = 200, description = "The user as it is now", body = UserView, headers(
            ("ETag" = String, description = "For `If-Match`"),
        )),
        (status = 400, description = "No field, an unknown one, or a role that is none: `fields_required`, `role_invalid`"),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Needs `users:write`: `insufficient_scope`; or the role allows, or the user may do, what the caller may not: `permission_not_held`, `user_out_of_reach`"),
        (status = 404, description = "There is no such user"),
        (status = 409, description = "The last administrator who can log in: `last_administrator`"),
        (status = 412, description = "The user has changed meanwhile: `user_changed`"),
        (status = 428, description = "No `If-Match`: `if_match_required`"),
    ),
    security(("bearer" = [])),
)]
pub async fn change_user(
    administrator: RequirePermission<UsersWrite>,
    State(authenticator): State<Arc<Authenticator>>,
    Path(id): Path<PathInt>,
    RequestClient(client): RequestClient,
    headers: HeaderMap,
    body: Body,
) -> Result<Found, ApiError> {
    let id = existing(&authenticator, id).await?;
    let expected = entity_tag::required(&headers)?;
    let Change { role, disabled } = only(body, "Role or disabled is required, and nothing else")?;
    let change = UserChange {
        role: role.as_deref().map(parse_role).transpose()?,
        disabled,
    };
    let authority = administrator.authority(client);
    authenticator
        .change_user(id, expected.as_deref(), change, &authority)
        .await?;
    found(&authenticator, id).await
}

/// `DELETE /users/{id}`: 204.
///
/// # Errors
/// 401 and 403 for callers without the permission; 404 when there is no such user; 409 for the last administrator.
#[utoipa::path(
    delete,
    path = "/users/{id}",
    tag = "users",
    summary = "Delete a user",
    params(("id" = i64, Path, description = "The number of the user")),
    responses(
        (status = 204, description = "The user is gone"),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Needs `users:write`: `insufficient_scope`; or the user may do what the caller may not: `user_out_of_reach`"),
        (status = 404, description = "There is no such user"),
        (status = 409, description = "The last administrator who can log in: `last_administrator`"),
    ),
    security(("bearer" = [])),
)]
pub async fn delete_user(
    administrator: RequirePermission<UsersWrite>,
    State(authenticator): State<Arc<Authenticator>>,
    Path(id): Path<PathInt>,
    RequestClient(client): RequestClient,
) -> Result<StatusCode, ApiError> {
    let id = user_id(id)?;
    let authority = administrator.authority(client);
    authenticator.delete_user(id, &authority).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    #[schema(format = Password)]
    password: String,
}

/// `PUT /users/{id}/password` `{"password"}`: 204.
///
/// # Errors
/// 401 and 403 for callers without the permission; 404 when there is no such user; 400 for another field or a password
/// that may not be; 503 when no hashing thread is free.
#[utoipa::path(
    put,
    path = "/users/{id}/password",
    tag = "users",
    summary = "Set a user's password",
    params(("id" = i64, Path, description = "The number of the user")),
    request_body = NewPassword,
    responses(
        (status = 204, description = "The password was set"),
        (status = 400, description = "Another field, or a password that may not be: `fields_required`, `password_…`"),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Needs `users:write`: `insufficient_scope`; the user may do what the caller may not: `user_out_of_reach`; or an API key is asked for its own user: `api_key_of_user`"),
        (status = 404, description = "There is no such user"),
    ),
    security(("bearer" = [])),
)]
pub async fn set_password(
    administrator: RequirePermission<UsersWrite>,
    State(authenticator): State<Arc<Authenticator>>,
    Path(id): Path<PathInt>,
    RequestClient(client): RequestClient,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let id = existing(&authenticator, id).await?;
    refuse_own_key(&administrator, id)?;
    let NewPassword { password } = only(body, "Password is required, and nothing else")?;
    let authority = administrator.authority(client);
    authenticator
        .set_password_of(id, parse_password(password)?, &authority)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An API key is for a part of what its user may do, and ends. With a password of its user it would be a login.
pub(super) fn refuse_own_key(principal: &Principal, id: UserId) -> Result<(), ApiError> {
    if principal.key.is_some() && principal.user_id == id {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "api_key_of_user",
            "An API key does not set the password of its own user",
        ));
    }
    Ok(())
}

/// A number that no user can have is like one that no user has (AZ-02).
pub(super) fn user_id(PathInt(number): PathInt) -> Result<UserId, ApiError> {
    i64::try_from(number)
        .ok()
        .filter(|number| UserId::FITTING.contains(number))
        .map(UserId::new)
        .ok_or_else(ApiError::not_found)
}

/// The number of a user who is there: of nobody one reads the same, whatever else is wrong with the request.
pub(super) async fn existing(
    authenticator: &Authenticator,
    id: PathInt,
) -> Result<UserId, ApiError> {
    let id = user_id(id)?;
    let store = authenticator.store();
    let found = store.find_user_by_id(id, authenticator.now()).await?;
    found.map(|_| id).ok_or_else(ApiError::not_found)
}

async fn found(authenticator: &Authenticator, id: UserId) -> Result<Found, ApiError> {
    let (user, version) = authenticator
        .find_user(id)
        .await?
        .ok_or_else(ApiError::not_found)?;
    Ok((entity_tag::of(version)?, Json(user.into())))
}

pub(super) fn parse_role(name: &str) -> Result<Role, ApiError> {
    Role::parse_assignable(name)
        .map_err(|error| ApiError::bad_request(error.to_string()).with_code("role_invalid"))
}

/// The body's fields and no others; an empty body or object is none.
pub(super) fn only<T: DeserializeOwned>(body: Body, required: &'static str) -> Result<T, ApiError> {
    let has_fields =
        matches!(&body, Ok(Json(serde_json::Value::Object(object))) if !object.is_empty());
    if body.is_ok() && !has_fields {
        return Err(ApiError::bad_request(required).with_code("fields_required"));
    }
    fields(body, required)
}
