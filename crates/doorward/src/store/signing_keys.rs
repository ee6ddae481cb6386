//! The table `signing_keys`: the keys of tokens and their timetable.

use super::{Arg, AsStoreError, Sql, Store, StoreError};
use crate::{
    audit::Event,
    clock::Timestamp,
    key_ring::{KeyTimes, StoredKey},
    token::{KeyId, PublicJwk},
};

const LIST: Sql = Sql::both(
    "SELECT kid, algorithm, public_jwk, sealed_private, follows, published_at_ms, active_at_ms, retiring_at_ms, retired_at_ms, version \
     FROM signing_keys ORDER BY published_at_ms DESC, kid LIMIT 1000",
);
/// `follows` is unique: of two nodes that rotate at once, one succeeds.
const ADD: Sql = Sql::both(
    "INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed_private, follows, published_at_ms, active_at_ms, retiring_at_ms, retired_at_ms, version) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
);
const CHANGE: Sql = Sql::both(
    "UPDATE signing_keys SET sealed_private = ?, active_at_ms = ?, retiring_at_ms = ?, retired_at_ms = ?, version = version + 1 \
     WHERE kid = ? AND version = ?",
);
/// Sessions whose last access token has not expired.
const COUNT_HOLDERS: Sql = Sql::both(
    "SELECT COUNT(*) FROM login_sessions WHERE token_expires_at_ms > ? AND ended_at_ms IS NULL",
);
const ANY_SESSION: Sql = Sql::both("SELECT 1 FROM login_sessions LIMIT 1");

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("signing_keys.LIST", LIST),
    ("signing_keys.ADD", ADD),
    ("signing_keys.CHANGE", CHANGE),
    ("signing_keys.COUNT_HOLDERS", COUNT_HOLDERS),
    ("signing_keys.ANY_SESSION", ANY_SESSION),
];

/// A change of the keys, made from a list of them.
#[derive(Debug)]
pub struct KeysChange<'a> {
    /// Keys whose times or sealed half change, with the version that was read.
    pub changed: &'a [StoredKey],
    /// A key that is added.
    pub added: Option<&'a StoredKey>,
    /// For the audit trail.
    pub event: Option<&'a Event>,
}

/// Why the keys did not change.
#[derive(Debug, thiserror::Error)]
pub enum KeysChangeError {
    /// Somebody else has changed them since they were read.
    #[error("the keys have changed meanwhile; try again")]
    Stale,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AsStoreError for KeysChangeError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Stale => None,
            Self::Store(error) => Some(error),
        }
    }
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    kid: String,
    algorithm: String,
    public_jwk: String,
    sealed_private: Vec<u8>,
    follows: String,
    published_at_ms: i64,
    active_at_ms: i64,
    retiring_at_ms: i64,
    retired_at_ms: i64,
    version: i64,
}

fn corrupt(column: &'static str) -> StoreError {
    StoreError::Corrupt {
        table: "signing_keys",
        column,
    }
}

/// 0 in the table is not decided.
fn moment(ms: i64) -> Option<Timestamp> {
    (ms != 0).then(|| Timestamp::from_millis(ms))
}

fn column(at: Option<Timestamp>) -> Arg<'static> {
    at.map_or(0, Timestamp::as_millis).into()
}

impl KeyRow {
    fn read(self) -> Result<StoredKey, StoreError> {
        let public = Some(self.public_jwk)
            .filter(|text| !text.is_empty())
            .map(|text| PublicJwk::parse(&text).map_err(|_| corrupt("public_jwk")))
            .transpose()?;
        let follows = Some(self.follows)
            .filter(|text| !text.is_empty())
            .map(|text| KeyId::parse(&text).map_err(|_| corrupt("follows")))
            .transpose()?;
        Ok(StoredKey {
            id: KeyId::parse(&self.kid).map_err(|_| corrupt("kid"))?,
            algorithm: self.algorithm.parse().map_err(|_| corrupt("algorithm"))?,
            public,
            sealed: Some(self.sealed_private).filter(|sealed| !sealed.is_empty()),
            follows,
            times: KeyTimes {
                published: Timestamp::from_millis(self.published_at_ms),
                active: Timestamp::from_millis(self.active_at_ms),
                retiring: moment(self.retiring_at_ms),
                retired: moment(self.retired_at_ms),
            },
            version: self.version,
        })
    }
}

impl Store {
    /// All keys, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let rows: Vec<KeyRow> = self.database().fetch_all(LIST, &[]).await?;
        rows.into_iter().map(KeyRow::read).collect()
    }

    /// Changes the keys, all or nothing, if they are as they were read.
    ///
    /// # Errors
    /// [`KeysChangeError::Stale`] when another node was first.
    pub async fn change_signing_keys(
        &self,
        change: &KeysChange<'_>,
        now: Timestamp,
    ) -> Result<(), KeysChangeError> {
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                for key in change.changed {
                    let args = [
                        key.sealed.as_deref().unwrap_or_default().into(),
                        key.times.active.into(),
                        column(key.times.retiring),
                        column(key.times.retired),
                        key.id.as_str().into(),
                        key.version.into(),
                    ];
                    if tx.execute(CHANGE, &args).await?.rows_affected != 1 {
                        return Err(KeysChangeError::Stale);
                    }
                }
                if let Some(key) = change.added {
                    let public = key.public.as_ref().map(serde_json::to_string);
                    let public = public.transpose().map_err(|_| corrupt("public_jwk"))?;
                    let algorithm = key.algorithm.algorithm();
                    let args = [
                        key.id.as_str().into(),
                        algorithm.as_str().into(),
                        public.as_deref().unwrap_or_default().into(),
                        key.sealed.as_deref().unwrap_or_default().into(),
                        key.follows.as_ref().map_or("", KeyId::as_str).into(),
                        key.times.published.into(),
                        key.times.active.into(),
                        column(key.times.retiring),
                        column(key.times.retired),
                    ];
                    match tx.execute(ADD, &args).await {
                        Err(StoreError::AlreadyExists) => return Err(KeysChangeError::Stale),
                        added => added?,
                    };
                }
                if let Some(event) = change.event {
                    self.record(&mut tx, event, now).await?;
                }
                Ok(tx.commit().await?)
            })
            .await
    }

    /// How many sessions have an access token that has not expired.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn count_sessions_with_tokens(&self, now: Timestamp) -> Result<u64, StoreError> {
        let row: Option<(i64,)> = self
            .database()
            .fetch_optional(COUNT_HOLDERS, &[now.into()])
            .await?;
        Ok(row.map_or(0, |(count,)| count.unsigned_abs()))
    }

    /// Whether anybody has ever logged in here, as far as that is remembered.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn has_sessions(&self) -> Result<bool, StoreError> {
        let row: Option<(i64,)> = self.database().fetch_optional(ANY_SESSION, &[]).await?;
        Ok(row.is_some())
    }
}
