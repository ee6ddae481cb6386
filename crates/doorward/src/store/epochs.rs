//! The columns `epoch` and `session_epoch` of `accounts`: making a user's tokens void, and ending all sessions.

use std::time::Duration;

use super::{Arg, Sql, Store, StoreError, Transaction};
use crate::{audit::Event, clock::Timestamp, session::EndReason, user::UserId};

/// No access token lives longer than this from the moment when it was issued, unless its session says so
/// ([`crate::access::AccessTokenPolicy::MAX_LIFETIME`]).
const TOKENS_WITHOUT_SESSION: Duration = crate::access::AccessTokenPolicy::MAX_LIFETIME;

const RAISE: Sql = Sql::both("UPDATE accounts SET epoch = epoch + 1 WHERE user_id = ?");
/// MySQL assigns from left to right, so the column that is read comes last.
const RAISE_BOTH: Sql =
    Sql::both("UPDATE accounts SET session_epoch = epoch + 1, epoch = epoch + 1 WHERE user_id = ?");
const FIND: Sql = Sql::both("SELECT epoch FROM accounts WHERE user_id = ?");
const LAST_TOKEN: Sql =
    Sql::both("SELECT COALESCE(MAX(token_expires_at_ms), 0) FROM login_sessions WHERE user_id = ?");
const END_ALL: Sql = Sql::both(
    "UPDATE login_sessions SET ended_at_ms = ?, end_reason = ? WHERE user_id = ? AND ended_at_ms IS NULL",
);

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("epochs.RAISE", RAISE),
    ("epochs.RAISE_BOTH", RAISE_BOTH),
    ("epochs.FIND", FIND),
    ("epochs.LAST_TOKEN", LAST_TOKEN),
    ("epochs.END_ALL", END_ALL),
];

/// What happens to a user's sessions when their tokens become void.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndSessions {
    /// They go on; the next refresh gives a token that says what holds now. For a change of rights.
    None,
    /// All end. For a disabled user and a reset password, whose API keys are revoked with that, and a logout everywhere.
    All(EndReason),
}

/// Below which epoch no token of a user counts, and when the last of those has expired.
#[derive(Debug, Clone, Copy)]
pub(super) struct EndedEpoch {
    pub(super) lowest: i64,
    pub(super) expires_at: Timestamp,
}

impl Store {
    /// Makes all access tokens of a user void that were issued so far, and ends sessions, as part of the transaction of the
    /// change that asks for it. Logins that are being verified meanwhile get no session. Returns
    /// the epoch of the tokens that count from now on; `None` when there is no such user.
    ///
    /// Call it last in the transaction, so that the row that other nodes follow becomes visible soon after it was made.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn raise_epoch(
        &self,
        tx: &mut Transaction,
        user: UserId,
        sessions: EndSessions,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let id = Arg::Int(user.get());
        let raise = match sessions {
            EndSessions::None => RAISE,
            EndSessions::All(_) => RAISE_BOTH,
        };
        tx.execute(raise, &[id]).await?;
        let Some((epoch,)) = tx.fetch_optional::<(i64,)>(FIND, &[id]).await? else {
            return Ok(None);
        };
        match sessions {
            EndSessions::None => {}
            EndSessions::All(reason) => {
                let args = [now.into(), reason.as_str().into(), id];
                tx.execute(END_ALL, &args).await?;
            }
        }
        // Whoever had the account before may have made keys for themselves (CVE-2024-38351).
        if let EndSessions::All(EndReason::Disabled | EndReason::PasswordReset) = sessions {
            self.revoke_all_api_keys(tx, user, now).await?;
        }
        let expires_at = self.last_token_expiry(tx, user, now).await?;
        self.revoke_user_tokens(tx, user, epoch, expires_at).await?;
        Ok(Some(epoch))
    }

    /// Makes no token and no session of a user count any more and tells what a revocation has to say of that, while the
    /// account is still there.
    pub(super) async fn end_epoch(
        &self,
        tx: &mut Transaction,
        user: UserId,
        now: Timestamp,
    ) -> Result<EndedEpoch, StoreError> {
        let id = Arg::Int(user.get());
        tx.execute(RAISE_BOTH, &[id]).await?;
        let epoch = tx.fetch_optional::<(i64,)>(FIND, &[id]).await?;
        Ok(EndedEpoch {
            lowest: epoch.map_or(i64::MAX, |(epoch,)| epoch),
            expires_at: self.last_token_expiry(tx, user, now).await?,
        })
    }

    /// In a transaction of its own, as [`Store::raise_epoch`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_sessions_of(
        &self,
        user: UserId,
        sessions: EndSessions,
        event: &Event,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                let epoch = self.raise_epoch(&mut tx, user, sessions, now).await?;
                self.record(&mut tx, event, now).await?;
                tx.commit().await?;
                Ok(epoch)
            })
            .await
    }

    async fn last_token_expiry(
        &self,
        tx: &mut Transaction,
        user: UserId,
        now: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let last: Option<(i64,)> = tx.fetch_optional(LAST_TOKEN, &[user.get().into()]).await?;
        let last = last.map_or(now, |(last,)| Timestamp::from_millis(last));
        Ok(last.max(now.after(TOKENS_WITHOUT_SESSION)))
    }
}
