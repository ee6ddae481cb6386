//! The table `adoptions`: one row for each adoption, what was planned and how far it is.

use std::collections::BTreeMap;

use super::{Arg, Database, Outcome, Sql, StoreError, Transaction};
use crate::{
    adoption::{Mode, Plan},
    clock::Timestamp,
};

const HAS_TABLE: Sql = Sql::each(
    "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'adoptions'",
    "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'adoptions'",
);
const LIST: Sql = Sql::both(
    "SELECT id, mode, state, plan, source, started_at_ms, completed_at_ms, finished_at_ms, position, adopted, present, \
     hashed, rejected, forms FROM adoptions ORDER BY started_at_ms, id",
);
const FIND: Sql = Sql::both(
    "SELECT id, mode, state, plan, source, started_at_ms, completed_at_ms, finished_at_ms, position, adopted, present, \
     hashed, rejected, forms FROM adoptions WHERE id = ?",
);
const ADD: Sql = Sql::both(
    "INSERT INTO adoptions (id, mode, state, plan, source, started_at_ms, position, adopted, present, hashed, rejected, \
     forms) VALUES (?, ?, 'running', ?, ?, ?, ?, 0, 0, 0, 0, '{}')",
);
const FORGET: Sql = Sql::both("DELETE FROM adoptions WHERE id = ?");
const FORGET_REJECTS: Sql = Sql::both("DELETE FROM adoption_rejects WHERE adoption_id = ?");
const ADVANCE: Sql = Sql::both(
    "UPDATE adoptions SET position = ?, adopted = adopted + ?, present = present + ?, hashed = hashed + ?, \
     rejected = rejected + ?, forms = ? WHERE id = ? AND position = ? AND state = 'running'",
);
const AMEND: Sql = Sql::both(
    "UPDATE adoptions SET position = CASE WHEN position < ? THEN ? ELSE position END, adopted = adopted + ?, \
     present = present + ?, hashed = hashed + ?, rejected = rejected + ?, forms = ? WHERE id = ? AND state = 'complete'",
);
const COMPLETE: Sql = Sql::both(
    "UPDATE adoptions SET state = 'complete', completed_at_ms = ? WHERE id = ? AND state = 'running'",
);
const FINISH: Sql = Sql::both(
    "UPDATE adoptions SET state = 'finished', finished_at_ms = ? WHERE id = ? AND state = 'complete'",
);
pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("adoptions.HAS_TABLE", HAS_TABLE),
    ("adoptions.LIST", LIST),
    ("adoptions.FIND", FIND),
    ("adoptions.ADD", ADD),
    ("adoptions.FORGET", FORGET),
    ("adoptions.FORGET_REJECTS", FORGET_REJECTS),
    ("adoptions.ADVANCE", ADVANCE),
    ("adoptions.AMEND", AMEND),
    ("adoptions.COMPLETE", COMPLETE),
    ("adoptions.FINISH", FINISH),
];

/// What names an adoption: SHA-256 over its plan and its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AdoptionId(pub [u8; 32]);

/// How far an adoption is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdoptionState {
    /// Under way, or interrupted.
    Running,
    /// Every row is dealt with. In place: doorward and the application both use the table.
    Complete,
    /// In place: the application does not use the table any more.
    Finished,
}

impl AdoptionState {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Finished => "finished",
        }
    }
}

/// What became of a source's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AdoptionCounts {
    /// Rows that became accounts.
    pub adopted: i64,
    /// Rows whose account was there already.
    pub present: i64,
    /// Of those, passwords in the clear that were hashed.
    pub hashed: i64,
    /// Rows that are not adopted and stand in the report.
    pub rejected: i64,
}

/// How many stored passwords had which form.
pub type FormCounts = BTreeMap<String, u64>;

/// A row of `adoptions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptionRecord {
    /// Its name.
    pub id: AdoptionId,
    /// How far it is.
    pub state: AdoptionState,
    /// What was planned, with its mode.
    pub plan: Plan,
    /// Where the rows come from, for people. No password.
    pub source: String,
    /// When it began: the creation time of its accounts.
    pub started_at: Timestamp,
    /// When its last row was dealt with.
    pub completed_at: Option<Timestamp>,
    /// In place: when the application's time ended.
    pub finished_at: Option<Timestamp>,
    /// The last id, line or record of the source that is dealt with.
    pub position: i64,
    /// What became of the rows.
    pub counts: AdoptionCounts,
    /// The forms of the stored passwords when they were adopted.
    pub forms: FormCounts,
}

#[derive(sqlx::FromRow)]
struct AdoptionRow {
    id: Vec<u8>,
    mode: String,
    state: String,
    plan: String,
    source: String,
    started_at_ms: i64,
    completed_at_ms: Option<i64>,
    finished_at_ms: Option<i64>,
    position: i64,
    adopted: i64,
    present: i64,
    hashed: i64,
    rejected: i64,
    forms: String,
}

fn corrupt(column: &'static str) -> StoreError {
    StoreError::Corrupt {
        table: "adoptions",
        column,
    }
}

/// The word for a mode in the column `mode`.
const fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::InPlace => "in-place",
        Mode::Copy => "copy",
    }
}

impl TryFrom<AdoptionRow> for AdoptionRecord {
    type Error = StoreError;

