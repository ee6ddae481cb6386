//! Transactions on either engine.

use sqlx::{MySql, Sqlite};

use super::{
    Arg, Outcome, Row, Sql, StoreError,
    audit_events::Announcement,
    database::{bind, from_mysql, from_sqlite},
};

/// An open transaction; dropping it rolls it back.
#[derive(Debug)]
pub struct Transaction {
    pub(super) open: Open,
    /// What the audit trail gets with this transaction: told to the log when it has become true.
    recorded: Vec<Announcement>,
}

#[derive(Debug)]
pub(super) enum Open {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    MySql(sqlx::Transaction<'static, MySql>),
}

impl From<Open> for Transaction {
    fn from(open: Open) -> Self {
        Self {
            open,
            recorded: Vec::new(),
        }
    }
}

impl Transaction {
    /// The first row of `sql`'s result, if there is one.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::AlreadyExists`].
    pub async fn fetch_optional<T: Row>(
        &mut self,
        sql: Sql,
        args: &[Arg<'_>],
    ) -> Result<Option<T>, StoreError> {
        Ok(match &mut self.open {
            Open::Sqlite(tx) => {
                bind!(sqlx::query_as::<Sqlite, T>(sql.sqlite()), args)
                    .fetch_optional(&mut **tx)
                    .await?
            }
            Open::MySql(tx) => {
                bind!(sqlx::query_as::<MySql, T>(sql.mysql()), args)
                    .fetch_optional(&mut **tx)
                    .await?
            }
        })
    }

    /// All rows of `sql`'s result.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::AlreadyExists`].
    pub async fn fetch_all<T: Row>(
        &mut self,
        sql: Sql,
        args: &[Arg<'_>],
    ) -> Result<Vec<T>, StoreError> {
        Ok(match &mut self.open {
            Open::Sqlite(tx) => {
                bind!(sqlx::query_as::<Sqlite, T>(sql.sqlite()), args)
                    .fetch_all(&mut **tx)
                    .await?
            }
            Open::MySql(tx) => {
                bind!(sqlx::query_as::<MySql, T>(sql.mysql()), args)
                    .fetch_all(&mut **tx)
                    .await?
            }
        })
    }

    /// Runs a statement that returns no rows.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn execute(&mut self, sql: Sql, args: &[Arg<'_>]) -> Result<Outcome, StoreError> {
        Ok(match &mut self.open {
            Open::Sqlite(tx) => from_sqlite(
                &bind!(sqlx::query::<Sqlite>(sql.sqlite()), args)
                    .execute(&mut **tx)
                    .await?,
            ),
            Open::MySql(tx) => from_mysql(
                &bind!(sqlx::query::<MySql>(sql.mysql()), args)
                    .execute(&mut **tx)
                    .await?,
            ),
        })
    }

    /// Makes the transaction's changes last.
    ///
    /// # Errors
    /// Any [`StoreError`]; then nothing was changed.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self.open {
            Open::Sqlite(tx) => tx.commit().await?,
            Open::MySql(tx) => tx.commit().await?,
        }
        for announcement in self.recorded {
            announcement.announce();
        }
        Ok(())
    }

    /// Has `announcement` told once the transaction is committed.
    pub(super) fn announce_on_commit(&mut self, announcement: Announcement) {
        self.recorded.push(announcement);
    }
}
