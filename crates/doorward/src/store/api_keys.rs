//! The table `api_keys`.

use std::time::Duration;

use super::{
    Arg, AsStoreError, Sql, Store, StoreError, Transaction, rights::ReachError, users::UserRow,
};
use crate::{
    api_key::{ApiKeyId, ApiKeyRecord, KeyGrant},
    audit::{Event, EventKind},
    authority::{Authority, Overreach},
    clock::Timestamp,
    permission::PermissionSet,
    user::{User, UserId},
};

/// How exactly the last use is kept, so that most requests write nothing.
const USE_KEPT_FOR: Duration = Duration::from_hours(1);

/// Takes the account's turn, so that two keys made at once are both counted, and none is made while the user is disabled.
const TAKE_TURN: Sql =
    Sql::both("UPDATE accounts SET version = version WHERE user_id = ? AND disabled_at_ms IS NULL");
const COUNT: Sql = Sql::both("SELECT COUNT(*) FROM api_keys WHERE user_id = ?");
const ADD: Sql = Sql::both(
    "INSERT INTO api_keys (id, user_id, name, key_sha256, scope, created_at_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
);
const LIST: Sql = Sql::both(
    "SELECT id, user_id, name, scope, created_at_ms, expires_at_ms, last_used_at_ms FROM api_keys \
     WHERE user_id = ? AND revoked_at_ms IS NULL ORDER BY created_at_ms, id LIMIT 1000",
);
const REVOKE: Sql = Sql::both(
    "UPDATE api_keys SET revoked_at_ms = ? WHERE id = ? AND user_id = ? AND revoked_at_ms IS NULL",
);
const REVOKE_ALL: Sql =
    Sql::both("UPDATE api_keys SET revoked_at_ms = ? WHERE user_id = ? AND revoked_at_ms IS NULL");
const REVOKE_TOKENS: Sql =
    Sql::both("INSERT INTO revocations (session_id, expires_at_ms) VALUES (?, ?)");
const DELETE_ALL: Sql = Sql::both("DELETE FROM api_keys WHERE user_id = ?");
const NOTE_USE: Sql = Sql::both(
    "UPDATE api_keys SET last_used_at_ms = ? WHERE id = ? AND COALESCE(last_used_at_ms, 0) <= ?",
);
const PURGE: Sql = Sql::each(
    "DELETE FROM api_keys WHERE id IN (SELECT id FROM api_keys WHERE COALESCE(revoked_at_ms, expires_at_ms) < ? LIMIT 5000)",
    "DELETE FROM api_keys WHERE COALESCE(revoked_at_ms, expires_at_ms) < ? LIMIT 5000",
);

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("api_keys.TAKE_TURN", TAKE_TURN),
    ("api_keys.COUNT", COUNT),
    ("api_keys.ADD", ADD),
    ("api_keys.LIST", LIST),
    ("api_keys.REVOKE", REVOKE),
    ("api_keys.REVOKE_ALL", REVOKE_ALL),
    ("api_keys.REVOKE_TOKENS", REVOKE_TOKENS),
    ("api_keys.DELETE_ALL", DELETE_ALL),
    ("api_keys.NOTE_USE", NOTE_USE),
    ("api_keys.PURGE", PURGE),
];

/// Why a key was not made.
#[derive(Debug, thiserror::Error)]
pub enum AddKeyError {
    /// There is no such user, or the user is disabled.
    #[error("there is no such user, or the user is disabled")]
    NoUser,
    /// It would allow what its maker or the user may not do, or the user may do what its maker may not (AZ-07).
    #[error(transparent)]
    Overreach(#[from] Overreach),
    /// The user has as many as one may have.
    #[error("A user has at most {} API keys; revoke one first", Store::MAX_KEYS)]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ReachError> for AddKeyError {
    fn from(error: ReachError) -> Self {
        match error {
            ReachError::NoUser => Self::NoUser,
            ReachError::Overreach(error) => Self::Overreach(error),
            ReachError::Store(error) => Self::Store(error),
        }
    }
}

impl AsStoreError for AddKeyError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

/// A key that was found by its text.
#[derive(Debug)]
pub struct FoundKey {
    /// For whom it acts, disabled or not.
    pub user: User,
    /// What it is.
    pub grant: KeyGrant,
    last_used_at_ms: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct FoundRow {
    #[sqlx(flatten)]
    user: UserRow,
    key_id: Vec<u8>,
    scope: String,
    expires_at_ms: i64,
    last_used_at_ms: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    id: Vec<u8>,
    user_id: i64,
    name: String,
    scope: String,
    created_at_ms: i64,
    expires_at_ms: i64,
    last_used_at_ms: Option<i64>,
}

fn read_id(bytes: Vec<u8>) -> Result<ApiKeyId, StoreError> {
    bytes
        .try_into()
        .map(ApiKeyId::from_bytes)
        .map_err(|_| corrupt("id"))
}

fn read_scope(text: &str) -> Result<PermissionSet, StoreError> {
    PermissionSet::from_scope(text).map_err(|_| corrupt("scope"))
}

fn corrupt(column: &'static str) -> StoreError {
    StoreError::Corrupt {
        table: "api_keys",
        column,
    }
}

impl KeyRow {
    fn read(self) -> Result<ApiKeyRecord, StoreError> {
        Ok(ApiKeyRecord {
            id: read_id(self.id)?,
            user_id: UserId::new(self.user_id),
            name: self.name,
            scope: read_scope(&self.scope)?,
            created_at: Timestamp::from_millis(self.created_at_ms),
            expires_at: Timestamp::from_millis(self.expires_at_ms),
            last_used_at: self.last_used_at_ms.map(Timestamp::from_millis),
        })
    }
}

impl Store {
    /// The most keys of one user, also revoked and ended ones until they are forgotten.
    pub const MAX_KEYS: u64 = 1_000;

