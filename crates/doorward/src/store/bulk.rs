//! Statements over many rows at once, for adoptions: their text grows with the number of rows, their arguments are
//! bound like all others.

use sqlx::{AssertSqlSafe, Executor as _, MySql, Sqlite};

use super::{
    AdoptionId, Database, Sql, StoreError, Transaction, database::Pools, transaction::Open,
};
use crate::adoption::{Adoptable, Reject};

/// Rows of one `INSERT` and keys of one `IN`: five arguments a row stay far below what the engines take.
const ROWS: usize = 512;

const ADD_USERS: &str = "INSERT INTO users (id, username, password, role) VALUES (?, ?, ?, ?)";
const ADD_UNNUMBERED_USERS: &str = "INSERT INTO users (username, password, role) VALUES (?, ?, ?)";
const ADD_ACCOUNTS: &str = "INSERT INTO accounts (user_id, username_key, created_at_ms, password_changed_at_ms, \
     disabled_at_ms) VALUES (?, ?, ?, ?, ?)";
const ADD_REJECTS: &str =
    "INSERT INTO adoption_rejects (adoption_id, place, username, reason) VALUES (?, ?, ?, ?)";
const ACCOUNTS_BY_ID: &str =
    "SELECT user_id, username_key, created_at_ms FROM accounts WHERE user_id IN (?)";
const ACCOUNTS_BY_KEY: &str =
    "SELECT user_id, username_key, created_at_ms FROM accounts WHERE username_key IN (?)";
const NUMBERS: &str = "SELECT COUNT(*) FROM (SELECT user_id FROM accounts WHERE user_id BETWEEN ? AND ? LIMIT 1) AS any_account";
const USER_NUMBERS: &str =
    "SELECT COUNT(*) FROM (SELECT id FROM users WHERE id BETWEEN ? AND ? LIMIT 1) AS any_user";
const USERS_BY_ID: &str = "SELECT id, username FROM users WHERE id IN (?)";
const USERS_BY_NAME: &str = "SELECT id, username FROM users WHERE username IN (?)";

/// Each with one row, so that a test prepares it.
pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("bulk.ADD_USERS", Sql::both(ADD_USERS)),
    ("bulk.ADD_UNNUMBERED_USERS", Sql::both(ADD_UNNUMBERED_USERS)),
    ("bulk.ADD_ACCOUNTS", Sql::both(ADD_ACCOUNTS)),
    ("bulk.ADD_REJECTS", Sql::both(ADD_REJECTS)),
    ("bulk.ACCOUNTS_BY_ID", Sql::both(ACCOUNTS_BY_ID)),
    ("bulk.ACCOUNTS_BY_KEY", Sql::both(ACCOUNTS_BY_KEY)),
    ("bulk.NUMBERS", Sql::both(NUMBERS)),
    ("bulk.USER_NUMBERS", Sql::both(USER_NUMBERS)),
    ("bulk.USERS_BY_ID", Sql::both(USERS_BY_ID)),
    ("bulk.USERS_BY_NAME", Sql::both(USERS_BY_NAME)),
];

/// The tables that rows are added to: our own, or temporary ones of this connection for a dry run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tables {
    Real,
    Scratch,
}

impl Tables {
    /// `statement` over these tables.
    fn named(self, statement: &str) -> String {
        match self {
            Self::Real => statement.to_owned(),
            Self::Scratch => statement
                .replace(" users ", " doorward_dry_users ")
                .replace(" accounts ", " doorward_dry_accounts "),
        }
    }
}

/// The last group of placeholders, `rows` times.
fn repeated(statement: &str, rows: usize) -> String {
    let (head, group) = statement
        .rfind('(')
        .map_or((statement, ""), |at| statement.split_at(at));
    let mut text = String::with_capacity(head.len() + rows * (group.len() + 2));
    text.push_str(head);
    for row in 0..rows {
        if row > 0 {
            text.push_str(", ");
        }
        text.push_str(group);
    }
    text
}

/// `IN (?)` with `keys` placeholders.
fn listed(statement: &str, keys: usize) -> String {
    let list = vec!["?"; keys].join(", ");
    statement.replace("(?)", &format!("({list})"))
}

