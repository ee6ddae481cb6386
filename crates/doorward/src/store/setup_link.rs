//! The table `setup_link`: the one-time link that makes the first administrator.

use super::{AsStoreError, Sql, Store, StoreError};
use crate::{
    audit::Event, clock::Timestamp, password::PasswordHash, role::Role, user::User,
    username::Username,
};

const SET: Sql = Sql::each(
    "INSERT INTO setup_link (slot, token_sha256, expires_at_ms) VALUES (1, ?, ?) \
     ON CONFLICT (slot) DO UPDATE SET token_sha256 = excluded.token_sha256, expires_at_ms = excluded.expires_at_ms",
    "INSERT INTO setup_link (slot, token_sha256, expires_at_ms) VALUES (1, ?, ?) \
     ON DUPLICATE KEY UPDATE token_sha256 = VALUES(token_sha256), expires_at_ms = VALUES(expires_at_ms)",
);
/// The row count of this statement decides who used the link first.
const TAKE: Sql =
    Sql::both("DELETE FROM setup_link WHERE slot = 1 AND token_sha256 = ? AND expires_at_ms > ?");
const FIND: Sql =
    Sql::both("SELECT expires_at_ms FROM setup_link WHERE slot = 1 AND token_sha256 = ?");

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("setup_link.SET", SET),
    ("setup_link.TAKE", TAKE),
    ("setup_link.FIND", FIND),
];

/// Why a setup link did not make an administrator.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The link is unknown, used, replaced by a newer one, or too old.
    #[error("the setup link is not valid any more")]
    InvalidLink,
    /// The database failed; [`StoreError::AlreadyExists`] says that the name is taken.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AsStoreError for SetupError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::InvalidLink => None,
            Self::Store(error) => Some(error),
        }
    }
}

impl Store {
    /// Makes the link whose token has this SHA-256 the only valid one, until `expires_at`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_setup_link(
        &self,
        token_sha256: &[u8; 32],
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.database()
            .execute(SET, &[token_sha256.into(), expires_at.into()])
            .await
            .map(drop)
    }

    /// Whether the link whose token has this SHA-256 can be used now. (Using it decides again, by [`Self::use_setup_link`].)
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn has_setup_link(
        &self,
        token_sha256: &[u8; 32],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let row: Option<(i64,)> = self
            .database()
            .fetch_optional(FIND, &[token_sha256.into()])
            .await?;
        Ok(row.is_some_and(|(expires_at,)| Timestamp::from_millis(expires_at) > now))
    }

    /// Uses the link up, adds an administrator and records `event` about the new user: all or nothing (AU-12, LG-05).
    ///
    /// # Errors
    /// [`SetupError`].
    pub async fn use_setup_link(
        &self,
        token_sha256: &[u8; 32],
        name: &Username,
        password: &PasswordHash,
        event: &Event,
        now: Timestamp,
    ) -> Result<User, SetupError> {
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                if tx
                    .execute(TAKE, &[token_sha256.into(), now.into()])
                    .await?
                    .rows_affected
                    != 1
                {
                    return Err(SetupError::InvalidLink);
                }
                // Somebody made one from the command line meanwhile: the link has had its day.
                if self.count_active_admins_in(&mut tx).await? > 0 {
                    return Err(SetupError::InvalidLink);
                }
                let user = self
                    .insert_user(&mut tx, name, password, &Role::admin(), now)
                    .await?;
                let event = event.clone().subject(user.id);
                self.record(&mut tx, &event, now).await?;
                tx.commit().await?;
                Ok(user)
            })
            .await
    }
}
