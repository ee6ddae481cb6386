//! Carrying out a plan.

mod hashing;
mod journal;
mod open;
mod sink;

use std::sync::Arc;

use tokio::time::Instant;

use super::source::{Batch, Batches, read_between};
use super::write::Writer;
use super::{
    Adoptable, AdoptedPassword, AdoptionError, Mode, Plan, Progress, Reject, Report, RowRules,
    SourceAddress,
};
use crate::{
    clock::Clock,
    password::{AcceptedForms, HashPool},
    store::{AdoptionCounts, AdoptionRecord, AdoptionState, Database, FormCounts, Tables},
};
use journal::{Attempt, Done, Journal, add, lost_a_race, note};
use open::Opened;
use sink::{Group, LARGEST_GROUP, LONGEST_GROUP, Sink};

/// How often a batch is tried again when it lost a race.
const ATTEMPTS: u32 = 6;

/// What carries out a plan.
pub struct Adoption<'a> {
    /// Doorward's database; in place, the application's.
    pub database: &'a Database,
    /// What is planned.
    pub plan: &'a Plan,
    /// Which stored forms logins will accept.
    pub accepted: AcceptedForms,
    /// Hashes what is stored in the clear. Its form is that of the plan's `passwords.write` in place, and our own in a
    /// copy.
    pub hashes: &'a HashPool,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Moved along.
    pub progress: &'a Progress,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// The adoption; none in a dry run of one that has not begun.
    pub record: Option<AdoptionRecord>,
    /// What this run did, or would do.
    pub counts: AdoptionCounts,
    /// Passwords in the clear that a dry run found: it hashes none.
    pub plaintexts: u64,
    /// An earlier run was interrupted, and this one went on from there.
    pub resumed: bool,
    /// An earlier run was complete, and this one looked for what is new.
    pub repeated: bool,
    /// The password column was made wider.
    pub widened: bool,
}

impl Outcome {
    /// Whether the run changed nothing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.repeated
            && !self.widened
            && self.counts.adopted == 0
            && self.counts.hashed == 0
            && self.counts.rejected == 0
    }
}

