//! How many events there were since the process started, for its metrics.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError, atomic::AtomicU64, atomic::Ordering},
};

use super::{EventKind, Outcome};

/// Counts by kind and outcome.
#[derive(Debug, Default)]
pub struct Tally {
    counts: Mutex<BTreeMap<(EventKind, Outcome), u64>>,
    lost: AtomicU64,
}

impl Tally {
    pub(crate) fn add(&self, kind: EventKind, outcome: Outcome) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((kind, outcome)).or_default() += 1;
    }

    pub(crate) fn add_lost(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// The counts that are not zero.
    #[must_use]
    pub fn counts(&self) -> Vec<(EventKind, Outcome, u64)> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .map(|((kind, outcome), count)| (*kind, *outcome, *count))
            .collect()
    }

    /// How many events could not be written to the database. They are in the log alone (LG-04).
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}