/// Runs one statement for each chunk of `rows`; `bind` adds a row's arguments to a query of either engine. A statement
/// with the usual number of rows stays prepared.
macro_rules! insert {
    ($tx:expr, $rows:expr, $text:expr, |$query:ident, $row:ident| $bind:expr) => {{
        let full = repeated($text, ROWS);
        for chunk in $rows.chunks(ROWS) {
            let is_full = chunk.len() == ROWS;
            let text = if is_full {
                full.clone()
            } else {
                repeated($text, chunk.len())
            };
            match &mut $tx.open {
                Open::Sqlite(tx) => {
                    // So that SQLite keeps no copy of the pages to undo this statement alone: the caller has looked
                    // that nothing is in the way, and undoes the transaction if something is.
                    let text = text.replacen("INSERT INTO", "INSERT OR FAIL INTO", 1);
                    let mut $query = sqlx::query::<Sqlite>(AssertSqlSafe(text)).persistent(is_full);
                    for $row in chunk {
                        $query = $bind;
                    }
                    $query.execute(&mut **tx).await?;
                }
                Open::MySql(tx) => {
                    let mut $query = sqlx::query::<MySql>(AssertSqlSafe(text)).persistent(is_full);
                    for $row in chunk {
                        $query = $bind;
                    }
                    $query.execute(&mut **tx).await?;
                }
            }
        }
    }};
}

/// Fetches the rows whose key is in `keys`, chunk by chunk.
macro_rules! select {
    ($tx:expr, $keys:expr, $text:expr, $row:ty) => {{
        let mut found: Vec<$row> = Vec::new();
        for chunk in $keys.chunks(ROWS) {
            let text = listed($text, chunk.len());
            let is_full = chunk.len() == ROWS;
            match &mut $tx.open {
                Open::Sqlite(tx) => {
                    let mut query =
                        sqlx::query_as::<Sqlite, $row>(AssertSqlSafe(text)).persistent(is_full);
                    for key in chunk {
                        query = query.bind(*key);
                    }
                    found.extend(query.fetch_all(&mut **tx).await?);
                }
                Open::MySql(tx) => {
                    let mut query =
                        sqlx::query_as::<MySql, $row>(AssertSqlSafe(text)).persistent(is_full);
                    for key in chunk {
                        query = query.bind(*key);
                    }
                    found.extend(query.fetch_all(&mut **tx).await?);
                }
            }
        }
        found
    }};
}

/// An account that is there: its user's number, its key, when it was made.
pub(crate) type FoundAccount = (i64, Vec<u8>, i64);

/// A new row of `accounts`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewAccount<'a> {
    pub(crate) user_id: i64,
    pub(crate) username_key: &'a [u8],
    pub(crate) disabled: bool,
}

/// A new row of `users`.
#[derive(Clone, Copy)]
pub(crate) struct NewUser<'a> {
    pub(crate) id: i64,
    pub(crate) row: &'a Adoptable,
    /// The hash, or nothing in a dry run.
    pub(crate) password: &'a str,
}

/// More pages in memory (20 MiB) and a write-ahead log that is copied back less often: otherwise most of the time goes
/// into reading and writing the same index pages again. The memory is a bound that small adoptions reach too.
const SQLITE_BULK: &str = "PRAGMA cache_size = -20480; PRAGMA wal_autocheckpoint = 131072";
const SQLITE_USUAL: &str = "PRAGMA cache_size = -2000; PRAGMA wal_autocheckpoint = 1000";

impl Database {
    /// Gives SQLite's writing connection room for many rows, or takes it back. MySQL has its own settings.
    pub(crate) async fn set_bulk(&self, bulk: bool) -> Result<(), StoreError> {
        if let Pools::Sqlite { writer, .. } = &self.pools {
            let text = if bulk { SQLITE_BULK } else { SQLITE_USUAL };
            writer.acquire().await?.execute(text).await?;
        }
        Ok(())
    }
}

impl Transaction {
    /// Marks the point to which [`Self::back_to_mark`] goes back. By the text protocol, since MySQL prepares no savepoint.
    pub(crate) async fn mark(&mut self) -> Result<(), StoreError> {
        self.plain("SAVEPOINT adoption").await
    }

    /// Undoes what was done since [`Self::mark`].
    pub(crate) async fn back_to_mark(&mut self) -> Result<(), StoreError> {
        self.plain("ROLLBACK TO SAVEPOINT adoption").await
    }

    pub(super) async fn plain(&mut self, text: &'static str) -> Result<(), StoreError> {
        match &mut self.open {
            Open::Sqlite(tx) => {
                (&mut **tx).execute(text).await?;
            }
            Open::MySql(tx) => {
                (&mut **tx).execute(text).await?;
            }
        }
        Ok(())
    }

