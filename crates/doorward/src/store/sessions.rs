//! The table `login_sessions`: a row for each login, with the refresh token that counts.

use std::net::IpAddr;

use super::{Arg, Sql, Store, StoreError};
use crate::{
    audit::Event,
    caller::Client,
    clock::Timestamp,
    session::{EndReason, LoginMethod, RefreshTokenHash, Session, SessionId},
    user::{Epochs, UserId},
};

/// Only if nothing has made the user's tokens void since the credentials were found right: a token of an older epoch would
/// count again once the revocation that names the epoch is forgotten.
const ADD: Sql = Sql::both(
    "INSERT INTO login_sessions (id, user_id, method, epoch, created_at_ms, last_seen_at_ms, expires_at_ms, idle_at_ms, \
     token_expires_at_ms, address, user_agent, chain_salt, generation, refresh_sha256, rotated_at_ms) \
     SELECT ?, user_id, ?, session_epoch, ?, ?, ?, ?, ?, NULLIF(?, ''), NULLIF(?, ''), ?, 0, ?, ? \
     FROM accounts WHERE user_id = ? AND epoch = ? AND session_epoch = ?",
);
const FIND: Sql = Sql::both(
    "SELECT id, user_id, method, epoch, created_at_ms, last_seen_at_ms, expires_at_ms, idle_at_ms, address, user_agent, \
     ended_at_ms, chain_salt, generation, refresh_sha256, previous_sha256, rotated_at_ms FROM login_sessions WHERE id = ?",
);
/// Only one of many who bring the same token changes the row (TK-23).
const ROTATE: Sql = Sql::both(
    "UPDATE login_sessions SET previous_sha256 = ?, refresh_sha256 = ?, generation = generation + 1, rotated_at_ms = ?, \
     last_seen_at_ms = ?, idle_at_ms = ?, token_expires_at_ms = ?, address = NULLIF(?, ''), user_agent = NULLIF(?, '') \
     WHERE id = ? AND refresh_sha256 = ? AND ended_at_ms IS NULL",
);
/// A repeated answer brings another access token, whose end must not be forgotten.
const EXTEND_TOKENS: Sql = Sql::both(
    "UPDATE login_sessions SET token_expires_at_ms = ? WHERE id = ? AND ended_at_ms IS NULL AND token_expires_at_ms < ?",
);
const END: Sql = Sql::both(
    "UPDATE login_sessions SET ended_at_ms = ?, end_reason = ? WHERE id = ? AND user_id = ? AND ended_at_ms IS NULL",
);
const LIST: Sql = Sql::both(
    "SELECT s.id, s.user_id, s.method, s.epoch, s.created_at_ms, s.last_seen_at_ms, s.expires_at_ms, s.idle_at_ms, s.address, \
     s.user_agent, s.ended_at_ms, s.chain_salt, s.generation, s.refresh_sha256, s.previous_sha256, s.rotated_at_ms \
     FROM login_sessions s JOIN accounts a ON a.user_id = s.user_id WHERE s.user_id = ? AND s.ended_at_ms IS NULL \
     AND s.epoch >= a.session_epoch AND s.expires_at_ms > ? AND s.idle_at_ms > ? \
     ORDER BY s.last_seen_at_ms DESC, s.id LIMIT 1000",
);
const LIST_BEYOND: Sql = Sql::both(
    "SELECT s.id FROM login_sessions s JOIN accounts a ON a.user_id = s.user_id WHERE s.user_id = ? AND s.ended_at_ms IS NULL \
     AND s.epoch >= a.session_epoch AND s.expires_at_ms > ? AND s.idle_at_ms > ? \
     ORDER BY s.last_seen_at_ms DESC, s.id LIMIT 100 OFFSET ?",
);
const PURGE: Sql = Sql::each(
    "DELETE FROM login_sessions WHERE id IN (SELECT id FROM login_sessions WHERE expires_at_ms < ? LIMIT 500)",
    "DELETE FROM login_sessions WHERE expires_at_ms < ? LIMIT 500",
);

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("sessions.ADD", ADD),
    ("sessions.FIND", FIND),
    ("sessions.ROTATE", ROTATE),
    ("sessions.EXTEND_TOKENS", EXTEND_TOKENS),
    ("sessions.END", END),
    ("sessions.LIST", LIST),
    ("sessions.LIST_BEYOND", LIST_BEYOND),
    ("sessions.PURGE", PURGE),
];

