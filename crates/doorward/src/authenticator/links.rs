//! Links that work once, and what they are made of.

use std::time::Duration;

use super::{Authenticator, recovery};
use crate::{
    audit::{Event, EventKind},
    authority::{Authority, Overreach},
    caller::Caller,
    clock::Timestamp,
    email::EmailAddress,
    letter::{DueLetter, LetterKind},
    one_time_link::{LinkId, LinkKey, LinkPurpose, LinkToken},
    random::{self, RandomError},
    store::{HandOverError, NewLink, StoreError},
    user::{User, UserId},
};

/// How links are made.
#[derive(Debug)]
pub struct LinkRules {
    /// What their tokens are made with.
    pub key: LinkKey,
    /// Where browsers reach the server, as configured: `https://auth.example.org`. Nothing that a request says goes into a
    /// link (RC-04). Without it there are no links.
    pub public_url: Option<String>,
    /// Whether letters are sent. Without that, nobody can ask for one.
    pub sends_letters: bool,
    /// How long a link to set a new password is good.
    pub reset_ttl: Duration,
    /// How long a link to prove an address is good.
    pub verify_ttl: Duration,
}

/// No link was made.
#[derive(Debug, thiserror::Error)]
pub enum MakeLinkError {
    /// The server does not know where browsers reach it.
    #[error("links need the setting public_url: where browsers reach the server")]
    NoPublicUrl,
    /// The user may not log in.
    #[error("the user is disabled")]
    Disabled,
    /// There is no such user.
    #[error("there is no such user")]
    NoUser,
    /// The user may do what whoever asks may not (AZ-07).
    #[error(transparent)]
    Overreach(Overreach),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<HandOverError> for MakeLinkError {
    fn from(error: HandOverError) -> Self {
        match error {
            HandOverError::NoUser => Self::NoUser,
            HandOverError::Overreach(error) => Self::Overreach(error),
            HandOverError::Store(error) => Self::Store(error),
        }
    }
}

/// A link that somebody hands over. It is shown once: the database has only the SHA-256 of its token.
pub struct ResetLink {
    url: zeroize::Zeroizing<String>,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl ResetLink {
    /// The link.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.url
    }
}

impl std::fmt::Debug for ResetLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResetLink(redacted)")
    }
}

impl Authenticator {
    /// Lets the server make links.
    #[must_use]
    pub fn with_links(mut self, rules: LinkRules) -> Self {
        self.links = Some(rules);
        self
    }

    /// Waits for what was asked for and answered already. Call it once nobody asks any more, before the database is closed.
    pub async fn finish_recoveries(&self) {
        // It is never closed, so this is no error.
        let _ = self.recoveries.acquire_many(recovery::AT_ONCE).await;
    }

    /// Whether letters are sent: a mail server and the public URL are configured.
    #[must_use]
    pub fn sends_letters(&self) -> bool {
        self.links
            .as_ref()
            .is_some_and(|rules| rules.sends_letters && rules.public_url.is_some())
    }

    /// A link with which the user sets a new password, for an administrator to hand over: nobody but the user ever knows
    /// the password (AU-14). It replaces an older one. Nothing else changes on the account until it is used. The user may do no
    /// more than whoever asks.
    ///
    /// # Errors
    /// [`MakeLinkError`].
    pub async fn make_reset_link(
        &self,
        user: &User,
        authority: &Authority,
    ) -> Result<ResetLink, MakeLinkError> {
        let rules = self.links.as_ref().ok_or(MakeLinkError::NoPublicUrl)?;
        let url = rules
            .public_url
            .as_ref()
            .ok_or(MakeLinkError::NoPublicUrl)?;
        if user.disabled_at.is_some() {
            return Err(MakeLinkError::Disabled);
        }
        let purpose = LinkPurpose::ResetPassword;
        let (link, token) = self.new_link(rules, user.id, purpose, None)?;
        let event = Event::success(EventKind::ResetRequested, authority.caller())
            .subject(user.id)
            .detail("handed_over", true);
        let store = &self.parts.store;
        let made = store
            .hand_over_link(&link, authority, &event, self.now())
            .await;
        self.heed(made.map_err(MakeLinkError::from), authority, Some(user.id))
            .await?;
        Ok(ResetLink {
            url: link_text(url, purpose, &token),
            expires_at: link.expires_at,
        })
    }

    /// The link in a letter: `Ok(None)` when it is not good any more, so that the letter need not be sent.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn link_of_letter(
        &self,
        letter: &DueLetter,
    ) -> Result<Option<zeroize::Zeroizing<String>>, StoreError> {
        let purpose = match letter.kind {
            LetterKind::ResetPassword => LinkPurpose::ResetPassword,
            LetterKind::VerifyEmail => LinkPurpose::VerifyEmail,
            LetterKind::PasswordChanged | LetterKind::EmailChanged => return Ok(None),
        };
        let (Some(rules), Some(id)) = (&self.links, letter.link_id) else {
            return Ok(None);
        };
        let Some(url) = &rules.public_url else {
            return Ok(None);
        };
        let token = rules.key.token(purpose, letter.user_id, id);
        let is_newest = self
            .parts
            .store
            .is_newest_link(letter.user_id, purpose, id, &token.sha256(), self.now())
            .await?;
        Ok(is_newest.then(|| link_text(url, purpose, &token)))
    }

    /// Records that somebody came with a link that is not good. Whose it was is not known: it is looked for by its digest
    /// among those that are.
    pub(super) async fn audit_refused_link(&self, purpose: LinkPurpose, caller: &Caller) {
        let event = Event::denied(EventKind::LinkRefused, caller);
        self.audit_refusal(event.detail("purpose", purpose.as_str()))
            .await;
    }

    /// A lease for letters that are to be sent.
    ///
    /// # Errors
    /// [`RandomError`].
    pub fn new_lease(&self) -> Result<[u8; 16], RandomError> {
        random::bytes(self.parts.random.as_ref())
    }

    pub(super) fn new_link<'a>(
        &self,
        rules: &LinkRules,
        user: UserId,
        purpose: LinkPurpose,
        email: Option<&'a EmailAddress>,
    ) -> Result<(NewLink<'a>, LinkToken), RandomError> {
        let id = LinkId::generate(self.parts.random.as_ref())?;
        let token = rules.key.token(purpose, user, id);
        let ttl = match purpose {
            LinkPurpose::ResetPassword => rules.reset_ttl,
            LinkPurpose::VerifyEmail => rules.verify_ttl,
        };
        let link = NewLink {
            user,
            purpose,
            id,
            token_sha256: token.sha256(),
            email,
            expires_at: self.now().after(ttl),
        };
        Ok((link, token))
    }
}

/// The token is in the fragment, which browsers do not send: it is in no log of a proxy.
fn link_text(
    public_url: &str,
    purpose: LinkPurpose,
    token: &LinkToken,
) -> zeroize::Zeroizing<String> {
    let page = match purpose {
        LinkPurpose::ResetPassword => "reset",
        LinkPurpose::VerifyEmail => "verify",
    };
    zeroize::Zeroizing::new(format!("{public_url}/{page}#{}", token.expose()))
}
