//! The tables `users` (the lecture's four columns) and `accounts` (ours).

use super::{Arg, EndSessions, Store, StoreError, Transaction, in_place::Value};
use crate::{
    audit::Event,
    clock::Timestamp,
    password::PasswordHash,
    role::Role,
    user::{Epochs, StoredUser, User, UserId},
    username::{Username, UsernameKey},
};

#[derive(sqlx::FromRow)]
pub(super) struct UserRow {
    id: i64,
    username: String,
    password: String,
    role: String,
    created_at_ms: i64,
    disabled_at_ms: Option<i64>,
    epoch: i64,
    session_epoch: i64,
}

impl Store {
    pub(super) fn stored_user(&self, row: UserRow) -> Result<StoredUser, StoreError> {
        let role = match Role::parse(&row.role) {
            Ok(role) => role,
            // What another application calls a role may be none here; it then gives no rights.
            Err(_) if self.in_place().is_some() => Role::user(),
            Err(_) => {
                return Err(StoreError::Corrupt {
                    table: "users",
                    column: "role",
                });
            }
        };
        let user = User {
            id: UserId::new(row.id),
            username: row.username,
            role,
            created_at: Timestamp::from_millis(row.created_at_ms),
            disabled_at: row.disabled_at_ms.map(Timestamp::from_millis),
            epochs: Epochs {
                tokens: row.epoch,
                sessions: row.session_epoch,
            },
        };
        Ok(StoredUser {
            user,
            password: row.password,
        })
    }
}

