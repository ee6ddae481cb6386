//! The tables `users` (the lecture's four columns) and `accounts` (ours).

use super::{Arg, Sql, Store, StoreError};
use crate::{
    clock::Timestamp,
    password::PasswordHash,
    role::Role,
    user::{StoredUser, User, UserId},
    username::{Username, UsernameKey},
};

pub(super) const ANY: Sql =
    Sql::both("SELECT COUNT(*) FROM (SELECT id FROM users LIMIT 1) AS any_user");
const FIND_BY_KEY: Sql = Sql::both(
    "SELECT u.id, u.username, u.password, u.role, a.created_at_ms, a.disabled_at_ms \
     FROM accounts a JOIN users u ON u.id = a.user_id WHERE a.username_key = ?",
);
const FIND_BY_ID: Sql = Sql::both(
    "SELECT u.id, u.username, u.password, u.role, a.created_at_ms, a.disabled_at_ms \
     FROM accounts a JOIN users u ON u.id = a.user_id WHERE u.id = ?",
);
const LIST: Sql = Sql::both(
    "SELECT u.id, u.username, u.password, u.role, a.created_at_ms, a.disabled_at_ms \
     FROM users u JOIN accounts a ON a.user_id = u.id WHERE u.id > ? ORDER BY u.id LIMIT ?",
);
const COUNT: Sql = Sql::both("SELECT COUNT(*) FROM accounts");
const COUNT_ACTIVE_ADMINS: Sql = Sql::both(
    "SELECT COUNT(*) FROM users u JOIN accounts a ON a.user_id = u.id WHERE u.role = 'admin' AND a.disabled_at_ms IS NULL",
);
const LIST_BY_ROLE: Sql = Sql::both(
    "SELECT u.id, u.username, u.password, u.role, a.created_at_ms, a.disabled_at_ms \
     FROM users u JOIN accounts a ON a.user_id = u.id WHERE u.role = ? ORDER BY u.id",
);
const ADD_USER: Sql = Sql::both("INSERT INTO users (username, password, role) VALUES (?, ?, ?)");
const ADD_ACCOUNT: Sql = Sql::both(
    "INSERT INTO accounts (user_id, username_key, created_at_ms, password_changed_at_ms) VALUES (?, ?, ?, ?)",
);
const REPLACE_HASH: Sql = Sql::both("UPDATE users SET password = ? WHERE id = ? AND password = ?");
const SET_PASSWORD: Sql = Sql::both("UPDATE users SET password = ? WHERE id = ?");
const TOUCH_PASSWORD: Sql =
    Sql::both("UPDATE accounts SET password_changed_at_ms = ? WHERE user_id = ?");
const DISABLE: Sql = Sql::both(
    "UPDATE accounts SET disabled_at_ms = ? WHERE user_id = ? AND disabled_at_ms IS NULL",
);
const ENABLE: Sql = Sql::both(
    "UPDATE accounts SET disabled_at_ms = NULL WHERE user_id = ? AND disabled_at_ms IS NOT NULL",
);
const DELETE_USER: Sql = Sql::both("DELETE FROM users WHERE id = ?");
const DELETE_ACCOUNT: Sql = Sql::both("DELETE FROM accounts WHERE user_id = ?");
/// Touching every administrator makes two removals at once collide, on every engine and on Galera, instead of
/// both passing the count.
const TOUCH_ADMINS: Sql = Sql::both(
    "UPDATE accounts SET password_changed_at_ms = password_changed_at_ms WHERE user_id IN (SELECT id FROM users WHERE role = 'admin')",
);

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("users.ANY", ANY),
    ("users.FIND_BY_KEY", FIND_BY_KEY),
    ("users.FIND_BY_ID", FIND_BY_ID),
    ("users.LIST", LIST),
    ("users.COUNT", COUNT),
    ("users.COUNT_ACTIVE_ADMINS", COUNT_ACTIVE_ADMINS),
    ("users.LIST_BY_ROLE", LIST_BY_ROLE),
    ("users.ADD_USER", ADD_USER),
    ("users.ADD_ACCOUNT", ADD_ACCOUNT),
    ("users.REPLACE_HASH", REPLACE_HASH),
    ("users.SET_PASSWORD", SET_PASSWORD),
    ("users.TOUCH_PASSWORD", TOUCH_PASSWORD),
    ("users.DISABLE", DISABLE),
    ("users.ENABLE", ENABLE),
    ("users.DELETE_USER", DELETE_USER),
    ("users.DELETE_ACCOUNT", DELETE_ACCOUNT),
    ("users.TOUCH_ADMINS", TOUCH_ADMINS),
];

