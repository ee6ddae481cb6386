//! The table `revocations`: what access tokens count no more.
//!
//! Rows are added with the change that they follow from, in its transaction, and read by every node in the order of their
//! numbers.

use super::{Arg, Sql, Store, StoreError, Transaction};
use crate::{clock::Timestamp, session::SessionId, user::UserId};

/// Every access token of the session has expired at `token_expires_at_ms`, but for one that another node makes at this
/// moment or by a clock a little behind: a minute later nobody needs the row.
const ADD_SESSION: Sql = Sql::both(
    "INSERT INTO revocations (session_id, expires_at_ms) SELECT id, token_expires_at_ms + 60000 FROM login_sessions WHERE id = ?",
);
const ADD_USER: Sql =
    Sql::both("INSERT INTO revocations (user_id, epoch, expires_at_ms) VALUES (?, ?, ?)");
const LIST: Sql = Sql::both(
    "SELECT id, session_id, user_id, epoch, expires_at_ms FROM revocations WHERE id > ? AND expires_at_ms > ? ORDER BY id LIMIT 10000",
);
const PURGE: Sql = Sql::each(
    "DELETE FROM revocations WHERE id IN (SELECT id FROM revocations WHERE expires_at_ms < ? LIMIT 5000)",
    "DELETE FROM revocations WHERE expires_at_ms < ? LIMIT 5000",
);

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("revocations.ADD_SESSION", ADD_SESSION),
    ("revocations.ADD_USER", ADD_USER),
    ("revocations.LIST", LIST),
    ("revocations.PURGE", PURGE),
];

/// What a row of the table makes void.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// The access tokens of a session.
    Session(SessionId),
    /// The access tokens of a user that were issued under a lower epoch.
    User {
        /// Whose.
        user: UserId,
        /// The lowest epoch that counts.
        epoch: i64,
    },
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// The row's number; later rows have higher ones, though a lower one can become visible after a higher one.
    pub number: i64,
    /// What counts no more.
    pub revoked: Revoked,
    /// When the last token that it concerns has expired.
    pub expires_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct RevocationRow {
    id: i64,
    session_id: Option<Vec<u8>>,
    user_id: Option<i64>,
    epoch: Option<i64>,
    expires_at_ms: i64,
}

impl RevocationRow {
    fn read(self) -> Result<Revocation, StoreError> {
        let session = self
            .session_id
            .and_then(|bytes| <[u8; 16]>::try_from(bytes).ok())
            .map(|bytes| Revoked::Session(SessionId::from_bytes(bytes)));
        let user = self
            .user_id
            .zip(self.epoch)
            .map(|(user, epoch)| Revoked::User {
                user: UserId::new(user),
                epoch,
            });
        let revoked = session.or(user).ok_or(StoreError::Corrupt {
            table: "revocations",
            column: "session_id",
        })?;
        Ok(Revocation {
            number: self.id,
            revoked,
            expires_at: Timestamp::from_millis(self.expires_at_ms),
        })
    }
}

impl Store {
    /// Up to 10,000 revocations with a number above `after` that still concern a token, by number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_revocations(
        &self,
        after: i64,
        now: Timestamp,
    ) -> Result<Vec<Revocation>, StoreError> {
        let rows: Vec<RevocationRow> = self
            .database()
            .fetch_all(LIST, &[after.into(), now.into()])
            .await?;
        rows.into_iter().map(RevocationRow::read).collect()
    }

    /// Deletes up to 5,000 revocations that concern no token any more. Returns how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge_revocations(&self, now: Timestamp) -> Result<u64, StoreError> {
        Ok(self
            .database()
            .execute(PURGE, &[Arg::from(now)])
            .await?
            .rows_affected)
    }

    pub(super) async fn revoke_session_tokens(
        &self,
        tx: &mut Transaction,
        id: SessionId,
    ) -> Result<(), StoreError> {
        tx.execute(ADD_SESSION, &[id.as_bytes().into()])
            .await
            .map(drop)
    }

    pub(super) async fn revoke_user_tokens(
        &self,
        tx: &mut Transaction,
        user: UserId,
        epoch: i64,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let args = [user.get().into(), epoch.into(), expires_at.into()];
        tx.execute(ADD_USER, &args).await.map(drop)
    }
}
