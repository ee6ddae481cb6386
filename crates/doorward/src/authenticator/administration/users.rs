//! What administrators and operators do to users.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::{AdministrationError, Authenticator, RegistrationError};
use crate::{
    caller::{Actor, Caller},
    password::Password,
    random,
    role::Role,
    session::EndReason,
    store::{ChangeUserError, EndSessions, RemoveUserError, StoreError, UserChange, UserVersion},
    user::{User, UserId},
    username::Username,
};

/// An account that an administrator makes.
#[derive(Debug)]
pub struct AddedUser {
    /// The name.
    pub username: Username,
    /// The password; without one nobody can log in until one is set.
    pub password: Option<Password>,
    /// The role.
    pub role: Role,
}

impl Authenticator {
    /// A user, and the version that a change can keep to.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_user(&self, id: UserId) -> Result<Option<(User, UserVersion)>, StoreError> {
        let found = self.parts.store.find_user_version(id, self.now()).await?;
        Ok(found.map(|(stored, version)| (stored.user, version)))
    }

    /// Makes an account in any role, whatever the registration rule.
    ///
    /// # Errors
    /// [`RegistrationError`], never [`RegistrationError::AdministratorRequired`]: the caller has shown to be one.
    pub async fn add_user(
        &self,
        added: AddedUser,
        caller: &Caller,
    ) -> Result<User, RegistrationError> {
        let store = &self.parts.store;
        if let Some(password) = &added.password {
            self.check_new_password(password, &added.username)?;
        }
        // A taken name is told apart before the costly hash; the unique key decides all the same.
        if store
            .find_user(&added.username, self.now())
            .await?
            .is_some()
        {
            return Err(RegistrationError::UsernameTaken);
        }
        let password = match added.password {
            Some(password) => password,
            None => self.unknown_password()?,
        };
        let hash = self.parts.hashes.hash(password).await?;
        let user = store
            .add_user(&added.username, &hash, &added.role, self.now())
            .await?;
        note("user_added", user.id, caller);
        Ok(user)
    }

    /// A password that nobody knows. Its hash is one like any other, which an application beside us can read too: a mark
    /// for "none" would be plain text to some.
    #[expect(clippy::expect_used, reason = "43 characters of base64 are a password")]
    fn unknown_password(&self) -> Result<Password, StoreError> {
        let bytes = Zeroizing::new(random::bytes::<32>(self.parts.random.as_ref())?);
        Ok(Password::parse(URL_SAFE_NO_PAD.encode(bytes.as_slice()))
            .expect("43 characters of base64 are a password"))
    }

    /// Changes a user's role, or whether the user can log in. With `expected` only when the user is in one of these
    /// versions.
    ///
    /// # Errors
    /// [`ChangeUserError`].
    pub async fn change_user(
        &self,
        id: UserId,
        expected: Option<&[String]>,
        change: &UserChange,
        caller: &Caller,
    ) -> Result<(), ChangeUserError> {
        let before = self
            .parts
            .store
            .change_user(id, expected, change, self.now())
            .await?;
        if change
            .role
            .as_ref()
            .is_some_and(|role| *role != before.role)
        {
            note("role_changed", id, caller);
        }
        match change.disabled {
            Some(true) if before.disabled_at.is_none() => note("user_disabled", id, caller),
            Some(false) if before.disabled_at.is_some() => note("user_enabled", id, caller),
            _ => {}
        }
        self.follow_revocations().await;
        Ok(())
    }

    /// Deletes a user. The number stays in the trail and is never given to another.
    ///
    /// # Errors
    /// [`RemoveUserError`].
    pub async fn delete_user(&self, id: UserId, caller: &Caller) -> Result<(), RemoveUserError> {
        self.parts.store.delete_user(id, self.now()).await?;
        note("user_deleted", id, caller);
        self.follow_revocations().await;
        Ok(())
    }

    /// Sets a user's password. A disabled user stays disabled.
    ///
    /// # Errors
    /// [`AdministrationError`].
    pub async fn set_password_of(
        &self,
        id: UserId,
        password: Password,
        caller: &Caller,
    ) -> Result<(), AdministrationError> {
        let store = &self.parts.store;
        let stored = store.find_user_by_id(id, self.now()).await?;
        let user = stored.ok_or(AdministrationError::NotFound)?.user;
        // A name that the application beside us allows may be none here; it is then no part of the rule.
        match Username::parse(&user.username) {
            Ok(name) => self.check_new_password(&password, &name)?,
            Err(_) => self.parts.password_policy.check(
                &password,
                &crate::password::PolicyContext::for_username(&user.username),
            )?,
        }
        let hash = self.parts.hashes.hash(password).await?;
        if !store
            .set_password(
                id,
                &hash,
                EndSessions::All(EndReason::PasswordChanged),
                self.now(),
            )
            .await?
        {
            return Err(AdministrationError::NotFound);
        }
        note("password_set", id, caller);
        self.follow_revocations().await;
        Ok(())
    }
}

/// Who did what to whom, for the log.
fn note(event: &'static str, subject: UserId, caller: &Caller) {
    let by = match caller.actor {
        Actor::User(id) => id.to_string(),
        Actor::Operator => "operator".to_owned(),
        Actor::System => "system".to_owned(),
        Actor::Anonymous => "anonymous".to_owned(),
    };
    let request_id = caller.client.request_id.as_deref();
    tracing::info!(target: "doorward::auth", event, user_id = subject.get(), by, request_id);
}
