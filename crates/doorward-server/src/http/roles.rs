//! Roles: what they allow, and who has them.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use doorward::{
    authenticator::{Authenticator, RoleError},
    permission::{Permission, PermissionSet},
    role::Role,
    store::{ChangeUserError, DefinedRole, RoleStoreError},
    user::UserId,
};
use doorward_axum::{
    ApiError, Json, JsonRejection, Path, PathInt, RequestClient, RequirePermission, RolesWrite,
    UsersRead,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{entity_tag, user::user_id};

/// A role and what it allows.
#[derive(Serialize, ToSchema)]
pub struct RoleView {
    name: String,
    description: String,
    /// `*` stands for everything: what `admin` may do.
    permissions: Vec<String>,
    /// Whether it is always there and cannot be changed.
    built_in: bool,
}

impl RoleView {
    fn built_in(name: &str, description: &str, permissions: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            permissions: permissions.iter().map(ToString::to_string).collect(),
            built_in: true,
        }
    }
}

impl From<DefinedRole> for RoleView {
    fn from(defined: DefinedRole) -> Self {
        Self {
            name: defined.role.to_string(),
            description: defined.description,
            permissions: defined
                .permissions
                .iter()
                .map(ToString::to_string)
                .collect(),
            built_in: false,
        }
    }
}

/// `GET /roles`.
///
/// # Errors
/// 401 and 403 for callers without `roles:write`.
#[utoipa::path(
    get,
    path = "/roles",
    tag = "roles",
    summary = "List the roles",
    responses(
        (status = 200, description = "`admin` and `user`, then the others by name", body = Vec<RoleView>),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Needs `roles:write`: `insufficient_scope`"),
    ),
    security(("bearer" = [])),
)]
pub async fn list_roles(
    _: RequirePermission<RolesWrite>,
    State(authenticator): State<Arc<Authenticator>>,
) -> Result<Json<Vec<RoleView>>, ApiError> {
    let mut roles = vec![
        RoleView::built_in(Role::ADMIN, "May do everything", &["*"]),
        RoleView::built_in(Role::USER, "May use their own account", &[]),
    ];
    let defined = authenticator.store().list_roles().await?;
    roles.extend(defined.into_iter().map(RoleView::from));
    Ok(Json(roles))
}

/// What a role shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleBody {
    /// `noun:verb` or `noun:*`, at most 64 of them.
    permissions: Vec<String>,
    /// At most 200 characters.
    #[serde(default)]
    description: String,
}

/// `PUT /roles/{name}`: defines a role, or replaces what it says.
///
/// # Errors
/// 400 for names that break a rule; 401 and 403 for callers without `roles:write`, or for a role that allows, or allowed
/// before, more than the caller may do; 409 for `admin` and `user`.
#[utoipa::path(
    put,
    path = "/roles/{name}",
    tag = "roles",
    summary = "Define a role",
    params(("name" = String, Path, description = "`a-z`, `0-9`, `_`, `.` and `-`, at most 20")),
    request_body = RoleBody,
    responses(
        (status = 200, description = "It was replaced", body = RoleView),
        (status = 201, description = "It is new", body = RoleView),
        (status = 400, description = "`role_invalid`, `permission_invalid`, or a body of another shape"),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Needs `roles:write`: `insufficient_scope`; or the role allows, or allowed before, more than the caller may do: `permission_not_held`"),
        (status = 409, description = "`admin` and `user` cannot be changed: `role_built_in`; there are too many: `too_many_roles`"),
    ),
    security(("bearer" = [])),
)]
pub async fn define_role(
    granter: RequirePermission<RolesWrite>,
    State(authenticator): State<Arc<Authenticator>>,
    RequestClient(client): RequestClient,
    Path(name): Path<String>,
    body: Result<Json<RoleBody>, JsonRejection>,
) -> Result<(StatusCode, Json<RoleView>), ApiError> {
    let Json(body) = body?;
    let permissions: PermissionSet = body
        .permissions
        .iter()
        .map(|name| Permission::parse(name))
        .collect::<Result<_, _>>()
        .map_err(|error| {
            ApiError::bad_request(error.to_string()).with_code("permission_invalid")
        })?;
    let defined = DefinedRole {
        role: Role::parse(&name).map_err(|_| refused(RoleError::InvalidName))?,
        description: body.description,
        permissions,
    };
    let is_new = authenticator
        .define_role(&defined, &granter.authority(client))
        .await
        .map_err(refused)?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(defined.into())))
}

/// `DELETE /roles/{name}`: a role that nobody has.
///
/// # Errors
/// 401 and 403 for callers without `roles:write`, or for a role that allows more than the caller may do; 404 when there is
/// none; 409 while users have it.
#[utoipa::path(
    delete,
    path = "/roles/{name}",
    tag = "roles",
    summary = "Delete a role",
    params(("name" = String, Path, description = "The role")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Needs `roles:write`: `insufficient_scope`; or the role allows more than the caller may do: `permission_not_held`"),
        (status = 404, description = "There is no such role"),
        (status = 409, description = "Users have it: `role_assigned`; or it is `admin` or `user`: `role_built_in`"),
    ),
    security(("bearer" = [])),
)]
pub async fn delete_role(
    granter: RequirePermission<RolesWrite>,
    State(authenticator): State<Arc<Authenticator>>,
    RequestClient(client): RequestClient,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    let role = Role::parse(&name).map_err(|_| ApiError::not_found())?;
    let authority = granter.authority(client);
    match authenticator.delete_role(&role, &authority).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(RoleError::Refused(RoleStoreError::UnknownRole(_))) => Err(ApiError::not_found()),
        Err(error) => Err(refused(error)),
    }
}

