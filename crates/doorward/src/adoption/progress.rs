//! How far an adoption is, for whoever shows it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters that an adoption moves while others look at them.
#[derive(Debug, Default)]
pub struct Progress {
    rows: AtomicU64,
    rejected: AtomicU64,
    hashed: AtomicU64,
    read: AtomicU64,
    begun_at: AtomicU64,
    total: AtomicU64,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Rows dealt with by this run.
    pub rows: u64,
    /// Rejects among them.
    pub rejected: u64,
    /// Passwords hashed by this run.
    pub hashed: u64,
    /// Bytes of the file or rows of the table that are dealt with, by this run and before it.
    pub read: u64,
    /// Where this run began, in the same unit.
    pub begun_at: u64,
    /// Bytes of the file, or rows of the table; 0 while unknown.
    pub total: u64,
}

impl Progress {
    /// The counters now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Snapshot {
            rows: get(&self.rows),
            rejected: get(&self.rejected),
            hashed: get(&self.hashed),
            read: get(&self.read),
            begun_at: get(&self.begun_at),
            total: get(&self.total),
        }
    }

    pub(super) fn set_total(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    pub(super) fn count_hash(&self) {
        self.hashed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_batch(&self, seen: u64, rejected: u64, read: u64) {
        if self.rows.fetch_add(seen, Ordering::Relaxed) == 0 {
            // A file is read from its beginning also when the adoption goes on from its middle.
            self.begun_at
                .store(self.read.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.rejected.fetch_add(rejected, Ordering::Relaxed);
        self.read.store(read, Ordering::Relaxed);
    }
}
