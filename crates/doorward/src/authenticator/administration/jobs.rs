//! Working on jobs about many users.

use super::Authenticator;
use crate::{
    audit::{Event, EventKind},
    caller::Caller,
    job::{Job, JobDeed, JobId, Selection},
    random,
    store::{Step, StoreError},
};

/// Users that are read at once.
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
        // Beside an application, users that it has just added are among those whom the job is about.
        store.adopt_newcomers(self.now()).await?;
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
    /// was one. A job whose maker is no administrator any more is stopped before the next user. Every user is a transaction of
    /// their own, so it can be dropped at any moment; whoever calls this next goes on when the lease is over.
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
            let batch = store.next_of_job(&job, BATCH).await?;
            if batch.is_empty() {
                let event = Event::success(EventKind::JobFinished, &Caller::system());
                let event = event.detail("job", job.id).detail("done", job.done);
                store.finish_job(job.id, &lease, &event, self.now()).await?;
                return Ok(true);
            }
            for user in batch {
                match store.step_job(&mut job, &lease, user, self.now()).await? {
                    Step::Taken => progress(&job),
                    Step::Lost => return Ok(true),
                    Step::MakerDeposed => {
                        self.cancel_job(job.id, &Caller::system()).await?;
                        return Ok(true);
                    }
                }
            }
        }
    }
}