/// A session to be added.
#[derive(Debug)]
pub struct NewSession<'a> {
    /// Its name.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// How it begins.
    pub method: LoginMethod,
    /// The user's epochs, as read together with what let the user in.
    pub epochs: Epochs,
    /// From where.
    pub client: &'a Client,
    /// What goes into every next refresh token.
    pub salt: [u8; 32],
    /// The first refresh token.
    pub refresh: RefreshTokenHash,
    /// Its times.
    pub times: SessionTimes,
}

/// The times that a login or a refresh sets.
#[derive(Debug, Clone, Copy)]
pub struct SessionTimes {
    /// The current moment.
    pub now: Timestamp,
    /// The absolute end; a refresh does not move it.
    pub expires_at: Timestamp,
    /// The end when nothing happens.
    pub idle_at: Timestamp,
    /// The end of the access token that goes with it.
    pub token_expires_at: Timestamp,
}

/// A session with its refresh tokens, as read for a refresh.
#[derive(Debug, Clone)]
pub struct StoredSession {
    /// The session.
    pub session: Session,
    /// The absolute end.
    pub absolute_end: Timestamp,
    /// The epoch that it began under.
    pub epoch: i64,
    /// Whether it was ended.
    pub ended: bool,
    /// What goes into every next refresh token.
    pub salt: [u8; 32],
    /// The place of the token that counts in its family.
    pub generation: u32,
    /// The token that counts.
    pub refresh: RefreshTokenHash,
    /// The one before it.
    pub previous: Option<RefreshTokenHash>,
    /// When the one before it was exchanged.
    pub rotated_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: Vec<u8>,
    user_id: i64,
    method: String,
    epoch: i64,
    created_at_ms: i64,
    last_seen_at_ms: i64,
    expires_at_ms: i64,
    idle_at_ms: i64,
    address: Option<String>,
    user_agent: Option<String>,
    ended_at_ms: Option<i64>,
    chain_salt: Vec<u8>,
    generation: i64,
    refresh_sha256: Vec<u8>,
    previous_sha256: Option<Vec<u8>>,
    rotated_at_ms: i64,
}

impl SessionRow {
    fn read(self) -> Result<StoredSession, StoreError> {
        let corrupt = |column| StoreError::Corrupt {
            table: "login_sessions",
            column,
        };
        let id = self.id.try_into().map_err(|_| corrupt("id"))?;
        let absolute_end = Timestamp::from_millis(self.expires_at_ms);
        let hash = |bytes: Vec<u8>, column| {
            bytes
                .try_into()
                .map(RefreshTokenHash::from_bytes)
                .map_err(|_| corrupt(column))
        };
        Ok(StoredSession {
            session: Session {
                id: SessionId::from_bytes(id),
                user_id: UserId::new(self.user_id),
                method: LoginMethod::parse(&self.method).ok_or_else(|| corrupt("method"))?,
                created_at: Timestamp::from_millis(self.created_at_ms),
                last_seen_at: Timestamp::from_millis(self.last_seen_at_ms),
                expires_at: absolute_end.min(Timestamp::from_millis(self.idle_at_ms)),
                address: self.address.and_then(|text| text.parse().ok()),
                user_agent: self.user_agent,
            },
            absolute_end,
            epoch: self.epoch,
            ended: self.ended_at_ms.is_some(),
            salt: self
                .chain_salt
                .try_into()
                .map_err(|_| corrupt("chain_salt"))?,
            generation: u32::try_from(self.generation).map_err(|_| corrupt("generation"))?,
            refresh: hash(self.refresh_sha256, "refresh_sha256")?,
            previous: self
                .previous_sha256
                .map(|bytes| hash(bytes, "previous_sha256"))
                .transpose()?,
            rotated_at: Timestamp::from_millis(self.rotated_at_ms),
        })
    }
}

/// The client's columns; an empty text becomes `NULL`.
fn seen(client: &Client) -> (String, &str) {
    let address = client
        .address
        .as_ref()
        .map_or_else(String::new, IpAddr::to_string);
    let agent = client
        .user_agent
        .as_ref()
        .map_or("", |agent| agent.as_str());
    (address, agent)
}