impl Store {
    /// The user with this name, in any spelling with the same key. A user whom the application beside us has just added
    /// is one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_user(
        &self,
        name: &Username,
        now: Timestamp,
    ) -> Result<Option<StoredUser>, StoreError> {
        let found = self.find_by_key(name.key()).await?;
        if found.is_some() || !self.catch_up(name, now).await? {
            return Ok(found);
        }
        self.find_by_key(name.key()).await
    }

    async fn find_by_key(&self, key: &UsernameKey) -> Result<Option<StoredUser>, StoreError> {
        let row: Option<UserRow> = self
            .database()
            .fetch_optional(self.users.find_by_key.clone(), &[key.as_bytes().into()])
            .await?;
        row.filter(|row| self.is_named(row, key))
            .map(|row| self.stored_user(row))
            .transpose()
    }

    /// Whether the row still has the name that its account remembers: the application beside us may have renamed it.
    fn is_named(&self, row: &UserRow, key: &UsernameKey) -> bool {
        self.in_place().is_none()
            || Username::parse(&row.username).is_ok_and(|name| name.key() == key)
    }

    /// The user with this number. A user whom the application beside us has just added is one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_user_by_id(
        &self,
        id: UserId,
        now: Timestamp,
    ) -> Result<Option<StoredUser>, StoreError> {
        let found = self.find_by_id(id).await?;
        if found.is_some() || !self.catch_up_with_row(id, now).await? {
            return Ok(found);
        }
        self.find_by_id(id).await
    }

    async fn find_by_id(&self, id: UserId) -> Result<Option<StoredUser>, StoreError> {
        let row: Option<UserRow> = self
            .database()
            .fetch_optional(self.users.find_by_id.clone(), &[id.get().into()])
            .await?;
        row.map(|row| self.stored_user(row)).transpose()
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
        let stored = self.list_stored_users(after, limit).await?;
        Ok(stored.into_iter().map(|stored| stored.user).collect())
    }

    /// As [`Store::list_users`], with the stored passwords.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_stored_users(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<StoredUser>, StoreError> {
        let after = after.map_or(i64::MIN, UserId::get);
        let args = [after.into(), i64::from(limit).into()];
        let rows: Vec<UserRow> = self
            .database()
            .fetch_all(self.users.list.clone(), &args)
            .await?;
        rows.into_iter().map(|row| self.stored_user(row)).collect()
    }

    /// All administrators, by number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_admins(&self) -> Result<Vec<User>, StoreError> {
        let rows: Vec<UserRow> = self
            .database()
            .fetch_all(self.users.list_admins.clone(), &[])
            .await?;
        rows.into_iter()
            .map(|row| self.stored_user(row).map(|stored| stored.user))
            .collect()
    }

    /// How many users there are.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn count_users(&self) -> Result<u64, StoreError> {
        count(
            self.database()
                .fetch_optional::<(i64,)>(self.users.count.clone(), &[])
                .await?,
        )
    }

    /// How many administrators can log in.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn count_active_admins(&self) -> Result<u64, StoreError> {
        count(
            self.database()
                .fetch_optional::<(i64,)>(self.users.count_active_admins.clone(), &[])
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
        self.add_user_and_record(name, password, role, None, now)
            .await
    }

    /// [`Store::add_user`], and records `event` about the new user with it: both or neither (LG-05).
    ///
    /// # Errors
    /// As [`Store::add_user`].
    pub async fn add_user_and_record(
        &self,
        name: &Username,
        password: &PasswordHash,
        role: &Role,
        event: Option<&Event>,
        now: Timestamp,
    ) -> Result<User, StoreError> {
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                let user = self.insert_user(&mut tx, name, password, role, now).await?;
                if let Some(event) = event {
                    let event = event.clone().subject(user.id);
                    self.record(&mut tx, &event, now).await?;
                }
                tx.commit().await?;
                Ok(user)
            })
            .await
    }

    /// Replaces a stored hash by a better one of the same password, if it is still the one that was verified: a
    /// password change in between wins (PW-04). `event` tells of it, in the same transaction. Returns whether it was
    /// replaced.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn replace_hash(
        &self,
        id: UserId,
        verified: &str,
        better: &PasswordHash,
        event: &Event,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                let args = [
                    Arg::Text(better.as_str()),
                    id.get().into(),
                    Arg::Text(verified),
                ];
                let outcome = tx.execute(self.users.replace_hash.clone(), &args).await?;
                if outcome.rows_affected != 1 {
                    return Ok(false);
                }
                self.record(&mut tx, event, now).await?;
                tx.commit().await?;
                Ok(true)
            })
            .await
    }

    /// Sets a user's password and makes what was issued under the old one void (SE-07). Returns whether the user exists.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_password(
        &self,
        id: UserId,
        password: &PasswordHash,
        sessions: EndSessions,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                let outcome = tx
                    .execute(
                        self.users.set_password.clone(),
                        &[password.as_str().into(), id.get().into()],
                    )
                    .await?;
                tx.execute(
                    self.users.touch_password.clone(),
                    &[now.into(), id.get().into()],
                )
                .await?;
                self.raise_epoch(&mut tx, id, sessions, now).await?;
                tx.commit().await?;
                Ok(outcome.rows_affected == 1)
            })
            .await
    }

    pub(super) async fn insert_user(
        &self,
        tx: &mut Transaction,
        name: &Username,
        password: &PasswordHash,
        role: &Role,
        now: Timestamp,
    ) -> Result<User, StoreError> {
        let (rest, account_role) = match self.in_place() {
            None => (vec![Value::Text(role.as_str().to_owned())], ""),
            Some(in_place) => (
                in_place.values_of_a_new_row(name, role, now)?,
                in_place.account_role(role),
            ),
        };
        let mut args: Vec<Arg<'_>> = vec![name.as_str().into(), password.as_str().into()];
        args.extend(rest.iter().map(Value::arg));
        let added = tx.execute(self.users.add_user.clone(), &args).await?;
        let id = UserId::new(added.last_insert_id);
        self.insert_account(tx, id, name.key(), account_role, now)
            .await?;
        Ok(User {
            id,
            username: name.as_str().to_owned(),
            role: role.clone(),
            created_at: now,
            disabled_at: None,
            epochs: Epochs::default(),
        })
    }

    /// Adds what we know of a user beside the row in the users table. `role` is empty when that row has it.
    pub(super) async fn insert_account(
        &self,
        tx: &mut Transaction,
        id: UserId,
        key: &UsernameKey,
        role: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let args = [
            id.get().into(),
            key.as_bytes().into(),
            now.into(),
            now.into(),
            role.into(),
        ];
        tx.execute(self.users.add_account.clone(), &args)
            .await
            .map(drop)
    }

    pub(super) async fn count_active_admins_in(
        &self,
        tx: &mut Transaction,
    ) -> Result<u64, StoreError> {
        count(
            tx.fetch_optional::<(i64,)>(self.users.count_active_admins.clone(), &[])
                .await?,
        )
    }
}

pub(super) fn count(row: Option<(i64,)>) -> Result<u64, StoreError> {
    row.and_then(|(n,)| u64::try_from(n).ok())
        .ok_or(StoreError::Corrupt {
            table: "users",
            column: "COUNT(*)",
        })
}
