//! Taking our tables out of a database that is adopted in place.

use sqlx::{AssertSqlSafe, Executor as _};

use super::{Database, StoreError, database::Pools};

/// Without it nobody knows that there is something to undo.
const LAST: &str = "adoptions";

impl Database {
    /// The tables that our migrations make beside a users table that is not ours, newest first; the migrations' own
    /// table before them and `adoptions` at the end, so that a second attempt still finds what to undo.
    #[must_use]
    pub fn tables_beside() -> Vec<String> {
        // The first is the users table, which is the application's here.
        let mut tables = Self::own_tables().split_off(1);
        tables.retain(|table| table != LAST);
        tables.reverse();
        tables.insert(0, "_sqlx_migrations".to_owned());
        tables.push(LAST.to_owned());
        tables
    }

    /// Drops tables of [`Self::tables_beside`] in this order: on SQLite all or none, on MySQL one after the other.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn drop_tables_beside(&self, tables: &[String]) -> Result<(), StoreError> {
        let statements = tables
            .iter()
            .map(|table| AssertSqlSafe(format!("DROP TABLE IF EXISTS `{table}`")));
        match &self.pools {
            Pools::Sqlite { writer, .. } => {
                let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
                for statement in statements {
                    (&mut *tx).execute(statement).await?;
                }
                tx.commit().await?;
            }
            Pools::MySql(pool) => {
                for statement in statements {
                    pool.execute(statement).await?;
                }
            }
        }
        Ok(())
    }
}
