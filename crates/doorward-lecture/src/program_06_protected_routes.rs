//! Program 6: routes that need a token.

use axum::{
    Router,
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
    routing::get,
};
use doorward::role::Role;
use doorward_axum::{ApiError, BearerRejection, Json};
use serde::Deserialize;

use crate::{answer::Message, token_key::TokenDecoder};

/// The program's routes. `tokens` says which tokens are good: program 5's when the program runs alone.
pub fn router(tokens: TokenDecoder) -> Router {
    Router::new()
        .route("/public", get(public))
        .route("/protected", get(protected))
        .route("/admin-area", get(admin_area))
        .with_state(tokens)
}

/// The lecture's `@token_required`: a handler that takes a `UserPayload` is not reached without a good token.
#[derive(Deserialize)]
struct UserPayload {
    /// Program 5's name for the user, and the only one that this program knows when it runs alone.
    user: Option<String>,
    /// What the later programs call it.
    username: Option<String>,
    role: Option<String>,
}

impl UserPayload {
    fn name(&self) -> Option<&str> {
        self.username
            .as_deref()
            .or(self.user.as_deref())
            .filter(|name| !name.is_empty())
    }

    /// "Suppose 'alice' is an admin": the role says it as soon as tokens have one.
    fn is_admin(&self) -> bool {
        match &self.role {
            Some(role) => role == Role::ADMIN,
            None => self.name() == Some("alice"),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for UserPayload
where
    TokenDecoder: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let payload: Self = TokenDecoder::from_ref(state)
            .payload(&parts.headers)
            .map_err(refused)?;
        // Flask would greet "None".
        if payload.name().is_none() {
            return Err(refused(BearerRejection::Invalid));
        }
        Ok(payload)
    }
}

/// This program's words; programs 10 and 11 have others.
fn refused(rejection: BearerRejection) -> ApiError {
    rejection.with_text(match rejection {
        BearerRejection::Missing => "Authentication token is missing",
        BearerRejection::Malformed => "Invalid token header. Use Bearer <Token>",
        BearerRejection::Expired => "Token has expired",
        BearerRejection::Invalid
        | BearerRejection::Revoked
        | BearerRejection::Retired
        | BearerRejection::Unavailable => "Token is invalid",
    })
}

/// Unprotected route (for comparison).
async fn public() -> Json<Message> {
    Message::ok("Anyone can access this public route.")
}

async fn protected(user: UserPayload) -> Json<Message> {
    Message::ok(format!(
        "Hello, {}. This is a protected route.",
        user.name().unwrap_or_default()
    ))
}

async fn admin_area(user: UserPayload) -> Result<Json<Message>, ApiError> {
    if !user.is_admin() {
        return Err(ApiError::forbidden("Admin access required"));
    }
    Ok(Message::ok(format!(
        "Welcome to the admin area, {}!",
        user.name().unwrap_or_default()
    )))
}
