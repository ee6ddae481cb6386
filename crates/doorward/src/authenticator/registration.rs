//! Making an account.

use super::Authenticator;
use crate::{
    audit::{Event, EventKind},
    authority::Overreach,
    caller::{Caller, Client},
    email::EmailAddress,
    password::{HashPoolError, Password, PolicyContext, PolicyViolation},
    principal::Principal,
    random::RandomError,
    role::Role,
    store::StoreError,
    throttle::AdmissionError,
    user::User,
    username::Username,
};

/// Who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationRule {
    /// Nobody but an administrator.
    AdministratorsOnly,
    /// Everybody, as a user; administrators make administrators.
    Users,
    /// Everybody, in either role, with any password: the lecture's program 11, for the demo alone.
    AsInTheLecture,
}

/// An account to be made.
#[derive(Debug)]
pub struct NewUser {
    /// The name.
    pub username: Username,
    /// The password.
    pub password: Password,
    /// The role asked for.
    pub role: Role,
}

/// Why no account was made.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// An administrator's role, or any account where registration is closed, needs an administrator.
    #[error("Admin access required")]
    AdministratorRequired,
    /// The role allows what whoever makes the account may not do (AZ-07).
    #[error(transparent)]
    Overreach(#[from] Overreach),
    /// The password may not be set.
    #[error(transparent)]
    Password(#[from] PolicyViolation),
    /// The name is taken.
    #[error("Username already exists")]
    UsernameTaken,
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashPoolError),
    /// No random bytes for the link that proves an address.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The database failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for RegistrationError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::AlreadyExists => Self::UsernameTaken,
            other => Self::Store(other),
        }
    }
}

impl Authenticator {
    /// Makes an account for `new`, on behalf of `principal` if somebody is logged in.
    ///
    /// # Errors
    /// [`RegistrationError`].
    pub async fn register(
        &self,
        new: NewUser,
        principal: Option<&Principal>,
        client: Client,
    ) -> Result<User, RegistrationError> {
        self.register_with_email(new, None, principal, client).await
    }

    /// As [`Self::register`], with an address that is not proved yet. Where letters are sent, one with the link that proves
    /// it is: the account and the letter both or neither. Whether somebody else has the address is not told.
    ///
    /// # Errors
    /// [`RegistrationError`].
    pub async fn register_with_email(
        &self,
        new: NewUser,
        email: Option<&EmailAddress>,
        principal: Option<&Principal>,
        client: Client,
    ) -> Result<User, RegistrationError> {
        let rule = self.parts.registration;
        let open = match rule {
            RegistrationRule::AsInTheLecture => true,
            RegistrationRule::Users => !new.role.is_admin(),
            RegistrationRule::AdministratorsOnly => false,
        };
        let caller = match principal {
            Some(principal) => Caller::acting(principal, client),
            None => Caller::anonymous(client),
        };
        if !open && !self.is_administrator(principal).await? {
            let event = Event::denied(EventKind::Forbidden, &caller).detail("needs", Role::ADMIN);
            self.audit_refusal(event).await;
            return Err(RegistrationError::AdministratorRequired);
        }
        if rule != RegistrationRule::AsInTheLecture {
            self.check_password_with(new.username.as_str(), &new.password, email)?;
        }
        // A taken name costs a hash like a free one, so that only the answer tells them apart, and the throttle counts
        // answers; the unique key decides.
        let hash = self.parts.hashes.hash(new.password).await?;
        let mut proof = email.map(|email| self.proof_of(email)).transpose()?;
        if let Some(proof) = &mut proof
            && proof.link.is_some()
        {
            // Nobody uses up another's letters with names that are taken.
            let taken = self.parts.store.find_user(&new.username, self.now());
            if taken.await?.is_some() {
                return Err(RegistrationError::UsernameTaken);
            }
            match self.spend_letter_to(proof.email).await {
                Ok(()) => {}
                // The account is made all the same, and says nothing of others who gave this address.
                Err(AdmissionError::Throttled(_)) => proof.link = None,
                Err(AdmissionError::Store(error)) => return Err(error.into()),
            }
        }
        let event = Event::success(EventKind::Registered, &caller).detail("role", &new.role);
        let user = self
            .parts
            .store
            .add_user_with_email(
                &new.username,
                &hash,
                &new.role,
                proof.as_ref(),
                &event,
                self.now(),
            )
            .await?;
        Ok(user)
    }

    /// Whether a password may be set for this user.
    ///
    /// # Errors
    /// [`PolicyViolation`].
    pub fn check_new_password(
        &self,
        password: &Password,
        username: &Username,
    ) -> Result<(), PolicyViolation> {
        self.parts
            .password_policy
            .check(password, &PolicyContext::for_username(username.as_str()))
    }

    pub(super) async fn is_administrator(
        &self,
        principal: Option<&Principal>,
    ) -> Result<bool, StoreError> {
        let Some(principal) = principal else {
            return Ok(false);
        };
        Ok(self
            .current(principal)
            .await?
            .is_some_and(|current| current.role.is_admin()))
    }
}
