//! The table `audit_seals`: the chain over `audit_events` ([`crate::audit::chain`]).
//!
//! Several nodes may seal at once: the number of a seal is its primary key, and whoever comes second starts again.

use std::time::Duration;

use super::{Sql, Store, StoreError, audit_events::EventRow};
use crate::{
    audit::{
        Event, EventKind,
        chain::{Head, Sealed, Tampering, Walk},
    },
    caller::Caller,
    clock::Timestamp,
};

/// How many events are sealed in one transaction, and read at once.
const BATCH: i64 = 500;
/// How far behind the last sealed event a look for others goes: a transaction that began before may end after.
const LOOK_BACK: i64 = 1_000;
/// How many events one purge deletes at most.
const PURGE_BATCH: i64 = 5_000;
/// How often sealing starts again when another node was first.
const ATTEMPTS: u32 = 20;

const HEAD: Sql =
    Sql::both("SELECT seq, event_id, hash FROM audit_seals ORDER BY seq DESC LIMIT 1");
const HIGHEST: Sql = Sql::both("SELECT COALESCE(MAX(event_id), 0) FROM audit_seals");
const UNSEALED: Sql = Sql::both(
    "SELECT e.id, e.at_ms, e.kind, e.outcome, e.actor, e.actor_id, e.subject_id, e.address, e.request_id, e.user_agent, \
     e.node, e.detail FROM audit_events e LEFT JOIN audit_seals s ON s.event_id = e.id \
     WHERE e.id > ? AND s.event_id IS NULL ORDER BY e.id LIMIT ?",
);
const SEAL: Sql = Sql::both("INSERT INTO audit_seals (seq, event_id, hash) VALUES (?, ?, ?)");
const SEALS: Sql = Sql::both(
    "SELECT seq, event_id, hash FROM audit_seals WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT 500",
);
const EVENTS: Sql = Sql::both(
    "SELECT e.id, e.at_ms, e.kind, e.outcome, e.actor, e.actor_id, e.subject_id, e.address, e.request_id, e.user_agent, \
     e.node, e.detail FROM audit_seals s JOIN audit_events e ON e.id = s.event_id \
     WHERE s.seq > ? AND s.seq <= ? ORDER BY s.seq LIMIT 500",
);
const OLDEST: Sql = Sql::both(
    "SELECT s.seq, s.hash, e.at_ms FROM audit_seals s JOIN audit_events e ON e.id = s.event_id ORDER BY s.seq LIMIT ?",
);
const PURGE_EVENTS: Sql = Sql::each(
    "DELETE FROM audit_events WHERE id IN (SELECT event_id FROM audit_seals WHERE seq <= ?)",
    "DELETE e FROM audit_events e JOIN audit_seals s ON s.event_id = e.id WHERE s.seq <= ?",
);
const PURGE_SEALS: Sql = Sql::both("DELETE FROM audit_seals WHERE seq < ?");

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("audit_seals.HEAD", HEAD),
    ("audit_seals.HIGHEST", HIGHEST),
    ("audit_seals.UNSEALED", UNSEALED),
    ("audit_seals.SEAL", SEAL),
    ("audit_seals.SEALS", SEALS),
    ("audit_seals.EVENTS", EVENTS),
    ("audit_seals.OLDEST", OLDEST),
    ("audit_seals.PURGE_EVENTS", PURGE_EVENTS),
    ("audit_seals.PURGE_SEALS", PURGE_SEALS),
];

/// How far a look for events without a seal goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealReach {
    /// The newest: for every second.
    Newest,
    /// All: for now and then, and before the chain is verified.
    All,
}

