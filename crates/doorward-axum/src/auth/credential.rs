//! Whatever shows who is calling: an access token, an API key, or a token that was given for one.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use doorward::{
    api_key::ApiKey,
    authenticator::{Authenticator, KeyLoginError},
    authorization,
    principal::Principal,
    token::TokenError,
};
use http::{HeaderValue, header::AUTHORIZATION, request::Parts};

use super::{
    BearerRejection, RequestClient,
    bearer::{self, bearer_token},
};

/// The principal of a request: a user ([`super::Bearer`]), or a program with an API key.
///
/// A key comes as `Bearer`, or as the user name of `Basic` without a password; a token that was given for it as `Bearer`.
/// [`Principal::key`] says what it is for: ask [`Authenticator::permissions_of`] what the caller may do, never the role.
/// Handlers that are for the user alone take [`super::Bearer`], which knows no keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential(pub Principal);

impl<S> FromRequestParts<S> for Credential
where
    S: Send + Sync,
    Arc<Authenticator>: FromRef<S>,
{
    type Rejection = BearerRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, BearerRejection> {
        let authenticator = Arc::<Authenticator>::from_ref(state);
        let result = verify(&authenticator, parts, state).await;
        bearer::count(&authenticator, &result);
        result.map(Self)
    }
}

/// The rare ways are boxed: every route with a permission holds them.
async fn verify<S: Send + Sync>(
    authenticator: &Authenticator,
    parts: &mut Parts,
    state: &S,
) -> Result<Principal, BearerRejection> {
    let field = parts.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
    if let Ok(basic) = authorization::basic(field)
        && basic.password().is_empty()
        && ApiKey::is_meant_by(basic.username())
    {
        let client = Box::pin(RequestClient::of(parts, state)).await;
        let principal = authenticator.verify_api_key(basic.username(), &client);
        return Ok(Box::pin(principal).await?);
    }
    if ApiKey::is_meant_by(bearer_token(&parts.headers)?) {
        let client = Box::pin(RequestClient::of(parts, state)).await;
        let principal = authenticator.verify_api_key(bearer_token(&parts.headers)?, &client);
        return Ok(Box::pin(principal).await?);
    }
    let token = bearer_token(&parts.headers)?;
    let ours = match authenticator.verify_token(token) {
        Ok(principal) => return Ok(principal),
        Err(ours) => ours,
    };
    match Box::pin(authenticator.verify_client_token(token)).await {
        Ok(principal) => Ok(principal),
        Err(error @ (KeyLoginError::Token(TokenError::Revoked) | KeyLoginError::Store(_))) => {
            Err(error.into())
        }
        // Of no key, so what is wrong with it as a user's token counts.
        Err(KeyLoginError::Token(_)) => {
            Ok(Box::pin(authenticator.foreign_principal(token, ours)).await?)
        }
    }
}

impl From<KeyLoginError> for BearerRejection {
    /// The database's failure is logged here: the rejection has no room for it.
    fn from(error: KeyLoginError) -> Self {
        match error {
            KeyLoginError::Token(error) => error.into(),
            KeyLoginError::Store(error) => {
                tracing::error!(target: "doorward::auth", event = "api_key_unverified", %error);
                Self::Unavailable
            }
        }
    }
}
