//! Letting in who comes with a credential of another application, and giving a credential of ours for it.

use super::{Authenticator, LoggedIn, SessionError};
use crate::{
    audit::{Event, EventKind},
    caller::{Caller, Client},
    flask_session::EncodeError,
    foreign::{
        FlaskSessions, Foreign, ForeignRefusal, ForeignSubject, Outcome, SessionRefusal, Subject,
        VerifiedSession,
    },
    principal::Principal,
    session::LoginMethod,
    store::StoreError,
    token::{TokenError, VerifyingKey, unverified_key_id},
    user::User,
    username::Username,
};

/// Why a token that is not a good one of ours lets nobody in.
#[derive(Debug, thiserror::Error)]
pub enum ForeignTokenError {
    /// As for our own tokens.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A foreign token that is good in itself, but its source has ended.
    #[error("the token is of an application whose tokens count no more; log in again")]
    Retired,
    /// The user could not be looked up.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a token was not exchanged.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// It is one of ours, and there is nothing to gain.
    #[error("This token is doorward's own already")]
    OwnToken,
    /// It lets nobody in.
    #[error(transparent)]
    Token(#[from] ForeignTokenError),
    /// No session could be begun.
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// Why a session cookie lets nobody in, or was not exchanged.
#[derive(Debug, thiserror::Error)]
pub enum SessionLoginError {
    /// No source accepts it.
    #[error(transparent)]
    Refused(#[from] SessionRefusal),
    /// It is good, but its user is gone, disabled or spelled otherwise.
    #[error("the session's user is nobody here")]
    UnknownUser,
    /// The user could not be looked up.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No session could be begun.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The session does not fit into a cookie any more.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// What a session cookie was exchanged for.
#[derive(Debug)]
pub struct ExchangedSession {
    /// A session of ours.
    pub logged_in: LoggedIn,
    /// The name of the application's cookie.
    pub cookie: String,
    /// Its new value: the same session, signed by our key.
    pub value: String,
}

impl Authenticator {
    /// Accepts what these foreign sources accept. Without it nothing foreign is accepted.
    #[must_use]
    pub fn with_foreign(mut self, foreign: Foreign) -> Self {
        self.foreign = foreign;
        self
    }

    /// The foreign sources, with their counters.
    #[must_use]
    pub fn foreign(&self) -> &Foreign {
        &self.foreign
    }

    /// Who presents `token`, which [`Authenticator::verify_token`] refused as `ours` says: the user whom a foreign source
    /// means, as the database has it now.
    ///
    /// A token that names our own key is ours, whatever is wrong with it, and no source is asked: what we refuse must not
    /// come back as somebody else's.
    ///
    /// # Errors
    /// [`ForeignTokenError`]; `ours` when no source knows the token.
    pub async fn foreign_principal(
        &self,
        token: &str,
        ours: TokenError,
    ) -> Result<Principal, ForeignTokenError> {
        let (user, foreign) = self.foreign_user(token, ours).await?;
        foreign.tally.count(Outcome::Accepted, self.now());
        tracing::debug!(target: "doorward::auth", event = "foreign_token_accepted", source = %foreign.tally.name(), user_id = user.id.get());
        Ok(Principal::without_session(user))
    }

    /// A session of ours for a foreign token.
    ///
    /// # Errors
    /// [`ExchangeError`].
    pub async fn exchange_token(
        &self,
        token: &str,
        client: &Client,
    ) -> Result<LoggedIn, ExchangeError> {
        let Err(ours) = self.verify_token(token) else {
            return Err(ExchangeError::OwnToken);
        };
        let (user, foreign) = self.foreign_user(token, ours).await?;
        let logged_in = self
            .begin_session(&user, LoginMethod::Exchange, client)
            .await?;
        foreign.tally.count(Outcome::Exchanged, self.now());
        let caller = Caller::user(user.id, client.clone());
        let event = Event::success(EventKind::ForeignTokenExchanged, &caller).subject(user.id);
        self.audit(event.detail("source", foreign.tally.name()))
            .await;
        Ok(logged_in)
    }

    /// Whom a request's session cookie logs in, as the database has it now. `find` answers the only cookie of a name.
    ///
    /// # Errors
    /// [`SessionLoginError`].
    pub async fn session_principal<'c>(
        &self,
        find: impl Fn(&str) -> Option<&'c str>,
    ) -> Result<Principal, SessionLoginError> {
        let (user, session) = self.session_user(find).await?;
        session.tally.count(Outcome::Accepted, self.now());
        Ok(Principal::without_session(user))
    }

    /// A session of ours for a session cookie, and the same session signed by our key.
    ///
    /// # Errors
    /// [`SessionLoginError`].
    pub async fn exchange_session<'c>(
        &self,
        find: impl Fn(&str) -> Option<&'c str>,
        client: &Client,
    ) -> Result<ExchangedSession, SessionLoginError> {
        let (user, session) = self.session_user(find).await?;
        let (cookie, value) = self.sessions().resign(&session)?;
        let logged_in = self
            .begin_session(&user, LoginMethod::Exchange, client)
            .await?;
        session.tally.count(Outcome::Exchanged, self.now());
        let caller = Caller::user(user.id, client.clone());
        let event = Event::success(EventKind::ForeignSessionExchanged, &caller).subject(user.id);
        self.audit(event.detail("source", session.tally.name()))
            .await;
        Ok(ExchangedSession {
            logged_in,
            cookie: cookie.to_owned(),
            value,
        })
    }

    fn sessions(&self) -> &FlaskSessions {
        &self.foreign.sessions
    }

    pub(super) async fn foreign_user(
        &self,
        token: &str,
        ours: TokenError,
    ) -> Result<(User, ForeignSubject), ForeignTokenError> {
        let sources = &self.foreign.tokens;
        if sources.is_empty() || self.names_our_key(token) {
            return Err(ours.into());
        }
        let foreign = match sources.verify(token, self.now()) {
            Ok(foreign) => foreign,
            Err(ForeignRefusal::Expired) => return Err(TokenError::Expired.into()),
            Err(ForeignRefusal::Retired) => return Err(ForeignTokenError::Retired),
            Err(ForeignRefusal::Invalid(_)) => return Err(ours.into()),
        };
        if let Some(user) = self.user_of(&foreign.subject).await? {
            return Ok((user, foreign));
        }
        tracing::info!(target: "doorward::auth", event = "foreign_token_of_nobody", source = %foreign.tally.name());
        Err(TokenError::Invalid(crate::token::InvalidReason::ClaimsForm).into())
    }

    async fn session_user<'c>(
        &self,
        find: impl Fn(&str) -> Option<&'c str>,
    ) -> Result<(User, VerifiedSession), SessionLoginError> {
        let session = self.sessions().verify(find, self.now())?;
        if let Some(user) = self.user_of(&session.subject).await? {
            return Ok((user, session));
        }
        tracing::info!(target: "doorward::auth", event = "session_of_nobody", source = %session.tally.name());
        Err(SessionLoginError::UnknownUser)
    }

    fn names_our_key(&self, token: &str) -> bool {
        let verifier = self.parts.tokens.verifier();
        unverified_key_id(token).is_some_and(|named| {
            let mut ours = verifier.keys().filter_map(VerifyingKey::id);
            ours.any(|id| id.as_str() == named)
        })
    }

    /// The user whom a subject means, if they are there, are not disabled, and a name is spelled as the database has it.
    async fn user_of(&self, subject: &Subject) -> Result<Option<User>, StoreError> {
        let store = &self.parts.store;
        let stored = match subject {
            Subject::Id(id) => store.find_user_by_id(*id, self.now()).await?,
            Subject::Username(text) => match Username::parse(text) {
                Ok(name) => store
                    .find_user(&name, self.now())
                    .await?
                    .filter(|stored| stored.user.username == *text),
                Err(_) => None,
            },
        };
        Ok(stored
            .map(|stored| stored.user)
            .filter(|user| user.disabled_at.is_none()))
    }
}

#[cfg(test)]
mod tests;
