//! Making a token void that a program has (RFC 7009).

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use doorward::authenticator::{Authenticator, RevokeTokenError};
use doorward_axum::RequestClient;

use super::{
    introspection::PresentedToken,
    oauth::{ClientRequest, OAuthError, OAuthFailure},
};

impl From<RevokeTokenError> for OAuthError {
    fn from(error: RevokeTokenError) -> Self {
        let text = error.to_string();
        match error {
            RevokeTokenError::OfAnotherUser(_) => Self::refused("unauthorized_client", text),
            RevokeTokenError::Unsupported(_) => Self::refused("unsupported_token_type", text),
            RevokeTokenError::Store(error) => Self::Other(error.into()),
        }
    }
}

/// `POST /auth/revoke` with a form: ends the session of a refresh token or of an access token, or an API key with its tokens.
/// 200 also for what counts no more, or never did (§2.2): after it the token counts for nothing.
///
/// # Errors
/// In the form of RFC 6749 §5.2: 400 `invalid_request`, `unauthorized_client` for a good token of another user,
/// `unsupported_token_type`; 401 `invalid_client`.
#[utoipa::path(
    post,
    path = "/auth/revoke",
    tag = "keys",
    operation_id = "revoke_token",
    summary = "Make a token void, with its session",
    request_body(content = PresentedToken, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It counts for nothing any more, or did not before"),
        (status = 400, description = "`invalid_request`, `unauthorized_client` or `unsupported_token_type` (RFC 7009 §2.2.1)", body = OAuthFailure),
        (status = 401, description = "`invalid_client`: no key, or one that is not good", body = OAuthFailure),
    ),
)]
pub async fn revoke(
    State(authenticator): State<Arc<Authenticator>>,
    RequestClient(from): RequestClient,
    request: ClientRequest,
) -> Result<StatusCode, OAuthError> {
    let token = request.required("token")?;
    let client = request.client(&authenticator, &from).await?;
    Box::pin(authenticator.revoke_token(&client, token, &from)).await?;
    Ok(StatusCode::OK)
}
