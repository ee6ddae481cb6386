//! The tables `defined_roles` and `role_permissions`: an application beside us may well have `roles` and `user_roles`.

use super::{Arg, AsStoreError, Sql, Store, StoreError, Transaction, user_version::TurnError};
use crate::{
    audit::{Event, EventKind},
    authority::{Authority, Overreach},
    clock::Timestamp,
    permission::{Permission, PermissionSet},
    role::Role,
};

/// Raising the version makes two changes of a role at once collide, on every engine; its count says whether the role is there.
const TOUCH: Sql = Sql::both("UPDATE defined_roles SET version = version + 1 WHERE name = ?");
const ADD: Sql = Sql::both(
    "INSERT INTO defined_roles (name, description, created_at_ms, version) VALUES (?, ?, ?, 1)",
);
const DESCRIBE: Sql =
    Sql::both("UPDATE defined_roles SET description = ?, version = version + 1 WHERE name = ?");
const COUNT: Sql = Sql::both("SELECT COUNT(*) FROM defined_roles");
const LIST: Sql = Sql::both(
    "SELECT r.name, r.description, COALESCE(p.permission, '') AS permission FROM defined_roles r \
     LEFT JOIN role_permissions p ON p.role = r.name ORDER BY r.name, p.permission LIMIT 100000",
);
const FIND: Sql = Sql::both(
    "SELECT r.name, r.description, COALESCE(p.permission, '') AS permission FROM defined_roles r \
     LEFT JOIN role_permissions p ON p.role = r.name WHERE r.name = ? ORDER BY p.permission LIMIT 1000",
);
const DELETE: Sql = Sql::both("DELETE FROM defined_roles WHERE name = ?");
const CLEAR: Sql = Sql::both("DELETE FROM role_permissions WHERE role = ?");
const ALLOW: Sql = Sql::both("INSERT INTO role_permissions (role, permission) VALUES (?, ?)");
/// Only who is there holds a role: what a row of nobody says is worth nothing.
const COUNT_HOLDERS: Sql = Sql::both(
    "SELECT COUNT(*) FROM role_holders h JOIN accounts a ON a.user_id = h.user_id WHERE h.role = ?",
);
const FORGET_HOLDERS: Sql = Sql::both("DELETE FROM role_holders WHERE role = ?");

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("roles.TOUCH", TOUCH),
    ("roles.ADD", ADD),
    ("roles.DESCRIBE", DESCRIBE),
    ("roles.COUNT", COUNT),
    ("roles.LIST", LIST),
    ("roles.FIND", FIND),
    ("roles.DELETE", DELETE),
    ("roles.CLEAR", CLEAR),
    ("roles.ALLOW", ALLOW),
    ("roles.COUNT_HOLDERS", COUNT_HOLDERS),
    ("roles.FORGET_HOLDERS", FORGET_HOLDERS),
];

/// A role as somebody has defined it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinedRole {
    /// Its name.
    pub role: Role,
    /// What it is for.
    pub description: String,
    /// What it allows.
    pub permissions: PermissionSet,
}

/// Why a role was not changed or given.
#[derive(Debug, thiserror::Error)]
pub enum RoleStoreError {
    /// There is no such role.
    #[error("There is no role '{0}'")]
    UnknownRole(Role),
    /// There is no such user.
    #[error("there is no such user")]
    UnknownUser,
    /// Users have it.
    #[error("The role is assigned to {holders} users; take it from them first")]
    Assigned {
        /// How many.
        holders: u64,
    },
    /// It allows what whoever changes or gives it does not hold (AZ-07).
    #[error(transparent)]
    Overreach(#[from] Overreach),
    /// The user is not as the caller has read it.
    #[error("the user has changed meanwhile")]
    Stale,
    /// There are as many roles as there may be.
    #[error("There are {} roles already", Store::MAX_ROLES)]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AsStoreError for RoleStoreError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl From<TurnError> for RoleStoreError {
    fn from(error: TurnError) -> Self {
        match error {
            TurnError::NotFound => Self::UnknownUser,
            TurnError::Stale => Self::Stale,
            TurnError::Store(error) => Self::Store(error),
        }
    }
}

#[derive(sqlx::FromRow)]
struct RoleRow {
    name: String,
    description: String,
    permission: String,
}

const CORRUPT: StoreError = StoreError::Corrupt {
    table: "role_permissions",
    column: "permission",
};

fn read(rows: Vec<RoleRow>) -> Result<Vec<DefinedRole>, StoreError> {
    let mut roles: Vec<(String, String, Vec<Permission>)> = Vec::new();
    for row in rows {
        let permission = Some(row.permission)
            .filter(|name| !name.is_empty())
            .map(|name| Permission::parse(&name).map_err(|_| CORRUPT))
            .transpose()?;
        match roles.last_mut() {
            Some((name, _, permissions)) if *name == row.name => permissions.extend(permission),
            _ => roles.push((row.name, row.description, permission.into_iter().collect())),
        }
    }
    roles
        .into_iter()
        .map(|(name, description, permissions)| {
            Ok(DefinedRole {
                role: Role::parse(&name).map_err(|_| StoreError::Corrupt {
                    table: "defined_roles",
                    column: "name",
                })?,
                description,
                permissions: permissions.into_iter().collect(),
            })
        })
        .collect()
}

impl Store {
    /// The most roles that can be defined.
    pub const MAX_ROLES: u64 = 1_000;

