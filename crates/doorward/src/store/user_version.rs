//! The column `version` of `accounts`: a change is made for the state that was read, or not at all.

use std::fmt;

use sha2::{Digest, Sha256};

use super::{Store, StoreError, Transaction, users::UserRow};
use crate::{
    clock::Timestamp,
    user::{StoredUser, User, UserId},
};

/// How often a change that keeps to no version tries to get its turn.
pub(super) const TURNS: u32 = 5;

/// The state of a user that somebody has read: what an `ETag` says. Every change gives another, also one of the roles
/// beside it or of what they allow, and one that the application beside us makes to a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserVersion([u8; 8]);

impl UserVersion {
    fn of(user: &User, version: i64) -> Self {
        let disabled_at = user.disabled_at.map_or(i64::MIN, Timestamp::as_millis);
        let digest: [u8; 32] = Sha256::new_with_prefix(b"doorward user version\0")
            .chain_update(version.to_be_bytes())
            .chain_update(user.id.get().to_be_bytes())
            .chain_update(disabled_at.to_be_bytes())
            .chain_update(user.role.as_str())
            .chain_update([0])
            .chain_update(&user.username)
            .finalize()
            .into();
        let mut first = [0; 8];
        first
            .iter_mut()
            .zip(digest)
            .for_each(|(to, from)| *to = from);
        Self(first)
    }
}

impl fmt::Display for UserVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why a transaction did not get its turn with a user.
#[derive(Debug)]
pub(super) enum TurnError {
    /// There is no such user.
    NotFound,
    /// The user is not as the caller, or this transaction, has read it.
    Stale,
    /// The database failed.
    Store(StoreError),
}

impl From<StoreError> for TurnError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Store {
    /// The user with this number, and the version of what is returned or an older one: a change by that version fails
    /// when anything happened in between.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_user_version(
        &self,
        id: UserId,
        now: Timestamp,
    ) -> Result<Option<(StoredUser, UserVersion)>, StoreError> {
        // Makes the account of a user whom the application beside us has just added.
        if self.find_user_by_id(id, now).await?.is_none() {
            return Ok(None);
        }
        let version = self
            .database()
            .fetch_optional::<(i64,)>(self.users.find_version.clone(), &[id.get().into()])
            .await?;
        let stored = self.find_user_by_id(id, now).await?;
        Ok(stored.zip(version).map(|(stored, (version,))| {
            let version = UserVersion::of(&stored.user, version);
            (stored, version)
        }))
    }

    /// Reads the user in the transaction and raises the version from the one that was read, which only one of several
    /// transactions can.
    pub(super) async fn take_turn(
        &self,
        tx: &mut Transaction,
        id: UserId,
        expected: Option<&[String]>,
    ) -> Result<User, TurnError> {
        let row: Option<UserRow> = tx
            .fetch_optional(self.users.find_by_id.clone(), &[id.get().into()])
            .await?;
        let version: Option<(i64,)> = tx
            .fetch_optional(self.users.find_version.clone(), &[id.get().into()])
            .await?;
        let (Some(row), Some((version,))) = (row, version) else {
            return Err(TurnError::NotFound);
        };
        let user = self.stored_user(row)?.user;
        let current = UserVersion::of(&user, version).to_string();
        if expected.is_some_and(|expected| !expected.contains(&current)) {
            return Err(TurnError::Stale);
        }
        let args = [id.get().into(), version.into()];
        let raised = tx
            .execute(self.users.raise_version.clone(), &args)
            .await?
            .rows_affected;
        if raised == 1 {
            Ok(user)
        } else {
            Err(TurnError::Stale)
        }
    }
}