impl Store {
    /// Adds a session, unless the user's epochs have changed. Returns whether it did.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_session(&self, new: &NewSession<'_>) -> Result<bool, StoreError> {
        let (address, agent) = seen(new.client);
        let times = &new.times;
        let args = [
            new.id.as_bytes().into(),
            new.method.as_str().into(),
            times.now.into(),
            times.now.into(),
            times.expires_at.into(),
            times.idle_at.into(),
            times.token_expires_at.into(),
            address.as_str().into(),
            agent.into(),
            Arg::from(&new.salt),
            new.refresh.as_bytes().into(),
            times.now.into(),
            new.user_id.get().into(),
            new.epochs.tokens.into(),
            new.epochs.sessions.into(),
        ];
        Ok(self.database().execute(ADD, &args).await?.rows_affected == 1)
    }

    /// The session of this name, ended or not.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_session(&self, id: SessionId) -> Result<Option<StoredSession>, StoreError> {
        let row: Option<SessionRow> = self
            .database()
            .fetch_optional(FIND, &[id.as_bytes().into()])
            .await?;
        row.map(SessionRow::read).transpose()
    }

    /// Puts `next` in the place of `presented`, if that is still the token that counts. Returns whether it was.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rotate_refresh_token(
        &self,
        id: SessionId,
        presented: RefreshTokenHash,
        next: RefreshTokenHash,
        times: SessionTimes,
        client: &Client,
    ) -> Result<bool, StoreError> {
        let (address, agent) = seen(client);
        let args = [
            Arg::from(presented.as_bytes()),
            next.as_bytes().into(),
            times.now.into(),
            times.now.into(),
            times.idle_at.into(),
            times.token_expires_at.into(),
            address.as_str().into(),
            agent.into(),
            id.as_bytes().into(),
            presented.as_bytes().into(),
        ];
        Ok(self.database().execute(ROTATE, &args).await?.rows_affected == 1)
    }

    /// Remembers that the session has an access token that lives until `token_expires_at`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_token(
        &self,
        id: SessionId,
        token_expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let args = [
            token_expires_at.into(),
            id.as_bytes().into(),
            Arg::from(token_expires_at),
        ];
        self.database()
            .execute(EXTEND_TOKENS, &args)
            .await
            .map(drop)
    }

    /// Ends a session of `user` and makes its access tokens void. Returns whether it went on until now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_session(
        &self,
        user: UserId,
        id: SessionId,
        reason: EndReason,
        event: &Event,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                let args = [
                    now.into(),
                    reason.as_str().into(),
                    id.as_bytes().into(),
                    Arg::Int(user.get()),
                ];
                if tx.execute(END, &args).await?.rows_affected == 0 {
                    return Ok(false);
                }
                self.record(&mut tx, event, now).await?;
                self.revoke_session_tokens(&mut tx, id).await?;
                tx.commit().await?;
                Ok(true)
            })
            .await
    }

    /// The sessions of a user that go on, the one seen last first; at most 1,000.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_sessions(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        let rows: Vec<SessionRow> = self
            .database()
            .fetch_all(LIST, &[user.get().into(), now.into(), now.into()])
            .await?;
        rows.into_iter()
            .map(|row| row.read().map(|stored| stored.session))
            .collect()
    }

    /// Sessions of a user beyond the `kept` that were seen last, at most 100.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sessions_beyond(
        &self,
        user: UserId,
        kept: u32,
        now: Timestamp,
    ) -> Result<Vec<SessionId>, StoreError> {
        let args = [
            user.get().into(),
            now.into(),
            now.into(),
            Arg::Int(i64::from(kept)),
        ];
        let rows: Vec<(Vec<u8>,)> = self.database().fetch_all(LIST_BEYOND, &args).await?;
        let ids = rows
            .into_iter()
            .map(|(bytes,)| bytes.try_into().map(SessionId::from_bytes));
        ids.collect::<Result<_, _>>()
            .map_err(|_| StoreError::Corrupt {
                table: "login_sessions",
                column: "id",
            })
    }

    /// Deletes up to 500 sessions whose absolute end lies before `before`. Returns how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge_sessions(&self, before: Timestamp) -> Result<u64, StoreError> {
        Ok(self
            .database()
            .execute(PURGE, &[Arg::from(before)])
            .await?
            .rows_affected)
    }
}
