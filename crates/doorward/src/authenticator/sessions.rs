//! Sessions: beginning one with a login, going on with a refresh token, ending one or all.

mod refresh;

use zeroize::Zeroizing;

pub use refresh::RefreshError;

use super::Authenticator;
use crate::{
    access::{IssueError, Issued},
    audit::{Event, EventKind},
    caller::{Caller, Client},
    clock::Timestamp,
    principal::Principal,
    random::{self, RandomError},
    session::{EndReason, LoginMethod, RefreshToken, Session, SessionId},
    store::{EndSessions, NewSession, SessionTimes, StoreError},
    user::{User, UserId},
};

/// What somebody has who has logged in, or refreshed.
#[derive(Debug)]
pub struct LoggedIn {
    /// Who.
    pub user: UserId,
    /// The access token.
    pub issued: Issued,
    /// What the next access token is asked with, once.
    pub refresh: RefreshToken,
    /// The session that both belong to.
    pub session: SessionId,
}

/// No session could be begun.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The user was changed, disabled or deleted after the credentials were found right.
    #[error("The account has changed meanwhile; log in again")]
    Outdated,
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// No access token could be made.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Authenticator {
    /// Begins a session for a user whose credentials were right, as read then. A new one each time, whatever the client had
    /// before (SE-03).
    ///
    /// # Errors
    /// [`SessionError::Outdated`] when the user was disabled, has changed the password or has other rights since.
    pub async fn begin_session(
        &self,
        user: &User,
        method: LoginMethod,
        client: &Client,
    ) -> Result<LoggedIn, SessionError> {
        let random = self.parts.random.as_ref();
        let now = self.now();
        let id = SessionId::generate(random)?;
        let secret = Zeroizing::new(random::bytes::<32>(random)?);
        let refresh = self.parts.refresh_keys.first(id, *secret);
        let added = self
            .parts
            .store
            .add_session(&NewSession {
                id,
                user_id: user.id,
                method,
                epochs: user.epochs,
                client,
                salt: random::bytes(random)?,
                refresh: refresh.hash(),
                times: self.session_times(now.after(self.parts.sessions.lifetime), now),
            })
            .await?;
        if !added {
            return Err(SessionError::Outdated);
        }
        self.end_sessions_beyond_the_most(user.id, now).await?;
        Ok(LoggedIn {
            user: user.id,
            issued: self.issue_token(user, Some(id), now).await?,
            refresh,
            session: id,
        })
    }

    fn session_times(&self, absolute_end: Timestamp, now: Timestamp) -> SessionTimes {
        SessionTimes {
            now,
            expires_at: absolute_end,
            idle_at: now.after(self.parts.sessions.idle).min(absolute_end),
            token_expires_at: now.after(self.parts.tokens.ttl()),
        }
    }

    async fn end_sessions_beyond_the_most(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let store = &self.parts.store;
        let most = self.parts.sessions.max_per_user;
        let beyond = store.sessions_beyond(user, most, now).await?;
        for id in &beyond {
            let reason = EndReason::TooMany;
            let event = ended(user, reason, &Caller::system());
            store.end_session(user, *id, reason, &event, now).await?;
        }
        if !beyond.is_empty() {
            self.follow_revocations().await;
        }
        Ok(())
    }

    /// A user's sessions that go on, the one seen last first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, StoreError> {
        self.parts.store.list_sessions(user, self.now()).await
    }

    /// Ends the session that `principal` came with. Without one there is nothing to end.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn log_out(&self, principal: &Principal, client: &Client) -> Result<(), StoreError> {
        let Some(session) = principal.session else {
            return Ok(());
        };
        let caller = Caller::user(principal.user_id, client.clone());
        self.end_session(principal.user_id, session, EndReason::Logout, &caller)
            .await
            .map(drop)
    }

    /// Ends a session of a user, with its access tokens. Returns whether it went on until now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        reason: EndReason,
        caller: &Caller,
    ) -> Result<bool, StoreError> {
        let ended = self
            .parts
            .store
            .end_session(
                user,
                session,
                reason,
                &ended(user, reason, caller),
                self.now(),
            )
            .await?;
        if ended {
            self.follow_revocations().await;
        }
        Ok(ended)
    }

    /// Ends sessions of a user and makes all access tokens void that were issued so far. Returns whether there is such a
    /// user.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_sessions(
        &self,
        user: UserId,
        sessions: EndSessions,
        caller: &Caller,
    ) -> Result<bool, StoreError> {
        let mut event = Event::success(EventKind::SessionsEnded, caller).subject(user);
        if let EndSessions::All(reason) = sessions {
            event = event.detail("reason", reason.as_str());
        }
        let raised = self
            .parts
            .store
            .end_sessions_of(user, sessions, &event, self.now())
            .await?;
        if raised.is_some() {
            self.follow_revocations().await;
        }
        Ok(raised.is_some())
    }

    /// Reads the revocations that are new. After a change of one's own, so that it holds on this node at once; and every
    /// [`crate::revocation::POLL`], for the changes of others. A failure is logged: what was known stays known, and the
    /// next call reads what this one did not.
    pub async fn follow_revocations(&self) {
        if let Err(error) = self
            .revocations
            .catch_up(&self.parts.store, self.now())
            .await
        {
            tracing::warn!(target: "doorward::auth", event = "revocations_not_followed", %error);
        }
    }

    /// Deletes revocations that concern no token any more, sessions and API keys a week after their end, and jobs thirty days
    /// after theirs. Call it now and then.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge_ended(&self) -> Result<(), StoreError> {
        let now = self.now();
        self.revocations.forget_expired(now);
        while self.parts.store.purge_revocations(now).await? > 0 {}
        let days_ago = |days: i64| {
            Timestamp::from_millis(now.as_millis().saturating_sub(days * 24 * 3_600_000))
        };
        let week_ago = days_ago(7);
        while self.parts.store.purge_sessions(week_ago).await? > 0 {}
        while self.parts.store.purge_api_keys(week_ago).await? > 0 {}
        while self.parts.store.purge_jobs(days_ago(30)).await? > 0 {}
        Ok(())
    }
}

fn ended(user: UserId, reason: EndReason, caller: &Caller) -> Event {
    let kind = match reason {
        EndReason::Logout => EventKind::Logout,
        EndReason::RefreshReuse => EventKind::RefreshReused,
        _ => EventKind::SessionEnded,
    };
    let event = match reason {
        EndReason::RefreshReuse => Event::denied(kind, caller),
        _ => Event::success(kind, caller),
    };
    event.subject(user).detail("reason", reason.as_str())
}
