//! Making the access tokens void of all who have a role, when it comes to allow something else.
//!
//! A role may have a million holders, so this is a fixed number of statements, not one for each of them.

use super::{Arg, Sql, Store, StoreError, Transaction};
use crate::{clock::Timestamp, role::Role};

/// The version rises too: whoever compares what a user may do with what they hold does it for one version.
/// MySQL would look at every account for the form with a subquery.
const RAISE: Sql = Sql::each(
    "UPDATE accounts SET epoch = epoch + 1, version = version + 1 WHERE user_id IN (SELECT user_id FROM role_holders WHERE role = ?)",
    "UPDATE accounts a JOIN role_holders h ON h.user_id = a.user_id SET a.epoch = a.epoch + 1, a.version = a.version + 1 WHERE h.role = ?",
);
const REVOKE: Sql = Sql::both(
    "INSERT INTO revocations (user_id, epoch, expires_at_ms) \
     SELECT a.user_id, a.epoch, ? FROM role_holders h JOIN accounts a ON a.user_id = h.user_id WHERE h.role = ?",
);

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("role_holders.RAISE", RAISE),
    ("role_holders.REVOKE", REVOKE),
];

impl Store {
    /// As part of the transaction of the change. All tokens of now have expired at `tokens_until`. Call it last, so that the
    /// rows that other nodes follow become visible soon after they were made.
    pub(super) async fn void_tokens_of_holders(
        &self,
        tx: &mut Transaction,
        role: &Role,
        tokens_until: Timestamp,
    ) -> Result<(), StoreError> {
        let role = Arg::from(role.as_str());
        let until = Arg::from(tokens_until);
        tx.execute(RAISE, &[role]).await?;
        tx.execute(REVOKE, &[until, role]).await?;
        // Only a table that another application made names roles of ours; looking first spares the others the locks.
        let found: Option<(i64,)> = tx
            .fetch_optional(self.users.find_primary_holder.clone(), &[role])
            .await?;
        if found.is_some() {
            let raise = self.users.raise_primary_holders.clone();
            tx.execute(raise, &[role]).await?;
            let revoke = self.users.revoke_primary_holders.clone();
            tx.execute(revoke, &[until, role]).await?;
        }
        Ok(())
    }
}
