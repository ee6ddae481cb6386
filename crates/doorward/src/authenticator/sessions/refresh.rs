//! Exchanging a refresh token for the next one and an access token.

use super::{Authenticator, LoggedIn, SessionError};
use crate::{
    access::IssueError,
    audit::{Event, EventKind},
    caller::{Caller, Client},
    clock::Timestamp,
    session::{EndReason, RefreshToken},
    store::{StoreError, StoredSession},
    user::{User, UserId},
};

/// Somebody else may rotate the same token between our look and our write; then we look again. Whoever loses finds itself
/// in the grace, so a third look is never needed unless the session is refreshed by many with different tokens.
const LOOKS: u32 = 4;

/// Why a refresh token gives nothing.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// It is none of ours, or of a session that has ended.
    #[error("Invalid refresh token")]
    Invalid,
    /// It was used before. The session has ended with that: one of the two who had the token has stolen it (TK-22).
    #[error("Invalid refresh token")]
    Reused,
    /// Others refresh the session at the same time.
    #[error("the session is being refreshed by others; try again")]
    Contended,
    /// No access token could be made.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SessionError> for RefreshError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Outdated => Self::Invalid,
            SessionError::Random(error) => Self::Issue(error.into()),
            SessionError::Issue(error) => Self::Issue(error),
            SessionError::Store(error) => Self::Store(error),
        }
    }
}

/// What a presented token is, by the row of its session.
enum Standing {
    /// The one that counts.
    Current,
    /// The one before it, which was exchanged a moment ago; and its successor, which counts now.
    JustExchanged(RefreshToken),
    /// One that was exchanged longer ago.
    Used,
    /// None of this session's.
    Unknown,
}

/// Why a refresh token gives nothing, for the trail, and whose session it names.
struct Refusal {
    reason: &'static str,
    user: Option<UserId>,
}

impl Refusal {
    const UNKNOWN: Self = Self {
        reason: "unknown",
        user: None,
    };
}

impl Authenticator {
    /// Exchanges a refresh token. Of many who bring the same one at once, all get the same successor, on one node or on
    /// several: only one writes it, and the others compute it. The same holds for a client that did not get the answer and
    /// asks again within the grace ([`crate::session::SessionPolicy::grace`]); later, the family ends (RFC 9700 §4.14.2).
    ///
    /// # Errors
    /// [`RefreshError`].
    pub async fn refresh(
        &self,
        presented: &str,
        client: &Client,
    ) -> Result<LoggedIn, RefreshError> {
        let refreshed = self.exchange_refresh_token(presented, client).await;
        self.tallies().refreshes.count((&refreshed).into());
        refreshed
    }

    async fn exchange_refresh_token(
        &self,
        presented: &str,
        client: &Client,
    ) -> Result<LoggedIn, RefreshError> {
        let Some(presented) = RefreshToken::parse(presented) else {
            return Err(self.refused(Refusal::UNKNOWN, client).await);
        };
        for _ in 0..LOOKS {
            let now = self.now();
            let (stored, user) = match self.session_with_user(&presented, now).await? {
                Ok(found) => found,
                Err(refusal) => return Err(self.refused(refusal, client).await),
            };
            match self.standing(&presented, &stored, now) {
                Standing::Current => {
                    if let Some(logged_in) =
                        self.rotate(&presented, &stored, &user, client, now).await?
                    {
                        return Ok(logged_in);
                    }
                }
                Standing::JustExchanged(successor) => {
                    let store = &self.parts.store;
                    let expires_at = now.after(self.parts.tokens.ttl());
                    store.note_token(presented.session(), expires_at).await?;
                    return Ok(self.answer(&user, successor, now).await?);
                }
                Standing::Used => return Err(self.end_family(&stored, client).await?),
                Standing::Unknown => return Err(self.refused(Refusal::UNKNOWN, client).await),
            }
        }
        Err(RefreshError::Contended)
    }

