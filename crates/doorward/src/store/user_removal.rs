//! Taking users out of use: disabling and deleting, never the last administrator.

use super::{Arg, EndSessions, Sql, Store, StoreError};
use crate::{clock::Timestamp, session::EndReason, user::UserId};

/// What becomes of a user's tokens.
#[derive(Debug, Clone, Copy)]
enum Tokens {
    /// The user stays and may come back: what was issued so far counts no more.
    Raise,
    /// The user goes: nothing counts any more.
    Forget,
}

/// Why a user cannot be disabled or deleted.
#[derive(Debug, thiserror::Error)]
pub enum RemoveUserError {
    /// There is no such user, or the user is in that state already.
    #[error("there is no such user")]
    NotFound,
    /// The last administrator who can log in must stay.
    #[error(
        "this is the last administrator who can log in; make another one first with `doorward admin create`"
    )]
    LastAdministrator,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl super::AsStoreError for RemoveUserError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl Store {
    /// Disables a user: no login succeeds from now on, all sessions end, and no token counts any more (AU-15).
    ///
    /// # Errors
    /// [`RemoveUserError::NotFound`] also when the user is disabled already.
    pub async fn disable_user(&self, id: UserId, now: Timestamp) -> Result<(), RemoveUserError> {
        let ours: &[Arg<'_>] = &[now.into(), id.get().into()];
        let theirs: &[Arg<'_>] = &[Arg::Int(0), id.get().into()];
        let mut statements = vec![(self.users.disable.clone(), ours)];
        statements.extend(self.users.set_active.clone().map(|sql| (sql, theirs)));
        self.remove(id, &statements, Tokens::Raise, now).await
    }

    /// Lets a disabled user log in again. Returns whether the user was disabled.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn enable_user(&self, id: UserId) -> Result<bool, StoreError> {
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                let ours = tx
                    .execute(self.users.enable.clone(), &[id.get().into()])
                    .await?;
                if let Some(sql) = &self.users.set_active {
                    tx.execute(sql.clone(), &[Arg::Int(1), id.get().into()])
                        .await?;
                }
                tx.commit().await?;
                Ok(ours.rows_affected == 1)
            })
            .await
    }

    /// Deletes a user with all that belongs to them. No token of theirs counts any more.
    ///
    /// # Errors
    /// [`RemoveUserError`].
    pub async fn delete_user(&self, id: UserId, now: Timestamp) -> Result<(), RemoveUserError> {
        let statements: [(Sql, &[Arg<'_>]); 2] = [
            (self.users.delete_account.clone(), &[id.get().into()]),
            (self.users.delete_user.clone(), &[id.get().into()]),
        ];
        self.remove(id, &statements, Tokens::Forget, now).await
    }

    /// Runs statements that each remove one row from use, and undoes them when they leave no administrator who can log
    /// in (AZ-06), also when two do it at once.
    async fn remove(
        &self,
        id: UserId,
        statements: &[(Sql, &[Arg<'_>])],
        tokens: Tokens,
        now: Timestamp,
    ) -> Result<(), RemoveUserError> {
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                tx.execute(self.users.touch_admins.clone(), &[]).await?;
                let before = self.count_active_admins_in(&mut tx).await?;
                let ended = match tokens {
                    Tokens::Raise => None,
                    Tokens::Forget => Some(self.forget_belongings(&mut tx, id, now).await?),
                };
                for (sql, args) in statements {
                    if tx.execute(sql.clone(), args).await?.rows_affected == 0 {
                        return Err(RemoveUserError::NotFound);
                    }
                }
                let after = self.count_active_admins_in(&mut tx).await?;
                if before > 0 && after == 0 {
                    return Err(RemoveUserError::LastAdministrator);
                }
                match ended {
                    None => {
                        let all = EndSessions::All(EndReason::Disabled);
                        self.raise_epoch(&mut tx, id, all, now).await?;
                    }
                    Some(ended) => self.revoke_ended(&mut tx, id, ended).await?,
                }
                Ok(tx.commit().await?)
            })
            .await
    }
}
