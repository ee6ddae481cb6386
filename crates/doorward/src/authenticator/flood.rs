//! How many refusals are recorded: a request that costs its sender nothing must not cost us a row each time.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{audit::EventKind, clock::Timestamp, throttle::Network, user::UserId};

/// How long is counted.
const WINDOW: Duration = Duration::from_mins(1);
/// The most rows of a kind in that time, whoever causes them.
const MOST: u32 = 1_000;

/// Whom a refusal is counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// Whoever is not logged in.
    Network(Network),
    /// Whoever is, from everywhere.
    User(UserId),
}

/// The refusals of each kind in this minute. Kinds do not share a limit: whoever floods one hides no other.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<BTreeMap<EventKind, Minute>>);

#[derive(Debug, Default)]
struct Minute {
    began: Option<Timestamp>,
    /// Whoever is in here has a row in this minute, so there are no more than [`MOST`].
    rows: HashMap<Source, u32>,
    total: u32,
    /// Since the last row.
    unrecorded: u64,
}

impl Refusals {
    /// Whether this one is to be recorded, and then how many of its kind were not since the row before.
    pub(super) fn admit(&self, kind: EventKind, source: Source, now: Timestamp) -> Option<u64> {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kinds
            .entry(kind)
            .or_default()
            .admit(each(kind), source, now)
    }
}

impl Minute {
    fn admit(&mut self, each: u32, source: Source, now: Timestamp) -> Option<u64> {
        if self.began.is_none_or(|began| now.since(began) >= WINDOW) {
            *self = Self {
                began: Some(now),
                unrecorded: self.unrecorded,
                ..Self::default()
            };
        }
        let rows = self.rows.get(&source).copied().unwrap_or(0);
        if rows >= each || self.total >= MOST {
            self.unrecorded = self.unrecorded.saturating_add(1);
            return None;
        }
        self.rows.insert(source, rows + 1);
        self.total += 1;
        Some(std::mem::take(&mut self.unrecorded))
    }
}

/// The most rows of a kind for one source in a minute. What is turned away by its network says the same each time.
fn each(kind: EventKind) -> u32 {
    match kind {
        EventKind::LoginThrottled | EventKind::RegistrationThrottled => 1,
        _ => 10,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    const KIND: EventKind = EventKind::RefreshRefused;

    fn network(n: u32) -> Source {
        Source::Network(IpAddr::V4(Ipv4Addr::from(n)).into())
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    #[test]
    fn a_network_is_recorded_as_throttled_once_a_minute() {
        let refusals = Refusals::default();
        for kind in [EventKind::LoginThrottled, EventKind::RegistrationThrottled] {
            assert_eq!(refusals.admit(kind, network(1), at(0)), Some(0));
            assert_eq!(refusals.admit(kind, network(1), at(59)), None);
            assert_eq!(refusals.admit(kind, network(2), at(59)), Some(1));
            assert_eq!(refusals.admit(kind, network(1), at(60)), Some(0));
        }
    }

    #[test]
    fn the_next_row_tells_how_many_were_not_recorded() {
        let refusals = Refusals::default();
        let user = Source::User(UserId::new(7));
        let recorded: Vec<_> = (0..25)
            .filter_map(|_| refusals.admit(KIND, user, at(0)))
            .collect();
        assert_eq!(recorded, [0; 10]);
        assert_eq!(refusals.admit(KIND, user, at(61)), Some(15));
        assert_eq!(refusals.admit(KIND, user, at(61)), Some(0));
    }

    #[test]
    fn networks_without_number_take_bounded_memory_and_rows() {
        let refusals = Refusals::default();
        for minute in 0..3 {
            let now = at(minute * 60);
            let rows = (0..20_000)
                .filter(|n| refusals.admit(KIND, network(*n), now).is_some())
                .count();
            assert_eq!(rows, MOST as usize);
            let kinds = refusals.0.lock().unwrap();
            assert!(
                kinds
                    .values()
                    .all(|minute| minute.rows.len() <= MOST as usize)
            );
        }
    }

    #[test]
    fn whoever_floods_one_kind_hides_no_other() {
        let refusals = Refusals::default();
        for n in 0..20_000 {
            refusals.admit(KIND, network(n), at(0));
        }
        let user = Source::User(UserId::new(7));
        assert_eq!(refusals.admit(EventKind::Forbidden, user, at(0)), Some(0));
    }
}
