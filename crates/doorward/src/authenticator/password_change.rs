//! A new password: for who knows the old one, and for who has a link.

use std::{net::IpAddr, sync::Arc};

use super::{Authenticator, LoginError};
use crate::{
    caller::Caller,
    email::EmailAddress,
    one_time_link::{LinkPurpose, LinkToken},
    password::{HashPoolError, Password, PolicyContext, PolicyViolation},
    store::{LinkError, StoreError},
    user::{StoredUser, User, UserId},
};

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangePasswordError {
    /// The current password is another, or the user may not log in. Counted like a failed login (PW-15).
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The new password may not be set.
    #[error(transparent)]
    Password(#[from] PolicyViolation),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<HashPoolError> for ChangePasswordError {
    fn from(error: HashPoolError) -> Self {
        Self::Login(error.into())
    }
}

/// Why a link did not set a password.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// The link is not good (any more).
    #[error("This link is not valid any more")]
    InvalidLink,
    /// The new password may not be set. The link stays good.
    #[error(transparent)]
    Password(#[from] PolicyViolation),
    /// The password could not be hashed. The link stays good.
    #[error(transparent)]
    Hash(#[from] HashPoolError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<LinkError> for ResetError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::InvalidLink => Self::InvalidLink,
            LinkError::Store(error) => Self::Store(error),
        }
    }
}

impl Authenticator {
    /// Changes the password of a user who knows the current one. A wrong one counts like a failed login (PW-15).
    ///
    /// # Errors
    /// [`ChangePasswordError`].
    pub async fn change_password(
        &self,
        user: UserId,
        current: Password,
        new: Password,
        address: IpAddr,
    ) -> Result<User, ChangePasswordError> {
        let user = self.confirm_password(user, current, address).await?;
        let stored = self.stored(user.id).await?;
        self.check_password_of(&stored.user, &new).await?;
        let hash = self.parts.hashes.hash(Arc::new(new)).await?;
        let changed = self
            .parts
            .store
            .change_password(
                user.id,
                &stored.password,
                &hash,
                self.sends_letters(),
                self.now(),
            )
            .await?;
        if !changed {
            // Another change was first: what was the current password is none now.
            return Err(LoginError::InvalidCredentials.into());
        }
        tracing::info!(target: "doorward::auth", event = "password_changed", user_id = user.id.get(), %address);
        Ok(user)
    }

    /// Whether this is the current password of the user: the same verifier, throttle and timing as a login.
    ///
    /// # Errors
    /// [`LoginError`].
    pub(super) async fn confirm_password(
        &self,
        user: UserId,
        current: Password,
        address: IpAddr,
    ) -> Result<User, LoginError> {
        let stored = self.stored(user).await?;
        self.log_in(super::LoginAttempt {
            username: stored.user.username,
            password: current,
            address,
        })
        .await
        .and_then(|found| {
            if found.id == user {
                Ok(found)
            } else {
                Err(LoginError::InvalidCredentials)
            }
        })
    }

    async fn stored(&self, user: UserId) -> Result<StoredUser, LoginError> {
        self.parts
            .store
            .find_user_by_id(user, self.now())
            .await?
            .ok_or(LoginError::InvalidCredentials)
    }

    /// Sets a new password for who has the link. Nobody is logged in by it (RC-05).
    ///
    /// # Errors
    /// [`ResetError`]. A refused password does not use the link up.
    pub async fn reset_by_link(
        &self,
        token: &LinkToken,
        new: Password,
        caller: &Caller,
    ) -> Result<(), ResetError> {
        let digest = token.sha256();
        let store = &self.parts.store;
        // Asked before the costly hash, so that guessing links costs us nothing; using the link decides again.
        let link = store
            .find_link(&digest, LinkPurpose::ResetPassword, self.now())
            .await?
            .ok_or(ResetError::InvalidLink)?;
        let user = store
            .find_user_by_id(link.user_id, self.now())
            .await?
            .map(|stored| stored.user)
            .filter(|user| user.disabled_at.is_none())
            .ok_or(ResetError::InvalidLink)?;
        let email = link.email.as_ref();
        self.check_password_with(&user.username, &new, email)?;
        let hash = self.parts.hashes.hash(Arc::new(new)).await?;
        store
            .use_reset_link(&digest, &link, &hash, self.sends_letters(), self.now())
            .await?;
        tracing::info!(target: "doorward::auth", event = "password_reset_by_link", user_id = user.id.get(), address = ?caller.client.address);
        Ok(())
    }

    async fn check_password_of(
        &self,
        user: &User,
        new: &Password,
    ) -> Result<(), ChangePasswordError> {
        let email = self.parts.store.find_email(user.id).await?;
        let email = email.as_ref().map(|email| &email.address);
        Ok(self.check_password_with(&user.username, new, email)?)
    }

    /// Every way to set a password has the same rules (PW-13).
    pub(super) fn check_password_with(
        &self,
        username: &str,
        new: &Password,
        email: Option<&EmailAddress>,
    ) -> Result<(), PolicyViolation> {
        let context = PolicyContext::for_username(username);
        let context = match email {
            Some(email) => context.with_word(email.local_part()),
            None => context,
        };
        self.parts.password_policy.check(new, &context)
    }
}
