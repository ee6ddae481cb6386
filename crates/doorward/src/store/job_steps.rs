//! Working on a job: of several workers one has it, and each user is a transaction of their own.

use super::{
    Arg, AsStoreError, ChangeUserError, Sql, Store, StoreError, Transaction, user_version::TURNS,
    users::UserRow,
};
use crate::{
    authority::Authority,
    caller::{Actor, Caller},
    clock::Timestamp,
    job::{Job, JobId, JobReject, Selection},
    user::UserId,
};

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

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("job_steps.WAITING", WAITING),
    ("job_steps.CLAIM", CLAIM),
    ("job_steps.ADVANCE", ADVANCE),
    ("job_steps.REJECT", REJECT),
];

/// How long a worker that is not heard of keeps a job.
const LEASE: std::time::Duration = std::time::Duration::from_secs(30);

/// What shows that a worker still has a job.
pub type Lease = [u8; 16];

/// What became of a user's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It was done to the user, or the job says why not.
    Taken,
    /// Another worker has the job, or it was cancelled.
    Lost,
    /// Whoever made the job is no administrator any more: nothing was done, and the job must stop.
    MakerDeposed,
}

/// Why a user was not dealt with.
enum StepError {
    /// [`Step::Lost`].
    Lost,
    /// [`Step::MakerDeposed`].
    MakerDeposed,
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
            Self::Lost | Self::MakerDeposed | Self::OwnAccount => None,
            Self::Refused(error) => error.as_store_error(),
        }
    }
}

impl Store {
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
    /// leaves nothing half done and nothing counted twice. In the same transaction the job's maker must be an administrator:
    /// a right that was taken away is gone at once (AZ-05, AZ-08).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn step_job(
        &self,
        job: &mut Job,
        lease: &Lease,
        user: UserId,
        now: Timestamp,
    ) -> Result<Step, StoreError> {
        let deed = job.deed.for_a_user();
        // Only administrators make jobs, and `require_maker` asks at each turn.
        let authority = Authority::everything(Caller {
            actor: job.actor,
            ..Caller::system()
        });
        let (at, until) = (Arg::Int(user.get()), Arg::from(now.after(LEASE)));
        let id = Arg::Int(job.id.get());
        let turn = || {
            self.database().retry(|| async {
                let mut tx = self.database().begin().await?;
                self.require_maker(&mut tx, job.actor).await?;
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
                return Ok(Step::Taken);
            }
            Err(StepError::Lost) => return Ok(Step::Lost),
            Err(StepError::MakerDeposed) => return Ok(Step::MakerDeposed),
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
        Ok(match moved.rows_affected {
            1 => Step::Taken,
            _ => Step::Lost,
        })
    }

    /// Before the deed, which may be the one that makes an administrator of the job's maker.
    async fn require_maker(&self, tx: &mut Transaction, maker: Actor) -> Result<(), StepError> {
        let Actor::User(id) = maker else {
            return Ok(());
        };
        // Whoever takes the role away at this moment touches the same rows first: one of the two waits for the other.
        tx.execute(self.users.touch_admins.clone(), &[]).await?;
        let row: Option<UserRow> = tx
            .fetch_optional(self.users.find_by_id.clone(), &[id.get().into()])
            .await?;
        let maker = row.map(|row| self.stored_user(row)).transpose()?;
        let may = maker
            .is_some_and(|stored| stored.user.role.is_admin() && stored.user.disabled_at.is_none());
        may.then_some(()).ok_or(StepError::MakerDeposed)
    }
}
