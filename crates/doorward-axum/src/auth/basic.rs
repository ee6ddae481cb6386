//! `Authorization: Basic …` (RFC 7617; lecture, program 4) against the users in the database.

use std::sync::Arc;

use axum::{
    extract::{FromRef, FromRequestParts},
    response::{IntoResponse, Response},
};
use doorward::{
    authenticator::{Authenticator, LoginAttempt, LoginError},
    authorization::{self, BasicError},
    password::{Password, PasswordError},
    principal::Principal,
};
use http::{HeaderValue, header::AUTHORIZATION, request::Parts};

use super::RequestClient;
use crate::ApiError;

/// The principal whose name and password came with the request.
///
/// The same verifier, throttle and timing as a login; credentials that stay right cost one hash in five minutes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basic(pub Principal);

/// Why a request has no valid Basic credentials. Malformed ones are a 400, as in the lecture's program 4.
#[derive(Debug, thiserror::Error)]
pub enum BasicRejection {
    /// The header is absent, or not of the form.
    #[error(transparent)]
    Header(#[from] BasicError),
    /// The password is empty or longer than any password.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The credentials were not accepted.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The client's address is not known.
    #[error("the client's address is not known")]
    Address(ApiError),
}

const CHALLENGE: HeaderValue =
    HeaderValue::from_static("Basic realm=\"Login Required\", charset=\"UTF-8\"");

impl From<BasicRejection> for ApiError {
    fn from(rejection: BasicRejection) -> Self {
        match rejection {
            BasicRejection::Header(BasicError::Missing) => {
                Self::unauthorized("Authentication required", CHALLENGE)
                    .with_code("credentials_missing")
            }
            BasicRejection::Header(BasicError::MalformedHeader) => {
                Self::bad_request("Invalid Authorization header format")
            }
            BasicRejection::Header(BasicError::InvalidBase64 | BasicError::ControlCharacter) => {
                Self::bad_request("Invalid Base64 credentials")
            }
            BasicRejection::Header(BasicError::MissingColon) => {
                Self::bad_request("Invalid credential format")
            }
            BasicRejection::Password(_) | BasicRejection::Login(LoginError::InvalidCredentials) => {
                Self::unauthorized("Invalid username or password", CHALLENGE)
                    .with_code("invalid_credentials")
            }
            BasicRejection::Login(error) => error.into(),
            BasicRejection::Address(error) => error,
        }
    }
}

impl IntoResponse for BasicRejection {
    fn into_response(self) -> Response {
        ApiError::from(self).into_response()
    }
}

impl<S> FromRequestParts<S> for Basic
where
    S: Send + Sync,
    Arc<Authenticator>: FromRef<S>,
{
    type Rejection = BasicRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, BasicRejection> {
        let credentials =
            authorization::basic(parts.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes))?;
        let RequestClient(client) = RequestClient::from_request_parts(parts, state)
            .await
            .map_err(BasicRejection::Address)?;
        let attempt = LoginAttempt {
            password: Password::parse(credentials.password())?,
            username: credentials.username().to_owned(),
            client,
        };
        let user = Arc::<Authenticator>::from_ref(state)
            .verify_credentials(attempt)
            .await?;
        Ok(Self(Principal::without_session(user)))
    }
}
