//! Tokens for programs that have an API key (RFC 6749 §4.4).

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderValue, header},
};
use doorward::authenticator::{Authenticator, ClientCredentialsError, ClientToken};
use doorward_axum::{Json, RequestClient};
use serde::Serialize;
use utoipa::ToSchema;

use super::oauth::{ClientRequest, OAuthError, OAuthFailure};

/// The form. RFC 6749 §2.3.1, §4.4.2.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct TokenRequest {
    /// `client_credentials`.
    grant_type: String,
    /// The id of the key; or in `Authorization: Basic`.
    client_id: Option<String>,
    /// The key; or in `Authorization: Basic`.
    #[schema(format = Password)]
    client_secret: Option<String>,
    /// What the token is for, with a space between two; all that the key may do when left out.
    scope: Option<String>,
}

/// RFC 6749 §5.1.
#[derive(Serialize, ToSchema)]
pub struct AccessTokenAnswer {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    scope: String,
}

impl From<ClientToken> for AccessTokenAnswer {
    fn from(token: ClientToken) -> Self {
        Self {
            access_token: token.issued.token.as_str().to_owned(),
            token_type: "Bearer",
            expires_in: token.issued.expires_in.as_secs(),
            scope: token.scope.scope(),
        }
    }
}

impl From<ClientCredentialsError> for OAuthError {
    fn from(error: ClientCredentialsError) -> Self {
        match error {
            ClientCredentialsError::InvalidScope(_) => {
                Self::refused("invalid_scope", error.to_string())
            }
            ClientCredentialsError::Issue(error) => Self::Other(error.into()),
        }
    }
}

type Answer = (
    [(header::HeaderName, HeaderValue); 1],
    Json<AccessTokenAnswer>,
);

/// `POST /auth/token` with a form: a short access token for an API key, with which the client authenticates.
///
/// # Errors
/// In the form of RFC 6749 §5.2: 400 `invalid_request`, `unsupported_grant_type`, `invalid_scope`; 401 `invalid_client`.
#[utoipa::path(
    post,
    path = "/auth/token",
    tag = "keys",
    operation_id = "give_token_for_key",
    summary = "Exchange an API key for a short access token",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token", body = AccessTokenAnswer),
        (status = 400, description = "`invalid_request`, `unsupported_grant_type` or `invalid_scope` (RFC 6749 §5.2)", body = OAuthFailure),
        (status = 401, description = "`invalid_client`: no key, or one that is not good", body = OAuthFailure),
    ),
)]
pub async fn give_token(
    State(authenticator): State<Arc<Authenticator>>,
    RequestClient(from): RequestClient,
    request: ClientRequest,
) -> Result<Answer, OAuthError> {
    if request.required("grant_type")? != "client_credentials" {
        let text = "Only client_credentials is supported";
        return Err(OAuthError::refused("unsupported_grant_type", text));
    }
    let client = request.client(&authenticator, &from).await?;
    let exchange = authenticator.exchange_api_key(&client, request.field("scope")?, &from);
    let token = Box::pin(exchange).await?;
    // RFC 6749 §5.1; `Cache-Control: no-store` is on every answer.
    let headers = [(header::PRAGMA, HeaderValue::from_static("no-cache"))];
    Ok((headers, Json(token.into())))
}
