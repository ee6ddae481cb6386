//! How many connections may be open, in all and from one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts open connections.
#[derive(Debug, Clone)]
pub(crate) struct Ceiling {
    counts: Arc<Mutex<Counts>>,
    total: usize,
    per_address: Option<usize>,
    turned_away: usize,
}

#[derive(Debug, Default)]
struct Counts {
    open: usize,
    turned_away: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A refusal at the ceiling.
#[derive(Debug)]
pub(crate) enum Refused {
    /// There is room to say so.
    Politely(Slot),
    /// There is not.
    Silently,
}

/// A counted connection; dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct Slot {
    counts: Arc<Mutex<Counts>>,
    kind: SlotKind,
}

#[derive(Debug)]
enum SlotKind {
    Open(Option<IpAddr>),
    TurnedAway,
}

impl Ceiling {
    pub(crate) fn new(total: usize, per_address: Option<usize>, turned_away: usize) -> Self {
        Self {
            counts: Arc::default(),
            total,
            per_address,
            turned_away,
        }
    }

    pub(crate) fn admit(&self, address: IpAddr) -> Result<Slot, Refused> {
        let mut counts = lock(&self.counts);
        let network = self.per_address.map(|limit| (network(address), limit));
        let is_full = counts.open >= self.total
            || network.is_some_and(|(network, limit)| {
                counts.by_address.get(&network).copied().unwrap_or(0) >= limit
            });
        if !is_full {
            counts.open += 1;
            let network = network.map(|(network, _)| network);
            if let Some(network) = network {
                *counts.by_address.entry(network).or_default() += 1;
            }
            return Ok(self.slot(SlotKind::Open(network)));
        }
        if counts.turned_away >= self.turned_away {
            return Err(Refused::Silently);
        }
        counts.turned_away += 1;
        Err(Refused::Politely(self.slot(SlotKind::TurnedAway)))
    }

    fn slot(&self, kind: SlotKind) -> Slot {
        Slot {
            counts: Arc::clone(&self.counts),
            kind,
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        match self.kind {
            SlotKind::TurnedAway => counts.turned_away -= 1,
            SlotKind::Open(network) => {
                counts.open -= 1;
                let Some(network) = network else { return };
                if let Some(count) = counts.by_address.get_mut(&network) {
                    *count -= 1;
                    if *count == 0 {
                        counts.by_address.remove(&network);
                    }
                }
            }
        }
    }
}

/// Counts are whole after every statement, so a panic elsewhere spoils nothing.
fn lock(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One customer holds a whole /64 of IPv6, and would otherwise have 2^64
/// addresses to come from.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_place_comes_back_when_its_connection_ends() {
        let ceiling = Ceiling::new(2, None, 1);
        let first = ceiling.admit(ip("10.0.0.1")).unwrap();
        let _second = ceiling.admit(ip("10.0.0.2")).unwrap();
        let told = ceiling.admit(ip("10.0.0.3"));
        assert!(matches!(told, Err(Refused::Politely(_))));
        assert!(matches!(
            ceiling.admit(ip("10.0.0.3")),
            Err(Refused::Silently)
        ));
        drop((first, told));
        assert!(ceiling.admit(ip("10.0.0.3")).is_ok());
    }

    #[test]
    fn one_address_cannot_take_every_place() {
        let ceiling = Ceiling::new(100, Some(2), 1);
        let held: Vec<_> = ["10.0.0.1", "::ffff:10.0.0.1"]
            .map(|address| ceiling.admit(ip(address)).unwrap())
            .into();
        assert!(ceiling.admit(ip("10.0.0.1")).is_err());
        assert!(ceiling.admit(ip("10.0.0.2")).is_ok());
        drop(held);
        assert!(ceiling.admit(ip("10.0.0.1")).is_ok());
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_together_and_are_forgotten() {
        let ceiling = Ceiling::new(100, Some(1), 1);
        let held = ceiling.admit(ip("2001:db8::1")).unwrap();
        assert!(ceiling.admit(ip("2001:db8::2")).is_err());
        assert!(ceiling.admit(ip("2001:db8:0:1::1")).is_ok());
        drop(held);
        assert!(lock(&ceiling.counts).by_address.is_empty());
    }
}