    /// Ends the session of a refresh token that counts, or that counted until a moment ago. Nothing happens for any other.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn log_out_by_refresh_token(
        &self,
        presented: &str,
        client: &Client,
    ) -> Result<(), StoreError> {
        let Some(presented) = RefreshToken::parse(presented) else {
            return Ok(());
        };
        let Some(stored) = self.session_of_refresh_token(&presented).await? else {
            return Ok(());
        };
        let user = stored.session.user_id;
        let caller = Caller::user(user, client.clone());
        self.end_session(user, stored.session.id, EndReason::Logout, &caller)
            .await
            .map(drop)
    }

    /// The session, ended or not, of a refresh token that is the last of it or the one before.
    pub(in crate::authenticator) async fn session_of_refresh_token(
        &self,
        presented: &RefreshToken,
    ) -> Result<Option<StoredSession>, StoreError> {
        let stored = self.parts.store.find_session(presented.session()).await?;
        let hash = presented.hash();
        Ok(stored.filter(|s| s.refresh == hash || s.previous == Some(hash)))
    }

    /// The session and the user of a refresh token that counts. One that was exchanged a moment ago is none: that it would
    /// give the same successor once more is for whoever did not get the answer.
    pub(in crate::authenticator) async fn current_refresh_token(
        &self,
        text: &str,
    ) -> Result<Option<(StoredSession, User)>, StoreError> {
        let Some(presented) = RefreshToken::parse(text) else {
            return Ok(None);
        };
        let found = self.session_with_user(&presented, self.now()).await?;
        let current = found.ok();
        Ok(current.filter(|(stored, _)| stored.refresh == presented.hash()))
    }

    /// The session and its user, if both go on. The user is read after the session, so a change in between is seen.
    async fn session_with_user(
        &self,
        presented: &RefreshToken,
        now: Timestamp,
    ) -> Result<Result<(StoredSession, User), Refusal>, StoreError> {
        let store = &self.parts.store;
        let Some(stored) = store.find_session(presented.session()).await? else {
            return Ok(Err(Refusal::UNKNOWN));
        };
        let id = stored.session.user_id;
        let user = store
            .find_user_by_id(id, now)
            .await?
            .map(|found| found.user)
            .filter(|user| user.disabled_at.is_none());
        let refusal = |reason| Refusal {
            reason,
            user: Some(id),
        };
        let Some(user) = user else {
            return Ok(Err(refusal("disabled")));
        };
        let goes_on = !stored.ended
            && now < stored.session.expires_at
            && stored.epoch >= user.epochs.sessions;
        Ok(if goes_on {
            Ok((stored, user))
        } else {
            Err(refusal("ended"))
        })
    }

    /// Records that a refresh token gives nothing, and why.
    async fn refused(&self, refusal: Refusal, client: &Client) -> RefreshError {
        let caller = Caller::anonymous(client.clone());
        let event = Event::denied(EventKind::RefreshRefused, &caller);
        let event = event.detail("reason", refusal.reason);
        let event = match refusal.user {
            Some(user) => event.subject(user),
            None => event,
        };
        // Boxed: it is rare.
        Box::pin(self.audit_refusal(event)).await;
        RefreshError::Invalid
    }

    fn standing(
        &self,
        presented: &RefreshToken,
        stored: &StoredSession,
        now: Timestamp,
    ) -> Standing {
        let keys = &self.parts.refresh_keys;
        let hash = presented.hash();
        if hash == stored.refresh {
            return Standing::Current;
        }
        if stored.previous == Some(hash)
            && now.since(stored.rotated_at) <= self.parts.sessions.grace
        {
            let successor = keys
                .successors(presented, &stored.salt)
                .find(|successor| successor.hash() == stored.refresh);
            if let Some(successor) = successor {
                return Standing::JustExchanged(successor);
            }
        }
        let used = presented.generation() < stored.generation && keys.made(presented);
        if used || stored.previous == Some(hash) {
            Standing::Used
        } else {
            Standing::Unknown
        }
    }

    /// `None` when somebody else was first.
    async fn rotate(
        &self,
        presented: &RefreshToken,
        stored: &StoredSession,
        user: &User,
        client: &Client,
        now: Timestamp,
    ) -> Result<Option<LoggedIn>, RefreshError> {
        let Some(next) = self
            .parts
            .refresh_keys
            .successors(presented, &stored.salt)
            .next()
        else {
            return Ok(None);
        };
        let times = self.session_times(stored.absolute_end, now);
        let won = self
            .parts
            .store
            .rotate_refresh_token(
                presented.session(),
                presented.hash(),
                next.hash(),
                times,
                client,
            )
            .await?;
        if !won {
            return Ok(None);
        }
        tracing::debug!(target: "doorward::auth", event = "refreshed", user_id = user.id.get());
        Ok(Some(self.answer(user, next, now).await?))
    }

    async fn answer(
        &self,
        user: &User,
        refresh: RefreshToken,
        now: Timestamp,
    ) -> Result<LoggedIn, SessionError> {
        let session = refresh.session();
        Ok(LoggedIn {
            user: user.id,
            issued: self.issue_token(user, Some(session), now).await?,
            refresh,
            session,
        })
    }

    async fn end_family(
        &self,
        stored: &StoredSession,
        client: &Client,
    ) -> Result<RefreshError, StoreError> {
        let user = stored.session.user_id;
        let caller = Caller::anonymous(client.clone());
        self.end_session(user, stored.session.id, EndReason::RefreshReuse, &caller)
            .await?;
        Ok(RefreshError::Reused)
    }
}
