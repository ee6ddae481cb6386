//! Rows that are written together.

use super::super::{Adoptable, AdoptedPassword, Reject, RowRules, SourceRow};

/// Rows of a source that are dealt with in one transaction.
pub(crate) struct Batch {
    /// The place of the last row that it deals with.
    pub(crate) end: i64,
    pub(crate) rows: Vec<Adoptable>,
    pub(crate) rejects: Vec<Reject>,
    /// Rows of the source in it.
    pub(crate) seen: u64,
    /// How far the source is read with it: bytes of a file, rows of a table.
    pub(crate) read: u64,
}

impl Batch {
    /// Enough that a commit's wait for the disk is shared by many, little enough that memory stays small.
    pub(crate) const MOST_ROWS: usize = 8192;
    /// Passwords to be hashed: a second or two of work, which is what a kill can lose.
    pub(crate) const MOST_PLAINTEXTS: usize = 32;
}

/// Makes batches. Where one ends depends on the rows alone, so a resumed adoption makes the same ones.
pub(crate) struct Batcher<'a> {
    rules: &'a RowRules,
    batch: Batch,
    plaintexts: usize,
}

impl<'a> Batcher<'a> {
    pub(crate) fn new(rules: &'a RowRules, position: i64) -> Self {
        Self {
            rules,
            batch: empty(position),
            plaintexts: 0,
        }
    }

    /// Adds a row, or what is wrong with it. Returns the batch when it is full.
    pub(crate) fn add(
        &mut self,
        place: i64,
        row: Result<SourceRow, Reject>,
        read: u64,
    ) -> Option<Batch> {
        match row.and_then(|row| self.rules.judge(row)) {
            Ok(row) => {
                self.plaintexts +=
                    usize::from(matches!(row.password, AdoptedPassword::Plaintext(_)));
                self.batch.rows.push(row);
            }
            Err(reject) => self.batch.rejects.push(reject),
        }
        self.batch.end = place;
        self.batch.seen += 1;
        self.batch.read = read;
        let rows = self.batch.rows.len() + self.batch.rejects.len();
        let full = rows >= Batch::MOST_ROWS || self.plaintexts >= Batch::MOST_PLAINTEXTS;
        full.then(|| {
            self.plaintexts = 0;
            std::mem::replace(&mut self.batch, empty(place))
        })
    }

    /// What is left at the end of the source.
    pub(crate) fn rest(self) -> Option<Batch> {
        (self.batch.seen > 0).then_some(self.batch)
    }
}

fn empty(position: i64) -> Batch {
    Batch {
        end: position,
        rows: Vec::new(),
        rejects: Vec::new(),
        seen: 0,
        read: 0,
    }
}
