//! The table `bulk_jobs`.

use super::{Arg, Lease, Sql, Store, StoreError};
use crate::{
    audit::Event,
    caller::Actor,
    clock::Timestamp,
    job::{Job, JobDeed, JobId, JobState, Selection},
    user::UserId,
};

const ADD: Sql = Sql::both(
    "INSERT INTO bulk_jobs (deed, selection, state, actor_id, created_at_ms, finished_at_ms, position, last_id, total, done, failed, rejects, lease, lease_until_ms) \
     VALUES (?, ?, 'running', ?, ?, 0, 0, ?, ?, 0, 0, '[]', x'00', 0)",
);
const FIND: Sql = Sql::both(
    "SELECT id, deed, selection, state, actor_id, created_at_ms, finished_at_ms, position, last_id, total, done, failed, rejects FROM bulk_jobs WHERE id = ?",
);
const LIST: Sql = Sql::both(
    "SELECT id, deed, selection, state, actor_id, created_at_ms, finished_at_ms, position, last_id, total, done, failed, rejects FROM bulk_jobs ORDER BY id DESC LIMIT ?",
);
const FINISH: Sql = Sql::both(
    "UPDATE bulk_jobs SET state = 'done', finished_at_ms = ? WHERE id = ? AND lease = ? AND state = 'running'",
);
const CANCEL: Sql = Sql::both(
    "UPDATE bulk_jobs SET state = 'cancelled', finished_at_ms = ? WHERE id = ? AND state = 'running'",
);

const PURGE: Sql = Sql::each(
    "DELETE FROM bulk_jobs WHERE id IN (SELECT id FROM bulk_jobs WHERE state <> 'running' AND finished_at_ms < ? LIMIT 5000)",
    "DELETE FROM bulk_jobs WHERE state <> 'running' AND finished_at_ms < ? LIMIT 5000",
);

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("jobs.ADD", ADD),
    ("jobs.FIND", FIND),
    ("jobs.LIST", LIST),
    ("jobs.FINISH", FINISH),
    ("jobs.CANCEL", CANCEL),
    ("jobs.PURGE", PURGE),
];

#[derive(sqlx::FromRow)]
struct JobRow {
    id: i64,
    deed: String,
    selection: String,
    state: String,
    actor_id: i64,
    created_at_ms: i64,
    finished_at_ms: i64,
    position: i64,
    last_id: i64,
    total: i64,
    done: i64,
    failed: i64,
    rejects: String,
}

impl JobRow {
    fn job(self) -> Result<Job, StoreError> {
        let parsed = || {
            Some(Job {
                id: JobId::new(self.id),
                deed: JobDeed::from_text(&self.deed)?,
                selection: serde_json::from_str(&self.selection).ok()?,
                state: JobState::parse(&self.state)?,
                actor: match self.actor_id {
                    0 => Actor::Operator,
                    id => Actor::User(UserId::new(id)),
                },
                created_at: Timestamp::from_millis(self.created_at_ms),
                finished_at: Some(self.finished_at_ms)
                    .filter(|at| *at > 0)
                    .map(Timestamp::from_millis),
                position: self.position,
                last_id: UserId::new(self.last_id),
                total: u64::try_from(self.total).ok()?,
                done: u64::try_from(self.done).ok()?,
                failed: u64::try_from(self.failed).ok()?,
                rejects: serde_json::from_str(&self.rejects).ok()?,
            })
        };
        parsed().ok_or(StoreError::Corrupt {
            table: "bulk_jobs",
            column: "deed",
        })
    }
}

impl Store {
    /// Adds a job about the users who are there now, and counts them; the event gets its number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_job(
        &self,
        deed: &JobDeed,
        selection: &Selection,
        actor: Actor,
        event: &Event,
        now: Timestamp,
    ) -> Result<JobId, StoreError> {
        let total = self.count_selected(selection).await?;
        let last: Option<(i64,)> = self
            .database()
            .fetch_optional(self.users.highest_account.clone(), &[])
            .await?;
        let actor = match actor {
            Actor::User(id) => id.get(),
            Actor::Operator | Actor::System | Actor::Anonymous => 0,
        };
        let corrupt = |_| StoreError::Corrupt {
            table: "bulk_jobs",
            column: "selection",
        };
        let (deed, selection) = (
            deed.to_text(),
            serde_json::to_string(selection).map_err(corrupt)?,
        );
        let args: [Arg<'_>; 6] = [
            deed.as_str().into(),
            selection.as_str().into(),
            actor.into(),
            now.into(),
            last.map_or(0, |(id,)| id).into(),
            i64::try_from(total).unwrap_or(i64::MAX).into(),
        ];
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                let id = JobId::new(tx.execute(ADD, &args).await?.last_insert_id);
                let event = event.clone().detail("job", id);
                self.record(&mut tx, &event, now).await?;
                tx.commit().await?;
                Ok(id)
            })
            .await
    }

    /// How many users are selected.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn count_selected(&self, selection: &Selection) -> Result<u64, StoreError> {
        match selection {
            Selection::Ids(ids) => Ok(ids.len() as u64),
            Selection::Filter { .. } => match selection.filter() {
                Some(filter) => self.count_users_where(&filter).await,
                None => Ok(0),
            },
        }
    }

    /// The job with this number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        let row: Option<JobRow> = self
            .database()
            .fetch_optional(FIND, &[id.get().into()])
            .await?;
        row.map(JobRow::job).transpose()
    }

    /// At most `limit` jobs, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_jobs(&self, limit: u32) -> Result<Vec<Job>, StoreError> {
        let rows: Vec<JobRow> = self
            .database()
            .fetch_all(LIST, &[i64::from(limit).into()])
            .await?;
        rows.into_iter().map(JobRow::job).collect()
    }

    /// Ends a job in which every user had their turn, with the event of it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn finish_job(
        &self,
        id: JobId,
        lease: &Lease,
        event: &Event,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let args = [now.into(), id.get().into(), lease.into()];
        self.end_job(FINISH, &args, event, now).await.map(drop)
    }

    /// Stops a job, with the event of it; what was done stays done. Returns whether it was running.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cancel_job(
        &self,
        id: JobId,
        event: &Event,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let args = [now.into(), id.get().into()];
        self.end_job(CANCEL, &args, event, now).await
    }

    /// Forgets up to 5,000 jobs that ended before then. Returns how many. The audit trail keeps what they did.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge_jobs(&self, before: Timestamp) -> Result<u64, StoreError> {
        Ok(self
            .database()
            .execute(PURGE, &[before.into()])
            .await?
            .rows_affected)
    }

    async fn end_job(
        &self,
        statement: Sql,
        args: &[Arg<'_>],
        event: &Event,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                if tx.execute(statement.clone(), args).await?.rows_affected != 1 {
                    return Ok(false);
                }
                self.record(&mut tx, event, now).await?;
                tx.commit().await?;
                Ok(true)
            })
            .await
    }
}