    fn try_from(row: AdoptionRow) -> Result<Self, StoreError> {
        let plan: Plan = serde_json::from_str(&row.plan).map_err(|_| corrupt("plan"))?;
        if mode_word(plan.mode) != row.mode {
            return Err(corrupt("mode"));
        }
        Ok(Self {
            id: AdoptionId(row.id.try_into().map_err(|_| corrupt("id"))?),
            state: [
                AdoptionState::Running,
                AdoptionState::Complete,
                AdoptionState::Finished,
            ]
            .into_iter()
            .find(|state| state.as_str() == row.state)
            .ok_or(corrupt("state"))?,
            plan,
            source: row.source,
            started_at: Timestamp::from_millis(row.started_at_ms),
            completed_at: row.completed_at_ms.map(Timestamp::from_millis),
            finished_at: row.finished_at_ms.map(Timestamp::from_millis),
            position: row.position,
            counts: AdoptionCounts {
                adopted: row.adopted,
                present: row.present,
                hashed: row.hashed,
                rejected: row.rejected,
            },
            forms: serde_json::from_str(&row.forms).map_err(|_| corrupt("forms"))?,
        })
    }
}

/// A new adoption.
#[derive(Debug, Clone)]
pub struct NewAdoption<'a> {
    /// Its name.
    pub id: AdoptionId,
    /// What is planned.
    pub plan: &'a Plan,
    /// Where the rows come from, for people.
    pub source: &'a str,
    /// Now.
    pub started_at: Timestamp,
    /// The position before the first row.
    pub position: i64,
    /// The adoption of the same table by an earlier plan, which this one takes the place of.
    pub replaces: Option<AdoptionId>,
}

impl Database {
    /// Every adoption, oldest first; none where the table is not there yet.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn adoptions(&self) -> Result<Vec<AdoptionRecord>, StoreError> {
        let tables: Option<(i64,)> = self.fetch_optional(HAS_TABLE, &[]).await?;
        if tables.is_none_or(|(tables,)| tables == 0) {
            return Ok(Vec::new());
        }
        let rows: Vec<AdoptionRow> = self.fetch_all(LIST, &[]).await?;
        rows.into_iter().map(AdoptionRecord::try_from).collect()
    }

    /// The adoption in place of this database, if there is one. There is at most one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn in_place_adoption(&self) -> Result<Option<AdoptionRecord>, StoreError> {
        Ok(self
            .adoptions()
            .await?
            .into_iter()
            .find(|record| record.plan.mode == Mode::InPlace))
    }

    /// The plan by which this database is adopted in place, unless coexistence has not begun (`None` also where the
    /// table is not there yet).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn in_place_plan(&self) -> Result<Option<Plan>, StoreError> {
        Ok(self.in_place_adoption().await?.map(|record| record.plan))
    }

    /// The adoption with this id, begun now if it is not there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin_adoption(
        &self,
        new: &NewAdoption<'_>,
    ) -> Result<AdoptionRecord, StoreError> {
        let plan = serde_json::to_string(new.plan).map_err(|_| corrupt("plan"))?;
        self.retry(|| async {
            let mut tx = self.begin().await?;
            let found: Option<AdoptionRow> = tx.fetch_optional(FIND, &[(&new.id.0).into()]).await?;
            if let Some(row) = found {
                return row.try_into();
            }
            if let Some(old) = new.replaces {
                tx.execute(FORGET_REJECTS, &[(&old.0).into()]).await?;
                tx.execute(FORGET, &[(&old.0).into()]).await?;
            }
            let added = [
                Arg::Bytes(&new.id.0),
                mode_word(new.plan.mode).into(),
                plan.as_str().into(),
                new.source.into(),
                new.started_at.into(),
                new.position.into(),
            ];
            tx.execute(ADD, &added).await?;
            let row: Option<AdoptionRow> = tx.fetch_optional(FIND, &[(&new.id.0).into()]).await?;
            tx.commit().await?;
            row.ok_or(corrupt("id"))?.try_into()
        })
        .await
    }

    /// Marks an adoption as complete. Returns whether it was running.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn complete_adoption(
        &self,
        id: AdoptionId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        changed(self.execute(COMPLETE, &[now.into(), (&id.0).into()]).await)
    }

    /// Marks an adoption as finished. Returns whether it was complete.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn finish_adoption(
        &self,
        id: AdoptionId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        changed(self.execute(FINISH, &[now.into(), (&id.0).into()]).await)
    }
}

fn changed(outcome: Result<Outcome, StoreError>) -> Result<bool, StoreError> {
    Ok(outcome?.rows_affected == 1)
}

impl Transaction {
    /// Moves a running adoption from one position to the next. Returns false when it was not there: another process
    /// has moved it.
    pub(crate) async fn advance_adoption(
        &mut self,
        id: AdoptionId,
        (from, to): (i64, i64),
        more: AdoptionCounts,
        forms: &FormCounts,
    ) -> Result<bool, StoreError> {
        let forms = serde_json::to_string(forms).map_err(|_| corrupt("forms"))?;
        let args = [
            Arg::Int(to),
            more.adopted.into(),
            more.present.into(),
            more.hashed.into(),
            more.rejected.into(),
            forms.as_str().into(),
            (&id.0).into(),
            from.into(),
        ];
        changed(self.execute(ADVANCE, &args).await)
    }

    /// Adds to the counts of a complete adoption, whose rows up to `to` were looked at again.
    pub(crate) async fn amend_adoption(
        &mut self,
        id: AdoptionId,
        to: i64,
        more: AdoptionCounts,
        forms: &FormCounts,
    ) -> Result<bool, StoreError> {
        let forms = serde_json::to_string(forms).map_err(|_| corrupt("forms"))?;
        let args = [
            Arg::Int(to),
            Arg::Int(to),
            more.adopted.into(),
            more.present.into(),
            more.hashed.into(),
            more.rejected.into(),
            forms.as_str().into(),
            (&id.0).into(),
        ];
        changed(self.execute(AMEND, &args).await)
    }
}
