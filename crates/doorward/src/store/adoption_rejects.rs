//! The table `adoption_rejects`: the rows that were not adopted, and why.

use super::{AdoptionId, Arg, Database, Sql, StoreError, Transaction};
use crate::adoption::Reject;

const COUNT_REJECTS: Sql = Sql::both("SELECT COUNT(*) FROM adoption_rejects WHERE adoption_id = ?");
const LIST_REJECTS: Sql = Sql::both(
    "SELECT place, username, reason FROM adoption_rejects WHERE adoption_id = ? AND place > ? ORDER BY place LIMIT ?",
);
const REJECTS_BETWEEN: Sql = Sql::both(
    "SELECT place, username, reason FROM adoption_rejects WHERE adoption_id = ? AND place > ? AND place <= ? ORDER BY place",
);
const FORGET_REJECTS_BETWEEN: Sql =
    Sql::both("DELETE FROM adoption_rejects WHERE adoption_id = ? AND place > ? AND place <= ?");

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("adoption_rejects.COUNT_REJECTS", COUNT_REJECTS),
    ("adoption_rejects.LIST_REJECTS", LIST_REJECTS),
    ("adoption_rejects.REJECTS_BETWEEN", REJECTS_BETWEEN),
    (
        "adoption_rejects.FORGET_REJECTS_BETWEEN",
        FORGET_REJECTS_BETWEEN,
    ),
];

impl Database {
    /// How many rows of an adoption were rejected.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn count_rejects(&self, id: AdoptionId) -> Result<i64, StoreError> {
        let row: Option<(i64,)> = self
            .fetch_optional(COUNT_REJECTS, &[(&id.0).into()])
            .await?;
        Ok(row.map_or(0, |(count,)| count))
    }

    /// At most `limit` rejects of an adoption behind the place `after`, by place.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_rejects(
        &self,
        id: AdoptionId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Reject>, StoreError> {
        let args = [(&id.0).into(), Arg::Int(after), Arg::Int(i64::from(limit))];
        let rows: Vec<(i64, Option<String>, String)> = self.fetch_all(LIST_REJECTS, &args).await?;
        Ok(rows.into_iter().map(Reject::from).collect())
    }

    /// The rejects of an adoption from behind `after` to `last`, by place.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rejects_between(
        &self,
        id: AdoptionId,
        after: i64,
        last: i64,
    ) -> Result<Vec<Reject>, StoreError> {
        let args = [(&id.0).into(), Arg::Int(after), Arg::Int(last)];
        let rows: Vec<(i64, Option<String>, String)> =
            self.fetch_all(REJECTS_BETWEEN, &args).await?;
        Ok(rows.into_iter().map(Reject::from).collect())
    }
}

impl Transaction {
    /// Takes away the rejects from behind `after` to `last`.
    pub(crate) async fn forget_rejects(
        &mut self,
        id: AdoptionId,
        after: i64,
        last: i64,
    ) -> Result<(), StoreError> {
        let args = [(&id.0).into(), Arg::Int(after), Arg::Int(last)];
        self.execute(FORGET_REJECTS_BETWEEN, &args).await.map(drop)
    }
}
