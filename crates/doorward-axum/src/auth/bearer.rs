//! `Authorization: Bearer <token>` (RFC 6750 §2.1; lecture, programs 6, 10 and 11).

use std::sync::Arc;

use axum::{
    extract::{FromRef, FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use doorward::{
    authenticator::{Authenticator, ForeignTokenError, TokenOutcome},
    authorization::{self, BearerError},
    principal::Principal,
    token::TokenError,
};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION, request::Parts};

use crate::{ApiError, refusals::DATABASE_RETRY};

/// The principal that a valid access token names: one of ours, as the token says, or one of a foreign source
/// ([`doorward::foreign`]), as the database has its user now.
///
/// `Option<Bearer>` is `None` only when the request has no `Authorization` header; a bad token is refused all the
/// same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer(pub Principal);

/// Why a request has no valid access token: a 401 with `WWW-Authenticate: Bearer` (RFC 6750 §3) and one of the four
/// texts of the lecture's programs 10 and 11. A handler with other texts takes `Result<Bearer, BearerRejection>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BearerRejection {
    /// No `Authorization` header, or an empty one.
    #[error("Authentication token is missing")]
    Missing,
    /// Not `Bearer` and one token.
    #[error("Invalid token header. Use Bearer <token>")]
    Malformed,
    /// A good token whose time is over.
    #[error("Token has expired")]
    Expired,
    /// Any other fault of the token.
    #[error("Invalid token")]
    Invalid,
    /// A token whose session has ended, or whose user has other rights now. The text is that of any other fault; programs
    /// see the code.
    #[error("Invalid token")]
    Revoked,
    /// A good token of a foreign source that has ended. The text is that of any other fault; programs see the code.
    #[error("Invalid token")]
    Retired,
    /// The user of a foreign token could not be looked up: a 503, for the token may be good.
    #[error("Service unavailable")]
    Unavailable,
}

impl BearerRejection {
    /// The `WWW-Authenticate` value: an error code only when a token was sent (RFC 6750 §3.1).
    #[must_use]
    pub fn challenge(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Missing => "Bearer realm=\"doorward\"",
            Self::Malformed => "Bearer realm=\"doorward\", error=\"invalid_request\"",
            Self::Expired => {
                "Bearer realm=\"doorward\", error=\"invalid_token\", error_description=\"expired\""
            }
            Self::Invalid | Self::Revoked | Self::Retired | Self::Unavailable => {
                "Bearer realm=\"doorward\", error=\"invalid_token\""
            }
        })
    }

    /// The stable code for RFC 9457.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "token_missing",
            Self::Malformed => "token_header_malformed",
            Self::Expired => "token_expired",
            Self::Invalid => "token_invalid",
            Self::Revoked => "token_revoked",
            Self::Retired => "foreign_token_retired",
            Self::Unavailable => "database_unavailable",
        }
    }

    /// The 401 with a text of the handler's own. A 503 keeps its own text.
    #[must_use]
    pub fn with_text(self, text: &'static str) -> ApiError {
        if self == Self::Unavailable {
            return self.into();
        }
        ApiError::unauthorized(text, self.challenge()).with_code(self.code())
    }
}

impl From<BearerError> for BearerRejection {
    fn from(error: BearerError) -> Self {
        match error {
            BearerError::Missing => Self::Missing,
            BearerError::Malformed => Self::Malformed,
        }
    }
}

impl From<TokenError> for BearerRejection {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Expired => Self::Expired,
            TokenError::Revoked => Self::Revoked,
            TokenError::Invalid(_) => Self::Invalid,
        }
    }
}

impl From<ForeignTokenError> for BearerRejection {
    /// The database's failure is logged here: the rejection has no room for it.
    fn from(error: ForeignTokenError) -> Self {
        match error {
            ForeignTokenError::Token(error) => error.into(),
            ForeignTokenError::Retired => Self::Retired,
            ForeignTokenError::Store(error) => {
                tracing::error!(target: "doorward::auth", event = "foreign_token_unverified", %error);
                Self::Unavailable
            }
        }
    }
}

impl From<BearerRejection> for ApiError {
    fn from(rejection: BearerRejection) -> Self {
        if rejection == BearerRejection::Unavailable {
            return Self::service_unavailable(DATABASE_RETRY).with_code(rejection.code());
        }
        Self::unauthorized(rejection.to_string(), rejection.challenge()).with_code(rejection.code())
    }
}

impl IntoResponse for BearerRejection {
    fn into_response(self) -> Response {
        ApiError::from(self).into_response()
    }
}

/// The token in a request's `Authorization` header, unverified.
///
/// # Errors
/// [`BearerRejection::Missing`] and [`BearerRejection::Malformed`].
pub fn bearer_token(headers: &HeaderMap) -> Result<&str, BearerRejection> {
    Ok(authorization::bearer(
        headers.get(AUTHORIZATION).map(HeaderValue::as_bytes),
    )?)
}

/// Counts what became of a token that a request brought.
pub(super) fn count<T>(authenticator: &Authenticator, result: &Result<T, BearerRejection>) {
    let outcome = match result {
        Ok(_) => TokenOutcome::Valid,
        Err(BearerRejection::Expired) => TokenOutcome::Expired,
        Err(BearerRejection::Revoked | BearerRejection::Retired) => TokenOutcome::Revoked,
        Err(BearerRejection::Invalid | BearerRejection::Malformed) => TokenOutcome::Invalid,
        // Nobody knows, or there was none.
        Err(BearerRejection::Unavailable | BearerRejection::Missing) => return,
    };
    authenticator.tallies().tokens.count(outcome);
}

impl<S> FromRequestParts<S> for Bearer
where
    S: Send + Sync,
    Arc<Authenticator>: FromRef<S>,
{
    type Rejection = BearerRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, BearerRejection> {
        let token = bearer_token(&parts.headers)?;
        let authenticator = Arc::<Authenticator>::from_ref(state);
        let result = match authenticator.verify_token(token) {
            Ok(principal) => Ok(Self(principal)),
            Err(ours) => match authenticator.foreign_principal(token, ours).await {
                Ok(principal) => Ok(Self(principal)),
                Err(error) => Err(error.into()),
            },
        };
        count(&authenticator, &result);
        result
    }
}

impl<S> OptionalFromRequestParts<S> for Bearer
where
    S: Send + Sync,
    Arc<Authenticator>: FromRef<S>,
{
    type Rejection = BearerRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> Result<Option<Self>, BearerRejection> {
        match <Self as FromRequestParts<S>>::from_request_parts(parts, state).await {
            Ok(bearer) => Ok(Some(bearer)),
            Err(BearerRejection::Missing) => Ok(None),
            Err(rejection) => Err(rejection),
        }
    }
}
