use std::{marker::PhantomData, ops::Deref, sync::Arc, time::Duration};

use axum::{
    extract::{FromRef, FromRequestParts},
    response::{IntoResponse, Response},
};
use doorward::{
    principal::Principal,
    token::{InvalidReason, TokenError},
};
use http::request::Parts;

use super::{
    keys::{RemoteError, RemoteKeys},
    principal::{Holder, RemotePrincipal},
};
use crate::{
    ApiError, BearerRejection, PermissionName,
    auth::{bearer_token, insufficient_scope},
};

/// When to try again after no keys or no revocations had come.
const RETRY: Duration = Duration::from_secs(2);

/// The user whose token it is. Tokens of programs are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteBearer(pub Principal);

/// Whose token it is, a user's or a program's, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteCredential(pub RemotePrincipal);

/// A principal whose token names the permission `P` in its `scope`, or who has the role `admin`.
#[derive(Debug)]
pub struct RequireScope<P> {
    principal: RemotePrincipal,
    permission: PhantomData<P>,
}

/// Why a request has no good token: a 401 as [`BearerRejection`] has it, or a 503 while nobody can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RemoteRejection {
    /// No token, or none that is good.
    #[error(transparent)]
    Bearer(#[from] BearerRejection),
    /// [`RemoteError::NoKeys`] or [`RemoteError::StaleRevocations`].
    #[error("Service unavailable")]
    Unavailable(RemoteError),
}

/// Why a request may not use a route that needs a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScopeRejection {
    /// No good token.
    #[error(transparent)]
    Remote(#[from] RemoteRejection),
    /// A 403: the permission is missing.
    #[error("{text}")]
    Missing {
        /// Its name.
        name: &'static str,
        /// What the caller reads.
        text: &'static str,
    },
}

impl<P> Deref for RequireScope<P> {
    type Target = RemotePrincipal;

    fn deref(&self) -> &RemotePrincipal {
        &self.principal
    }
}

impl From<RemoteError> for RemoteRejection {
    fn from(error: RemoteError) -> Self {
        match error {
            RemoteError::Token(error) => Self::Bearer(error.into()),
            RemoteError::NoKeys | RemoteError::StaleRevocations => Self::Unavailable(error),
        }
    }
}

impl From<RemoteRejection> for ApiError {
    fn from(rejection: RemoteRejection) -> Self {
        match rejection {
            RemoteRejection::Bearer(rejection) => rejection.into(),
            RemoteRejection::Unavailable(error) => Self::service_unavailable(RETRY)
                .with_code("verification_unavailable")
                .with_source(error),
        }
    }
}

impl From<ScopeRejection> for ApiError {
    fn from(rejection: ScopeRejection) -> Self {
        match rejection {
            ScopeRejection::Remote(rejection) => rejection.into(),
            ScopeRejection::Missing { name, text } => insufficient_scope(name).with_message(text),
        }
    }
}

impl IntoResponse for RemoteRejection {
    fn into_response(self) -> Response {
        ApiError::from(self).into_response()
    }
}

impl IntoResponse for ScopeRejection {
    fn into_response(self) -> Response {
        ApiError::from(self).into_response()
    }
}

impl<S> FromRequestParts<S> for RemoteCredential
where
    S: Send + Sync,
    Arc<RemoteKeys>: FromRef<S>,
{
    type Rejection = RemoteRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, RemoteRejection> {
        let token = bearer_token(&parts.headers)?;
        let keys = Arc::<RemoteKeys>::from_ref(state);
        Ok(Self(keys.verify(token).await?))
    }
}

impl<S> FromRequestParts<S> for RemoteBearer
where
    S: Send + Sync,
    Arc<RemoteKeys>: FromRef<S>,
{
    type Rejection = RemoteRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, RemoteRejection> {
        let RemoteCredential(caller) = RemoteCredential::from_request_parts(parts, state).await?;
        match caller.holder {
            Holder::User(principal) => Ok(Self(principal)),
            Holder::Program { .. } => {
                let of_a_program = TokenError::from(InvalidReason::ClaimsForm);
                Err(RemoteError::from(of_a_program).into())
            }
        }
    }
}

impl<S, P> FromRequestParts<S> for RequireScope<P>
where
    S: Send + Sync,
    P: PermissionName,
    Arc<RemoteKeys>: FromRef<S>,
{
    type Rejection = ScopeRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ScopeRejection> {
        let RemoteCredential(principal) =
            RemoteCredential::from_request_parts(parts, state).await?;
        if !principal.may(P::NAME) {
            return Err(ScopeRejection::Missing {
                name: P::NAME,
                text: P::REFUSAL,
            });
        }
        Ok(Self {
            principal,
            permission: PhantomData,
        })
    }
}
