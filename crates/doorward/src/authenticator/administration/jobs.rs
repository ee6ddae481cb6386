//! Working on jobs about many users.

use super::Authenticator;
use crate::{
    audit::{Event, EventKind},
    caller::{Actor, Caller},
    job::{Job, JobDeed, JobId, Selection},
    random,
    store::StoreError,
};

/// Users between two looks at whether the job's maker may still do such things.
const BATCH: u32 = 20;

impl Authenticator {
    /// Makes a job, which some node works on from now on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn start_job(
        &self,
        deed: &JobDeed,
        selection: &Selection,
        caller: &Caller,
    ) -> Result<JobId, StoreError> {
        let event = Event::success(EventKind::JobStarted, caller).detail("kind", deed.kind());
        let store = &self.parts.store;
        store
            .add_job(deed, selection, caller.actor, &event, self.now())
            .await
    }

    /// Stops a job; what was done stays done. Returns whether it was running.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cancel_job(&self, id: JobId, caller: &Caller) -> Result<bool, StoreError> {
        let event = Event::success(EventKind::JobCancelled, caller).detail("job", id);
        self.parts.store.cancel_job(id, &event, self.now()).await
    }

    /// Works on the oldest job that nobody works on, to its end, and tells `progress` how far it is. Returns whether there
    /// was one. Every user is a transaction of their own, so it can be dropped at any moment; whoever calls this next goes
    /// on when the lease is over.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn work_on_a_job(&self, mut progress: impl FnMut(&Job)) -> Result<bool, StoreError> {
        let store = &self.parts.store;
        let lease = random::bytes::<16>(self.parts.random.as_ref())?;
        let Some(mut job) = store.claim_job(&lease, self.now()).await? else {
            return Ok(false);
        };
        loop {
            if !self.may_go_on(&job).await? {
                self.cancel_job(job.id, &Caller::system()).await?;
                return Ok(true);
            }
            let batch = store.next_of_job(&job, BATCH).await?;
            if batch.is_empty() {
                let event = Event::success(EventKind::JobFinished, &Caller::system());
                let event = event.detail("job", job.id).detail("done", job.done);
                store.finish_job(job.id, &lease, &event, self.now()).await?;
                return Ok(true);
            }
            for user in batch {
                if !store.step_job(&mut job, &lease, user, self.now()).await? {
                    return Ok(true);
                }
                progress(&job);
            }
        }
    }

    /// Whoever made the job must still be an administrator: a right that was taken away is gone at once (AZ-05).
    async fn may_go_on(&self, job: &Job) -> Result<bool, StoreError> {
        let Actor::User(id) = job.actor else {
            return Ok(true);
        };
        let stored = self.parts.store.find_user_by_id(id, self.now()).await?;
        Ok(stored
            .is_some_and(|stored| stored.user.role.is_admin() && stored.user.disabled_at.is_none()))
    }
}
