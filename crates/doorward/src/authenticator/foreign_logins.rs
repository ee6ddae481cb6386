//! Writing down what still arrives from other applications.

use std::collections::BTreeMap;

use tokio::sync::Mutex;

use super::Authenticator;
use crate::{
    foreign::{ForeignKind, SourceName, TallyReading},
    store::StoreError,
};

/// What was written to the database already, per source. One writes at a time, so nothing is added twice.
#[derive(Debug, Default)]
pub(super) struct Flushed(Mutex<BTreeMap<(ForeignKind, SourceName), TallyReading>>);

impl Authenticator {
    /// Adds to the database what was counted since the last call. Call it every few seconds and before the end; several
    /// nodes add up. What could not be written is written the next time.
    ///
    /// # Errors
    /// [`StoreError`]; what was written before it stays written.
    pub async fn flush_foreign_logins(&self) -> Result<(), StoreError> {
        let mut flushed = self.flushed.0.lock().await;
        for tally in self.foreign.tallies() {
            let Some(last_seen) = tally.last_seen() else {
                continue;
            };
            let reading = tally.reading();
            let before = flushed
                .entry((tally.kind(), tally.name().clone()))
                .or_default();
            let more = reading.since(before);
            if !more.is_zero() {
                self.parts
                    .store
                    .add_foreign_logins(tally.kind(), tally.name(), &more, last_seen)
                    .await?;
                *before = reading;
            }
        }
        Ok(())
    }
}
