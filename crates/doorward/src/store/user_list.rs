//! Lists of users: some of them, by number.

use super::{
    Arg, Store, StoreError,
    users::{UserRow, count},
};
use crate::{
    clock::Timestamp,
    role::Role,
    user::{User, UserId},
    username::UsernameKey,
};

/// Above every key: keys are UTF-8, in which this byte does not occur (RFC 3629 §3).
const ABOVE: u8 = 0xff;

/// Whether a user can log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserState {
    /// Can.
    Active,
    /// Cannot.
    Disabled,
}

/// Which users a list has. The default is all. Every part is a value in a placeholder (GHSA-hgx2-28f8-6g2r).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Those with this role.
    pub role: Option<Role>,
    /// Those who can or cannot log in.
    pub state: Option<UserState>,
    /// Those whose names begin so. Two bounds of the index of names: `%` and `_` mean themselves.
    pub prefix: Option<UsernameKey>,
    /// Those who were added then or later.
    pub created_since: Option<Timestamp>,
}

impl UserFilter {
    fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// The values of the condition that all statements begin with.
    fn args(&self) -> Vec<Arg<'_>> {
        let state = match self.state {
            None => 3,
            Some(UserState::Active) => 1,
            Some(UserState::Disabled) => 2,
        };
        let role = self.role.as_ref().map_or("", Role::as_str);
        let since = self.created_since.map_or(i64::MIN, Timestamp::as_millis);
        vec![since.into(), Arg::Int(state), role.into(), role.into()]
    }

    /// The first key that begins with the prefix, and one after the last.
    fn bounds(&self) -> Option<(&[u8], Vec<u8>)> {
        let first = self.prefix.as_ref()?.as_bytes();
        Some((first, [first, &[ABOVE]].concat()))
    }
}

impl Store {
    /// At most `limit` of these users with a number above `after`, by number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_users_where(
        &self,
        filter: &UserFilter,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        if filter.is_all() {
            return self.list_users(after, limit).await;
        }
        let bounds = filter.bounds();
        let mut args = filter.args();
        let mut sql = &self.users.list_filtered;
        if let Some((first, end)) = &bounds {
            sql = &self.users.list_prefixed;
            args.extend([Arg::Bytes(first), Arg::Bytes(end)]);
        }
        let after = after.map_or(i64::MIN, UserId::get);
        args.extend([Arg::Int(after), Arg::Int(limit.into())]);
        let rows: Vec<UserRow> = self.database().fetch_all(sql.clone(), &args).await?;
        rows.into_iter()
            .map(|row| self.stored_user(row).map(|stored| stored.user))
            .collect()
    }

    /// How many such users there are.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn count_users_where(&self, filter: &UserFilter) -> Result<u64, StoreError> {
        if filter.is_all() {
            return self.count_users().await;
        }
        let bounds = filter.bounds();
        let mut args = filter.args();
        let mut sql = &self.users.count_filtered;
        if let Some((first, end)) = &bounds {
            sql = &self.users.count_prefixed;
            args.extend([Arg::Bytes(first), Arg::Bytes(end)]);
        }
        count(
            self.database()
                .fetch_optional::<(i64,)>(sql.clone(), &args)
                .await?,
        )
    }
}
