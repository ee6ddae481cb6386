//! The first administrator.

use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Authenticator, NewUser, RegistrationError};
use crate::{
    audit::{Event, EventKind},
    caller::{Caller, Client},
    random::{self, RandomError},
    store::{SetupError, StoreError},
    user::User,
};

/// The secret of a setup link: 256 random bits as 43 characters. The database holds only its SHA-256.
pub struct SetupToken(Zeroizing<String>);

impl SetupToken {
    /// Takes a token as somebody sent it.
    #[must_use]
    pub fn presented(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text for the link.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for SetupToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetupToken(redacted)")
    }
}

/// No setup link could be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupLinkError {
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Authenticator {
    /// A fresh setup token when there is no administrator who can log in, valid for `ttl`. It replaces older ones.
    ///
    /// # Errors
    /// [`SetupLinkError`].
    pub async fn offer_setup(&self, ttl: Duration) -> Result<Option<SetupToken>, SetupLinkError> {
        if self.parts.store.count_active_admins().await? > 0 {
            return Ok(None);
        }
        let bytes = Zeroizing::new(random::bytes::<32>(self.parts.random.as_ref())?);
        let token = SetupToken(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())));
        self.parts
            .store
            .set_setup_link(&token.sha256(), self.now().after(ttl))
            .await?;
        Ok(Some(token))
    }

    /// Makes the first administrator. The link is used up with it, both or neither; of many at once one succeeds.
    ///
    /// # Errors
    /// [`RegistrationError::AdministratorRequired`] when the link is not valid (any more); otherwise as
    /// [`Authenticator::register`].
    pub async fn complete_setup(
        &self,
        token: &SetupToken,
        new: NewUser,
        client: Client,
    ) -> Result<User, RegistrationError> {
        let digest = token.sha256();
        // Asked before the costly hash, so that guessing links costs us nothing; using the link decides again.
        if !self.parts.store.has_setup_link(&digest, self.now()).await? {
            return Err(RegistrationError::AdministratorRequired);
        }
        self.check_new_password(&new.password, &new.username)?;
        let hash = self.parts.hashes.hash(new.password).await?;
        let event = Event::success(EventKind::SetupCompleted, &Caller::anonymous(client));
        let user = self
            .parts
            .store
            .use_setup_link(&digest, &new.username, &hash, &event, self.now())
            .await
            .map_err(|error| match error {
                SetupError::InvalidLink => RegistrationError::AdministratorRequired,
                SetupError::Store(error) => error.into(),
            })?;
        Ok(user)
    }
}
