//! Slowing down whoever guesses passwords, without locking anybody out.
//!
//! Failures are counted per *name and network* and per *network*, never per name alone: what a stranger does
//! elsewhere cannot slow down the owner of an account (AU-04, AU-06, AU-10; NIST SP 800-63B §3.2.2). Names that do
//! not exist are counted like those that do, so the answers tell nothing. Counts live in the database: they survive
//! a restart and hold for all nodes together.
//!
//! # What holds when guesses come at the same moment
//!
//! A guess is decided twice: before the hash, so that whoever has to wait costs nothing (AU-05), and after it, when it
//! is counted by compare-and-set. One that finds no room then is answered as throttled, whether its password was right
//! or wrong. So of any number of guesses at one name from one network, sent to any number of nodes at once, at most
//! [`ThrottlePolicy::free_attempts`] learn anything, and after them one per wait: exactly what would have been answered
//! had they come one after the other (CVE-2019-5421). Within one process no more than that are hashed either; of *n*
//! processes each may hash so many. The clocks of the nodes must agree to within a second.
//!
//! A right password with no failures before it writes nothing. A failure writes once per bucket.

mod admission;
mod allowance;
mod device;
mod standing;

use std::{collections::HashMap, net::IpAddr, sync::Mutex, time::Duration};

pub use admission::Admission;
pub use allowance::Allowance;
pub use device::{DeviceToken, KnownDevice, KnownDevices};
use sha2::{Digest, Sha256};
pub use standing::Standing;

use crate::{
    clock::Timestamp,
    store::{FailureCount, Store, StoreError},
};

/// How long a bucket is remembered after its last failure.
const QUIET: Duration = Duration::from_hours(24);
/// The same for a whole network.
const NETWORK_QUIET: Duration = Duration::from_mins(10);
/// Failures of a known device before it counts as unknown, until it has been quiet for a day.
const DEVICE_FAILURES: u64 = 5;

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
    fn wait(&self, rule: Rule, count: FailureCount, now: Timestamp) -> Option<Duration> {
        match rule {
            Rule::Name => self.name_wait(count, now),
            Rule::Network => self.network_wait(count, now),
            // There is no next one: the device is treated as any other.
            Rule::Device => (count.failures >= DEVICE_FAILURES).then_some(Duration::from_secs(1)),
        }
    }

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

/// What a bucket counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Name,
    Network,
    Device,
}

impl Rule {
    fn quiet(self) -> Duration {
        match self {
            Self::Name | Self::Device => QUIET,
            Self::Network => NETWORK_QUIET,
        }
    }

    /// The count as it matters now: what has been quiet is forgotten.
    fn current(self, count: FailureCount, now: Timestamp) -> u64 {
        let quiet_since = before(now, self.quiet());
        match count.last_failed_at {
            Some(last) if last >= quiet_since => count.failures,
            _ => 0,
        }
    }
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
    devices: Option<KnownDevices>,
    registrations: Option<Allowance>,
    /// Attempts that are being verified now, so that one process hashes no more guesses than could be answered.
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
            devices: None,
            registrations: None,
            in_flight: Mutex::default(),
        }
    }

    /// Lets devices that have logged in before pass by others' failures.
    #[must_use]
    pub fn with_known_devices(mut self, devices: KnownDevices) -> Self {
        self.devices = Some(devices);
        self
    }

    /// Limits how many registrations a network may ask for.
    #[must_use]
    pub fn with_registrations(mut self, allowance: Allowance) -> Self {
        self.registrations = Some(allowance);
        self
    }

    /// The known devices, unless everybody passes anyway.
    #[must_use]
    pub fn devices(&self) -> Option<&KnownDevices> {
        self.policy.and(self.devices.as_ref())
    }

    /// Counts a registration that `network` asks for, whatever becomes of it: a refusal tells which names are taken.
    ///
    /// # Errors
    /// As [`Throttle::spend`].
    pub async fn spend_registration(
        &self,
        network: Network,
        now: Timestamp,
    ) -> Result<(), AdmissionError> {
        match self.registrations {
            Some(allowance) => {
                self.spend_of_network("registration", network, allowance, now)
                    .await
            }
            None => Ok(()),
        }
    }

    /// Deletes counts that no longer matter, a few hundred at a time. Returns how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.store.purge_login_failures(before(now, QUIET)).await
    }
}

fn name_bucket(name: &[u8], network: Network) -> Bucket {
    bucket(b"name and network", &[name, &network.0])
}

fn network_bucket(network: Network) -> Bucket {
    bucket(b"network", &[&network.0])
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
