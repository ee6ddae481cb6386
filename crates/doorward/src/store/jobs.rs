//! The table `bulk_jobs`.

use super::{Arg, AsStoreError, ChangeUserError, Sql, Store, StoreError, user_version::TURNS};
use crate::{
    audit::Event,
    authority::Authority,
    caller::{Actor, Caller},
    clock::Timestamp,
    job::{Job, JobDeed, JobId, JobReject, JobState, Selection},
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
const WAITING: Sql = Sql::both(
    "SELECT id FROM bulk_jobs WHERE state = 'running' AND lease_until_ms <= ? ORDER BY id LIMIT 1",
);
/// The row count of this statement decides who works.
const CLAIM: Sql = Sql::both(
    "UPDATE bulk_jobs SET lease = ?, lease_until_ms = ? WHERE id = ? AND state = 'running' AND lease_until_ms <= ?",
);
const ADVANCE: Sql = Sql::both(
    "UPDATE bulk_jobs SET position = ?, done = done + 1, lease_until_ms = ? \
     WHERE id = ? AND lease = ? AND state = 'running' AND position < ?",
);
const REJECT: Sql = Sql::both(
    "UPDATE bulk_jobs SET position = ?, failed = failed + 1, rejects = ?, lease_until_ms = ? \
     WHERE id = ? AND lease = ? AND state = 'running' AND position < ?",
);
const FINISH: Sql = Sql::both(
    "UPDATE bulk_jobs SET state = 'done', finished_at_ms = ? WHERE id = ? AND lease = ? AND state = 'running'",
);
const CANCEL: Sql = Sql::both(
    "UPDATE bulk_jobs SET state = 'cancelled', finished_at_ms = ? WHERE id = ? AND state = 'running'",
);

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("jobs.ADD", ADD),
    ("jobs.FIND", FIND),
    ("jobs.LIST", LIST),
    ("jobs.WAITING", WAITING),
    ("jobs.CLAIM", CLAIM),
    ("jobs.ADVANCE", ADVANCE),
    ("jobs.REJECT", REJECT),
    ("jobs.FINISH", FINISH),
    ("jobs.CANCEL", CANCEL),
];

/// How long a worker that is not heard of keeps a job.
const LEASE: std::time::Duration = std::time::Duration::from_secs(30);

/// What shows that a worker still has a job.
pub type Lease = [u8; 16];

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

/// Why a user was not dealt with.
enum StepError {
    /// Another worker has the job, or it was cancelled.
    Lost,
    /// It would have stopped the job: its maker could not have gone on.
    OwnAccount,
    /// The deed was refused.
    Refused(ChangeUserError),
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

impl AsStoreError for StepError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Lost | Self::OwnAccount => None,
            Self::Refused(error) => error.as_store_error(),
        }
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

    /// Takes the oldest job that nobody works on. Of several workers at once one gets it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn claim_job(
        &self,
        lease: &Lease,
        now: Timestamp,
    ) -> Result<Option<Job>, StoreError> {
        let waiting: Option<(i64,)> = self
            .database()
            .fetch_optional(WAITING, &[now.into()])
            .await?;
        let Some((id,)) = waiting else {
            return Ok(None);
        };
        let args = [lease.into(), now.after(LEASE).into(), id.into(), now.into()];
        let claimed = self.database().execute(CLAIM, &args).await?;
        if claimed.rows_affected != 1 {
            return Ok(None);
        }
        self.find_job(JobId::new(id)).await
    }

    /// The next users who are selected, by number: at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn next_of_job(&self, job: &Job, limit: u32) -> Result<Vec<UserId>, StoreError> {
        let after = job.position;
        if let Selection::Ids(ids) = &job.selection {
            let rest = ids.iter().filter(|id| **id > after);
            return Ok(rest
                .take(limit as usize)
                .copied()
                .map(UserId::new)
                .collect());
        }
        let Some(filter) = job.selection.filter() else {
            return Ok(Vec::new());
        };
        let users = self
            .list_users_where(&filter, Some(UserId::new(after)), limit)
            .await?;
        let ids = users.into_iter().map(|user| user.id);
        Ok(ids.filter(|id| *id <= job.last_id).collect())
    }

    /// Does a job's deed to one user and moves the job past the user: both or neither, so that a worker that is killed
    /// leaves nothing half done and nothing counted twice. Returns whether the worker still has the job.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn step_job(
        &self,
        job: &mut Job,
        lease: &Lease,
        user: UserId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let deed = job.deed.for_a_user();
        // Only administrators make jobs; that of one who is none any more stops.
        let authority = Authority::everything(Caller {
            actor: job.actor,
            ..Caller::system()
        });
        let (at, until) = (Arg::Int(user.get()), Arg::from(now.after(LEASE)));
        let id = Arg::Int(job.id.get());
        let turn = || {
            self.database().retry(|| async {
                let mut tx = self.database().begin().await?;
                self.do_in(&mut tx, user, None, &deed, &authority, now)
                    .await
                    .map_err(StepError::Refused)?;
                if job.actor == Actor::User(user) && job.deed.takes_administration() {
                    return Err(StepError::OwnAccount);
                }
                let args = [at, until, id, lease.into(), at];
                if tx.execute(ADVANCE, &args).await?.rows_affected != 1 {
                    return Err(StepError::Lost);
                }
                Ok(tx.commit().await?)
            })
        };
        let mut stepped = turn().await;
        // Somebody else was changing the user at that moment; a job keeps to no version.
        for _ in 1..TURNS {
            if !matches!(stepped, Err(StepError::Refused(ChangeUserError::Stale))) {
                break;
            }
            stepped = turn().await;
        }
        let reason = match stepped {
            Ok(()) => {
                job.position = user.get();
                job.done += 1;
                return Ok(true);
            }
            Err(StepError::Lost) => return Ok(false),
            Err(StepError::OwnAccount) => "own_account",
            Err(StepError::Refused(ChangeUserError::Store(error))) => return Err(error),
            Err(StepError::Refused(ChangeUserError::LastAdministrator)) => "last_administrator",
            Err(StepError::Refused(ChangeUserError::Overreach(_))) => "out_of_reach",
            Err(StepError::Refused(ChangeUserError::NotFound)) => "not_found",
            Err(StepError::Refused(ChangeUserError::Stale)) => "changed_meanwhile",
        };
        if job.rejects.len() < Job::MAX_REJECTS {
            job.rejects.push(JobReject {
                user_id: user.get(),
                reason: reason.to_owned(),
            });
        }
        let rejects = serde_json::to_string(&job.rejects).unwrap_or_else(|_| "[]".to_owned());
        let args = [at, rejects.as_str().into(), until, id, lease.into(), at];
        let moved = self.database().execute(REJECT, &args).await?;
        job.position = user.get();
        job.failed += 1;
        Ok(moved.rows_affected == 1)
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
