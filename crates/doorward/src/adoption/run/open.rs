//! Looking at the source, preparing the database, beginning the journal.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::super::source::{Batches, FileSource, fingerprint, spawn_table};
use super::super::{AdoptionError, Mode, Plan, RowRules, SourceAddress, UsersTable, WrittenForm};
use super::Adoption;
use crate::store::{
    AdoptionId, AdoptionRecord, AdoptionState, Database, ForeignTable, NewAdoption,
};

/// What fits `adoptions.source`.
const SOURCE_CHARS: usize = 255;

/// A source whose columns fit the plan.
pub(super) struct Opened {
    id: AdoptionId,
    shown: String,
    rows: Rows,
}

enum Rows {
    File(FileSource),
    Table(ForeignTable),
}

impl Opened {
    pub(super) fn id(&self) -> AdoptionId {
        self.id
    }

    /// The position before the first row.
    pub(super) fn start(&self) -> i64 {
        match &self.rows {
            Rows::Table(table) if table.number().is_some() => i64::MIN,
            _ => 0,
        }
    }

    /// Whether a run can go on from a position.
    pub(super) fn is_resumable(&self) -> bool {
        match &self.rows {
            Rows::File(_) => true,
            Rows::Table(table) => table.number().is_some(),
        }
    }

    /// Whether nothing new can come: another file would be another adoption, and rows without a number cannot be told
    /// from those that were there.
    pub(super) fn never_changes(&self) -> bool {
        match &self.rows {
            Rows::File(_) => true,
            Rows::Table(table) => table.number().is_none(),
        }
    }

    pub(super) fn table(&self) -> Option<&ForeignTable> {
        match &self.rows {
            Rows::File(_) => None,
            Rows::Table(table) => Some(table),
        }
    }

    /// Bytes of the file, or rows of the table behind `start`.
    pub(super) async fn total(&self, start: i64) -> Result<u64, AdoptionError> {
        match &self.rows {
            Rows::File(file) => Ok(file.size),
            Rows::Table(table) => {
                let count = table.count(start).await.map_err(AdoptionError::Source)?;
                Ok(u64::try_from(count).unwrap_or_default())
            }
        }
    }

    pub(super) fn spawn(self, rules: &Arc<RowRules>, start: i64) -> Result<Batches, AdoptionError> {
        match self.rows {
            Rows::File(file) => file.spawn(Arc::clone(rules), start),
            Rows::Table(table) => Ok(spawn_table(table, Arc::clone(rules), start)),
        }
    }
}

impl Adoption<'_> {
    /// Looks at the source. Changes nothing.
    pub(super) async fn open(&self, from: Option<&SourceAddress>) -> Result<Opened, AdoptionError> {
        self.plan.check()?;
        let columns = &self.plan.users;
        if self.plan.mode == Mode::InPlace {
            let users = self.plan.in_place()?;
            let table = ForeignTable::open(self.database.reading(), columns).await?;
            if table.number().is_none() {
                return Err(AdoptionError::NotAKey(users.id));
            }
            return Ok(Opened {
                id: identity(self.plan, "in place")?,
                shown: format!("table {} of this database", users.table),
                rows: Rows::Table(table),
            });
        }
        let from = from.ok_or(AdoptionError::NoSource)?;
        let (what, rows) = match (from, FileSource::open(from, columns)?) {
            (SourceAddress::Csv(path) | SourceAddress::JsonLines(path), Some(file)) => (
                format!("file {:02x?}", fingerprint(path)?),
                Rows::File(file),
            ),
            (SourceAddress::Database(url), _) => {
                let reading = Database::open_foreign(url)
                    .await
                    .map_err(AdoptionError::Source)?;
                let table = ForeignTable::open(reading, columns).await?;
                (format!("database {url}"), Rows::Table(table))
            }
            _ => return Err(AdoptionError::NoSource),
        };
        Ok(Opened {
            id: identity(self.plan, &what)?,
            shown: from.to_string().chars().take(SOURCE_CHARS).collect(),
            rows,
        })
    }

    /// Makes the database ready. In place that means our tables beside theirs, and a wide enough password column.
    /// Returns whether it was made wider.
    pub(super) async fn prepare(&self, opened: &Opened) -> Result<bool, AdoptionError> {
        if self.plan.mode == Mode::Copy {
            return Ok(false);
        }
        let users = self.plan.in_place()?;
        self.other_in_place(opened, &users).await?;
        let column = self.database.password_column(&users).await?;
        let wanted = self.plan.passwords.widen_to;
        let narrow = column
            .as_ref()
            .filter(|column| wanted.is_some_and(|wanted| column.chars() < i64::from(wanted)));
        let width = match (&column, wanted) {
            (None, _) => i64::MAX,
            (Some(column), wanted) => column.chars().max(wanted.map_or(0, i64::from)),
        };
        let needed = hash_chars(self.plan);
        if width < needed {
            return Err(AdoptionError::TooNarrow {
                column: users.password,
                width,
                needed,
            });
        }
        self.database.migrate_beside().await?;
        if let (Some(column), Some(wanted)) = (narrow, wanted) {
            self.database
                .widen_password_column(&users, column, wanted)
                .await?;
            return Ok(true);
        }
        Ok(false)
    }

    /// The adoption that a new plan for the same table takes the place of.
    async fn other_in_place(
        &self,
        opened: &Opened,
        users: &UsersTable,
    ) -> Result<Option<AdoptionRecord>, AdoptionError> {
        let Some(record) = self.database.in_place_adoption().await? else {
            return Ok(None);
        };
        if record.state == AdoptionState::Finished {
            return Err(AdoptionError::Finished);
        }
        if record.id == opened.id {
            return Ok(None);
        }
        let theirs = record.plan.in_place()?;
        let same = theirs.table == users.table
            && theirs.id == users.id
            && theirs.username == users.username
            && theirs.password == users.password;
        if same {
            Ok(Some(record))
        } else {
            Err(AdoptionError::OtherPlan)
        }
    }

    /// The journal's row, made now if it is not there.
    pub(super) async fn begin(&self, opened: &Opened) -> Result<AdoptionRecord, AdoptionError> {
        let replaced = match self.plan.mode {
            Mode::Copy => None,
            Mode::InPlace => self.other_in_place(opened, &self.plan.in_place()?).await?,
        };
        let new = NewAdoption {
            id: opened.id,
            plan: self.plan,
            source: &opened.shown,
            started_at: replaced
                .as_ref()
                .map_or_else(|| self.clock.now(), |record| record.started_at),
            position: opened.start(),
            replaces: replaced.map(|record| record.id),
        };
        Ok(self.database.begin_adoption(&new).await?)
    }
}

/// How many characters the hashes have that will be written into the table.
fn hash_chars(plan: &Plan) -> i64 {
    match plan.passwords.write {
        WrittenForm::WerkzeugScrypt => 162,
        WrittenForm::WerkzeugPbkdf2 => 103,
        WrittenForm::Bcrypt => 60,
        WrittenForm::Argon2id => 97,
    }
}

/// What names an adoption: the same plan over the same source is the same one.
fn identity(plan: &Plan, source: &str) -> Result<AdoptionId, AdoptionError> {
    let plan = serde_json::to_vec(plan).map_err(|_| AdoptionError::NoSource)?;
    let digest = Sha256::new_with_prefix(b"doorward adoption 1\0")
        .chain_update(plan)
        .chain_update([0])
        .chain_update(source)
        .finalize();
    Ok(AdoptionId(digest.into()))
}