#[derive(sqlx::FromRow)]
struct UserRow {
    id: i64,
    username: String,
    password: String,
    role: String,
    created_at_ms: i64,
    disabled_at_ms: Option<i64>,
}

impl TryFrom<UserRow> for StoredUser {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        let role = Role::parse(&row.role).map_err(|_| StoreError::Corrupt {
            table: "users",
            column: "role",
        })?;
        let user = User {
            id: UserId::new(row.id),
            username: row.username,
            role,
            created_at: Timestamp::from_millis(row.created_at_ms),
            disabled_at: row.disabled_at_ms.map(Timestamp::from_millis),
        };
        Ok(Self {
            user,
            password: row.password,
        })
    }
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
    /// The user whose name has this key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_user(&self, key: &UsernameKey) -> Result<Option<StoredUser>, StoreError> {
        let row: Option<UserRow> = self
            .database()
            .fetch_optional(FIND_BY_KEY, &[key.as_bytes().into()])
            .await?;
        row.map(StoredUser::try_from).transpose()
    }

    /// The user with this number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_user_by_id(&self, id: UserId) -> Result<Option<StoredUser>, StoreError> {
        let row: Option<UserRow> = self
            .database()
            .fetch_optional(FIND_BY_ID, &[id.get().into()])
            .await?;
        row.map(StoredUser::try_from).transpose()
    }

    /// At most `limit` users with a number above `after`, by number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_users(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        let after = after.map_or(i64::MIN, UserId::get);
        let rows: Vec<UserRow> = self
            .database()
            .fetch_all(LIST, &[after.into(), i64::from(limit).into()])
            .await?;
        rows.into_iter()
            .map(|row| StoredUser::try_from(row).map(|stored| stored.user))
            .collect()
    }

    /// All users of a role, by number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_users_by_role(&self, role: &Role) -> Result<Vec<User>, StoreError> {
        let rows: Vec<UserRow> = self
            .database()
            .fetch_all(LIST_BY_ROLE, &[role.as_str().into()])
            .await?;
        rows.into_iter()
            .map(|row| StoredUser::try_from(row).map(|stored| stored.user))
            .collect()
    }

    /// How many users there are.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn count_users(&self) -> Result<u64, StoreError> {
        count(self.database().fetch_optional::<(i64,)>(COUNT, &[]).await?)
    }

    /// How many administrators can log in.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn count_active_admins(&self) -> Result<u64, StoreError> {
        count(
            self.database()
                .fetch_optional::<(i64,)>(COUNT_ACTIVE_ADMINS, &[])
                .await?,
        )
    }

    /// Adds a user. The database's unique keys decide who was first, so there is no race.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] when the name is taken, in any spelling with the same key.
    pub async fn add_user(
        &self,
        name: &Username,
        password: &PasswordHash,
        role: &Role,
        now: Timestamp,
    ) -> Result<User, StoreError> {
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                let user = insert_user(&mut tx, name, password, role, now).await?;
                tx.commit().await?;
                Ok(user)
            })
            .await
    }

    /// Replaces a stored hash by a better one of the same password, if it is still the one that was verified: a
    /// password change in between wins (PW-04). Returns whether it was replaced.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn replace_hash(
        &self,
        id: UserId,
        verified: &str,
        better: &PasswordHash,
    ) -> Result<bool, StoreError> {
        let args = [
            Arg::Text(better.as_str()),
            id.get().into(),
            Arg::Text(verified),
        ];
        Ok(self
            .database()
            .execute(REPLACE_HASH, &args)
            .await?
            .rows_affected
            == 1)
    }

    /// Sets a user's password. Returns whether the user exists.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_password(
        &self,
        id: UserId,
        password: &PasswordHash,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                let outcome = tx
                    .execute(SET_PASSWORD, &[password.as_str().into(), id.get().into()])
                    .await?;
                tx.execute(TOUCH_PASSWORD, &[now.into(), id.get().into()])
                    .await?;
                tx.commit().await?;
                Ok(outcome.rows_affected == 1)
            })
            .await
    }

    /// Disables a user: no login succeeds from now on.
    ///
    /// # Errors
    /// [`RemoveUserError::NotFound`] also when the user is disabled already.
    pub async fn disable_user(&self, id: UserId, now: Timestamp) -> Result<(), RemoveUserError> {
        self.remove(&[(DISABLE, &[now.into(), id.get().into()])])
            .await
    }

    /// Lets a disabled user log in again. Returns whether the user was disabled.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn enable_user(&self, id: UserId) -> Result<bool, StoreError> {
        Ok(self
            .database()
            .execute(ENABLE, &[id.get().into()])
            .await?
            .rows_affected
            == 1)
    }

    /// Deletes a user. The number is never given to another.
    ///
    /// # Errors
    /// [`RemoveUserError`].
    pub async fn delete_user(&self, id: UserId) -> Result<(), RemoveUserError> {
        self.remove(&[
            (DELETE_ACCOUNT, &[id.get().into()]),
            (DELETE_USER, &[id.get().into()]),
        ])
        .await
    }

    /// Runs statements that each remove one row from use, and undoes them when they leave no administrator who can log
    /// in (AZ-06), also when two do it at once.
    async fn remove(&self, statements: &[(Sql, &[Arg<'_>])]) -> Result<(), RemoveUserError> {
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                tx.execute(TOUCH_ADMINS, &[]).await?;
                let before = count_active_admins(&mut tx).await?;
                for (sql, args) in statements {
                    if tx.execute(*sql, args).await?.rows_affected == 0 {
                        return Err(RemoveUserError::NotFound);
                    }
                }
                let after = count_active_admins(&mut tx).await?;
                if before > 0 && after == 0 {
                    return Err(RemoveUserError::LastAdministrator);
                }
                Ok(tx.commit().await?)
            })
            .await
    }
}

