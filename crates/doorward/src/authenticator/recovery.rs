//! Asking for a link by mail, and proving an address.

use std::sync::Arc;

use super::{Authenticator, LoginError, login::network_of};
use crate::{
    audit::{Event, EventKind},
    caller::{Caller, Client},
    email::EmailAddress,
    letter::LetterKind,
    one_time_link::{LinkId, LinkPurpose, LinkToken},
    password::Password,
    random::RandomError,
    store::{EmailProof, LinkError, ProofLink, StoreError},
    throttle::{AdmissionError, Allowance, Standing, Throttled},
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
    /// The account, or the address, got too many letters.
    #[error(transparent)]
    Throttled(#[from] Throttled),
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

impl From<AdmissionError> for EmailError {
    fn from(error: AdmissionError) -> Self {
        match error {
            AdmissionError::Throttled(throttled) => Self::Throttled(throttled),
            AdmissionError::Store(error) => Self::Store(error),
        }
    }
}

impl From<LinkError> for EmailError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::InvalidLink => Self::InvalidLink,
            LinkError::Store(error) => Self::Store(error),
        }
    }
}

/// Why nobody's link was asked for. None of it has to do with who was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ForgotError {
    /// No mail server or no public URL is configured.
    #[error("This server sends no mail")]
    NoLetters,
    /// The network has asked for too many.
    #[error(transparent)]
    Throttled(#[from] AdmissionError),
}

/// How many links an account, a network and an address get (RC-07).
const LETTERS: Allowance = Allowance::per_hour(3);
const PURPOSE: &str = "reset link";
/// How many are looked for at once; the others wait.
pub(super) const AT_ONCE: u32 = 4;

impl Authenticator {
    /// Sends a link to set a new password, if there is such an account and it has an address. Whoever asks learns nothing,
    /// not even from the time: the account is looked for when the answer has been given, which is the same for all
    /// (RC-01). Nothing changes on the account (RC-07).
    ///
    /// # Errors
    /// [`ForgotError`].
    pub async fn ask_for_reset(
        self: &Arc<Self>,
        who: Forgetful,
        client: Client,
    ) -> Result<(), ForgotError> {
        if !self.sends_letters() {
            return Err(ForgotError::NoLetters);
        }
        let (throttle, network) = (&self.parts.throttle, network_of(&client));
        let spent = throttle
            .spend_of_network(PURPOSE, network, LETTERS, self.now())
            .await;
        if let Err(error) = spent {
            if matches!(error, AdmissionError::Throttled(_)) {
                let event = Event::denied(EventKind::ResetRequested, &Caller::anonymous(client));
                self.audit_refusal(event.detail("limit", "network")).await;
            }
            return Err(error.into());
        }
        let (this, at_once) = (Arc::clone(self), Arc::clone(&self.recoveries));
        tokio::spawn(async move {
            let _permit = at_once.acquire().await;
            // Boxed for the reason of `log_in_from`.
            if let Err(error) = Box::pin(this.offer_reset(&who, &client)).await {
                tracing::error!(target: "doorward::auth", event = "reset_link_not_sent", %error);
            }
        });
        Ok(())
    }

    /// How a client's network stands with asking for links; `None` when everybody passes (the demo).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn recovery_standing(&self, client: &Client) -> Result<Option<Standing>, StoreError> {
        self.parts
            .throttle
            .standing_of_network(PURPOSE, network_of(client), LETTERS, self.now())
            .await
    }

    async fn offer_reset(&self, who: &Forgetful, client: &Client) -> Result<(), EmailError> {
        for user in self.asked_for(who).await? {
            let key = user.get().to_be_bytes();
            let throttle = &self.parts.throttle;
            match throttle.spend(PURPOSE, &key, LETTERS, self.now()).await {
                Ok(()) => self.send_reset_link(user, client).await?,
                Err(AdmissionError::Throttled(_)) => {
                    let caller = Caller::anonymous(client.clone());
                    let event = Event::denied(EventKind::ResetRequested, &caller);
                    let event = event.subject(user).detail("limit", "account");
                    self.audit_refusal(event).await;
                }
                Err(AdmissionError::Store(error)) => return Err(error.into()),
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

    async fn send_reset_link(&self, user: UserId, client: &Client) -> Result<(), EmailError> {
        let rules = self.links.as_ref().ok_or(EmailError::NoLetters)?;
        let store = &self.parts.store;
        let stored = store.find_user_by_id(user, self.now()).await?;
        let may_log_in = stored.is_some_and(|stored| stored.user.disabled_at.is_none());
        let Some(email) = store.find_email(user).await?.filter(|_| may_log_in) else {
            return Ok(());
        };
        let purpose = LinkPurpose::ResetPassword;
        let (link, _) = self.new_link(rules, user, purpose, Some(&email.address))?;
        let caller = Caller::anonymous(client.clone());
        let event = Event::success(EventKind::ResetRequested, &caller).subject(user);
        let letter = LetterKind::ResetPassword;
        store.set_link(&link, letter, &event, self.now()).await?;
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
        client: &Client,
    ) -> Result<(), EmailError> {
        if !self.sends_letters() {
            return Err(EmailError::NoLetters);
        }
        self.confirm_password(user, current, client).await?;
        let caller = Caller::user(user, client.clone());
        if let Err(error) = self.spend_proof(user, email).await {
            if matches!(error, AdmissionError::Throttled(_)) {
                let event = Event::denied(EventKind::EmailChangeRequested, &caller).subject(user);
                self.audit_refusal(event).await;
            }
            return Err(error.into());
        }
        let old = self.parts.store.find_email(user).await?;
        let told = old
            .map(|old| old.address)
            .filter(|old| old.key() != email.key());
        let proof = self.proof_of(email)?;
        let event = Event::success(EventKind::EmailChangeRequested, &caller).subject(user);
        self.parts
            .store
            .note_email(user, &proof, told.as_ref(), &event, self.now())
            .await?;
        Ok(())
    }

    async fn spend_proof(&self, user: UserId, email: &EmailAddress) -> Result<(), AdmissionError> {
        let key = user.get().to_be_bytes();
        self.parts
            .throttle
            .spend("proof of an account", &key, LETTERS, self.now())
            .await?;
        self.spend_letter_to(email).await
    }

    /// Whoever has an address is not written to more often than that, whoever gives it (RC-07).
    pub(super) async fn spend_letter_to(&self, email: &EmailAddress) -> Result<(), AdmissionError> {
        let key = email.key().as_bytes();
        self.parts
            .throttle
            .spend("proof of an address", key, LETTERS, self.now())
            .await
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
        let verified = self.use_verification_link(token, caller).await;
        if matches!(verified, Err(EmailError::InvalidLink)) {
            self.audit_refused_link(LinkPurpose::VerifyEmail, caller)
                .await;
        }
        verified
    }

    async fn use_verification_link(
        &self,
        token: &LinkToken,
        caller: &Caller,
    ) -> Result<(), EmailError> {
        let store = &self.parts.store;
        let digest = token.sha256();
        let link = store
            .find_link(&digest, LinkPurpose::VerifyEmail, self.now())
            .await?
            .ok_or(EmailError::InvalidLink)?;
        let event = Event::success(EventKind::EmailVerified, caller).subject(link.user_id);
        store
            .use_verification_link(&digest, &link, &event, self.now())
            .await?;
        Ok(())
    }
}
