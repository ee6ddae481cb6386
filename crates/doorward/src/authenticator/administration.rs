//! What an operator does from the command line, and administrators do to users.

mod jobs;
mod users;

pub use users::AddedUser;

use super::{Authenticator, NewUser, RegistrationError};
use crate::{
    audit::{Event, EventKind},
    authority::{Authority, Overreach},
    caller::Caller,
    password::{HashPoolError, Password, PolicyViolation},
    role::Role,
    store::{ChangeUserError, StoreError, UserChange, UserDeed},
    user::User,
    username::Username,
};

/// Why an operator's change was not made.
#[derive(Debug, thiserror::Error)]
pub enum AdministrationError {
    /// No user has this name.
    #[error("there is no user with this name")]
    NotFound,
    /// The user may do what whoever sets the password may not (AZ-07).
    #[error(transparent)]
    Overreach(#[from] Overreach),
    /// The password may not be set.
    #[error(transparent)]
    Password(#[from] PolicyViolation),
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashPoolError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A password was set by an operator.
#[derive(Debug)]
pub struct PasswordReset {
    /// Whose.
    pub user: User,
    /// Whether the new password was verified against what the database now holds.
    pub verified: bool,
}

impl Authenticator {
    /// Makes an account in any role, whatever the registration rule: whoever can write the database may.
    ///
    /// # Errors
    /// [`RegistrationError`].
    pub async fn create_user(&self, new: NewUser) -> Result<User, RegistrationError> {
        self.check_new_password(&new.password, &new.username)?;
        let hash = self.parts.hashes.hash(new.password).await?;
        let event =
            Event::success(EventKind::UserCreated, &Caller::operator()).detail("role", &new.role);
        let user = self
            .parts
            .store
            .add_user_and_record(&new.username, &hash, &new.role, Some(&event), self.now())
            .await?;
        Ok(user)
    }

    /// Makes one of the demo's accounts, unless the name is taken. The lecture's passwords would not pass the policy.
    ///
    /// # Errors
    /// [`RegistrationError`].
    pub async fn seed_demo_user(
        &self,
        username: &Username,
        password: Password,
        role: Role,
    ) -> Result<(), RegistrationError> {
        if self
            .parts
            .store
            .find_user(username, self.now())
            .await?
            .is_some()
        {
            return Ok(());
        }
        let hash = self.parts.hashes.hash(password).await?;
        match self
            .parts
            .store
            .add_user(username, &hash, &role, self.now())
            .await
        {
            Ok(_) | Err(StoreError::AlreadyExists) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sets a user's password and tells the user by letter where letters are sent, lets the user log in again if disabled, and checks that the stored hash verifies.
    ///
    /// # Errors
    /// [`AdministrationError`].
    pub async fn reset_password(
        &self,
        username: &Username,
        password: Password,
    ) -> Result<PasswordReset, AdministrationError> {
        let store = &self.parts.store;
        let user = store
            .find_user(username, self.now())
            .await?
            .ok_or(AdministrationError::NotFound)?
            .user;
        self.check_password_of::<AdministrationError>(&user, &password)
            .await?;
        let password = std::sync::Arc::new(password);
        let hash = self.parts.hashes.hash(password.clone()).await?;
        let enabled = UserChange {
            disabled: Some(false),
            ..UserChange::default()
        };
        let tells = self.sends_letters();
        for deed in [
            UserDeed::SetPassword { hash, tells },
            UserDeed::Change(enabled),
        ] {
            store
                .do_to_user(user.id, None, &deed, &Authority::operator(), self.now())
                .await
                .map_err(|error| match error {
                    ChangeUserError::Store(error) => error.into(),
                    _ => AdministrationError::NotFound,
                })?;
        }
        let stored = store
            .find_user_by_id(user.id, self.now())
            .await?
            .ok_or(AdministrationError::NotFound)?;
        let verified = match crate::password::PasswordHash::parse(&stored.password) {
            Ok(hash) => self.parts.hashes.verify(password, hash).await?,
            Err(_) => false,
        };
        Ok(PasswordReset {
            user: stored.user,
            verified,
        })
    }
}
