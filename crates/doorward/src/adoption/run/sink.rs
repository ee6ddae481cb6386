//! Where batches go.

use std::time::Duration;

use tokio::time::Instant;

use crate::store::Transaction;

/// A transaction of SQLite that holds several batches.
pub(super) struct Group {
    pub(super) tx: Transaction,
    pub(super) since: Instant,
    pub(super) batches: u32,
}

/// How long a transaction of SQLite collects batches. Other writers wait for it, five seconds at most.
pub(super) const LONGEST_GROUP: Duration = Duration::from_secs(1);
/// How many batches it collects at most: what a kill can cost.
pub(super) const LARGEST_GROUP: u32 = 8;

/// Where batches go.
pub(super) enum Sink {
    /// Each into a transaction of its own.
    Batchwise,
    /// Several into one, no longer than [`LONGEST_GROUP`]: SQLite writes each changed page of an index with each commit, and
    /// rows that come in no order change most pages of it.
    Grouped(Option<Group>),
    /// All into this one, because the source has no order to resume by.
    Whole(Transaction),
    /// All into this one, on temporary tables.
    Dry(Transaction),
}
