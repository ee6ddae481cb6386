//! What the callers and the threads share.

use std::sync::{
    Condvar, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};
use std::time::{Duration, Instant};

use super::super::KdfMemory;
use super::HashPoolError;
use super::queue::{Admitted, Lane, Queue, Ticket};
use crate::meter::Histogram;

/// The waits that are told apart. The default of the longest is two seconds.
pub(super) const WAITS: [Duration; 10] = [
    Duration::from_millis(1),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// A job: it computes with its thread's memory and sends its own answer.
pub(super) type Work = Box<dyn FnOnce(&mut KdfMemory) + Send>;

/// The queue behind its lock, and the counters.
///
/// The lock is held for a few instructions at a time and never while a job runs or is dropped.
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    pub(super) counters: Counters,
    pub(super) waits: Histogram<{ WAITS.len() }>,
}

/// What a thread does next.
pub(super) enum Next {
    /// It runs this job.
    Job(Admitted<Work>),
    /// Nothing: there was no job for as long as it wanted to wait.
    Quiet,
    /// It ends: the pool has stopped.
    Stopped,
}

struct State {
    queue: Queue<Work>,
    is_stopped: bool,
}

#[derive(Default)]
pub(super) struct Counters {
    pub(super) hashed: AtomicU64,
    pub(super) verified: AtomicU64,
    pub(super) rejected_busy: AtomicU64,
    pub(super) skipped_gone: AtomicU64,
    pub(super) panicked: AtomicU64,
    pub(super) running: AtomicU64,
}

impl Shared {
    pub(super) fn new(max_waiting: usize, budget_mib: u32) -> Self {
        Self {
            state: Mutex::new(State {
                queue: Queue::new(max_waiting, budget_mib),
                is_stopped: false,
            }),
            changed: Condvar::new(),
            counters: Counters::default(),
            waits: Histogram::new(&WAITS),
        }
    }

    /// Queues a job, or refuses it.
    pub(super) fn submit(&self, lane: Lane, mib: u32, work: Work) -> Result<Ticket, HashPoolError> {
        let pushed = self.lock().queue.push(lane, mib, work);
        match pushed {
            Ok(ticket) => {
                self.changed.notify_one();
                Ok(ticket)
            }
            Err(_refused) => Err(self.busy()),
        }
    }

    /// The next job that may start, once there is one; waits for it without end, or for `patience`.
    pub(super) fn next(&self, patience: Option<Duration>) -> Next {
        let until = patience.map(|patience| Instant::now() + patience);
        let mut state = self.lock();
        loop {
            if state.is_stopped {
                return Next::Stopped;
            }
            if let Some(job) = state.queue.admit() {
                // One event may make room for several jobs: each thread wakes the next.
                if state.queue.is_front_admissible() {
                    self.changed.notify_one();
                }
                return Next::Job(job);
            }
            state = match until {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Next::Quiet;
                    }
                    let (state, _) = self
                        .changed
                        .wait_timeout(state, left)
                        .unwrap_or_else(PoisonError::into_inner);
                    state
                }
            };
        }
    }

    /// Returns the memory of a job that has ended. The calling thread asks for the next job
    /// itself, which wakes others when there is more than one to start.
    pub(super) fn release(&self, mib: u32) {
        self.lock().queue.release(mib);
    }

    /// Takes a waiting job out; false when it runs or has run.
    pub(super) fn withdraw(&self, ticket: Ticket) -> bool {
        let mut state = self.lock();
        let withdrawn = state.queue.withdraw(ticket);
        // It may have been a heavy one at the front that others waited behind.
        let wake = withdrawn.is_some() && state.queue.is_front_admissible();
        drop(state);
        if wake {
            self.changed.notify_one();
        }
        withdrawn.is_some()
    }

    /// Counts a refusal and spreads the callers over five seconds.
    pub(super) fn busy(&self) -> HashPoolError {
        let refused = self.counters.rejected_busy.fetch_add(1, Ordering::Relaxed);
        HashPoolError::Busy {
            retry_after: Duration::from_secs(1 + refused % 5),
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.lock().queue.len()
    }

    /// How many may wait.
    pub(super) fn most_waiting(&self) -> usize {
        self.lock().queue.most_waiting()
    }

    pub(super) fn is_more_than_half_full(&self) -> bool {
        self.lock().queue.is_more_than_half_full()
    }

    /// Lets the threads end, each after the job it runs.
    pub(super) fn stop(&self) {
        self.lock().is_stopped = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
