//! A users table that was there before doorward, and the application that may still write it.

use std::sync::Arc;

use super::{Arg, Database, Sql, Store, StoreError, Transaction, user_statements::UserStatements};
use crate::{
    adoption::{Fill, Generator, PasswordRules, Plan, RoleSource, UsersTable},
    clock::Timestamp,
    flask_session::HttpDate,
    random::{self, OsRandom},
    role::Role,
    user::UserId,
    username::{Username, UsernameKey},
};

const FIND: Sql = Sql::both(
    "SELECT plan, state FROM adoptions WHERE mode = 'in-place' ORDER BY started_at_ms DESC LIMIT 1",
);

pub(super) const STATEMENTS: &[(&str, Sql)] = &[("in_place.FIND", FIND)];

/// Rows this far below the highest number are looked at for newcomers too: two applications that add users at once may
/// commit them in another order than that of their numbers.
const OUT_OF_ORDER: i64 = 1_000;
/// At most this many pages of newcomers are adopted at once; the next call goes on.
const PAGES: usize = 20;
/// A login does not wait for more than this: it finds its own name without them.
const PAGES_OF_A_LOGIN: usize = 1;

/// A users table that was there before doorward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InPlace {
    /// The table.
    pub table: UsersTable,
    /// What happens to passwords in it.
    pub passwords: PasswordRules,
    /// Whether the application may still write it: until `doorward adopt finish`.
    pub coexisting: bool,
}

/// A row of the users table beside its account, if it has one.
#[derive(sqlx::FromRow)]
struct Neighbour {
    id: i64,
    username: String,
    username_key: Option<Vec<u8>>,
}

impl Neighbour {
    /// The name, if an account can have it.
    fn name(&self) -> Option<Username> {
        Username::parse(&self.username).ok()
    }
}

impl InPlace {
    /// The adoption in place that holds in `database`, if there is one.
    pub(super) async fn find(database: &Database) -> Result<Option<Self>, StoreError> {
        let row: Option<(String, String)> = database.fetch_optional(FIND, &[]).await?;
        let Some((plan, state)) = row else {
            return Ok(None);
        };
        if state == "running" {
            return Err(StoreError::AdoptionIncomplete);
        }
        let corrupt = StoreError::Corrupt {
            table: "adoptions",
            column: "plan",
        };
        let Ok(plan) = serde_json::from_str::<Plan>(&plan) else {
            return Err(corrupt);
        };
        let table = plan.in_place().map_err(|_| corrupt)?;
        Ok(Some(Self {
            table,
            passwords: plan.passwords,
            coexisting: state != "finished",
        }))
    }

    /// The values of [`super::user_statements::columns_of_a_new_row`] after the name and the password.
    pub(super) fn values_of_a_new_row(
        &self,
        name: &Username,
        role: &Role,
        now: Timestamp,
    ) -> Result<Vec<Value>, StoreError> {
        let role = self.table_role(role);
        let active = self.table.active.as_ref().map(|_| Value::Number(1));
        let mut values: Vec<Value> = role.into_iter().chain(active).collect();
        for fill in self.table.fill.values() {
            values.push(made(fill, name, now)?);
        }
        Ok(values)
    }

    /// What the table's column for roles holds for `role`, if it has one.
    pub(super) fn table_role(&self, role: &Role) -> Option<Value> {
        match &self.table.role {
            RoleSource::Column { admin, .. } => Some(Value::Text(
                Some(admin)
                    .filter(|_| role.is_admin())
                    .and_then(|admin| admin.first().cloned())
                    .unwrap_or_else(|| role.as_str().to_owned()),
            )),
            RoleSource::Flag { .. } => Some(Value::Number(i64::from(role.is_admin()))),
            RoleSource::Always { .. } => None,
        }
    }

    /// The role that the account itself remembers: only when the table has no place for it.
    pub(super) fn account_role<'a>(&self, role: &'a Role) -> &'a str {
        match self.table.role {
            RoleSource::Always { .. } => role.as_str(),
            _ => "",
        }
    }
}

/// A value for a column of theirs.
pub(super) enum Value {
    Number(i64),
    Text(String),
}

impl Value {
    pub(super) fn arg(&self) -> Arg<'_> {
        match self {
            Self::Number(number) => Arg::Int(*number),
            Self::Text(text) => Arg::Text(text),
        }
    }
}

fn made(fill: &Fill, name: &Username, now: Timestamp) -> Result<Value, StoreError> {
    let generator = match fill {
        Fill::Number(number) => return Ok(Value::Number(*number)),
        Fill::Text(text) => return Ok(Value::Text(text.clone())),
        Fill::Generated { generate } => generate,
    };
    Ok(match generator {
        Generator::Hex => Value::Text(
            random::bytes::<16>(&OsRandom)?
                .iter()
                .fold(String::new(), |text, byte| text + &format!("{byte:02x}")),
        ),
        Generator::Username => Value::Text(name.as_str().to_owned()),
        Generator::UnixSeconds => Value::Number(now.as_seconds()),
        Generator::Datetime => Value::Text(
            HttpDate::from_unix_seconds(now.as_seconds())
                .map(HttpDate::to_sql)
                .unwrap_or_default(),
        ),
    })
}

