//! How much is left before a name has to wait, for whoever asks from a network.

use std::time::Duration;

use super::{Network, QUIET, Rule, Throttle, before, name_bucket, network_bucket};
use crate::{
    clock::Timestamp,
    store::{FailureCount, StoreError},
};

/// What a client may know of its own failures; the same for names that exist and names that do not (AU-05). The fields
/// are those of draft-ietf-httpapi-ratelimit-headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Failures that are free.
    pub quota: u32,
    /// How long a failure is remembered after the last one.
    pub window: Duration,
    /// Failures left before the next wait; 0 while waiting.
    pub remaining: u64,
    /// When there will be more: the wait, or the end of the window. `None` when nothing has failed.
    pub reset: Option<Duration>,
}

impl Throttle {
    /// How `name` stands at `network`; `None` when everybody passes (the demo).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn standing(
        &self,
        name: &[u8],
        network: Network,
        now: Timestamp,
    ) -> Result<Option<Standing>, StoreError> {
        let Some(policy) = self.policy else {
            return Ok(None);
        };
        let (of_name, of_network) = self
            .store
            .find_two_login_failures(&name_bucket(name, network), &network_bucket(network))
            .await?;
        let wait =
            policy
                .wait(Rule::Name, of_name, now)
                .max(policy.wait(Rule::Network, of_network, now));
        // When the wait is over there is always one more.
        let left = |quota: u32, rule: Rule, count: FailureCount| {
            u64::from(quota)
                .saturating_sub(rule.current(count, now))
                .max(1)
        };
        let remaining = left(policy.free_attempts, Rule::Name, of_name).min(left(
            policy.network_burst,
            Rule::Network,
            of_network,
        ));
        let failing = Rule::Name.current(of_name, now) > 0;
        let forgotten = of_name
            .last_failed_at
            .filter(|_| failing)
            .map(|last| last.since(before(now, QUIET)).min(QUIET));
        Ok(Some(Standing {
            quota: policy.free_attempts,
            window: QUIET,
            remaining: if wait.is_some() { 0 } else { remaining },
            reset: wait.or(forgotten),
        }))
    }
}
