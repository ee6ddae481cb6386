//! How large the pool is.

use std::{num::NonZeroUsize, thread, time::Duration};

use super::super::{NewHashForm, SaltSource};

/// Size, limits and parameters of a [`HashPool`](super::HashPool).
#[derive(Debug, Clone)]
pub struct HashPoolConfig {
    /// Operating system threads, each of which runs one job at a time.
    pub threads: NonZeroUsize,
    /// Memory that the running jobs may take together, in MiB. A job that needs more than the
    /// whole budget runs alone.
    pub budget_mib: u32,
    /// Jobs that may wait for a thread or for memory.
    pub max_waiting: NonZeroUsize,
    /// How long a job may wait. Running is not limited.
    pub max_wait: Duration,
    /// The form of new hashes, and of the dummy that unknown users are verified against.
    pub form: NewHashForm,
    /// Where the salts of new hashes come from.
    pub salts: SaltSource,
}

impl HashPoolConfig {
    /// Memory per thread in the default budget, in MiB.
    pub const MIB_PER_THREAD: u32 = 64;
    /// Waiting jobs per thread in the default queue.
    pub const WAITING_PER_THREAD: usize = 64;
    /// The default of `max_wait`.
    pub const MAX_WAIT: Duration = Duration::from_secs(2);

    /// The defaults for this many threads: 64 MiB and 64 waiting jobs each, two seconds of
    /// waiting, [`NewHashForm::default`], salts from the operating system.
    #[must_use]
    pub fn with_threads(threads: NonZeroUsize) -> Self {
        Self {
            threads,
            budget_mib: u32::try_from(threads.get())
                .unwrap_or(u32::MAX)
                .saturating_mul(Self::MIB_PER_THREAD),
            max_waiting: threads
                .saturating_mul(NonZeroUsize::new(Self::WAITING_PER_THREAD).unwrap_or(threads)),
            max_wait: Self::MAX_WAIT,
            form: NewHashForm::default(),
            salts: SaltSource::operating_system(),
        }
    }
}

impl Default for HashPoolConfig {
    /// The defaults for as many threads as the process may use cores.
    fn default() -> Self {
        Self::with_threads(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }
}
