//! What goes with a user, whichever table it is in.

use super::{Sql, Store, StoreError, Transaction, epochs::EndedEpoch};
use crate::{clock::Timestamp, user::UserId};

const SESSIONS: Sql = Sql::both("DELETE FROM login_sessions WHERE user_id = ?");
const ROLES: Sql = Sql::both("DELETE FROM role_holders WHERE user_id = ?");
/// Sent or not: a letter that waits would tell a secret to somebody who has no account any more.
const LETTERS: Sql = Sql::both("DELETE FROM mail_queue WHERE user_id = ?");

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("forgetting.SESSIONS", SESSIONS),
    ("forgetting.ROLES", ROLES),
    ("forgetting.LETTERS", LETTERS),
];

impl Store {
    /// Forgets all of a user but the rows in the users table and in `accounts`, which are the caller's to deal with after
    /// this, in the same transaction: sessions, API keys, roles, links, letters. Only the audit trail keeps the number.
    ///
    /// Nothing that was issued for the user counts any more; the caller ends the transaction with [`Store::revoke_ended`].
    pub(super) async fn forget_belongings(
        &self,
        tx: &mut Transaction,
        user: UserId,
        now: Timestamp,
    ) -> Result<EndedEpoch, StoreError> {
        let ended = self.end_epoch(tx, user, now).await?;
        self.forget_api_keys(tx, user).await?;
        self.drop_links_in(tx, user).await?;
        for sql in [SESSIONS, ROLES, LETTERS] {
            tx.execute(sql, &[user.get().into()]).await?;
        }
        Ok(ended)
    }

    /// Tells the nodes of it, last in the transaction, so that the row becomes visible soon after it was made.
    pub(super) async fn revoke_ended(
        &self,
        tx: &mut Transaction,
        user: UserId,
        ended: EndedEpoch,
    ) -> Result<(), StoreError> {
        let EndedEpoch { lowest, expires_at } = ended;
        self.revoke_user_tokens(tx, user, lowest, expires_at).await
    }
}
