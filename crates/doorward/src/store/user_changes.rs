//! Changing what a user may do, never from an old state and never away from the last administrator.

use std::fmt;

use sha2::{Digest, Sha256};

use super::{
    Arg, AsStoreError, EndSessions, Store, StoreError, Transaction, epochs::EndedEpoch,
    in_place::Value, users::UserRow,
};
use crate::{
    audit::{Event, EventKind},
    caller::Caller,
    clock::Timestamp,
    password::PasswordHash,
    role::Role,
    session::EndReason,
    user::{StoredUser, User, UserId},
};

/// How often a change that keeps to no version tries to get its turn.
pub(super) const TURNS: u32 = 5;

/// The state of a user that somebody has read: what an `ETag` says. Every change gives another, also one that the
/// application beside us makes to a role.
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

/// What is to be different about a user. The default is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserChange {
    /// The role.
    pub role: Option<Role>,
    /// Whether the user cannot log in.
    pub disabled: Option<bool>,
}

/// What is done to a user.
#[derive(Debug, Clone)]
pub enum UserDeed {
    /// The role, or whether the user can log in.
    Change(UserChange),
    /// Another password.
    SetPassword(PasswordHash),
    /// All sessions end.
    EndSessions,
    /// The user goes. The number stays in the audit trail and is never given to another.
    Delete,
}

/// Which tokens and sessions of a user count no more after a deed.
#[derive(Debug, Clone, Copy)]
enum Void {
    /// Access tokens so far, and these sessions.
    Below(EndSessions),
    /// All: the user is gone.
    Ended(EndedEpoch),
}

