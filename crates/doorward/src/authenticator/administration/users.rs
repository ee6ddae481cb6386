//! What administrators and operators do to users.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::{AdministrationError, Authenticator, RegistrationError};
use crate::{
    audit::{Event, EventKind},
    authority::Authority,
    password::Password,
    random,
    role::Role,
    store::{ChangeUserError, StoreError, UserChange, UserDeed, UserVersion},
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

    /// Makes an account, whatever the registration rule, in a role that is within the authority.
    ///
    /// # Errors
    /// [`RegistrationError`], never [`RegistrationError::AdministratorRequired`].
    pub async fn add_user(
        &self,
        added: AddedUser,
        authority: &Authority,
    ) -> Result<User, RegistrationError> {
        let store = &self.parts.store;
        // Of nobody yet, so that it is what the role allows by itself.
        let allowed = store.permissions_of(UserId::new(0), &added.role).await?;
        let granted = authority.require_to_grant(&allowed);
        self.heed(granted.map_err(RegistrationError::from), authority, None)
            .await?;
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
        let event =
            Event::success(EventKind::UserCreated, authority.caller()).detail("role", &added.role);
        let (name, role) = (&added.username, &added.role);
        let user = store
            .add_user_and_record(name, &hash, role, Some(&event), self.now())
            .await?;
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
        change: UserChange,
        authority: &Authority,
    ) -> Result<(), ChangeUserError> {
        let deed = UserDeed::Change(change);
        self.do_to_user(id, expected, &deed, authority).await
    }

    /// Deletes a user. The number stays in the trail and is never given to another.
    ///
    /// # Errors
    /// [`ChangeUserError`].
    pub async fn delete_user(
        &self,
        id: UserId,
        authority: &Authority,
    ) -> Result<(), ChangeUserError> {
        self.do_to_user(id, None, &UserDeed::Delete, authority)
            .await
    }

    async fn do_to_user(
        &self,
        id: UserId,
        expected: Option<&[String]>,
        deed: &UserDeed,
        authority: &Authority,
    ) -> Result<(), ChangeUserError> {
        let store = &self.parts.store;
        // Makes the account of a user whom the application beside us has just added.
        let found = store.find_user_by_id(id, self.now()).await?;
        found.ok_or(ChangeUserError::NotFound)?;
        let done = store
            .do_to_user(id, expected, deed, authority, self.now())
            .await;
        self.heed(done, authority, Some(id)).await?;
        self.follow_revocations().await;
        Ok(())
    }

    /// Sets a user's password, and tells the user by letter where letters are sent (RC-05). A disabled user stays disabled.
    ///
    /// # Errors
    /// [`AdministrationError`].
    pub async fn set_password_of(
        &self,
        id: UserId,
        password: Password,
        authority: &Authority,
    ) -> Result<(), AdministrationError> {
        let store = &self.parts.store;
        let stored = store.find_user_by_id(id, self.now()).await?;
        let user = stored.ok_or(AdministrationError::NotFound)?.user;
        // Before the costly hash; the transaction of the change asks again, and decides.
        let reached = authority.require_reach(&store.rights_of(&user).await?.permissions);
        let reached = reached.map_err(AdministrationError::from);
        self.heed(reached, authority, Some(id)).await?;
        self.check_password_of::<AdministrationError>(&user, &password)
            .await?;
        let deed = UserDeed::SetPassword {
            hash: self.parts.hashes.hash(password).await?,
            tells: self.sends_letters(),
        };
        match self.do_to_user(id, None, &deed, authority).await {
            Ok(()) => Ok(()),
            Err(ChangeUserError::Store(error)) => Err(error.into()),
            Err(ChangeUserError::Overreach(error)) => Err(error.into()),
            Err(_) => Err(AdministrationError::NotFound),
        }
    }
}
