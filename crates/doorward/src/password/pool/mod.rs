//! The bounded threads on which passwords are hashed and verified.

mod config;
mod error;
mod queue;
mod shared;
mod worker;

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    thread,
    time::Instant,
};

use tokio::{sync::oneshot, time::timeout};
use tracing::Instrument as _;

use super::{KdfMemory, NewHashForm, Password, PasswordHash, SaltSource};
use crate::meter::HistogramReading;
use queue::Ticket;
use shared::{Shared, Work};

pub use config::HashPoolConfig;
pub use error::{HashPoolError, HashPoolStartError};
pub use queue::Lane;

/// Hashes and verifies passwords on its own operating system threads.
///
/// - The threads run at nice 10 and keep their Argon2 memory from job to job, so a storm of logins
///   slows neither the async runtime nor the allocator. Ten seconds without a job, and a thread
///   gives it back.
/// - Memory is bounded: the jobs that run together stay within the budget, except that a job
///   heavier than the whole budget runs alone. Argon2 memory that a thread keeps between jobs
///   (at most the size of one default hash) is counted only while it runs one.
/// - Waiting is bounded in number and time; beyond either, [`HashPoolError::Busy`]. A quarter of the
///   places at least is there for each [`Lane`].
/// - A job whose caller has dropped the future leaves the queue at once and is never hashed.
///
/// The methods need a tokio runtime with its timer enabled. Dropping the pool ends its threads
/// after the job each one runs.
pub struct HashPool {
    shared: Arc<Shared>,
    form: NewHashForm,
    max_wait: std::time::Duration,
    salts: SaltSource,
    dummy: Arc<PasswordHash>,
}

/// What a pool has done since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HashPoolCounters {
    /// New hashes computed.
    pub hashed: u64,
    /// Verifications run to their end, whatever the answer, unknown users included.
    pub verified: u64,
    /// Jobs refused because the queue was full or they had waited too long.
    pub rejected_busy: u64,
    /// Jobs not run because their caller had gone.
    pub skipped_gone: u64,
    /// Jobs that panicked.
    pub panicked: u64,
    /// Jobs waiting now.
    pub waiting: usize,
    /// Jobs that may wait.
    pub most_waiting: usize,
    /// Jobs running now.
    pub running: u64,
}

/// How long jobs waited until they were started, as [`HashPool::waits`] reads it.
pub type HashWaits = HistogramReading<{ shared::WAITS.len() }>;

impl HashPool {
    /// Starts the threads. No memory for hashes is allocated before the first job.
    ///
    /// # Errors
    /// [`HashPoolStartError`] when a thread cannot be started or there is no randomness for the
    /// dummy hash. Threads already started end.
    pub fn start(config: HashPoolConfig) -> Result<Self, HashPoolStartError> {
        let HashPoolConfig {
            threads,
            budget_mib,
            max_waiting,
            max_wait,
            form,
            salts,
        } = config;
        let dummy = PasswordHash::dummy(&form, salts.draw()?, salts.draw()?)?;
        let pool = Self {
            shared: Arc::new(Shared::new(max_waiting.get(), budget_mib.max(1))),
            form,
            max_wait,
            salts,
            dummy: Arc::new(dummy),
        };
        // A thread keeps Argon2 memory only when new hashes are Argon2id, so that most need it.
        let usual_kib = match form {
            NewHashForm::Argon2id(params) => params.memory_kib(),
            _ => 0,
        };
        for number in 0..threads.get() {
            let shared = Arc::clone(&pool.shared);
            thread::Builder::new()
                // Linux shows fifteen bytes of it.
                .name(format!("doorward-hash{number}"))
                .spawn(move || worker::run(&shared, usual_kib))
                .map_err(HashPoolStartError::Thread)?;
        }
        Ok(pool)
    }

    /// Hashes `password` in the pool's form with a fresh salt.
    ///
    /// # Errors
    /// [`HashPoolError`].
    pub async fn hash(
        &self,
        password: impl Into<Arc<Password>>,
    ) -> Result<PasswordHash, HashPoolError> {
        let password = password.into();
        let form = self.form;
        let salt = self.salts.draw()?;
        let shared = Arc::clone(&self.shared);
        self.run(Lane::Ordinary, form.memory_kib(), move |memory| {
            let hash = PasswordHash::compute_as(&password, &form, salt, memory)?;
            shared.counters.hashed.fetch_add(1, Ordering::Relaxed);
            Ok(hash)
        })
        .await?
    }

    /// Whether `password` is the one behind `hash`. Pass an `Arc<Password>` to keep it, for
    /// instance to hash it anew after a success.
    ///
    /// # Errors
    /// [`HashPoolError`].
    pub async fn verify(
        &self,
        password: impl Into<Arc<Password>>,
        hash: impl Into<Arc<PasswordHash>>,
    ) -> Result<bool, HashPoolError> {
        self.verify_in(Lane::Ordinary, password, hash).await
    }