    /// All defined roles, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_roles(&self) -> Result<Vec<DefinedRole>, StoreError> {
        read(self.database().fetch_all(LIST, &[]).await?)
    }

    /// The role of this name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_role(&self, role: &Role) -> Result<Option<DefinedRole>, StoreError> {
        let rows = self
            .database()
            .fetch_all(FIND, &[role.as_str().into()])
            .await?;
        Ok(read(rows)?.pop())
    }

    /// Defines a role, or replaces what it says, and records it. Returns whether it is new. What it allows, and allowed before,
    /// must be within the authority. When it comes to allow something else, the access tokens of all who have it are void; the
    /// last of them expires at `tokens_until`.
    ///
    /// # Errors
    /// [`RoleStoreError::Overreach`], [`RoleStoreError::TooMany`] or a [`StoreError`].
    pub async fn define_role(
        &self,
        defined: &DefinedRole,
        authority: &Authority,
        now: Timestamp,
        tokens_until: Timestamp,
    ) -> Result<bool, RoleStoreError> {
        let name = Arg::from(defined.role.as_str());
        let description = Arg::from(defined.description.as_str());
        let event = Event::success(EventKind::RoleDefined, authority.caller())
            .detail("role", &defined.role)
            .detail("permissions", defined.permissions.scope());
        authority.require_to_grant(&defined.permissions)?;
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                let changed = tx.execute(DESCRIBE, &[description, name]).await?;
                let is_new = changed.rows_affected == 0;
                if is_new {
                    let count: Option<(i64,)> = tx.fetch_optional(COUNT, &[]).await?;
                    if count
                        .is_some_and(|(n,)| u64::try_from(n).is_ok_and(|n| n >= Self::MAX_ROLES))
                    {
                        return Err(RoleStoreError::TooMany);
                    }
                    tx.execute(ADD, &[name, description, now.into()]).await?;
                }
                let before = self.allowed_by(&mut tx, &defined.role).await?;
                authority.require_to_take(&before)?;
                tx.execute(CLEAR, &[name]).await?;
                for permission in defined.permissions.iter() {
                    tx.execute(ALLOW, &[name, permission.as_str().into()])
                        .await?;
                }
                self.record(&mut tx, &event, now).await?;
                // A name in a table of another application becomes a role of ours when it is defined.
                if is_new || before != defined.permissions {
                    self.void_tokens_of_holders(&mut tx, &defined.role, tokens_until)
                        .await?;
                }
                tx.commit().await?;
                Ok(is_new)
            })
            .await
    }

    /// Deletes a role that nobody has, and records it. What it allows must be within the authority.
    ///
    /// # Errors
    /// [`RoleStoreError`].
    pub async fn delete_role(
        &self,
        role: &Role,
        authority: &Authority,
        now: Timestamp,
        tokens_until: Timestamp,
    ) -> Result<(), RoleStoreError> {
        let name = Arg::from(role.as_str());
        let event = Event::success(EventKind::RoleRemoved, authority.caller()).detail("role", role);
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                touch(&mut tx, role).await?;
                authority.require_to_take(&self.allowed_by(&mut tx, role).await?)?;
                let holders: Option<(i64,)> = tx.fetch_optional(COUNT_HOLDERS, &[name]).await?;
                let holders = holders.map_or(0, |(n,)| u64::try_from(n).unwrap_or(0));
                if holders > 0 {
                    return Err(RoleStoreError::Assigned { holders });
                }
                tx.execute(FORGET_HOLDERS, &[name]).await?;
                tx.execute(CLEAR, &[name]).await?;
                tx.execute(DELETE, &[name]).await?;
                self.record(&mut tx, &event, now).await?;
                self.void_tokens_of_holders(&mut tx, role, tokens_until)
                    .await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    /// What a role allows, in a transaction that has touched it.
    pub(super) async fn allowed_by(
        &self,
        tx: &mut Transaction,
        role: &Role,
    ) -> Result<PermissionSet, StoreError> {
        let rows = tx.fetch_all(FIND, &[role.as_str().into()]).await?;
        let found = read(rows)?.pop();
        Ok(found.map_or_else(PermissionSet::default, |found| found.permissions))
    }
}

pub(super) async fn touch(tx: &mut Transaction, role: &Role) -> Result<(), RoleStoreError> {
    let touched = tx.execute(TOUCH, &[role.as_str().into()]).await?;
    if touched.rows_affected == 1 {
        Ok(())
    } else {
        Err(RoleStoreError::UnknownRole(role.clone()))
    }
}