impl Store {
    /// The tables in `database`, which must have been migrated: doorward's own users, or the table of an adoption in
    /// place.
    ///
    /// # Errors
    /// [`StoreError::AdoptionIncomplete`] when an adoption in place was interrupted, or any other [`StoreError`].
    pub async fn open(database: Database) -> Result<Self, StoreError> {
        let Some(in_place) = InPlace::find(&database).await? else {
            return Ok(Self::new(database));
        };
        Ok(Self {
            database,
            users: UserStatements::of(&in_place.table),
            in_place: Some(Arc::new(in_place)),
            audit_tally: Arc::default(),
        })
    }

    /// The users table that was there before doorward, when this is one.
    #[must_use]
    pub fn in_place(&self) -> Option<&InPlace> {
        self.in_place.as_deref()
    }

    /// Every statement over the users table with its name, so that an adoption can be checked against the real table.
    #[must_use]
    pub fn user_statements(&self) -> Vec<(&'static str, Sql)> {
        self.users.named()
    }

    fn is_coexisting(&self) -> bool {
        self.in_place().is_some_and(|in_place| in_place.coexisting)
    }

    /// Makes accounts for rows that the application has added meanwhile. Returns how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn adopt_newcomers(&self, now: Timestamp) -> Result<u64, StoreError> {
        if !self.is_coexisting() {
            return Ok(0);
        }
        self.adopt_pages(PAGES, now).await
    }

    async fn adopt_pages(&self, pages: usize, now: Timestamp) -> Result<u64, StoreError> {
        let highest: Option<(i64,)> = self
            .database()
            .fetch_optional(self.users.highest_account.clone(), &[])
            .await?;
        let mut after = highest.map_or(0, |(id,)| id) - OUT_OF_ORDER;
        let mut adopted = 0;
        for _ in 0..pages {
            let page: Vec<Neighbour> = self
                .database()
                .fetch_all(self.users.newcomers.clone(), &[after.into()])
                .await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for row in &page {
                adopted += u64::from(self.link(row, now).await?);
            }
        }
        Ok(adopted)
    }

    /// What the application may have done since a name was last looked up: a new user, or an old one renamed.
    ///
    /// Returns whether there may be an account for the name now.
    pub(super) async fn catch_up(
        &self,
        name: &Username,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        if !self.is_coexisting() {
            return Ok(false);
        }
        let mut changed = self.adopt_pages(PAGES_OF_A_LOGIN, now).await? > 0;
        // Their column may have a character set in which other characters cannot be compared.
        if name.as_str().is_ascii() {
            let rows: Vec<Neighbour> = self
                .database()
                .fetch_all(self.users.find_by_name.clone(), &[name.as_str().into()])
                .await?;
            for row in &rows {
                changed |= self.link(row, now).await?;
            }
        }
        Ok(changed)
    }

    /// The same for the row with a number: a token of the application may name a user who never logged in here.
    pub(super) async fn catch_up_with_row(
        &self,
        id: UserId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        if !self.is_coexisting() {
            return Ok(false);
        }
        let row: Option<Neighbour> = self
            .database()
            .fetch_optional(self.users.find_row.clone(), &[id.get().into()])
            .await?;
        match row {
            Some(row) => self.link(&row, now).await,
            None => Ok(false),
        }
    }

    /// Makes the row's account, or gives it the row's name. Returns whether anything changed.
    async fn link(&self, row: &Neighbour, now: Timestamp) -> Result<bool, StoreError> {
        let Some(name) = row.name().filter(|_| UserId::FITTING.contains(&row.id)) else {
            return Ok(false);
        };
        if row.username_key.as_deref() == Some(name.key().as_bytes()) {
            return Ok(false);
        }
        let linked = self
            .database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                self.free(&mut tx, name.key()).await?;
                match &row.username_key {
                    Some(old) => {
                        let args = [
                            name.key().as_bytes().into(),
                            row.id.into(),
                            old.as_slice().into(),
                        ];
                        tx.execute(self.users.rename.clone(), &args).await?;
                    }
                    None => {
                        self.insert_account(&mut tx, UserId::new(row.id), name.key(), "", now)
                            .await?;
                    }
                }
                tx.commit().await
            })
            .await;
        match linked {
            Ok(()) => {
                tracing::info!(target: "doorward::adoption", event = "row_adopted", user_id = row.id);
                Ok(true)
            }
            // Another node was first, or another user has this name in another spelling: the first one keeps it.
            Err(StoreError::AlreadyExists) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes a name away from an account whose user the application has deleted or renamed.
    async fn free(&self, tx: &mut Transaction, key: &UsernameKey) -> Result<(), StoreError> {
        let holder: Option<Neighbour> = tx
            .fetch_optional(self.users.holder_of_key.clone(), &[key.as_bytes().into()])
            .await?;
        let Some(holder) = holder else { return Ok(()) };
        match holder.name() {
            Some(name) if name.key() == key => {}
            Some(name) => {
                let args = [
                    name.key().as_bytes().into(),
                    holder.id.into(),
                    key.as_bytes().into(),
                ];
                tx.execute(self.users.rename.clone(), &args).await?;
            }
            None => {
                tx.execute(self.users.delete_account.clone(), &[holder.id.into()])
                    .await?;
            }
        }
        Ok(())
    }
}