/// The roles of a user.
#[derive(Serialize, ToSchema)]
pub struct RolesOfUser {
    /// All of them; first the one that tokens carry as `role`.
    roles: Vec<String>,
    /// What they allow together; `*` stands for everything.
    permissions: Vec<String>,
}

type Shown = (HeaderMap, Json<RolesOfUser>);

/// `GET /users/{id}/roles`.
///
/// # Errors
/// 401 and 403 for callers without `users:read`; 404 when there is no such user.
#[utoipa::path(
    get,
    path = "/users/{id}/roles",
    tag = "roles",
    summary = "The roles of a user",
    params(("id" = u64, Path, description = "The user's number")),
    responses(
        (status = 200, description = "The roles, and what they allow", body = RolesOfUser, headers(
            ("ETag" = String, description = "For `If-Match`; that of the user"),
        )),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Needs `users:read`: `insufficient_scope`"),
        (status = 404, description = "There is no such user"),
    ),
    security(("bearer" = [])),
)]
pub async fn show_roles_of_user(
    _: RequirePermission<UsersRead>,
    State(authenticator): State<Arc<Authenticator>>,
    Path(id): Path<PathInt>,
) -> Result<Shown, ApiError> {
    shown(&authenticator, user_id(id)?).await
}

/// The roles that a user shall have beside `admin` or `user`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RolesBody {
    roles: Vec<String>,
}

/// `PUT /users/{id}/roles`: gives a user these roles beside `admin` or `user`, and no others. With `If-Match` only while the
/// user is in that version (RFC 9110 §13.1.1).
///
/// # Errors
/// 400 for a role that there is not; 401 and 403 for callers without `roles:write`, or for a role, given or taken, that allows
/// more than the caller may do; 404 when there is no such user; 412 when the user has changed meanwhile.
#[utoipa::path(
    put,
    path = "/users/{id}/roles",
    tag = "roles",
    summary = "Give a user roles",
    params(
        ("id" = u64, Path, description = "The user's number"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the user that the roles are given for"),
    ),
    request_body = RolesBody,
    responses(
        (status = 200, description = "The roles, and what they allow", body = RolesOfUser, headers(
            ("ETag" = String, description = "For `If-Match`; that of the user"),
        )),
        (status = 400, description = "There is no such role: `role_unknown`; or a body of another shape"),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Needs `roles:write`: `insufficient_scope`; or a role, given or taken, allows more than the caller may do: `permission_not_held`"),
        (status = 404, description = "There is no such user"),
        (status = 412, description = "The user has changed meanwhile: `user_changed`"),
    ),
    security(("bearer" = [])),
)]
pub async fn assign_roles(
    granter: RequirePermission<RolesWrite>,
    State(authenticator): State<Arc<Authenticator>>,
    RequestClient(client): RequestClient,
    Path(id): Path<PathInt>,
    headers: HeaderMap,
    body: Result<Json<RolesBody>, JsonRejection>,
) -> Result<Shown, ApiError> {
    let id = user_id(id)?;
    let Json(body) = body?;
    let roles = body
        .roles
        .iter()
        .map(|name| Role::parse(name))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| refused(RoleError::InvalidName))?;
    let expected = entity_tag::optional(&headers);
    let authority = granter.authority(client);
    authenticator
        .assign_roles(id, &roles, expected.as_deref(), &authority)
        .await
        .map_err(refused)?;
    shown(&authenticator, id).await
}

async fn shown(authenticator: &Authenticator, id: UserId) -> Result<Shown, ApiError> {
    let (user, version, additional) = authenticator
        .roles_of(id)
        .await?
        .ok_or_else(ApiError::not_found)?;
    let permissions = authenticator
        .store()
        .permissions_of(user.id, &user.role)
        .await?;
    let everything = permissions.is_everything().then(|| "*".to_owned());
    let shown = RolesOfUser {
        roles: std::iter::once(&user.role)
            .chain(&additional)
            .map(ToString::to_string)
            .collect(),
        permissions: everything
            .into_iter()
            .chain(permissions.iter().map(ToString::to_string))
            .collect(),
    };
    Ok((entity_tag::of(version)?, Json(shown)))
}

pub(super) fn refused(error: RoleError) -> ApiError {
    let text = error.to_string();
    match error {
        RoleError::BuiltIn => ApiError::conflict(text).with_code("role_built_in"),
        RoleError::InvalidName | RoleError::TooManyPermissions | RoleError::DescriptionTooLong => {
            ApiError::bad_request(text).with_code("role_invalid")
        }
        RoleError::Overreach(error) | RoleError::Refused(RoleStoreError::Overreach(error)) => {
            error.into()
        }
        RoleError::Stale | RoleError::Refused(RoleStoreError::Stale) => {
            ChangeUserError::Stale.into()
        }
        RoleError::Refused(RoleStoreError::UnknownRole(_)) => {
            ApiError::bad_request(text).with_code("role_unknown")
        }
        RoleError::UnknownUser | RoleError::Refused(RoleStoreError::UnknownUser) => {
            ApiError::not_found()
        }
        RoleError::Refused(RoleStoreError::Assigned { .. }) => {
            ApiError::conflict(text).with_code("role_assigned")
        }
        RoleError::Refused(RoleStoreError::TooMany) => {
            ApiError::conflict(text).with_code("too_many_roles")
        }
        RoleError::Refused(RoleStoreError::Store(error)) | RoleError::Store(error) => error.into(),
    }
}
