//! Changing what a user may do, never from an old state and never away from the last administrator.

use super::{
    Arg, AsStoreError, EndSessions, PasswordSetting, Store, StoreError, Transaction,
    epochs::EndedEpoch,
    in_place::Value,
    user_version::{TURNS, TurnError},
};
use crate::{
    audit::{Event, EventKind},
    authority::{Authority, Overreach},
    caller::Caller,
    clock::Timestamp,
    password::PasswordHash,
    role::Role,
    session::EndReason,
    user::{User, UserId},
};

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
    /// Another password, without the old one. The links from before go with the old one.
    SetPassword {
        /// Its hash.
        hash: PasswordHash,
        /// Whether the user is told by letter (RC-05).
        tells: bool,
    },
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
    /// The user may do what whoever acts may not, or is to be given it (AZ-07).
    #[error(transparent)]
    Overreach(#[from] Overreach),
    /// The last administrator who can log in must stay one.
    #[error("this is the last administrator who can log in; make another one first")]
    LastAdministrator,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<TurnError> for ChangeUserError {
    fn from(error: TurnError) -> Self {
        match error {
            TurnError::NotFound => Self::NotFound,
            TurnError::Stale => Self::Stale,
            TurnError::Store(error) => Self::Store(error),
        }
    }
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
    /// Does something to a user, all or nothing, with its events in the audit trail. What the user may do then, and is to be
    /// given, must be within the authority (AZ-08). With `expected` only when the user still is in one of these versions; of
    /// two deeds from one version one succeeds.
    ///
    /// # Errors
    /// [`ChangeUserError`].
    pub async fn do_to_user(
        &self,
        id: UserId,
        expected: Option<&[String]>,
        deed: &UserDeed,
        authority: &Authority,
        now: Timestamp,
    ) -> Result<(), ChangeUserError> {
        // Without a version to keep to, losing a turn is no reason to give up.
        for _ in 0..TURNS {
            let attempt = self
                .database()
                .retry(|| async {
                    let mut tx = self.database().begin().await?;
                    self.do_in(&mut tx, id, expected, deed, authority, now)
                        .await?;
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
        authority: &Authority,
        now: Timestamp,
    ) -> Result<(), ChangeUserError> {
        // Makes two changes of administrators at once collide instead of both passing the count (AZ-06).
        tx.execute(self.users.touch_admins.clone(), &[]).await?;
        let admins = self.count_active_admins_in(tx).await?;
        let before = self.take_turn(tx, id, expected).await?;
        if !authority.is_everything() {
            authority.require_reach(&self.permissions_in(tx, &before).await?)?;
        }
        let caller = authority.caller();
        let (events, void) = match deed {
            UserDeed::Change(change) => {
                if let Some(role) = &change.role {
                    authority.require_to_grant(&self.allowed_by_primary(tx, role).await?)?;
                }
                self.change_in(tx, &before, change, caller, now).await?
            }
            UserDeed::SetPassword { hash, tells } => {
                let event = Event::success(EventKind::PasswordReset, caller).subject(id);
                let new = PasswordSetting {
                    hash,
                    sessions: EndSessions::All(EndReason::PasswordReset),
                    tells: *tells,
                    event: &event,
                };
                // Boxed for the reason of `log_in_from`.
                Box::pin(self.set_password_in(tx, id, &new, now)).await?;
                (Vec::new(), None)
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
