//! Roles in a handler's signature (lecture, program 10).

use std::{marker::PhantomData, ops::Deref, sync::Arc};

use axum::{
    extract::{FromRef, FromRequestParts},
    response::{IntoResponse, Response},
};
use doorward::{authenticator::Authenticator, principal::Principal, role::Role};
use http::request::Parts;

use super::{Bearer, BearerRejection, forbidden};
use crate::ApiError;

/// The name of a role as a type, for [`RequireRole`].
pub trait RoleName: Send {
    /// The role's name.
    const NAME: &str;
    /// What a caller without the role reads, with a 403.
    const REFUSAL: &'static str;
}

/// The role `admin`.
#[derive(Debug, Clone, Copy)]
pub struct Admin;

impl RoleName for Admin {
    const NAME: &str = Role::ADMIN;
    const REFUSAL: &'static str = "Admin access required";
}

/// A principal with the role `R`: first the token, then the role, so a 401 comes before a 403.
///
/// The user is looked up: a role that was taken away, a disabled or deleted user lose access at once, not when the
/// token expires (AZ-05).
#[derive(Debug)]
pub struct RequireRole<R> {
    principal: Principal,
    role: PhantomData<R>,
}

impl<R> Deref for RequireRole<R> {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.principal
    }
}

/// Why a request may not use a route that needs a role.
#[derive(Debug, thiserror::Error)]
pub enum RoleRejection {
    /// No valid token.
    #[error(transparent)]
    Bearer(#[from] BearerRejection),
    /// Another role.
    #[error("{0}")]
    Role(&'static str),
    /// The user could not be looked up.
    #[error(transparent)]
    Store(#[from] doorward::store::StoreError),
}

impl From<RoleRejection> for ApiError {
    fn from(rejection: RoleRejection) -> Self {
        match rejection {
            RoleRejection::Bearer(rejection) => rejection.into(),
            RoleRejection::Role(text) => Self::forbidden(text).with_code("insufficient_role"),
            RoleRejection::Store(error) => error.into(),
        }
    }
}

impl IntoResponse for RoleRejection {
    fn into_response(self) -> Response {
        ApiError::from(self).into_response()
    }
}

impl<S, R> FromRequestParts<S> for RequireRole<R>
where
    S: Send + Sync,
    R: RoleName,
    Arc<Authenticator>: FromRef<S>,
{
    type Rejection = RoleRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, RoleRejection> {
        let Bearer(claimed) =
            <Bearer as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        let authenticator = Arc::<Authenticator>::from_ref(state);
        let principal = authenticator
            .current(&claimed)
            .await?
            .ok_or(BearerRejection::Invalid)?;
        if principal.role.as_str() == R::NAME {
            Ok(Self {
                principal,
                role: PhantomData,
            })
        } else {
            forbidden::record(&authenticator, &principal, R::NAME, parts, state).await;
            Err(RoleRejection::Role(R::REFUSAL))
        }
    }
}
