//! Defining roles and giving them to users.

use super::Authenticator;
use crate::{
    access::AccessTokenPolicy,
    authority::{Authority, Overreach},
    clock::Timestamp,
    permission::PermissionSet,
    principal::Principal,
    role::Role,
    store::{DefinedRole, RoleStoreError, StoreError, UserVersion},
    user::{User, UserId},
};

/// Why a role was not changed or given.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    /// `admin` and `user` are what they are.
    #[error("The roles 'admin' and 'user' cannot be changed")]
    BuiltIn,
    /// The name would be read differently elsewhere.
    #[error("A role's name has lower-case letters, digits, '_', '.' and '-', at most 20")]
    InvalidName,
    /// More permissions than a role may have.
    #[error("A role has at most {} permissions", PermissionSet::MAX_OF_A_ROLE)]
    TooManyPermissions,
    /// The description is too long.
    #[error(
        "A role's description has at most {} characters",
        RoleError::MAX_DESCRIPTION
    )]
    DescriptionTooLong,
    /// The caller does not hold what is given or taken, or what the user may do (AZ-07).
    #[error(transparent)]
    Overreach(#[from] Overreach),
    /// The user is not as the caller has read it.
    #[error("the user has changed meanwhile")]
    Stale,
    /// There is no such user.
    #[error("there is no such user")]
    UnknownUser,
    /// The tables said no.
    #[error(transparent)]
    Refused(RoleStoreError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RoleError {
    /// The longest description, in characters.
    pub const MAX_DESCRIPTION: usize = 200;
}

impl From<RoleStoreError> for RoleError {
    fn from(error: RoleStoreError) -> Self {
        match error {
            RoleStoreError::Store(error) => Self::Store(error),
            RoleStoreError::UnknownUser => Self::UnknownUser,
            RoleStoreError::Overreach(error) => Self::Overreach(error),
            RoleStoreError::Stale => Self::Stale,
            other => Self::Refused(other),
        }
    }
}

/// Whether the role is one of the two that are always there.
fn is_built_in(role: &Role) -> bool {
    matches!(role.as_str(), Role::ADMIN | Role::USER)
}

impl Authenticator {
    /// What a principal may do, as the database has it now (AZ-05); with an API key only what is in its scope too.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn permissions_of(&self, principal: &Principal) -> Result<PermissionSet, StoreError> {
        let of_user = self
            .store()
            .permissions_of(principal.user_id, &principal.role)
            .await?;
        Ok(match &principal.key {
            Some(key) => of_user.intersection(&key.scope),
            None => of_user,
        })
    }

    /// Defines a role or replaces what it says; what it allows, and allowed before, must be within the authority. Returns whether
    /// it is new.
    ///
    /// # Errors
    /// [`RoleError`].
    pub async fn define_role(
        &self,
        defined: &DefinedRole,
        authority: &Authority,
    ) -> Result<bool, RoleError> {
        if is_built_in(&defined.role) {
            return Err(RoleError::BuiltIn);
        }
        let is_plain = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-');
        if !defined.role.as_str().bytes().all(is_plain) {
            return Err(RoleError::InvalidName);
        }
        if defined.permissions.iter().count() > PermissionSet::MAX_OF_A_ROLE {
            return Err(RoleError::TooManyPermissions);
        }
        if defined.description.chars().count() > RoleError::MAX_DESCRIPTION {
            return Err(RoleError::DescriptionTooLong);
        }
        let (now, until) = (self.now(), self.last_expiry());
        let is_new = self
            .store()
            .define_role(defined, authority, now, until)
            .await
            .map_err(RoleError::from);
        let is_new = self.heed(is_new, authority, None).await?;
        self.follow_revocations().await;
        Ok(is_new)
    }

    /// When the last access token has expired that was issued until now.
    fn last_expiry(&self) -> Timestamp {
        let longest = self.tokens().ttl().max(AccessTokenPolicy::MAX_LIFETIME);
        self.now().after(longest)
    }

    /// Deletes a role that nobody has. What it allows must be within the authority.
    ///
    /// # Errors
    /// [`RoleError`].
    pub async fn delete_role(&self, role: &Role, authority: &Authority) -> Result<(), RoleError> {
        if is_built_in(role) {
            return Err(RoleError::BuiltIn);
        }
        let (now, until) = (self.now(), self.last_expiry());
        let store = self.store();
        let deleted = store.delete_role(role, authority, now, until).await;
        self.heed(deleted.map_err(RoleError::from), authority, None)
            .await?;
        self.follow_revocations().await;
        Ok(())
    }

    /// A user with the roles beside the one in the users table, and the version that a change of them can keep to. `None` when
    /// there is no such user.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn roles_of(
        &self,
        id: UserId,
    ) -> Result<Option<(User, UserVersion, Vec<Role>)>, StoreError> {
        // Before the roles, so that the version is theirs or an older one.
        let Some((user, version)) = self.find_user(id).await? else {
            return Ok(None);
        };
        let roles = self.store().roles_of(id).await?;
        Ok(Some((user, version, roles)))
    }

    /// Gives a user these roles beside the one in the users table, and no others: whoever gives or takes a role must hold all
    /// that it allows. With `expected` only when the user is in one of these versions.
    ///
    /// # Errors
    /// [`RoleError`].
    pub async fn assign_roles(
        &self,
        id: UserId,
        roles: &[Role],
        expected: Option<&[String]>,
        authority: &Authority,
    ) -> Result<(), RoleError> {
        let now = self.now();
        // Makes the account of a user whom the application beside us has just added.
        let found = self.store().find_user_by_id(id, now).await?;
        found.ok_or(RoleError::UnknownUser)?;
        let store = self.store();
        let changed = store
            .set_roles_of(id, roles, expected, authority, now)
            .await
            .map_err(RoleError::from);
        if self.heed(changed, authority, Some(id)).await? {
            self.follow_revocations().await;
        }
        Ok(())
    }
}
