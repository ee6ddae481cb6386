//! Whether a token counts, for services that ask instead of verifying it themselves (RFC 7662).

use std::sync::Arc;

use axum::extract::State;
use doorward::{
    access::AccessTokens,
    authenticator::{ActiveToken, Authenticator, IntrospectionError},
};
use doorward_axum::{Json, RequestClient};
use serde::Serialize;
use utoipa::ToSchema;

use super::oauth::{ClientRequest, OAuthError, OAuthFailure};

/// The form. RFC 7662 §2.1, RFC 7009 §2.1.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct PresentedToken {
    /// The token that it is about.
    #[schema(format = Password)]
    token: String,
    /// Not needed: each kind of token is known by its form.
    token_type_hint: Option<String>,
    /// The id of the key; or in `Authorization: Basic`.
    client_id: Option<String>,
    /// The key; or in `Authorization: Basic`.
    #[schema(format = Password)]
    client_secret: Option<String>,
}

/// RFC 7662 §2.2. For a token that does not count `active` is all there is.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Introspection {
    /// Whether it counts now.
    active: bool,
    /// What it may be used for, with a space between two.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// The API key, of a key and of a token that was given for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// The user's name, of a user's token.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// `Bearer`; absent for a refresh token, which opens no service.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// When it ends, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    /// When it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    /// The user's number, or the API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    /// For whom it is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
    /// Who gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    /// Another one in each access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    /// The session, or the API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    /// The user's number, of a user's token.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    /// The user's role, of a user's access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    /// It and the roles beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<String>>,
    /// For whom an API key acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_id: Option<i64>,
}

impl Introspection {
    fn of(token: ActiveToken, tokens: &AccessTokens) -> Self {
        let active = Self {
            active: true,
            iss: Some(tokens.issuer().to_owned()),
            ..Self::default()
        };
        match token {
            ActiveToken::Access(says) => Self {
                scope: says.scope,
                client_id: says.client_id,
                username: says.username,
                token_type: Some("Bearer"),
                exp: Some(says.exp),
                iat: Some(says.iat),
                sub: Some(says.sub),
                aud: tokens.audience().map(str::to_owned),
                jti: Some(says.jti),
                sid: says.sid,
                user_id: says.user_id,
                role: says.role,
                roles: says.roles,
                owner_id: says.owner_id,
                ..active
            },
            // Nothing that lets a service take it for an access token: neither type, scope nor role.
            ActiveToken::Refresh {
                session,
                user,
                issued_at,
            } => Self {
                username: Some(user.username),
                exp: Some(session.expires_at.as_seconds()),
                iat: Some(issued_at.as_seconds()),
                sub: Some(user.id.to_string()),
                sid: Some(session.id.to_string()),
                user_id: Some(user.id.get()),
                ..active
            },
            // As a token that was given for the key: the key may do less than its user.
            ActiveToken::Key {
                grant,
                owner,
                allowed,
            } => Self {
                scope: Some(allowed.scope()),
                client_id: Some(grant.id.to_string()),
                token_type: Some("Bearer"),
                exp: Some(grant.expires_at.as_seconds()),
                sub: Some(grant.id.to_string()),
                owner_id: Some(owner.get()),
                ..active
            },
        }
    }
}

impl From<IntrospectionError> for OAuthError {
    fn from(error: IntrospectionError) -> Self {
        match error {
            IntrospectionError::NotPermitted => Self::insufficient_scope(error.to_string()),
            IntrospectionError::Store(error) => Self::Other(error.into()),
        }
    }
}

/// `POST /auth/introspect` with a form: whether `token` counts now, and what it says. `token_type_hint` is not needed: each kind
/// is known by its form. A token that was altered, has expired, was revoked, or is not ours is `{"active":false}` alike (§2.2).
///
/// # Errors
/// In the form of RFC 6749 §5.2: 400 `invalid_request`; 401 `invalid_client`; 403 `insufficient_scope` for a key without
/// `tokens:introspect`.
#[utoipa::path(
    post,
    path = "/auth/introspect",
    tag = "keys",
    operation_id = "introspect_token",
    summary = "Whether a token counts, and what it says",
    request_body(content = PresentedToken, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "What it says; `active` alone when it does not count", body = Introspection),
        (status = 400, description = "`invalid_request` (RFC 6749 §5.2)", body = OAuthFailure),
        (status = 401, description = "`invalid_client`: no key, or one that is not good", body = OAuthFailure),
        (status = 403, description = "`insufficient_scope`: the key needs `tokens:introspect`", body = OAuthFailure),
    ),
)]
pub async fn introspect(
    State(authenticator): State<Arc<Authenticator>>,
    RequestClient(from): RequestClient,
    request: ClientRequest,
) -> Result<Json<Introspection>, OAuthError> {
    let token = request.required("token")?;
    let client = request.client(&authenticator, &from).await?;
    let active = Box::pin(authenticator.introspect(&client, token, &from)).await?;
    let described = active.map(|token| Introspection::of(token, authenticator.tokens()));
    Ok(Json(described.unwrap_or_default()))
}