    /// Adds users with numbers.
    pub(crate) async fn add_users(
        &mut self,
        tables: Tables,
        users: &[NewUser<'_>],
    ) -> Result<(), StoreError> {
        insert!(self, users, &tables.named(ADD_USERS), |query, user| query
            .bind(user.id)
            .bind(user.row.username.as_str())
            .bind(user.password)
            .bind(user.row.role.as_str()));
        Ok(())
    }

    /// Adds users that the database numbers.
    pub(crate) async fn add_unnumbered_users(
        &mut self,
        tables: Tables,
        users: &[NewUser<'_>],
    ) -> Result<(), StoreError> {
        insert!(
            self,
            users,
            &tables.named(ADD_UNNUMBERED_USERS),
            |query, user| query
                .bind(user.row.username.as_str())
                .bind(user.password)
                .bind(user.row.role.as_str())
        );
        Ok(())
    }

    /// Adds accounts, all made at `moment`.
    pub(crate) async fn add_accounts(
        &mut self,
        tables: Tables,
        accounts: &[NewAccount<'_>],
        moment: i64,
    ) -> Result<(), StoreError> {
        insert!(
            self,
            accounts,
            &tables.named(ADD_ACCOUNTS),
            |query, account| query
                .bind(account.user_id)
                .bind(account.username_key)
                .bind(moment)
                .bind(moment)
                .bind(account.disabled.then_some(moment))
        );
        Ok(())
    }

    /// Adds rejects.
    pub(crate) async fn add_rejects(
        &mut self,
        id: AdoptionId,
        rejects: &[&Reject],
    ) -> Result<(), StoreError> {
        insert!(self, rejects, ADD_REJECTS, |query, reject| query
            .bind(id.0.as_slice())
            .bind(reject.place)
            .bind(reject.username.as_deref())
            .bind(reject.reason.as_str()));
        Ok(())
    }

    /// Whether an account, or a user, has a number from `first` to `last`.
    pub(crate) async fn has_numbers(
        &mut self,
        tables: Tables,
        users: bool,
        (first, last): (i64, i64),
    ) -> Result<bool, StoreError> {
        let text = tables.named(if users { USER_NUMBERS } else { NUMBERS });
        let (count,): (i64,) = match &mut self.open {
            Open::Sqlite(tx) => {
                let query = sqlx::query_as::<Sqlite, _>(AssertSqlSafe(text));
                query.bind(first).bind(last).fetch_one(&mut **tx).await?
            }
            Open::MySql(tx) => {
                let query = sqlx::query_as::<MySql, _>(AssertSqlSafe(text));
                query.bind(first).bind(last).fetch_one(&mut **tx).await?
            }
        };
        Ok(count > 0)
    }

    /// Whether it is SQLite's, which no other writer can disturb.
    pub(crate) fn is_alone(&self) -> bool {
        matches!(self.open, Open::Sqlite(_))
    }

    /// The accounts with one of these numbers.
    pub(crate) async fn accounts_by_id(
        &mut self,
        tables: Tables,
        ids: &[i64],
    ) -> Result<Vec<FoundAccount>, StoreError> {
        Ok(select!(
            self,
            ids,
            &tables.named(ACCOUNTS_BY_ID),
            FoundAccount
        ))
    }

    /// The accounts with one of these keys.
    pub(crate) async fn accounts_by_key(
        &mut self,
        tables: Tables,
        keys: &[&[u8]],
    ) -> Result<Vec<FoundAccount>, StoreError> {
        Ok(select!(
            self,
            keys,
            &tables.named(ACCOUNTS_BY_KEY),
            FoundAccount
        ))
    }

    /// The users with one of these numbers.
    pub(crate) async fn users_by_id(
        &mut self,
        tables: Tables,
        ids: &[i64],
    ) -> Result<Vec<(i64, String)>, StoreError> {
        Ok(select!(
            self,
            ids,
            &tables.named(USERS_BY_ID),
            (i64, String)
        ))
    }

    /// The users with one of these names, in exactly this spelling.
    pub(crate) async fn users_by_name(
        &mut self,
        tables: Tables,
        names: &[&str],
    ) -> Result<Vec<(i64, String)>, StoreError> {
        Ok(select!(
            self,
            names,
            &tables.named(USERS_BY_NAME),
            (i64, String)
        ))
    }
}

#[cfg(test)]
mod tests;