    /// [`HashPool::verify`] in a lane of the queue.
    ///
    /// # Errors
    /// [`HashPoolError`].
    pub async fn verify_in(
        &self,
        lane: Lane,
        password: impl Into<Arc<Password>>,
        hash: impl Into<Arc<PasswordHash>>,
    ) -> Result<bool, HashPoolError> {
        let password = password.into();
        let hash = hash.into();
        let shared = Arc::clone(&self.shared);
        self.run(lane, hash.memory_kib(), move |memory| {
            let matches = hash.verify(&password, memory)?;
            shared.counters.verified.fetch_add(1, Ordering::Relaxed);
            Ok(matches)
        })
        .await?
    }

    /// Does what [`HashPool::verify`] does for an account with a hash of the pool's form, and answers
    /// false: an unknown user takes the same queue, memory and time as a known one.
    ///
    /// # Errors
    /// [`HashPoolError`].
    pub async fn verify_unknown(
        &self,
        password: impl Into<Arc<Password>>,
    ) -> Result<bool, HashPoolError> {
        self.verify(password, Arc::clone(&self.dummy))
            .await
            .map(|_| false)
    }

    /// The form of new hashes, for [`PasswordHash::needs_upgrade`].
    #[must_use]
    pub const fn form(&self) -> &NewHashForm {
        &self.form
    }

    /// Whether more than half of the places in the queue are taken. Then leave out work that can
    /// wait for another login, such as the upgrade of an old hash.
    #[must_use]
    pub fn is_more_than_half_full(&self) -> bool {
        self.shared.is_more_than_half_full()
    }

    /// What the pool has done so far.
    #[must_use]
    pub fn counters(&self) -> HashPoolCounters {
        let counters = &self.shared.counters;
        HashPoolCounters {
            hashed: counters.hashed.load(Ordering::Relaxed),
            verified: counters.verified.load(Ordering::Relaxed),
            rejected_busy: counters.rejected_busy.load(Ordering::Relaxed),
            skipped_gone: counters.skipped_gone.load(Ordering::Relaxed),
            panicked: counters.panicked.load(Ordering::Relaxed),
            waiting: self.shared.waiting(),
            most_waiting: self.shared.most_waiting(),
            running: counters.running.load(Ordering::Relaxed),
        }
    }

    /// How long the jobs waited that were started so far. One that was refused or given up is not among them.
    #[must_use]
    pub fn waits(&self) -> HashWaits {
        self.shared.waits.read()
    }

    /// Queues `work`, which takes `kib` KiB of memory, and waits for its result.
    async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        kib: u32,
        work: impl FnOnce(&mut KdfMemory) -> T + Send + 'static,
    ) -> Result<T, HashPoolError> {
        let span = tracing::info_span!(target: "traces", "password hash", memory_kib = kib);
        self.queue(lane, kib, work).instrument(span).await
    }

    async fn queue<T: Send + 'static>(
        &self,
        lane: Lane,
        kib: u32,
        work: impl FnOnce(&mut KdfMemory) -> T + Send + 'static,
    ) -> Result<T, HashPoolError> {
        let (reply, mut answer) = oneshot::channel();
        let asked_at = Instant::now();
        let shared = Arc::clone(&self.shared);
        let job: Work = Box::new(move |memory| {
            // The caller can go between the admission and this line.
            if reply.is_closed() {
                shared.counters.skipped_gone.fetch_add(1, Ordering::Relaxed);
                return;
            }
            shared.waits.observe(asked_at.elapsed());
            // A send fails when the caller has gone meanwhile: nobody misses the result.
            let _ = reply.send(work(memory));
        });
        let ticket = self.shared.submit(lane, kib.div_ceil(1024).max(1), job)?;
        let mut place = Place {
            shared: &self.shared,
            ticket: Some(ticket),
        };
        let received = match timeout(self.max_wait, &mut answer).await {
            Ok(received) => received,
            Err(_elapsed) if place.give_up() => return Err(self.shared.busy()),
            Err(_elapsed) => answer.await,
        };
        place.ticket = None;
        received.map_err(|_| HashPoolError::Panicked)
    }
}

impl Drop for HashPool {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl fmt::Debug for HashPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashPool")
            .field("form", &self.form)
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}

/// A caller's place in the queue, left when the caller's future is dropped.
struct Place<'a> {
    shared: &'a Shared,
    ticket: Option<Ticket>,
}

impl Place<'_> {
    /// Leaves the queue; false when the job has been started.
    fn give_up(&mut self) -> bool {
        self.ticket
            .take()
            .is_some_and(|ticket| self.shared.withdraw(ticket))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.give_up() {
            self.shared
                .counters
                .skipped_gone
                .fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests;
