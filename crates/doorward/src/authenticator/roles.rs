//! Defining roles and giving them to users.

use super::Authenticator;
use crate::{
    access::AccessTokenPolicy,
    audit::{Event, EventKind},
    caller::Caller,
    clock::Timestamp,
    permission::PermissionSet,
    principal::Principal,
    role::Role,
    store::{DefinedRole, RoleStoreError, StoreError},
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
    /// The caller does not have what the role allows (AZ-07).
    #[error("Nobody grants what they do not hold: '{0}'")]
    NotHeld(String),
    /// The user may do what the caller may not, so the caller may not act on the user (AZ-07).
    #[error("The user may do what you may not: '{0}'")]
    OutOfReach(String),
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

    /// Refuses to act on a user who may do what the caller, who may do what is `held`, may not: a new password, for example,
    /// would let the caller in as that user (AZ-07).
    ///
    /// # Errors
    /// [`RoleError::OutOfReach`], [`RoleError::UnknownUser`] or a [`StoreError`].
    pub async fn require_reach(&self, held: &PermissionSet, id: UserId) -> Result<(), RoleError> {
        let found = self.store().find_user_by_id(id, self.now()).await?;
        let user = found.ok_or(RoleError::UnknownUser)?.user;
        let rights = self.store().rights_of(&user).await?;
        match held.first_missing(&rights.permissions) {
            Some(missing) => Err(RoleError::OutOfReach(missing.to_owned())),
            None => Ok(()),
        }
    }

    /// Refuses to give `admin` or `user` to somebody when the caller may not do what it allows (AZ-07).
    ///
    /// # Errors
    /// [`RoleError::NotHeld`] or a [`StoreError`].
    pub async fn require_role_held(
        &self,
        held: &PermissionSet,
        role: &Role,
    ) -> Result<(), RoleError> {
        let allowed = self.store().permissions_of(UserId::new(0), role).await?;
        require_held(held, &allowed)
    }

    /// Defines a role or replaces what it says. `held` is what the caller may do; the role may not allow more. Returns whether it is new.
    ///
    /// # Errors
    /// [`RoleError`].
    pub async fn define_role(
        &self,
        defined: &DefinedRole,
        held: &PermissionSet,
        caller: &Caller,
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
        require_held(held, &defined.permissions)?;
        let event = Event::success(EventKind::RoleDefined, caller)
            .detail("role", &defined.role)
            .detail("permissions", defined.permissions.scope());
        let (now, until) = (self.now(), self.last_expiry());
        let is_new = self
            .store()
            .define_role(defined, &event, now, until)
            .await?;
        self.follow_revocations().await;
        Ok(is_new)
    }

    /// When the last access token has expired that was issued until now.
    fn last_expiry(&self) -> Timestamp {
        let longest = self.tokens().ttl().max(AccessTokenPolicy::MAX_LIFETIME);
        self.now().after(longest)
    }

    /// Deletes a role that nobody has.
    ///
    /// # Errors
    /// [`RoleError`].
    pub async fn delete_role(&self, role: &Role, caller: &Caller) -> Result<(), RoleError> {
        if is_built_in(role) {
            return Err(RoleError::BuiltIn);
        }
        let event = Event::success(EventKind::RoleRemoved, caller).detail("role", role);
        let (now, until) = (self.now(), self.last_expiry());
        self.store().delete_role(role, &event, now, until).await?;
        self.follow_revocations().await;
        Ok(())
    }

    /// A user with the roles beside the one in the users table. `None` when there is no such user.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn roles_of(&self, id: UserId) -> Result<Option<(User, Vec<Role>)>, StoreError> {
        let Some(stored) = self.store().find_user_by_id(id, self.now()).await? else {
            return Ok(None);
        };
        let roles = self.store().roles_of(id).await?;
        Ok(Some((stored.user, roles)))
    }

    /// Gives a user these roles beside the one in the users table, and no others. `held` is what the caller may do: whoever
    /// gives a role must hold all that it allows.
    ///
    /// # Errors
    /// [`RoleError`].
    pub async fn assign_roles(
        &self,
        id: UserId,
        roles: &[Role],
        held: &PermissionSet,
        caller: &Caller,
    ) -> Result<User, RoleError> {
        let Some((user, before)) = self.roles_of(id).await? else {
            return Err(RoleError::UnknownUser);
        };
        let mut wanted = roles.to_vec();
        wanted.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        wanted.dedup();
        for role in wanted.iter().filter(|role| !before.contains(role)) {
            let unknown = || RoleStoreError::UnknownRole(role.clone());
            let defined = self.store().find_role(role).await?.ok_or_else(unknown)?;
            require_held(held, &defined.permissions)?;
        }
        if wanted == before {
            return Ok(user);
        }
        let names: Vec<&str> = wanted.iter().map(Role::as_str).collect();
        let event = Event::success(EventKind::RolesChanged, caller)
            .subject(id)
            .detail("roles", names.join(" "));
        self.store()
            .set_roles_of(id, &wanted, &event, self.now())
            .await?;
        self.follow_revocations().await;
        Ok(user)
    }
}

fn require_held(held: &PermissionSet, wanted: &PermissionSet) -> Result<(), RoleError> {
    match held.first_missing(wanted) {
        Some(missing) => Err(RoleError::NotHeld(missing.to_owned())),
        None => Ok(()),
    }
}