pub(super) async fn insert_user(
    tx: &mut super::Transaction,
    name: &Username,
    password: &PasswordHash,
    role: &Role,
    now: Timestamp,
) -> Result<User, StoreError> {
    let added = tx
        .execute(
            ADD_USER,
            &[
                name.as_str().into(),
                password.as_str().into(),
                role.as_str().into(),
            ],
        )
        .await?;
    let id = added.last_insert_id;
    tx.execute(
        ADD_ACCOUNT,
        &[
            id.into(),
            name.key().as_bytes().into(),
            now.into(),
            now.into(),
        ],
    )
    .await?;
    Ok(User {
        id: UserId::new(id),
        username: name.as_str().to_owned(),
        role: role.clone(),
        created_at: now,
        disabled_at: None,
    })
}

pub(super) async fn count_active_admins(tx: &mut super::Transaction) -> Result<u64, StoreError> {
    count(
        tx.fetch_optional::<(i64,)>(COUNT_ACTIVE_ADMINS, &[])
            .await?,
    )
}

fn count(row: Option<(i64,)>) -> Result<u64, StoreError> {
    row.and_then(|(n,)| u64::try_from(n).ok())
        .ok_or(StoreError::Corrupt {
            table: "users",
            column: "COUNT(*)",
        })
}
