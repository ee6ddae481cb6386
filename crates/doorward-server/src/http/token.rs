//! Tokens for programs that have an API key (RFC 6749 §4.4).

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use doorward::{
    api_key::ApiKey,
    authenticator::{Authenticator, ClientCredentialsError, ClientToken},
    authorization,
};
use doorward_axum::{ApiError, Form, FormRejection, Json, RequestClient};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use utoipa::ToSchema;

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

/// RFC 6749 §5.2.
#[derive(Serialize, ToSchema)]
struct OAuthFailure {
    /// The code.
    error: &'static str,
    /// What was wrong, as a sentence.
    error_description: String,
}

/// Why no token was given.
#[derive(Debug)]
pub enum Refusal {
    /// In the form of RFC 6749 §5.2.
    OAuth(&'static str, String),
    /// What has nothing to do with OAuth.
    Other(ApiError),
}

impl Refusal {
    fn invalid_request(text: impl Into<String>) -> Self {
        Self::OAuth("invalid_request", text.into())
    }

    fn invalid_client() -> Self {
        Self::OAuth("invalid_client", "Invalid client credentials".to_owned())
    }
}

impl From<FormRejection> for Refusal {
    fn from(rejection: FormRejection) -> Self {
        match rejection {
            FormRejection::Body(rejection) if !rejection.is_not_json() => {
                Self::Other(rejection.into())
            }
            other => Self::invalid_request(other.to_string()),
        }
    }
}

impl From<ClientCredentialsError> for Refusal {
    fn from(error: ClientCredentialsError) -> Self {
        let text = error.to_string();
        match error {
            ClientCredentialsError::InvalidClient => Self::invalid_client(),
            ClientCredentialsError::InvalidScope(_) => Self::OAuth("invalid_scope", text),
            ClientCredentialsError::Issue(error) => Self::Other(error.into()),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (error, error_description) = match self {
            Self::Other(error) => return error.into_response(),
            Self::OAuth(error, description) => (error, description),
        };
        let body = Json(OAuthFailure {
            error,
            error_description,
        });
        if error == "invalid_client" {
            let challenge = HeaderValue::from_static("Basic realm=\"doorward\", charset=\"UTF-8\"");
            let headers = [(header::WWW_AUTHENTICATE, challenge)];
            return (StatusCode::UNAUTHORIZED, headers, body).into_response();
        }
        (StatusCode::BAD_REQUEST, body).into_response()
    }
}

type Answer = (
    [(header::HeaderName, HeaderValue); 1],
    Json<AccessTokenAnswer>,
);

/// `POST /auth/token` with a form: a short access token for an API key. The key authenticates by `Authorization: Basic`, its id as
/// the name and itself as the password (or itself as the name and no password), or by `client_id` and `client_secret` in the form.
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
    RequestClient(client): RequestClient,
    headers: HeaderMap,
    form: Result<Form, FormRejection>,
) -> Result<Answer, Refusal> {
    let form = form?;
    match form.get("grant_type")? {
        Some("client_credentials") => {}
        Some(_) => {
            let text = "Only client_credentials is supported".to_owned();
            return Err(Refusal::OAuth("unsupported_grant_type", text));
        }
        None => return Err(Refusal::invalid_request("grant_type is missing")),
    }
    let Presented { id, key } = presented(&headers, &form)?;
    let exchange = authenticator.exchange_api_key(id.as_deref(), &key, form.get("scope")?, &client);
    let token = Box::pin(exchange).await?;
    // RFC 6749 §5.1; `Cache-Control: no-store` is on every answer.
    let headers = [(header::PRAGMA, HeaderValue::from_static("no-cache"))];
    Ok((headers, Json(token.into())))
}

/// The credentials of a client.
struct Presented {
    id: Option<String>,
    key: zeroize::Zeroizing<String>,
}

/// By one way alone (RFC 6749 §2.3).
fn presented(headers: &HeaderMap, form: &Form) -> Result<Presented, Refusal> {
    let secret = form.get("client_secret")?;
    let Some(field) = headers.get(header::AUTHORIZATION) else {
        let (Some(id), Some(secret)) = (form.get("client_id")?, secret) else {
            return Err(Refusal::invalid_client());
        };
        return Ok(Presented {
            id: Some(id.to_owned()),
            key: secret.to_owned().into(),
        });
    };
    if secret.is_some() {
        return Err(Refusal::invalid_request(
            "The client authenticates in two ways at once",
        ));
    }
    let basic = authorization::basic(Some(field.as_bytes()));
    let (name, password) = basic.map_err(|_| Refusal::invalid_client())?.into_parts();
    if password.is_empty() && ApiKey::is_meant_by(&name) {
        return Ok(Presented {
            id: None,
            key: name.into(),
        });
    }
    // Both are encoded like a form's values (RFC 6749 §2.3.1).
    let decoded = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8();
        decoded.map(std::borrow::Cow::into_owned)
    };
    let (id, key) = decoded(&name)
        .and_then(|id| Ok((id, decoded(&password)?)))
        .map_err(|_| Refusal::invalid_client())?;
    Ok(Presented {
        id: Some(id),
        key: key.into(),
    })
}