/// Why a user was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeUserError {
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// The user is not as the caller has read it (CVE-2026-107623).
    #[error("the user has changed meanwhile")]
    Stale,
    /// The last administrator who can log in must stay one.
    #[error("this is the last administrator who can log in; make another one first")]
    LastAdministrator,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AsStoreError for ChangeUserError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
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

    /// Does something to a user, all or nothing, with its events in the audit trail. With `expected` only when the user
    /// still is in one of these versions; of two deeds from one version one succeeds.
    ///
    /// # Errors
    /// [`ChangeUserError`].
    pub async fn do_to_user(
        &self,
        id: UserId,
        expected: Option<&[String]>,
        deed: &UserDeed,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<(), ChangeUserError> {
        // Without a version to keep to, losing a turn is no reason to give up.
        for _ in 0..TURNS {
            let attempt = self
                .database()
                .retry(|| async {
                    let mut tx = self.database().begin().await?;
                    self.do_in(&mut tx, id, expected, deed, caller, now).await?;
                    Ok(tx.commit().await?)
                })
                .await;
            match attempt {
                Err(ChangeUserError::Stale) if expected.is_none() => {}
                other => return other,
            }
        }
        Err(ChangeUserError::Stale)
    }

    /// As [`Store::do_to_user`], in a transaction of the caller, who drops it after an error.
    pub(super) async fn do_in(
        &self,
        tx: &mut Transaction,
        id: UserId,
        expected: Option<&[String]>,
        deed: &UserDeed,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<(), ChangeUserError> {
        // Makes two changes of administrators at once collide instead of both passing the count (AZ-06).
        tx.execute(self.users.touch_admins.clone(), &[]).await?;
        let admins = self.count_active_admins_in(tx).await?;
        let before = self.take_turn(tx, id, expected).await?;
        let (events, void) = match deed {
            UserDeed::Change(change) => self.change_in(tx, &before, change, caller, now).await?,
            UserDeed::SetPassword(hash) => {
                let args = [hash.as_str().into(), id.get().into()];
                tx.execute(self.users.set_password.clone(), &args).await?;
                let args = [now.into(), id.get().into()];
                tx.execute(self.users.touch_password.clone(), &args).await?;
                let event = Event::success(EventKind::PasswordReset, caller);
                let all = EndSessions::All(EndReason::PasswordReset);
                (vec![event], Some(Void::Below(all)))
            }
            UserDeed::EndSessions => {
                let event = Event::success(EventKind::SessionsEnded, caller);
                let all = EndSessions::All(EndReason::Revoked);
                let event = event.detail("reason", EndReason::Revoked.as_str());
                (vec![event], Some(Void::Below(all)))
            }
            UserDeed::Delete => {
                let ended = self.forget_belongings(tx, id, now).await?;
                tx.execute(self.users.delete_account.clone(), &[id.get().into()])
                    .await?;
                tx.execute(self.users.delete_user.clone(), &[id.get().into()])
                    .await?;
                let event = Event::success(EventKind::UserDeleted, caller);
                (vec![event], Some(Void::Ended(ended)))
            }
        };
        if admins > 0 && self.count_active_admins_in(tx).await? == 0 {
            return Err(ChangeUserError::LastAdministrator);
        }
        match void {
            None => {}
            Some(Void::Below(sessions)) => drop(self.raise_epoch(tx, id, sessions, now).await?),
            Some(Void::Ended(ended)) => self.revoke_ended(tx, id, ended).await?,
        }
        for event in events {
            self.record(tx, &event.subject(id), now).await?;
        }
        Ok(())
    }

    /// What was not so before becomes so; the events tell what that was, and which tokens are void for it (AZ-05).
    async fn change_in(
        &self,
        tx: &mut Transaction,
        before: &User,
        change: &UserChange,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<(Vec<Event>, Option<Void>), StoreError> {
        let id = before.id;
        let mut events = Vec::new();
        let mut void = None;
        if let Some(role) = change.role.as_ref().filter(|role| **role != before.role) {
            self.write_role(tx, id, role).await?;
            let event = Event::success(EventKind::RoleChanged, caller);
            events.push(event.detail("from", &before.role).detail("to", role));
            void = Some(Void::Below(EndSessions::None));
        }
        match change.disabled {
            Some(true) if before.disabled_at.is_none() => {
                let args = [now.into(), id.get().into()];
                tx.execute(self.users.disable.clone(), &args).await?;
                self.write_active(tx, id, false).await?;
                events.push(Event::success(EventKind::UserDisabled, caller));
                void = Some(Void::Below(EndSessions::All(EndReason::Disabled)));
            }
            Some(false) if before.disabled_at.is_some() => {
                tx.execute(self.users.enable.clone(), &[id.get().into()])
                    .await?;
                self.write_active(tx, id, true).await?;
                events.push(Event::success(EventKind::UserEnabled, caller));
            }
            _ => {}
        }
        Ok((events, void))
    }

    /// Reads the user in the transaction and raises the version from the one that was read, which only one of several
    /// transactions can.
    async fn take_turn(
        &self,
        tx: &mut Transaction,
        id: UserId,
        expected: Option<&[String]>,
    ) -> Result<User, ChangeUserError> {
        let row: Option<UserRow> = tx
            .fetch_optional(self.users.find_by_id.clone(), &[id.get().into()])
            .await?;
        let version: Option<(i64,)> = tx
            .fetch_optional(self.users.find_version.clone(), &[id.get().into()])
            .await?;
        let (Some(row), Some((version,))) = (row, version) else {
            return Err(ChangeUserError::NotFound);
        };
        let user = self.stored_user(row)?.user;
        let current = UserVersion::of(&user, version).to_string();
        if expected.is_some_and(|expected| !expected.contains(&current)) {
            return Err(ChangeUserError::Stale);
        }
        let args = [id.get().into(), version.into()];
        let raised = tx
            .execute(self.users.raise_version.clone(), &args)
            .await?
            .rows_affected;
        if raised == 1 {
            Ok(user)
        } else {
            Err(ChangeUserError::Stale)
        }
    }

    async fn write_role(
        &self,
        tx: &mut Transaction,
        id: UserId,
        role: &Role,
    ) -> Result<(), StoreError> {
        let theirs = self.in_place().and_then(|table| table.table_role(role));
        let value = theirs.as_ref().map_or(role.as_str().into(), Value::arg);
        let args: [Arg<'_>; 2] = [value, id.get().into()];
        tx.execute(self.users.set_role.clone(), &args)
            .await
            .map(drop)
    }

    async fn write_active(
        &self,
        tx: &mut Transaction,
        id: UserId,
        active: bool,
    ) -> Result<(), StoreError> {
        let Some(sql) = &self.users.set_active else {
            return Ok(());
        };
        let args = [Arg::Int(i64::from(active)), id.get().into()];
        tx.execute(sql.clone(), &args).await.map(drop)
    }
}
