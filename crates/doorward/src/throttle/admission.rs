//! Letting an attempt through, and counting how it ended.

use std::{sync::PoisonError, time::Duration};

use super::{
    AdmissionError, Bucket, DEVICE_FAILURES, KnownDevice, Network, Rule, Throttle, ThrottlePolicy,
    Throttled, name_bucket, network_bucket,
};
use crate::clock::Timestamp;

/// How often a count that others change at the same moment is tried again. Each time somebody else was counted, so the
/// free attempts are soon used up; whoever is still here then is told to come back.
const ATTEMPTS: u32 = 32;
const SHORTLY: Throttled = Throttled {
    retry_after: Duration::from_secs(1),
};

impl Throttle {
    /// Asks whether `name` (the canonical key, or what was typed when it is no name) may be tried from `network` now.
    /// A known device has a count of its own and does not wait for what others did.
    ///
    /// # Errors
    /// [`AdmissionError::Throttled`] says how long to wait; it is decided before anything is hashed (AU-05).
    pub async fn admit(
        &self,
        name: &[u8],
        network: Network,
        device: Option<KnownDevice>,
        now: Timestamp,
    ) -> Result<Admission<'_>, AdmissionError> {
        let Some(policy) = self.policy else {
            return Ok(Admission {
                throttle: self,
                policy: None,
                buckets: Vec::new(),
            });
        };
        if let Some(KnownDevice(bucket)) = device {
            let failures = self.store.find_login_failures(&bucket).await?;
            let failures = Rule::Device.current(failures, now);
            if failures < DEVICE_FAILURES {
                let buckets = vec![(bucket, Rule::Device)];
                return Ok(self.enter(policy, buckets, DEVICE_FAILURES - failures)?);
            }
        }
        let by_name = name_bucket(name, network);
        let by_network = network_bucket(network);
        let (of_name, of_network) = self
            .store
            .find_two_login_failures(&by_name, &by_network)
            .await?;
        let wait =
            policy
                .wait(Rule::Name, of_name, now)
                .max(policy.wait(Rule::Network, of_network, now));
        if let Some(retry_after) = wait {
            return Err(Throttled { retry_after }.into());
        }
        let buckets = vec![(by_network, Rule::Network), (by_name, Rule::Name)];
        let room = u64::from(policy.free_attempts).saturating_sub(Rule::Name.current(of_name, now));
        Ok(self.enter(policy, buckets, room)?)
    }

    /// Within the free attempts they may run side by side; after that one at a time.
    fn enter(
        &self,
        policy: ThrottlePolicy,
        buckets: Vec<(Bucket, Rule)>,
        room: u64,
    ) -> Result<Admission<'_>, Throttled> {
        let mut in_flight = self
            .in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((bucket, _)) = buckets.last() {
            let others = in_flight.entry(*bucket).or_default();
            if u64::from(*others) >= room.max(1) {
                return Err(SHORTLY);
            }
            *others += 1;
        }
        Ok(Admission {
            throttle: self,
            policy: Some(policy),
            buckets,
        })
    }
}

/// An attempt that was let through. Say how it ended with [`Admission::failed`] or [`Admission::succeeded`], and tell
/// the client nothing but their refusal if they refuse.
#[derive(Debug)]
#[must_use]
pub struct Admission<'t> {
    throttle: &'t Throttle,
    policy: Option<ThrottlePolicy>,
    /// What counts the attempt; the last one is the one that a success clears.
    buckets: Vec<(Bucket, Rule)>,
}

impl Admission<'_> {
    /// Whether a device was let through that has logged in to this account before, and not failed since too often.
    #[must_use]
    pub fn is_of_known_device(&self) -> bool {
        matches!(self.buckets.as_slice(), [(_, Rule::Device)])
    }

    /// The credentials were wrong.
    ///
    /// # Errors
    /// [`AdmissionError::Throttled`] when guesses that came at the same moment left no room for this one.
    pub async fn failed(self, now: Timestamp) -> Result<(), AdmissionError> {
        let Some(policy) = self.policy else {
            return Ok(());
        };
        // The name first: when it has no room, the network is not charged for a guess that learnt nothing.
        for (bucket, rule) in self.buckets.iter().rev() {
            self.count(policy, bucket, *rule, now).await?;
        }
        Ok(())
    }

    async fn count(
        &self,
        policy: ThrottlePolicy,
        bucket: &Bucket,
        rule: Rule,
        now: Timestamp,
    ) -> Result<(), AdmissionError> {
        let store = &self.throttle.store;
        for _ in 0..ATTEMPTS {
            let seen = store.find_login_failures(bucket).await?;
            if let Some(retry_after) = policy.wait(rule, seen, now) {
                return Err(Throttled { retry_after }.into());
            }
            let failures = rule.current(seen, now).saturating_add(1);
            if store.set_failures_seen(bucket, seen, failures, now).await? {
                return Ok(());
            }
        }
        Err(SHORTLY.into())
    }

    /// The credentials were right: this network's failures with this name are forgotten, or the known device's.
    ///
    /// # Errors
    /// As [`Admission::failed`]; the client must not learn that the credentials were right.
    pub async fn succeeded(self, now: Timestamp) -> Result<(), AdmissionError> {
        let Some(policy) = self.policy else {
            return Ok(());
        };
        let store = &self.throttle.store;
        for _ in 0..ATTEMPTS {
            let mut cleared = true;
            let counts = match self.buckets.as_slice() {
                [(first, first_rule), (second, second_rule)] => {
                    let (a, b) = store.find_two_login_failures(first, second).await?;
                    vec![(first, *first_rule, a), (second, *second_rule, b)]
                }
                [(only, rule)] => vec![(only, *rule, store.find_login_failures(only).await?)],
                _ => Vec::new(),
            };
            for (_, rule, seen) in &counts {
                if let Some(retry_after) = policy.wait(*rule, *seen, now) {
                    return Err(Throttled { retry_after }.into());
                }
            }
            if let Some((bucket, _, seen)) = counts.last() {
                cleared = store.forget_failures_seen(bucket, *seen).await?;
            }
            if cleared {
                return Ok(());
            }
        }
        Err(SHORTLY.into())
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        let Some((bucket, _)) = self.buckets.last() else {
            return;
        };
        let mut in_flight = self
            .throttle
            .in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(others) = in_flight.get_mut(bucket) {
            *others = others.saturating_sub(1);
            if *others == 0 {
                in_flight.remove(bucket);
            }
        }
    }
}
