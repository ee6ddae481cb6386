//! Asking for a link by mail, and proving an address.

use std::net::IpAddr;

use tokio::time::Instant;

use super::{Authenticator, LoginError};
use crate::{
    caller::Caller,
    email::EmailAddress,
    letter::LetterKind,
    one_time_link::{LinkId, LinkPurpose, LinkToken},
    password::Password,
    random::RandomError,
    store::{EmailProof, LinkError, ProofLink, StoreError},
    throttle::{AdmissionError, Allowance},
    user::UserId,
    username::Username,
};

/// Who wants a new password.
#[derive(Debug)]
pub enum Forgetful {
    /// By name.
    Username(String),
    /// By address.
    Email(String),
}

/// Why nothing was done about an address.
#[derive(Debug, thiserror::Error)]
pub enum EmailError {
    /// No mail server or no public URL is configured.
    #[error("This server sends no mail")]
    NoLetters,
    /// The current password is another.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The link is not good (any more), or another account has proved the address.
    #[error("This link is not valid any more")]
    InvalidLink,
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<LinkError> for EmailError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::InvalidLink => Self::InvalidLink,
            LinkError::Store(error) => Self::Store(error),
        }
    }
}

/// How many links an account, and a network, may ask for (RC-07).
const LETTERS: Allowance = Allowance::per_hour(3);

/// Too many is no error here: whoever asks learns nothing.
fn has_room(spent: Result<(), AdmissionError>) -> Result<bool, StoreError> {
    match spent {
        Ok(()) => Ok(true),
        Err(AdmissionError::Throttled(_)) => Ok(false),
        Err(AdmissionError::Store(error)) => Err(error),
    }
}

impl Authenticator {
    /// Sends a link to set a new password, if there is such an account and it has an address. Whoever asks learns nothing:
    /// the answer is the same, and takes a multiple of the failure quantum (RC-01). Nothing changes on the account (RC-07).
    ///
    /// # Errors
    /// [`EmailError::NoLetters`], or a failure that has nothing to do with who was asked for.
    pub async fn ask_for_reset(&self, who: &Forgetful, address: IpAddr) -> Result<(), EmailError> {
        if !self.sends_letters() {
            return Err(EmailError::NoLetters);
        }
        let started = Instant::now();
        let result = self.offer_reset(who, address).await;
        self.wait_for_quantum(started).await;
        result
    }

    async fn offer_reset(&self, who: &Forgetful, address: IpAddr) -> Result<(), EmailError> {
        let throttle = &self.parts.throttle;
        let spent = throttle
            .spend_of_network("reset link", address.into(), LETTERS, self.now())
            .await;
        if !has_room(spent)? {
            tracing::info!(target: "doorward::auth", event = "reset_requests_throttled", %address);
            return Ok(());
        }
        for user in self.asked_for(who).await? {
            let key = user.get().to_be_bytes();
            let spent = throttle
                .spend("reset link", &key, LETTERS, self.now())
                .await;
            if has_room(spent)? {
                self.send_reset_link(user, address).await?;
            }
        }
        Ok(())
    }

    async fn asked_for(&self, who: &Forgetful) -> Result<Vec<UserId>, StoreError> {
        match who {
            Forgetful::Username(name) => {
                let Ok(name) = Username::parse(name) else {
                    return Ok(Vec::new());
                };
                let found = self.parts.store.find_user(&name, self.now()).await?;
                Ok(found.into_iter().map(|stored| stored.user.id).collect())
            }
            Forgetful::Email(email) => match EmailAddress::parse(email) {
                Ok(email) => self.parts.store.holders_of_email(&email).await,
                Err(_) => Ok(Vec::new()),
            },
        }
    }

    async fn send_reset_link(&self, user: UserId, address: IpAddr) -> Result<(), EmailError> {
        let rules = self.links.as_ref().ok_or(EmailError::NoLetters)?;
        let store = &self.parts.store;
        let stored = store.find_user_by_id(user, self.now()).await?;
        let may_log_in = stored.is_some_and(|stored| stored.user.disabled_at.is_none());
        let Some(email) = store.find_email(user).await?.filter(|_| may_log_in) else {
            return Ok(());
        };
        let purpose = LinkPurpose::ResetPassword;
        let (link, _) = self.new_link(rules, user, purpose, Some(&email.address))?;
        store
            .set_link(&link, Some(LetterKind::ResetPassword), self.now())
            .await?;
        tracing::info!(target: "doorward::auth", event = "reset_link_sent", user_id = user.get(), %address);
        Ok(())
    }

    /// Gives an account another address, once the link that is sent there is used; the old address is told (RC-08).
    ///
    /// # Errors
    /// [`EmailError`].
    pub async fn change_email(
        &self,
        user: UserId,
        email: &EmailAddress,
        current: Password,
        address: IpAddr,
    ) -> Result<(), EmailError> {
        if !self.sends_letters() {
            return Err(EmailError::NoLetters);
        }
        self.confirm_password(user, current, address).await?;
        let old = self.parts.store.find_email(user).await?;
        let told = old
            .map(|old| old.address)
            .filter(|old| old.key() != email.key());
        let proof = self.proof_of(email)?;
        self.parts
            .store
            .note_email(user, &proof, told.as_ref(), self.now())
            .await?;
        tracing::info!(target: "doorward::auth", event = "email_change_asked", user_id = user.get(), %address);
        Ok(())
    }

    /// What is needed to note an address: with a link where letters are sent.
    pub(super) fn proof_of<'a>(
        &'a self,
        email: &'a EmailAddress,
    ) -> Result<EmailProof<'a>, RandomError> {
        let link = match &self.links {
            Some(rules) if self.sends_letters() => Some(ProofLink {
                key: &rules.key,
                id: LinkId::generate(self.parts.random.as_ref())?,
                expires_at: self.now().after(rules.verify_ttl),
            }),
            _ => None,
        };
        Ok(EmailProof { email, link })
    }

    /// Gives the address that a link was sent to to its account.
    ///
    /// # Errors
    /// [`EmailError::InvalidLink`] and failures of the database.
    pub async fn verify_email(&self, token: &LinkToken, caller: &Caller) -> Result<(), EmailError> {
        let store = &self.parts.store;
        let digest = token.sha256();
        let link = store
            .find_link(&digest, LinkPurpose::VerifyEmail, self.now())
            .await?
            .ok_or(EmailError::InvalidLink)?;
        store
            .use_verification_link(&digest, &link, self.now())
            .await?;
        tracing::info!(target: "doorward::auth", event = "email_verified", user_id = link.user_id.get(), address = ?caller.client.address);
        Ok(())
    }
}
