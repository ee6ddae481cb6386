//! Events that go with no change of their own.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::Authenticator;
use crate::{
    audit::{Event, EventKind, Outcome},
    caller::Caller,
    clock::Timestamp,
    throttle::Network,
};

/// How often a network is recorded as throttled.
const THROTTLED_EVERY: Duration = Duration::from_mins(1);
/// How many networks are remembered for that.
const MAX_NETWORKS: usize = 10_000;

/// Which networks were recorded as throttled, and when: an attempt that costs its sender nothing must not cost us a row
/// each time.
#[derive(Debug, Default)]
pub(super) struct ThrottledNetworks(Mutex<HashMap<Network, Timestamp>>);

impl ThrottledNetworks {
    /// Whether this one is to be recorded.
    fn is_due(&self, network: Network, now: Timestamp) -> bool {
        let mut recorded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |at: Timestamp| now.since(at) < THROTTLED_EVERY;
        if recorded.get(&network).is_some_and(|at| is_recent(*at)) {
            return false;
        }
        if recorded.len() >= MAX_NETWORKS {
            recorded.retain(|_, at| is_recent(*at));
        }
        // Ten thousand networks within a minute are an attack that its first rows tell of.
        if recorded.len() >= MAX_NETWORKS {
            return false;
        }
        recorded.insert(network, now);
        true
    }
}

impl Authenticator {
    /// Adds an event to the audit trail. When the database does not take it, it is in the log all the same and counts as
    /// lost: what the caller does goes on (ASVS 16.5.2; LG-04). An event that goes with a change belongs into its
    /// transaction: [`crate::store::Store::record`].
    pub async fn audit(&self, event: Event) {
        let store = &self.parts.store;
        if let Err(error) = store.record_alone(&event, self.now()).await {
            tracing::warn!(target: "doorward::audit", %error, "an event could not be written to the audit trail");
            store.announce_lost(&event);
        }
    }

    /// Counts a login that was turned away, and records it once a minute for each network.
    pub(super) async fn audit_throttled(&self, network: Network, caller: &Caller) {
        let kind = EventKind::LoginThrottled;
        if self.throttled_networks.is_due(network, self.now()) {
            self.audit(Event::denied(kind, caller)).await;
        } else {
            self.parts.store.audit_tally().add(kind, Outcome::Denied);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    #[test]
    fn a_network_is_recorded_as_throttled_once_a_minute() {
        let networks = ThrottledNetworks::default();
        let network = |n: u32| Network::from(IpAddr::V4(Ipv4Addr::from(n)));
        let at = Timestamp::from_seconds;
        assert!(networks.is_due(network(1), at(0)));
        assert!(!networks.is_due(network(1), at(59)));
        assert!(networks.is_due(network(2), at(59)));
        assert!(networks.is_due(network(1), at(60)));
    }

    #[test]
    fn networks_without_number_take_bounded_memory_and_rows() {
        let networks = ThrottledNetworks::default();
        let due = |second| {
            (0..20_000)
                .filter(|n| {
                    let address = IpAddr::V4(Ipv4Addr::from(*n));
                    networks.is_due(address.into(), Timestamp::from_seconds(second))
                })
                .count()
        };
        assert_eq!(due(0), MAX_NETWORKS);
        assert_eq!(due(61), MAX_NETWORKS);
    }
}
