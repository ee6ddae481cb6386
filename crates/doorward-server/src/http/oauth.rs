//! What the routes of OAuth share: a form, a client that authenticates with its API key, and errors in the form of RFC 6749.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use doorward::{
    api_key::ApiKey,
    authenticator::{Authenticator, ClientError, KeyClient},
    authorization,
    caller::Client,
};
use doorward_axum::{ApiError, Form, FormRejection, Json};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// RFC 6749 §5.2.
#[derive(Serialize, ToSchema)]
pub struct OAuthFailure {
    /// The code.
    error: &'static str,
    /// What was wrong, as a sentence.
    error_description: String,
}

/// Why a client got nothing.
#[derive(Debug)]
pub enum OAuthError {
    /// In the form of RFC 6749 §5.2.
    Refused {
        /// 400 unless the code says otherwise.
        status: StatusCode,
        /// The code.
        error: &'static str,
        /// What was wrong, as a sentence.
        description: String,
    },
    /// What has nothing to do with OAuth.
    Other(ApiError),
}

impl OAuthError {
    /// A refusal with a code of the RFC whose status is 400.
    pub(super) fn refused(error: &'static str, description: impl Into<String>) -> Self {
        Self::Refused {
            status: StatusCode::BAD_REQUEST,
            error,
            description: description.into(),
        }
    }

    pub(super) fn invalid_request(description: impl Into<String>) -> Self {
        Self::refused("invalid_request", description)
    }

    fn invalid_client() -> Self {
        Self::Refused {
            status: StatusCode::UNAUTHORIZED,
            error: "invalid_client",
            description: ClientError::Invalid.to_string(),
        }
    }

    /// The client is known, and may not do this at all (RFC 6750 §3.1 has the code).
    pub(super) fn insufficient_scope(description: impl Into<String>) -> Self {
        Self::Refused {
            status: StatusCode::FORBIDDEN,
            error: "insufficient_scope",
            description: description.into(),
        }
    }
}

impl From<FormRejection> for OAuthError {
    fn from(rejection: FormRejection) -> Self {
        match rejection {
            FormRejection::Body(rejection) if !rejection.is_not_json() => {
                Self::Other(rejection.into())
            }
            other => Self::invalid_request(other.to_string()),
        }
    }
}

impl From<ClientError> for OAuthError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Invalid => Self::invalid_client(),
            ClientError::Store(error) => Self::Other(error.into()),
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let (status, error, error_description) = match self {
            Self::Other(error) => return error.into_response(),
            Self::Refused {
                status,
                error,
                description,
            } => (status, error, description),
        };
        let body = Json(OAuthFailure {
            error,
            error_description,
        });
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"doorward\", charset=\"UTF-8\"");
            let headers = [(header::WWW_AUTHENTICATE, challenge)];
            return (status, headers, body).into_response();
        }
        (status, body).into_response()
    }
}

/// A form from a client, which has not been authenticated yet.
#[derive(Debug)]
pub struct ClientRequest {
    authorization: Option<HeaderValue>,
    form: Form,
}

impl<S: Send + Sync> FromRequest<S> for ClientRequest {
    type Rejection = OAuthError;

    async fn from_request(request: Request, state: &S) -> Result<Self, OAuthError> {
        let authorization = request.headers().get(header::AUTHORIZATION).cloned();
        let form = Form::from_request(request, state).await?;
        Ok(Self {
            authorization,
            form,
        })
    }
}

impl ClientRequest {
    /// A field of the form that is there and not empty.
    ///
    /// # Errors
    /// `invalid_request` when it is no text.
    pub fn field(&self, name: &str) -> Result<Option<&str>, OAuthError> {
        Ok(self.form.get(name)?)
    }

    /// A field of the form that must be there.
    ///
    /// # Errors
    /// `invalid_request` when it is not, or is no text.
    pub fn required(&self, name: &str) -> Result<&str, OAuthError> {
        let missing = || OAuthError::invalid_request(format!("{name} is missing"));
        self.field(name)?.ok_or_else(missing)
    }

    /// The client. It authenticates by `Authorization: Basic`, its id as the name and the key as the password (or the key as the
    /// name and no password), or by `client_id` and `client_secret` in the form.
    ///
    /// # Errors
    /// `invalid_client`; `invalid_request` when it authenticates in two ways at once.
    pub async fn client(
        &self,
        authenticator: &Authenticator,
        from: &Client,
    ) -> Result<KeyClient, OAuthError> {
        let Presented { id, key } = self.presented()?;
        // Boxed for the reason of `Authenticator::log_in_from`.
        let client = Box::pin(authenticator.authenticate_client(id.as_deref(), &key, from));
        Ok(client.await?)
    }

    /// By one way alone (RFC 6749 §2.3).
    fn presented(&self) -> Result<Presented, OAuthError> {
        let secret = self.field("client_secret")?;
        let Some(field) = &self.authorization else {
            let (Some(id), Some(secret)) = (self.field("client_id")?, secret) else {
                return Err(OAuthError::invalid_client());
            };
            return Ok(Presented {
                id: Some(id.to_owned()),
                key: secret.to_owned().into(),
            });
        };
        if secret.is_some() {
            return Err(OAuthError::invalid_request(
                "The client authenticates in two ways at once",
            ));
        }
        let basic = authorization::basic(Some(field.as_bytes()));
        let basic = basic.map_err(|_| OAuthError::invalid_client())?;
        let (name, password) = basic.into_parts();
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
            .map_err(|_| OAuthError::invalid_client())?;
        Ok(Presented {
            id: Some(id),
            key: key.into(),
        })
    }
}

/// The credentials of a client.
struct Presented {
    id: Option<String>,
    key: Zeroizing<String>,
}