impl Store {
    /// The end of the chain.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn audit_head(&self) -> Result<Head, StoreError> {
        let row: Option<(i64, i64, Vec<u8>)> = self.database().fetch_optional(HEAD, &[]).await?;
        row.map_or(Ok(Head::EMPTY), |(seq, _, hash)| head(seq, &hash))
    }

    /// Seals events that have no seal yet, by their numbers. Returns how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn seal_audit_events(&self, reach: SealReach) -> Result<u64, StoreError> {
        let mut sealed = 0;
        let mut lost = 0;
        loop {
            match self.seal_batch(reach).await {
                Ok(0) => return Ok(sealed),
                Ok(more) => sealed += more,
                // Another node was first: what it sealed is not ours to seal any more.
                Err(StoreError::AlreadyExists) if lost < ATTEMPTS => {
                    lost += 1;
                    super::pause(lost.min(5)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn seal_batch(&self, reach: SealReach) -> Result<u64, StoreError> {
        let after = match reach {
            SealReach::All => 0,
            SealReach::Newest => {
                let highest: Option<(i64,)> = self.database().fetch_optional(HIGHEST, &[]).await?;
                highest.map_or(0, |(id,)| id.saturating_sub(LOOK_BACK))
            }
        };
        let mut head = self.audit_head().await?;
        let rows: Vec<EventRow> = self
            .database()
            .fetch_all(UNSEALED, &[after.into(), BATCH.into()])
            .await?;
        let mut seals = Vec::with_capacity(rows.len());
        for row in rows {
            let event = row.into_event();
            head = head.with(&event);
            seals.push((head, event.id));
        }
        if seals.is_empty() {
            return Ok(0);
        }
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                for (head, event) in &seals {
                    let args = [head.seq.into(), (*event).into(), (&head.hash).into()];
                    tx.execute(SEAL, &args).await?;
                }
                tx.commit().await
            })
            .await?;
        Ok(u64::try_from(seals.len()).unwrap_or(u64::MAX))
    }

    /// Walks along the chain as far as it reaches now. Returns its end and how many events were verified, or what was done
    /// to the trail. With `expected`, an end that somebody kept elsewhere, the chain must lead through it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn verify_audit_chain(
        &self,
        expected: Option<Head>,
    ) -> Result<Result<(Head, u64), Tampering>, StoreError> {
        let until = self.audit_head().await?.seq;
        let mut walk = Walk::expecting(expected);
        let mut after = 0;
        loop {
            let args = [after.into(), until.into()];
            let seals: Vec<(i64, i64, Vec<u8>)> = self.database().fetch_all(SEALS, &args).await?;
            let Some((last, ..)) = seals.last() else {
                return Ok(walk.end());
            };
            let args = [after.into(), (*last).into()];
            after = *last;
            let events: Vec<EventRow> = self.database().fetch_all(EVENTS, &args).await?;
            let mut events = events.into_iter().map(EventRow::into_event).peekable();
            for (seq, event_id, hash) in seals {
                let sealed = Sealed {
                    head: head(seq, &hash)?,
                    event: events.next_if(|event| event.id == event_id),
                };
                if let Err(tampering) = walk.step(&sealed) {
                    return Ok(Err(tampering));
                }
            }
        }
    }

    /// Deletes the oldest events, as many as are older than `keep` and at most some thousand, with their seals but for the
    /// last, and records that. Returns how many. It stops before a hole in the chain, which is evidence.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge_audit_events(
        &self,
        now: Timestamp,
        keep: Duration,
    ) -> Result<u64, StoreError> {
        let oldest: Vec<(i64, Vec<u8>, i64)> = self
            .database()
            .fetch_all(OLDEST, &[PURGE_BATCH.into()])
            .await?;
        let first = oldest.first().map_or(0, |(seq, ..)| *seq);
        let last = (first..)
            .zip(&oldest)
            .take_while(|(due, (seq, _, at))| {
                due == seq && now.since(Timestamp::from_millis(*at)) > keep
            })
            .last();
        let Some((_, (seq, hash, _))) = last else {
            return Ok(0);
        };
        let through = head(*seq, hash)?;
        let event = Event::success(EventKind::AuditPurged, &Caller::system());
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                let args = [through.seq.into()];
                let deleted = tx.execute(PURGE_EVENTS, &args).await?.rows_affected;
                // Another node has done it.
                if deleted == 0 {
                    return Ok(0);
                }
                tx.execute(PURGE_SEALS, &args).await?;
                let event = event
                    .clone()
                    .detail("through", through)
                    .detail("events", deleted);
                self.record(&mut tx, &event, now).await?;
                tx.commit().await?;
                Ok(deleted)
            })
            .await
    }
}

fn head(seq: i64, hash: &[u8]) -> Result<Head, StoreError> {
    let hash = hash.try_into().map_err(|_| StoreError::Corrupt {
        table: "audit_seals",
        column: "hash",
    })?;
    Ok(Head { seq, hash })
}
