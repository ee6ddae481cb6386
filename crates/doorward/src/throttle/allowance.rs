//! So many of something in a window of time: registrations of a network, mails to an address.

use std::time::Duration;

use super::{AdmissionError, Network, Standing, Throttle, Throttled, before, bucket};
use crate::{clock::Timestamp, store::StoreError};

/// The longest window: what is older is forgotten.
const LONGEST: Duration = super::QUIET;
/// How often a count that others change at the same moment is tried again.
const ATTEMPTS: u32 = 8;

/// How many are allowed in how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// So many.
    pub count: u32,
    /// In this time, from the first one on; at most a day.
    pub window: Duration,
}

impl Allowance {
    /// `count` an hour.
    #[must_use]
    pub const fn per_hour(count: u32) -> Self {
        Self {
            count,
            window: Duration::from_hours(1),
        }
    }
}

impl Throttle {
    /// Spends one of `allowance` for `key` (a network, an account, a name, whether it exists or not), counted apart
    /// for each `purpose`. Without a policy (the demo) nothing is counted and everybody passes.
    ///
    /// The count is in the database and changes by compare-and-set: of any number of calls at once, on any number of
    /// nodes, exactly `allowance.count` pass in a window (CVE-2019-5421 shows the race). A refused call counts nothing.
    ///
    /// # Errors
    /// [`AdmissionError::Throttled`] says when the window ends.
    pub async fn spend(
        &self,
        purpose: &str,
        key: &[u8],
        allowance: Allowance,
        now: Timestamp,
    ) -> Result<(), AdmissionError> {
        if self.policy.is_none() {
            return Ok(());
        }
        let bucket = bucket(b"allowance", &[purpose.as_bytes(), key]);
        let window = allowance.window.min(LONGEST);
        let begun_after = before(now, window);
        for _ in 0..ATTEMPTS {
            if self
                .store
                .spend_of_window(&bucket, allowance.count, begun_after)
                .await?
            {
                return Ok(());
            }
            let seen = self.store.find_login_failures(&bucket).await?;
            match seen.last_failed_at.filter(|begun| *begun > begun_after) {
                Some(begun) if seen.failures >= u64::from(allowance.count) => {
                    let left = begun.after(window).since(now).min(window);
                    return Err(Throttled { retry_after: left }.into());
                }
                // Somebody began the window a moment ago.
                Some(_) => {}
                None if allowance.count == 0 => break,
                None => {
                    if self.store.set_failures_seen(&bucket, seen, 1, now).await? {
                        return Ok(());
                    }
                }
            }
        }
        Err(Throttled {
            retry_after: Duration::from_secs(1),
        }
        .into())
    }

    /// How a network stands with `allowance`; `None` when everybody passes (the demo).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn standing_of_network(
        &self,
        purpose: &str,
        network: Network,
        allowance: Allowance,
        now: Timestamp,
    ) -> Result<Option<Standing>, StoreError> {
        if self.policy.is_none() {
            return Ok(None);
        }
        let bucket = bucket(b"allowance", &[purpose.as_bytes(), &network.0]);
        let window = allowance.window.min(LONGEST);
        let begun_after = before(now, window);
        let seen = self.store.find_login_failures(&bucket).await?;
        let begun = seen.last_failed_at.filter(|begun| *begun > begun_after);
        let spent = begun.map_or(0, |_| seen.failures);
        Ok(Some(Standing {
            quota: allowance.count,
            window,
            remaining: u64::from(allowance.count).saturating_sub(spent),
            reset: begun.map(|begun| begun.after(window).since(now).min(window)),
        }))
    }

    /// [`Throttle::spend`] for a network.
    ///
    /// # Errors
    /// As [`Throttle::spend`].
    pub async fn spend_of_network(
        &self,
        purpose: &str,
        network: Network,
        allowance: Allowance,
        now: Timestamp,
    ) -> Result<(), AdmissionError> {
        self.spend(purpose, &network.0, allowance, now).await
    }
}
