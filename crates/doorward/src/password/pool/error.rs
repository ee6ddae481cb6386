//! Why the pool did not answer.

use std::{io, time::Duration};

use thiserror::Error;

use super::super::{HashError, SaltUnavailable};

/// Why a job of the pool has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HashPoolError {
    /// The queue is full, or the job waited too long: 503 with `Retry-After`.
    #[error("too many password checks are waiting; try again in {} s", retry_after.as_secs())]
    Busy {
        /// When to try again: one to five whole seconds, spread over the refused callers.
        retry_after: Duration,
    },
    /// The hash could not be computed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// There was no salt for a new hash.
    #[error(transparent)]
    Salt(#[from] SaltUnavailable),
    /// The job panicked. Its thread goes on.
    #[error("a password hashing job panicked; report this as a defect")]
    Panicked,
}

/// Why a pool could not be started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HashPoolStartError {
    /// A thread could not be started.
    #[error("a password hashing thread could not be started; check the process's thread limit")]
    Thread(#[source] io::Error),
    /// The dummy hash could not be made for want of randomness.
    #[error(transparent)]
    Salt(#[from] SaltUnavailable),
    /// The dummy hash could not be made from the configured parameters.
    #[error(transparent)]
    Hash(#[from] HashError),
}
