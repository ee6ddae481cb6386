//! The table `audit_events`: rows are added and, when their time is over, deleted; none is ever changed (ASVS 16.4.2).

use std::sync::Arc;

use super::{Arg, Sql, Store, StoreError, Transaction};
use crate::{
    audit::{Columns, Event, EventFilter, StoredEvent, Tally, node},
    clock::Timestamp,
};

const ADD: Sql = Sql::both(
    "INSERT INTO audit_events (at_ms, kind, outcome, actor, actor_id, subject_id, address, request_id, user_agent, node, \
     detail) VALUES (?, ?, ?, ?, NULLIF(?, 0), NULLIF(?, 0), NULLIF(?, ''), NULLIF(?, ''), NULLIF(?, ''), ?, NULLIF(?, ''))",
);

/// Newest first. An empty text and a zero stand for "any".
const LIST: Sql = Sql::both(
    "SELECT id, at_ms, kind, outcome, actor, actor_id, subject_id, address, request_id, user_agent, node, detail \
     FROM audit_events WHERE id < ? AND at_ms >= ? AND at_ms < ? AND (? = '' OR kind = ?) AND (? = '' OR outcome = ?) \
     AND (? = '' OR actor = ?) AND (? = 0 OR actor_id = ?) AND (? = 0 OR subject_id = ?) AND (? = '' OR address = ?) \
     ORDER BY id DESC LIMIT ?",
);

pub(super) const STATEMENTS: &[(&str, Sql)] =
    &[("audit_events.ADD", ADD), ("audit_events.LIST", LIST)];

#[derive(sqlx::FromRow)]
pub(super) struct EventRow {
    id: i64,
    at_ms: i64,
    kind: String,
    outcome: String,
    actor: String,
    actor_id: Option<i64>,
    subject_id: Option<i64>,
    address: Option<String>,
    request_id: Option<String>,
    user_agent: Option<String>,
    node: Option<String>,
    detail: Option<String>,
}

impl EventRow {
    pub(super) fn into_event(self) -> StoredEvent {
        StoredEvent {
            id: self.id,
            at: Timestamp::from_millis(self.at_ms),
            kind: self.kind,
            outcome: self.outcome,
            actor: self.actor,
            actor_id: self.actor_id,
            subject_id: self.subject_id,
            address: self.address,
            request_id: self.request_id,
            user_agent: self.user_agent,
            node: self.node,
            detail: self.detail,
        }
    }
}

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

    /// At most `limit` events that match, newest first, with numbers below `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_audit_events(
        &self,
        filter: &EventFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let moment = |moment: Option<Timestamp>, or| moment.map_or(or, Timestamp::as_millis);
        let text = |text: &'_ Option<String>| text.clone().unwrap_or_default();
        let texts = [
            &filter.kind,
            &filter.outcome,
            &filter.actor,
            &filter.address,
        ]
        .map(text);
        let [kind, outcome, actor, address] = texts.each_ref().map(|it| Arg::from(it.as_str()));
        let actor_id = Arg::from(filter.actor_id.unwrap_or(0));
        let subject_id = Arg::from(filter.subject_id.unwrap_or(0));
        let args = [
            before.unwrap_or(i64::MAX).into(),
            moment(filter.since, i64::MIN).into(),
            moment(filter.until, i64::MAX).into(),
            kind,
            kind,
            outcome,
            outcome,
            actor,
            actor,
            actor_id,
            actor_id,
            subject_id,
            subject_id,
            address,
            address,
            i64::from(limit).into(),
        ];
        let rows: Vec<EventRow> = self.database().fetch_all(LIST, &args).await?;
        Ok(rows.into_iter().map(EventRow::into_event).collect())
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
