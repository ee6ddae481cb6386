//! What a batch did, and saying so in the journal.

use super::super::source::Batch;
use super::super::write::Written;
use super::super::{AdoptionError, Reject, StoredForm};
use crate::store::{
    AdoptionCounts, AdoptionId, AsStoreError as _, FormCounts, StoreError, Transaction,
};

/// How far the adoption is, as the journal will say.
pub(super) struct Journal {
    pub(super) id: AdoptionId,
    pub(super) position: i64,
    pub(super) forms: FormCounts,
    /// Complete before this run: rows up to the old position were dealt with.
    pub(super) repeated: bool,
}

/// What came of a batch.
pub(super) struct Done {
    pub(super) counts: AdoptionCounts,
    pub(super) rejects: Vec<Reject>,
    pub(super) plaintexts: u64,
}

impl Done {
    pub(super) fn is_nothing(&self, known_rejects: &[Reject]) -> bool {
        self.counts.adopted == 0 && self.counts.hashed == 0 && self.rejects == known_rejects
    }
}

pub(super) enum Attempt {
    Done(Done),
    Changed,
    Again,
}

impl Attempt {
    pub(super) fn of(written: Written, batch: &Batch, known_rejects: &[Reject]) -> Self {
        match written {
            Written::Changed => Self::Changed,
            Written::Done {
                mut counts,
                mut rejects,
                plaintexts,
            } => {
                rejects.extend(batch.rejects.iter().cloned());
                rejects.sort_by_key(|reject| reject.place);
                let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
                counts.rejected = count(rejects.len()) - count(known_rejects.len());
                Self::Done(Done {
                    counts,
                    rejects,
                    plaintexts,
                })
            }
        }
    }
}

/// Writes rejects and journal in the batch's transaction. Returns the forms as they are with it.
pub(super) async fn note(
    tx: &mut Transaction,
    journal: &Journal,
    after: i64,
    batch: &Batch,
    done: &Done,
) -> Result<FormCounts, AdoptionError> {
    let mut forms = journal.forms.clone();
    let mut counts = done.counts;
    if journal.repeated {
        tx.forget_rejects(journal.id, after, batch.end).await?;
        counts.present = 0;
    } else {
        count_forms(&mut forms, batch);
    }
    let rejects: Vec<&Reject> = done.rejects.iter().collect();
    tx.add_rejects(journal.id, &rejects).await?;
    let there = if journal.repeated {
        tx.amend_adoption(journal.id, batch.end, counts, &forms)
            .await?
    } else {
        tx.advance_adoption(journal.id, (after, batch.end), counts, &forms)
            .await?
    };
    if there {
        Ok(forms)
    } else {
        Err(AdoptionError::AnotherProcess)
    }
}

/// Few forms occur, so a list is faster than a text for each row.
fn count_forms(forms: &mut FormCounts, batch: &Batch) {
    let mut counted: Vec<(StoredForm, u64)> = Vec::new();
    for row in &batch.rows {
        match counted.iter_mut().find(|(form, _)| *form == row.form) {
            Some((_, count)) => *count += 1,
            None => counted.push((row.form, 1)),
        }
    }
    for (form, count) in counted {
        *forms.entry(form.to_string()).or_default() += count;
    }
}

pub(super) fn add(sum: &mut AdoptionCounts, more: AdoptionCounts) {
    sum.adopted += more.adopted;
    sum.present += more.present;
    sum.hashed += more.hashed;
    sum.rejected += more.rejected;
}

/// Another writer was first: a lock, or a row that came between our look and our insert.
pub(super) fn lost_a_race(error: &AdoptionError) -> bool {
    error
        .as_store_error()
        .is_some_and(|error| error.is_transient() || matches!(error, StoreError::AlreadyExists))
}