impl Adoption<'_> {
    /// Carries out the plan, or what is left of it: an interrupted run is resumed, a complete one is looked through for
    /// what is new. `from` is where a copy comes from.
    ///
    /// # Errors
    /// [`AdoptionError`]. What was done before it stays, and is not done again by the next run.
    pub async fn run(&self, from: Option<&SourceAddress>) -> Result<Outcome, AdoptionError> {
        let opened = self.open(from).await?;
        let widened = self.prepare(&opened).await?;
        let record = self.begin(&opened).await?;
        let mut outcome = Outcome {
            resumed: record.state == AdoptionState::Running && record.position > opened.start(),
            repeated: record.state == AdoptionState::Complete,
            widened,
            ..Outcome::default()
        };
        self.database.set_bulk(true).await?;
        if !(outcome.repeated && opened.never_changes()) {
            let sink = match (opened.is_resumable(), self.database.engine()) {
                (false, _) => Sink::Whole(self.database.begin().await?),
                (true, "sqlite") => Sink::Grouped(None),
                (true, _) => Sink::Batchwise,
            };
            let journal = Journal {
                id: record.id,
                position: record.position,
                forms: record.forms.clone(),
                repeated: outcome.repeated,
            };
            let moment = record.started_at.as_millis();
            self.work(opened, sink, journal, moment, &mut outcome, None)
                .await?;
        }
        if !outcome.repeated
            && !self
                .database
                .complete_adoption(record.id, self.clock.now())
                .await?
        {
            return Err(AdoptionError::AnotherProcess);
        }
        self.database.set_bulk(false).await?;
        let records = self.database.adoptions().await?;
        outcome.record = records.into_iter().find(|found| found.id == record.id);
        Ok(outcome)
    }

    /// Does what [`Self::run`] would do, on temporary tables of one connection. Nothing in the database changes, no row is
    /// locked, no password is hashed. The rejects go into `report`.
    ///
    /// # Errors
    /// [`AdoptionError`].
    pub async fn dry_run(
        &self,
        from: Option<&SourceAddress>,
        report: Option<&mut Report>,
    ) -> Result<Outcome, AdoptionError> {
        let opened = self.open(from).await?;
        let found = self.database.adoptions().await?;
        let record = found.into_iter().find(|record| record.id == opened.id());
        let mut outcome = Outcome {
            resumed: record.as_ref().is_some_and(|record| {
                record.state == AdoptionState::Running && record.position > opened.start()
            }),
            repeated: record
                .as_ref()
                .is_some_and(|record| record.state != AdoptionState::Running),
            record,
            ..Outcome::default()
        };
        if outcome.repeated && opened.never_changes() {
            return Ok(outcome);
        }
        let journal = Journal {
            id: opened.id(),
            position: outcome
                .record
                .as_ref()
                .map_or(opened.start(), |record| record.position),
            forms: FormCounts::new(),
            repeated: outcome.repeated,
        };
        let moment = outcome
            .record
            .as_ref()
            .map_or_else(|| self.clock.now(), |record| record.started_at);
        let users_are_ours = self.plan.mode == Mode::Copy;
        let tx = self.database.begin_scratch(users_are_ours).await?;
        self.work(
            opened,
            Sink::Dry(tx),
            journal,
            moment.as_millis(),
            &mut outcome,
            report,
        )
        .await?;
        Ok(outcome)
    }

    async fn work(
        &self,
        opened: Opened,
        mut sink: Sink,
        mut journal: Journal,
        moment: i64,
        outcome: &mut Outcome,
        mut report: Option<&mut Report>,
    ) -> Result<(), AdoptionError> {
        #[allow(
            clippy::clone_on_copy,
            reason = "the forms are to become more than a few flags"
        )]
        let rules = Arc::new(RowRules::new(self.plan, self.accepted.clone()));
        let start = if journal.repeated {
            opened.start()
        } else {
            journal.position
        };
        self.progress.set_total(opened.total(start).await?);
        let table = opened.table().cloned();
        let writer = Writer {
            mode: self.plan.mode,
            tables: if matches!(sink, Sink::Dry(_)) {
                Tables::Scratch
            } else {
                Tables::Real
            },
            theirs: table.as_ref().filter(|_| self.plan.mode == Mode::InPlace),
            moment,
        };
        let mut batches: Batches = opened.spawn(&rules, start)?;
        let mut after = start;
        while let Some(batch) = batches.recv().await {
            let batch = batch?;
            let (seen, read, end) = (batch.seen, batch.read, batch.end);
            let done = self
                .deal_with(&writer, &rules, &mut sink, &mut journal, after, batch)
                .await?;
            after = end;
            outcome.plaintexts += done.plaintexts;
            add(&mut outcome.counts, done.counts);
            if let Some(report) = &mut report {
                for reject in &done.rejects {
                    report.add(reject)?;
                }
            }
            self.progress
                .count_batch(seen, done.rejects.len() as u64, read);
        }
        match sink {
            Sink::Batchwise | Sink::Grouped(None) => {}
            Sink::Grouped(Some(Group { tx, .. })) | Sink::Whole(tx) => tx.commit().await?,
            Sink::Dry(tx) => self.database.end_scratch(tx).await?,
        }
        Ok(())
    }

    /// Deals with one batch: hashes, writes, and says so in the journal, again when it lost a race.
    async fn deal_with(
        &self,
        writer: &Writer<'_>,
        rules: &RowRules,
        sink: &mut Sink,
        journal: &mut Journal,
        after: i64,
        mut batch: Batch,
    ) -> Result<Done, AdoptionError> {
        let mut known_rejects = Vec::new();
        if journal.repeated {
            let id = journal.id;
            known_rejects = self.database.rejects_between(id, after, batch.end).await?;
            if self.plan.mode == Mode::Copy {
                // What was copied once is doorward's own since: deleted users stay deleted.
                let open = |place: i64| {
                    place > journal.position
                        || known_rejects.iter().any(|reject| reject.place == place)
                };
                batch.rows.retain(|row| open(row.place));
                batch.rejects.retain(|reject| open(reject.place));
            }
        }
        let mut attempt = 1;
        loop {
            let is_plaintext =
                |row: &Adoptable| matches!(row.password, AdoptedPassword::Plaintext(_));
            if !matches!(sink, Sink::Dry(_)) && batch.rows.iter().any(is_plaintext) {
                // Nobody waits for a lock while passwords are hashed.
                if let Sink::Grouped(group) = sink
                    && let Some(group) = group.take()
                {
                    group.tx.commit().await?;
                }
                self.hash(&mut batch.rows).await?;
            }
            let attempted = match sink {
                Sink::Dry(tx) => {
                    let written = writer.write(tx, &batch.rows, journal.repeated).await?;
                    Attempt::of(written, &batch, &known_rejects)
                }
                Sink::Whole(tx) => {
                    let written = writer.write(tx, &batch.rows, false).await?;
                    let done = Attempt::of(written, &batch, &known_rejects);
                    if let Attempt::Done(done) = &done {
                        journal.forms = note(tx, journal, after, &batch, done).await?;
                    }
                    done
                }
                Sink::Grouped(group) => {
                    self.group(group, writer, journal, after, &batch, &known_rejects)
                        .await?
                }
                Sink::Batchwise => {
                    let result = self
                        .commit(writer, journal, after, &batch, &known_rejects)
                        .await;
                    match result {
                        Err(error) if attempt < ATTEMPTS && lost_a_race(&error) => {
                            crate::store::pause(attempt).await;
                            Attempt::Again
                        }
                        other => other?,
                    }
                }
            };
            match attempted {
                Attempt::Done(done) => return Ok(done),
                Attempt::Again => {}
                Attempt::Changed => {
                    if attempt >= ATTEMPTS {
                        return Err(AdoptionError::KeepsChanging);
                    }
                    if let Some(table) = writer.theirs {
                        let before = std::mem::take(&mut batch.rows);
                        let (seen, read) = (batch.seen, batch.read);
                        batch = read_between(table, rules, after, batch.end).await?;
                        (batch.seen, batch.read) = (seen, read);
                        hashing::reuse(&mut batch.rows, before);
                    }
                }
            }
            attempt += 1;
        }
    }

    /// One batch in a transaction that may hold others before it.
    async fn group(
        &self,
        group: &mut Option<Group>,
        writer: &Writer<'_>,
        journal: &mut Journal,
        after: i64,
        batch: &Batch,
        known_rejects: &[Reject],
    ) -> Result<Attempt, AdoptionError> {
        let mut open = if let Some(open) = group.take() {
            open
        } else {
            let begin = || self.database.begin();
            Group {
                tx: self.database.retry(begin).await?,
                since: Instant::now(),
                batches: 0,
            }
        };
        let tx = &mut open.tx;
        let written = writer.write(tx, &batch.rows, journal.repeated).await?;
        let attempt = Attempt::of(written, batch, known_rejects);
        match &attempt {
            Attempt::Done(done) if journal.repeated && done.is_nothing(known_rejects) => {}
            Attempt::Done(done) => {
                journal.forms = note(tx, journal, after, batch, done).await?;
            }
            _ => tx.back_to_mark().await?,
        }
        open.batches += 1;
        if open.batches >= LARGEST_GROUP || open.since.elapsed() >= LONGEST_GROUP {
            open.tx.commit().await?;
        } else {
            *group = Some(open);
        }
        Ok(attempt)
    }

    /// One batch in one transaction.
    async fn commit(
        &self,
        writer: &Writer<'_>,
        journal: &mut Journal,
        after: i64,
        batch: &Batch,
        known_rejects: &[Reject],
    ) -> Result<Attempt, AdoptionError> {
        let mut tx = self.database.begin().await?;
        let written = writer.write(&mut tx, &batch.rows, journal.repeated).await?;
        let attempt = Attempt::of(written, batch, known_rejects);
        match &attempt {
            Attempt::Done(done) if journal.repeated && done.is_nothing(known_rejects) => {
                tx.rollback().await?;
            }
            Attempt::Done(done) => {
                let forms = note(&mut tx, journal, after, batch, done).await?;
                tx.commit().await?;
                journal.forms = forms;
            }
            _ => tx.rollback().await?,
        }
        Ok(attempt)
    }
}
