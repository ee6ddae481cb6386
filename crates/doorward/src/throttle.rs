//! Slowing down whoever guesses passwords, without locking anybody out.
//!
//! Failures are counted per *name and network* and per *network*, never per name alone: what a stranger does
//! elsewhere cannot slow down the owner of an account (AU-04, AU-06, AU-10; NIST SP 800-63B §3.2.2). Names that do
//! not exist are counted like those that do, so the answers tell nothing. Counts live in the database: they survive
//! a restart and hold for all nodes together.

mod allowance;

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

pub use allowance::Allowance;
use sha2::{Digest, Sha256};

use crate::{
    clock::Timestamp,
    store::{FailureCount, Store, StoreError},
};

/// How long a bucket is remembered after its last failure.
const QUIET: Duration = Duration::from_hours(24);
/// The same for a whole network.
const NETWORK_QUIET: Duration = Duration::from_mins(10);

/// Where a request came from, as far as throttling goes: an IPv4 address, or the /64 of an IPv6 address, since one
/// household owns a whole /64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network([u8; 9]);

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        let mut bytes = [0; 9];
        match address.to_canonical() {
            IpAddr::V4(v4) => {
                bytes[0] = 4;
                bytes[1..5].copy_from_slice(&v4.octets());
            }
            IpAddr::V6(v6) => {
                bytes[0] = 6;
                bytes[1..9].copy_from_slice(&v6.octets()[..8]);
            }
        }
        Self(bytes)
    }
}

/// The throttle's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrottlePolicy {
    /// Failures of one name from one network before the first wait. Then it is 1, 2, 4, … seconds.
    pub free_attempts: u32,
    /// The longest such wait.
    pub max_delay: Duration,
    /// Failures from one network, whatever the names, before the first wait.
    pub network_burst: u32,
    /// Failures that a network may add per minute after that.
    pub network_per_minute: u32,
}

impl Default for ThrottlePolicy {
    /// 5 free failures and at most 15 minutes for a name; 10 and then 20 a minute for a network.
    fn default() -> Self {
        Self {
            free_attempts: 5,
            max_delay: Duration::from_mins(15),
            network_burst: 10,
            network_per_minute: 20,
        }
    }
}

impl ThrottlePolicy {
    /// When a bucket may be tried again; `None` when it may be tried at once.
    fn name_wait(&self, count: FailureCount, now: Timestamp) -> Option<Duration> {
        let over = count.failures.checked_sub(u64::from(self.free_attempts))?;
        let exponent = u32::try_from(over).unwrap_or(u32::MAX).min(31);
        let delay = Duration::from_secs(1 << exponent).min(self.max_delay);
        remaining(count.last_failed_at?, delay, now)
    }

    fn network_wait(&self, count: FailureCount, now: Timestamp) -> Option<Duration> {
        count.failures.checked_sub(u64::from(self.network_burst))?;
        let delay = Duration::from_mins(1) / self.network_per_minute.max(1);
        remaining(count.last_failed_at?, delay, now)
    }
}

fn remaining(last: Timestamp, delay: Duration, now: Timestamp) -> Option<Duration> {
    delay
        .checked_sub(now.since(last))
        .filter(|wait| !wait.is_zero())
}

/// Too many failures: try again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many failed attempts; try again later")]
pub struct Throttled {
    /// How long to wait.
    pub retry_after: Duration,
}

/// Counts failures and says who has to wait.
#[derive(Debug)]
pub struct Throttle {
    store: Store,
    policy: Option<ThrottlePolicy>,
    /// Attempts that are being verified now, so that many guesses sent at once do not all pass the check before the
    /// first of them has failed.
    in_flight: Mutex<HashMap<Bucket, u32>>,
}

type Bucket = [u8; 32];

impl Throttle {
    /// A throttle with `policy`; without one it lets everybody pass (the demo).
    #[must_use]
    pub fn new(store: Store, policy: Option<ThrottlePolicy>) -> Self {
        Self {
            store,
            policy,
            in_flight: Mutex::default(),
        }
    }

    /// Asks whether `name` (the canonical key, or what was typed when it is no name) may be tried from `network` now.
    ///
    /// # Errors
    /// [`AdmissionError::Throttled`] says how long to wait; it is decided before anything is hashed (AU-05).
    pub async fn admit(
        &self,
        name: &[u8],
        network: Network,
        now: Timestamp,
    ) -> Result<Admission<'_>, AdmissionError> {
        let name_bucket = bucket(b"name and network", &[name, &network.0]);
        let network_bucket = bucket(b"network", &[&network.0]);
        let Some(policy) = self.policy else {
            return Ok(Admission {
                throttle: self,
                name_bucket,
                network_bucket,
                had_failures: false,
                counted: false,
            });
        };
        let by_name = self.store.find_login_failures(&name_bucket).await?;
        let by_network = self.store.find_login_failures(&network_bucket).await?;
        let wait = policy
            .name_wait(by_name, now)
            .max(policy.network_wait(by_network, now));
        if let Some(retry_after) = wait {
            return Err(Throttled { retry_after }.into());
        }
        let mut in_flight = self
            .in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let others = in_flight.entry(name_bucket).or_default();
        // Within the free attempts they may run side by side; after that one at a time.
        let room = u64::from(policy.free_attempts)
            .saturating_sub(by_name.failures)
            .max(1);
        if u64::from(*others) >= room {
            return Err(Throttled {
                retry_after: Duration::from_secs(1),
            }
            .into());
        }
        *others += 1;
        Ok(Admission {
            throttle: self,
            name_bucket,
            network_bucket,
            had_failures: by_name.failures > 0,
            counted: true,
        })
    }

    /// Deletes counts that no longer matter, a few hundred at a time. Returns how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.store.purge_login_failures(before(now, QUIET)).await
    }
}

/// An attempt that was let through. Say how it ended with [`Admission::failed`] or [`Admission::succeeded`].
#[derive(Debug)]
#[must_use]
pub struct Admission<'t> {
    throttle: &'t Throttle,
    name_bucket: Bucket,
    network_bucket: Bucket,
    had_failures: bool,
    counted: bool,
}

impl Admission<'_> {
    /// The credentials were wrong.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn failed(self, now: Timestamp) -> Result<(), StoreError> {
        if self.counted {
            let store = &self.throttle.store;
            store
                .add_login_failure(&self.name_bucket, now, before(now, QUIET))
                .await?;
            store
                .add_login_failure(&self.network_bucket, now, before(now, NETWORK_QUIET))
                .await?;
        }
        Ok(())
    }

    /// The credentials were right: this network's failures with this name are forgotten.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn succeeded(self) -> Result<(), StoreError> {
        if self.had_failures {
            self.throttle
                .store
                .clear_login_failures(&self.name_bucket)
                .await
        } else {
            Ok(())
        }
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        if !self.counted {
            return;
        }
        let mut in_flight = self
            .throttle
            .in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(others) = in_flight.get_mut(&self.name_bucket) {
            *others = others.saturating_sub(1);
            if *others == 0 {
                in_flight.remove(&self.name_bucket);
            }
        }
    }
}

/// Why an attempt was not let through.
#[derive(Debug, thiserror::Error)]
pub enum AdmissionError {
    /// Too many failures.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The counts cannot be read. Without them nobody is let through.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn bucket(purpose: &[u8], parts: &[&[u8]]) -> Bucket {
    let mut hash = Sha256::new();
    for part in std::iter::once(&purpose).chain(parts) {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn before(now: Timestamp, duration: Duration) -> Timestamp {
    Timestamp::from_millis(
        now.as_millis()
            .saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
    )
}

#[cfg(test)]
mod tests;
