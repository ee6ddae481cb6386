//! The table `audit_events`: rows are added and, when their time is over, deleted; none is ever changed (ASVS 16.4.2).

use std::sync::Arc;

use super::{Arg, Sql, Store, StoreError, Transaction};
use crate::{
    audit::{Columns, Event, Tally, node},
    clock::Timestamp,
};

const ADD: Sql = Sql::both(
    "INSERT INTO audit_events (at_ms, kind, outcome, actor, actor_id, subject_id, address, request_id, user_agent, node, \
     detail) VALUES (?, ?, ?, ?, NULLIF(?, 0), NULLIF(?, 0), NULLIF(?, ''), NULLIF(?, ''), NULLIF(?, ''), ?, NULLIF(?, ''))",
);

pub(super) const STATEMENTS: &[(&str, Sql)] = &[("audit_events.ADD", ADD)];

/// An event that is told to the log and counted once it is in the database.
#[derive(Debug)]
pub(super) struct Announcement {
    columns: Columns,
    tally: Arc<Tally>,
}

impl Announcement {
    pub(super) fn announce(self) {
        let Self { columns, tally } = self;
        tally.add(columns.kind, columns.outcome);
        tracing::info!(
            target: "doorward::audit",
            event = columns.kind.as_str(),
            outcome = columns.outcome.as_str(),
            actor = columns.actor,
            actor_id = columns.actor_id,
            subject_id = columns.subject_id,
            address = columns.address,
            request_id = columns.request_id,
            user_agent = columns.user_agent,
            node = node(),
            detail = columns.detail,
        );
    }
}

impl Store {
    /// Adds an event to the audit trail with the change that it tells of: both or neither (LG-05). The log hears of it
    /// when `tx` is committed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record(
        &self,
        tx: &mut Transaction,
        event: &Event,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let columns = event.columns();
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let (address, request_id, user_agent, detail) = (
            text(&columns.address),
            text(&columns.request_id),
            text(&columns.user_agent),
            text(&columns.detail),
        );
        let args: [Arg<'_>; 11] = [
            now.into(),
            columns.kind.as_str().into(),
            columns.outcome.as_str().into(),
            columns.actor.into(),
            columns.actor_id.unwrap_or(0).into(),
            columns.subject_id.unwrap_or(0).into(),
            address.as_str().into(),
            request_id.as_str().into(),
            user_agent.as_str().into(),
            node().into(),
            detail.as_str().into(),
        ];
        tx.execute(ADD, &args).await?;
        tx.announce_on_commit(Announcement {
            columns,
            tally: Arc::clone(&self.audit_tally),
        });
        Ok(())
    }

    /// Adds an event that goes with no change of its own.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record_alone(&self, event: &Event, now: Timestamp) -> Result<(), StoreError> {
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                self.record(&mut tx, event, now).await?;
                tx.commit().await
            })
            .await
    }

    /// Tells the log of an event that the database did not take, and counts it as lost (LG-04).
    pub(crate) fn announce_lost(&self, event: &Event) {
        self.audit_tally.add_lost();
        Announcement {
            columns: event.columns(),
            tally: Arc::clone(&self.audit_tally),
        }
        .announce();
    }

    /// What was recorded since this process started.
    #[must_use]
    pub fn audit_tally(&self) -> &Tally {
        &self.audit_tally
    }
}
