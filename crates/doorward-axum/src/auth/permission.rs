//! Permissions in a handler's signature.

use std::{marker::PhantomData, ops::Deref, sync::Arc};

use axum::{
    extract::{FromRef, FromRequestParts},
    response::{IntoResponse, Response},
};
use doorward::{
    authenticator::Authenticator,
    authority::Authority,
    caller::{Caller, Client},
    permission::{Permission, PermissionSet},
    principal::Principal,
};
use http::{HeaderValue, request::Parts};

use super::{BearerRejection, Credential, forbidden};
use crate::ApiError;

/// The name of a permission as a type, for [`RequirePermission`].
pub trait PermissionName: Send {
    /// The permission's name.
    const NAME: &str;
    /// What a caller without the permission reads, with a 403.
    const REFUSAL: &'static str;
}

macro_rules! permissions {
    ($($(#[$doc:meta])+ $name:ident = $permission:ident, $refusal:literal;)+) => {
        $($(#[$doc])+
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl PermissionName for $name {
            const NAME: &str = Permission::$permission;
            const REFUSAL: &'static str = $refusal;
        })+
    };
}

permissions! {
    /// `users:read`. The text is the lecture's: whoever knows its `/users` reads the same.
    UsersRead = USERS_READ, "Admin access required";
    /// `users:write`
    UsersWrite = USERS_WRITE, "Admin access required";
    /// `sessions:revoke`
    SessionsRevoke = SESSIONS_REVOKE, "Permission 'sessions:revoke' required";
    /// `audit:read`
    AuditRead = AUDIT_READ, "Permission 'audit:read' required";
    /// `roles:write`
    RolesWrite = ROLES_WRITE, "Permission 'roles:write' required";
    /// `keys:write`
    KeysWrite = KEYS_WRITE, "Permission 'keys:write' required";
}

/// A principal who has the permission `P` by any role, and with an API key by its scope too: first the credential, then the
/// permission, so a 401 comes before a 403.
///
/// The user and the roles are looked up: what was taken away is gone at once, not when the token expires (AZ-05).
#[derive(Debug)]
pub struct RequirePermission<P> {
    principal: Principal,
    permissions: PermissionSet,
    permission: PhantomData<P>,
}

impl<P> RequirePermission<P> {
    /// All that the principal may do.
    #[must_use]
    pub fn permissions(&self) -> &PermissionSet {
        &self.permissions
    }

    /// The principal at a client, with all that it may do: for whatever changes something (AZ-08).
    #[must_use]
    pub fn authority(&self, client: Client) -> Authority {
        Authority::new(
            Caller::acting(&self.principal, client),
            self.permissions.clone(),
        )
    }
}

impl<P> Deref for RequirePermission<P> {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.principal
    }
}

/// Why a request may not use a route that needs a permission.
#[derive(Debug, thiserror::Error)]
pub enum PermissionRejection {
    /// No valid token.
    #[error(transparent)]
    Bearer(#[from] BearerRejection),
    /// The permission is missing.
    #[error("{text}")]
    Missing {
        /// Its name.
        name: &'static str,
        /// What the caller reads.
        text: &'static str,
    },
    /// The user could not be looked up.
    #[error(transparent)]
    Store(#[from] doorward::store::StoreError),
}

impl From<PermissionRejection> for ApiError {
    fn from(rejection: PermissionRejection) -> Self {
        match rejection {
            PermissionRejection::Bearer(rejection) => rejection.into(),
            PermissionRejection::Missing { name, text } => {
                insufficient_scope(name).with_message(text)
            }
            PermissionRejection::Store(error) => error.into(),
        }
    }
}

/// A 403 that says what was needed (RFC 6750 §3.1).
pub(crate) fn insufficient_scope(name: &'static str) -> ApiError {
    let challenge =
        format!("Bearer realm=\"doorward\", error=\"insufficient_scope\", scope=\"{name}\"");
    match HeaderValue::try_from(challenge) {
        Ok(challenge) => ApiError::forbidden("Permission required")
            .with_code("insufficient_scope")
            .with_challenge(challenge),
        Err(error) => ApiError::internal().with_source(error),
    }
}

impl IntoResponse for PermissionRejection {
    fn into_response(self) -> Response {
        ApiError::from(self).into_response()
    }
}

impl<S, P> FromRequestParts<S> for RequirePermission<P>
where
    S: Send + Sync,
    P: PermissionName,
    Arc<Authenticator>: FromRef<S>,
{
    type Rejection = PermissionRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PermissionRejection> {
        let Credential(claimed) = Credential::from_request_parts(parts, state).await?;
        let authenticator = Arc::<Authenticator>::from_ref(state);
        let principal = authenticator
            .current(&claimed)
            .await?
            .ok_or(BearerRejection::Invalid)?;
        let permissions = authenticator.permissions_of(&principal).await?;
        if permissions.allows(P::NAME) {
            Ok(Self {
                principal,
                permissions,
                permission: PhantomData,
            })
        } else {
            forbidden::record(&authenticator, &principal, P::NAME, parts, state).await;
            Err(PermissionRejection::Missing {
                name: P::NAME,
                text: P::REFUSAL,
            })
        }
    }
}
