//! The table `role_holders`: who has which roles beside the one in the users table, and what they allow.

use super::{
    Arg, EndSessions, RoleStoreError, Sql, Store, StoreError, Transaction, roles::touch,
    user_version::TURNS, users::UserRow,
};
use crate::{
    audit::{Event, EventKind},
    authority::{Authority, Overreach},
    clock::Timestamp,
    permission::{Permission, PermissionSet, Rights},
    role::Role,
    user::{User, UserId},
};

const OF_USER: Sql =
    Sql::both("SELECT role FROM role_holders WHERE user_id = ? ORDER BY role LIMIT 1000");
const TAKE_ALL: Sql = Sql::both("DELETE FROM role_holders WHERE user_id = ?");
const GIVE: Sql = Sql::both("INSERT INTO role_holders (user_id, role) VALUES (?, ?)");
/// `users.role` may name a role of ours too, in a table that another application made.
const PERMISSIONS: Sql = Sql::both(
    "SELECT p.permission FROM role_holders h JOIN role_permissions p ON p.role = h.role WHERE h.user_id = ? \
     UNION SELECT p.permission FROM role_permissions p WHERE p.role = ?",
);

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("rights.OF_USER", OF_USER),
    ("rights.TAKE_ALL", TAKE_ALL),
    ("rights.GIVE", GIVE),
    ("rights.PERMISSIONS", PERMISSIONS),
];

/// Why nobody acts on a user.
#[derive(Debug)]
pub(super) enum ReachError {
    /// There is no such user.
    NoUser,
    /// The user may do what whoever acts may not, or is to be given it.
    Overreach(Overreach),
    /// The database failed.
    Store(StoreError),
}

impl From<Overreach> for ReachError {
    fn from(error: Overreach) -> Self {
        Self::Overreach(error)
    }
}

impl From<StoreError> for ReachError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn read_roles(rows: Vec<(String,)>) -> Result<Vec<Role>, StoreError> {
    let corrupt = |_| StoreError::Corrupt {
        table: "role_holders",
        column: "role",
    };
    rows.into_iter()
        .map(|(name,)| Role::parse(&name).map_err(corrupt))
        .collect()
}

fn read_permissions(rows: Vec<(String,)>) -> Result<PermissionSet, StoreError> {
    let corrupt = |_| StoreError::Corrupt {
        table: "role_permissions",
        column: "permission",
    };
    rows.into_iter()
        .map(|(name,)| Permission::parse(&name).map_err(corrupt))
        .collect()
}

