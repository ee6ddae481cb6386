//! What an access token says that its user may do.

use serde::Deserialize;

use super::AccessTokens;
use crate::{
    clock::Timestamp,
    permission::{PermissionSet, Rights},
    role::Role,
    token::{InvalidReason, TokenError},
};

#[derive(Deserialize)]
struct Presented {
    role: String,
    /// Without them: a token from before there were any.
    #[serde(default)]
    roles: Vec<String>,
    /// Absent when it was empty or too long, see [`PermissionSet::claim`].
    #[serde(default)]
    scope: String,
}

impl AccessTokens {
    /// The rights of the user whom `token` names, as they were when it was issued. A token whose user has others by now is
    /// void: ask [`crate::authenticator::Authenticator::verify_token`] too.
    ///
    /// The claim names no permission that an application has added when all are allowed; the role `admin` stands for them.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn rights_in(&self, token: &str, now: Timestamp) -> Result<Rights, TokenError> {
        let claims: Presented = self.keys().verifier.verify(token, now.as_millis())?;
        let malformed = || TokenError::from(InvalidReason::ClaimsForm);
        let names = std::iter::once(&claims.role).chain(&claims.roles);
        let roles: Vec<Role> = names
            .map(|name| Role::parse(name))
            .collect::<Result<_, _>>()
            .map_err(|_| malformed())?;
        let permissions = if roles.iter().any(Role::is_admin) {
            PermissionSet::everything()
        } else {
            PermissionSet::from_scope(&claims.scope).map_err(|_| malformed())?
        };
        Ok(Rights { roles, permissions })
    }
}
