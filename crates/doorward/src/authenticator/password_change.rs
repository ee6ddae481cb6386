//! A new password: for who knows the old one, and for who has a link.

use std::sync::Arc;

use super::{Authenticator, LoggedIn, LoginAttempt, LoginError, SessionError};
use crate::{
    audit::{Event, EventKind},
    caller::{Caller, Client},
    email::EmailAddress,
    one_time_link::{LinkPurpose, LinkToken},
    password::{HashPoolError, Password, PolicyContext, PolicyViolation},
    principal::Principal,
    session::{EndReason, LoginMethod},
    store::{EndSessions, LinkError, PasswordSetting, StoreError},
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
    /// The password was changed, and no session could be begun: the next login does.
    #[error(transparent)]
    Session(#[from] SessionError),
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

/// A new password that somebody who is logged in asks for.
#[derive(Debug)]
pub struct PasswordChange {
    /// The password until now.
    pub current: Password,
    /// The password from now on.
    pub new: Password,
    /// Whether the user's other sessions end (ASVS 7.4.3).
    pub ends_other_sessions: bool,
}

impl Authenticator {
    /// Changes the password of a user who knows the current one. A wrong one counts like a failed login (PW-15). All access
    /// tokens from before are void, and the caller goes on in a new session (SE-03, SE-07).
    ///
    /// # Errors
    /// [`ChangePasswordError`].
    pub async fn change_password(
        &self,
        principal: &Principal,
        change: PasswordChange,
        client: &Client,
    ) -> Result<LoggedIn, ChangePasswordError> {
        let id = principal.user_id;
        let user = self.confirm_password(id, change.current, client).await?;
        let stored = self.stored(id).await?;
        if stored.user.epochs != user.epochs {
            // It was changed since it was verified; another hash of the same password is no change.
            return Err(LoginError::InvalidCredentials.into());
        }
        self.check_password_of::<ChangePasswordError>(&user, &change.new)
            .await?;
        let hash = self.parts.hashes.hash(Arc::new(change.new)).await?;
        let reason = EndReason::PasswordChanged;
        let caller = Caller::user(id, client.clone());
        let event = Event::success(EventKind::PasswordChanged, &caller)
            .subject(id)
            .detail("ends_other_sessions", change.ends_other_sessions);
        let new = PasswordSetting {
            hash: &hash,
            sessions: if change.ends_other_sessions {
                EndSessions::All(reason)
            } else {
                EndSessions::None
            },
            tells: self.sends_letters(),
            event: &event,
        };
        let store = &self.parts.store;
        let changed = store
            .change_password(id, &stored.password, &new, self.now())
            .await?;
        if !changed {
            // Another change was first: what was the current password is none now.
            return Err(LoginError::InvalidCredentials.into());
        }
        // The caller's own session is replaced; where all have ended, it has too.
        if let Some(session) = principal.session {
            self.end_session(id, session, reason, &caller).await?;
        }
        self.follow_revocations().await;
        let user = self.stored(id).await?.user;
        Ok(self
            .begin_session(&user, LoginMethod::Password, client)
            .await?)
    }

    /// Whether this is the current password of the user: the same verifier, throttle and timing as a login.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn confirm_password(
        &self,
        user: UserId,
        current: Password,
        client: &Client,
    ) -> Result<User, LoginError> {
        let attempt = LoginAttempt {
            username: self.stored(user).await?.user.username,
            password: current,
            client: client.clone(),
        };
        let found = self.confirm_credentials(attempt, None).await?;
        // The name may have become another's since it was read.
        Some(found)
            .filter(|found| found.id == user)
            .ok_or(LoginError::InvalidCredentials)
    }

    async fn stored(&self, user: UserId) -> Result<StoredUser, LoginError> {
        self.parts
            .store
            .find_user_by_id(user, self.now())
            .await?
            .ok_or(LoginError::InvalidCredentials)
    }

    /// Sets a new password for who has the link. All sessions end, and nobody is logged in by it (RC-05).
    ///
    /// # Errors
    /// [`ResetError`]. A refused password does not use the link up.
    pub async fn reset_by_link(
        &self,
        token: &LinkToken,
        new: Password,
        caller: &Caller,
    ) -> Result<(), ResetError> {
        let done = Box::pin(self.use_reset_link(token, new, caller)).await;
        if matches!(done, Err(ResetError::InvalidLink)) {
            self.audit_refused_link(LinkPurpose::ResetPassword, caller)
                .await;
        }
        done
    }

    async fn use_reset_link(
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
        let event = Event::success(EventKind::PasswordReset, caller)
            .subject(user.id)
            .detail("by", "link");
        let new = PasswordSetting {
            hash: &hash,
            sessions: EndSessions::All(EndReason::PasswordReset),
            tells: self.sends_letters(),
            event: &event,
        };
        store
            .use_reset_link(&digest, &link, &new, self.now())
            .await?;
        self.follow_revocations().await;
        Ok(())
    }

    /// Whether the password may be set for a user who is there already: neither the name nor the e-mail address is a part of
    /// it, whoever sets it (PW-13).
    pub(super) async fn check_password_of<E: From<StoreError> + From<PolicyViolation>>(
        &self,
        user: &User,
        new: &Password,
    ) -> Result<(), E> {
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