impl Store {
    /// A user's roles beside the one in the users table, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn roles_of(&self, user: UserId) -> Result<Vec<Role>, StoreError> {
        let args = [user.get().into()];
        read_roles(self.database().fetch_all(OF_USER, &args).await?)
    }

    /// Gives a user these roles beside the one in the users table, and no others, and records it. What is given and what is
    /// taken must be within the authority. With `expected` only when the user is in one of these versions. The user's access
    /// tokens are void with that. Returns whether anything was different before.
    ///
    /// # Errors
    /// [`RoleStoreError`]; then nothing was changed.
    pub async fn set_roles_of(
        &self,
        user: UserId,
        roles: &[Role],
        expected: Option<&[String]>,
        authority: &Authority,
        now: Timestamp,
    ) -> Result<bool, RoleStoreError> {
        let mut wanted = roles.to_vec();
        wanted.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        wanted.dedup();
        for _ in 0..TURNS {
            let attempt = self
                .database()
                .retry(|| async {
                    let mut tx = self.database().begin().await?;
                    let setting =
                        self.set_roles_in(&mut tx, user, &wanted, expected, authority, now);
                    // Boxed for the reason of `log_in_from`.
                    let changed = Box::pin(setting).await?;
                    if changed {
                        tx.commit().await?;
                    }
                    Ok(changed)
                })
                .await;
            match attempt {
                // Without a version to keep to, losing a turn is no reason to give up.
                Err(RoleStoreError::Stale) if expected.is_none() => {}
                other => return other,
            }
        }
        Err(RoleStoreError::Stale)
    }

    async fn set_roles_in(
        &self,
        tx: &mut Transaction,
        user: UserId,
        wanted: &[Role],
        expected: Option<&[String]>,
        authority: &Authority,
        now: Timestamp,
    ) -> Result<bool, RoleStoreError> {
        // Before anything is read: what these roles allow stays so until the end. A change of one that the user has raises
        // the user's version, so the turn is lost then.
        for role in wanted {
            touch(tx, role).await?;
        }
        self.take_turn(tx, user, expected).await?;
        let id = Arg::Int(user.get());
        let before = read_roles(tx.fetch_all(OF_USER, &[id]).await?)?;
        let given = wanted.iter().filter(|role| !before.contains(role));
        let taken = before.iter().filter(|role| !wanted.contains(role));
        let mut is_other = false;
        for role in given {
            authority.require_to_grant(&self.allowed_by(tx, role).await?)?;
            is_other = true;
        }
        for role in taken {
            authority.require_to_take(&self.allowed_by(tx, role).await?)?;
            is_other = true;
        }
        if !is_other {
            return Ok(false);
        }
        tx.execute(TAKE_ALL, &[id]).await?;
        for role in wanted {
            tx.execute(GIVE, &[id, role.as_str().into()]).await?;
        }
        let names: Vec<&str> = wanted.iter().map(Role::as_str).collect();
        let event = Event::success(EventKind::RolesChanged, authority.caller())
            .subject(user)
            .detail("roles", names.join(" "));
        self.record(tx, &event, now).await?;
        self.raise_epoch(tx, user, EndSessions::None, now).await?;
        Ok(true)
    }

    /// A user's rights. Plain users cost one query, for their roles.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rights_of(&self, user: &User) -> Result<Rights, StoreError> {
        let roles = self.roles_of(user.id).await?;
        let permissions = if roles.is_empty() && user.role.as_str() == Role::USER {
            PermissionSet::default()
        } else {
            self.permissions_of(user.id, &user.role).await?
        };
        Ok(Rights { roles, permissions })
    }

    /// What a user may do whose role in the users table is `primary`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn permissions_of(
        &self,
        user: UserId,
        primary: &Role,
    ) -> Result<PermissionSet, StoreError> {
        if primary.is_admin() {
            return Ok(PermissionSet::everything());
        }
        let args = [user.get().into(), primary.as_str().into()];
        read_permissions(self.database().fetch_all(PERMISSIONS, &args).await?)
    }

    /// What a user may do, in a transaction that has the turn of the account (AZ-08).
    pub(super) async fn permissions_in(
        &self,
        tx: &mut Transaction,
        user: &User,
    ) -> Result<PermissionSet, StoreError> {
        if user.role.is_admin() {
            return Ok(PermissionSet::everything());
        }
        let args = [user.id.get().into(), user.role.as_str().into()];
        read_permissions(tx.fetch_all(PERMISSIONS, &args).await?)
    }

    /// What a role allows that stands in the users table.
    pub(super) async fn allowed_by_primary(
        &self,
        tx: &mut Transaction,
        role: &Role,
    ) -> Result<PermissionSet, StoreError> {
        if role.is_admin() {
            return Ok(PermissionSet::everything());
        }
        self.allowed_by(tx, role).await
    }

    /// Refuses to act on a user who may do more than whoever acts. Returns what the user may do.
    pub(super) async fn require_reach_in(
        &self,
        tx: &mut Transaction,
        user: UserId,
        authority: &Authority,
    ) -> Result<PermissionSet, ReachError> {
        let row: Option<UserRow> = tx
            .fetch_optional(self.users.find_by_id.clone(), &[user.get().into()])
            .await?;
        let user = self.stored_user(row.ok_or(ReachError::NoUser)?)?.user;
        let rights = self.permissions_in(tx, &user).await?;
        authority.require_reach(&rights)?;
        Ok(rights)
    }
}