    /// Adds a key, known by the SHA-256 of its text, and records it. Its user may do no more than its maker, and the key no more
    /// than both (AZ-08).
    ///
    /// # Errors
    /// [`AddKeyError`].
    pub async fn add_api_key(
        &self,
        key: &ApiKeyRecord,
        sha256: &[u8; 32],
        authority: &Authority,
        now: Timestamp,
    ) -> Result<(), AddKeyError> {
        let user = Arg::Int(key.user_id.get());
        let scope = key.scope.scope();
        let added = [
            key.id.as_bytes().into(),
            user,
            key.name.as_str().into(),
            sha256.into(),
            scope.as_str().into(),
            key.created_at.into(),
            key.expires_at.into(),
        ];
        let event = Event::success(EventKind::ApiKeyCreated, authority.caller())
            .subject(key.user_id)
            .detail("key", key.id)
            .detail("scope", &scope);
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                if tx.execute(TAKE_TURN, &[user]).await?.rows_affected == 0 {
                    return Err(AddKeyError::NoUser);
                }
                let rights = self
                    .require_reach_in(&mut tx, key.user_id, authority)
                    .await?;
                authority.require_to_grant(&key.scope)?;
                if let Some(missing) = rights.first_missing(&key.scope) {
                    return Err(Overreach::Granted(missing.to_owned()).into());
                }
                let count: Option<(i64,)> = tx.fetch_optional(COUNT, &[user]).await?;
                if count.is_some_and(|(n,)| u64::try_from(n).is_ok_and(|n| n >= Self::MAX_KEYS)) {
                    return Err(AddKeyError::TooMany);
                }
                tx.execute(ADD, &added).await?;
                self.record(&mut tx, &event, now).await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    /// A user's keys that nobody has revoked, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_api_keys(&self, user: UserId) -> Result<Vec<ApiKeyRecord>, StoreError> {
        let rows: Vec<KeyRow> = self
            .database()
            .fetch_all(LIST, &[user.get().into()])
            .await?;
        rows.into_iter().map(KeyRow::read).collect()
    }

    /// The key whose text has this SHA-256, with its user, unless it was revoked: one query, by a unique index.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_api_key(&self, sha256: &[u8; 32]) -> Result<Option<FoundKey>, StoreError> {
        let row: Option<FoundRow> = self
            .database()
            .fetch_optional(self.users.find_api_key.clone(), &[sha256.into()])
            .await?;
        row.map(|row| {
            Ok(FoundKey {
                user: self.stored_user(row.user)?.user,
                grant: KeyGrant {
                    id: read_id(row.key_id)?,
                    scope: read_scope(&row.scope)?,
                    expires_at: Timestamp::from_millis(row.expires_at_ms),
                },
                last_used_at_ms: row.last_used_at_ms,
            })
        })
        .transpose()
    }

    /// Notes that a key was used, once an hour.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_key_use(&self, key: &FoundKey, now: Timestamp) -> Result<(), StoreError> {
        let kept = i64::try_from(USE_KEPT_FOR.as_millis()).unwrap_or(i64::MAX);
        let before = now.as_millis().saturating_sub(kept);
        if key.last_used_at_ms.is_some_and(|at| at > before) {
            return Ok(());
        }
        let args = [now.into(), key.grant.id.as_bytes().into(), before.into()];
        self.database().execute(NOTE_USE, &args).await.map(drop)
    }

    /// Revokes a key of a user with the tokens that were given for it, the last of which ends at `tokens_until`, and records
    /// it. Returns whether it was there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revoke_api_key(
        &self,
        user: UserId,
        id: ApiKeyId,
        event: &Event,
        now: Timestamp,
        tokens_until: Timestamp,
    ) -> Result<bool, StoreError> {
        let bytes = Arg::from(id.as_bytes());
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                let args = [now.into(), bytes, user.get().into()];
                if tx.execute(REVOKE, &args).await?.rows_affected == 0 {
                    return Ok(false);
                }
                self.record(&mut tx, event, now).await?;
                tx.execute(REVOKE_TOKENS, &[bytes, tokens_until.into()])
                    .await?;
                tx.commit().await?;
                Ok(true)
            })
            .await
    }

    /// Forgets up to 5,000 keys that were revoked, or have ended, before then. Returns how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge_api_keys(&self, before: Timestamp) -> Result<u64, StoreError> {
        Ok(self
            .database()
            .execute(PURGE, &[before.into()])
            .await?
            .rows_affected)
    }

    /// As part of the transaction that disables the user, whose tokens it makes void.
    pub(super) async fn revoke_all_api_keys(
        &self,
        tx: &mut Transaction,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let args = [now.into(), user.get().into()];
        tx.execute(REVOKE_ALL, &args).await.map(drop)
    }

    /// As part of the transaction that deletes the user.
    pub(super) async fn forget_api_keys(
        &self,
        tx: &mut Transaction,
        user: UserId,
    ) -> Result<(), StoreError> {
        tx.execute(DELETE_ALL, &[user.get().into()]).await.map(drop)
    }
}
