//! Writing one batch.

use super::settle::{Known, Settled, rejected, same_name, settle};
use super::{Adoptable, AdoptedPassword, AdoptionError, Mode, Reject};
use crate::store::{
    AdoptionCounts, ForeignTable, NewAccount, NewUser, StoreError, Tables, Transaction,
};

/// Where the rows of an adoption go.
pub(super) struct Writer<'a> {
    pub(super) mode: Mode,
    pub(super) tables: Tables,
    /// In place: the table of theirs.
    pub(super) theirs: Option<&'a ForeignTable>,
    /// When the adoption began: the creation time of its accounts.
    pub(super) moment: i64,
}

/// What writing a batch did.
pub(super) enum Written {
    Done {
        counts: AdoptionCounts,
        /// Those that only the database knew of.
        rejects: Vec<Reject>,
        /// Passwords in the clear among the rows that were not rejected (a dry run hashes none).
        plaintexts: u64,
    },
    /// The application changed a password meanwhile: nothing may be kept.
    Changed,
}

impl Writer<'_> {
    /// Adds a batch's rows. `look_first` when most of them are there already.
    pub(super) async fn write(
        &self,
        tx: &mut Transaction,
        rows: &[Adoptable],
        look_first: bool,
    ) -> Result<Written, AdoptionError> {
        let mut known = Known::default();
        // On SQLite nobody comes between the look and the insert, and to undo an insert costs more than to look.
        let look_first = look_first || tx.is_alone();
        if look_first {
            known = self.look_up(tx, rows).await?;
        }
        let is_swapped = |row: &Adoptable| matches!(row.password, AdoptedPassword::Hashed { .. });
        if !tx.is_alone() || rows.iter().any(is_swapped) {
            tx.mark().await?;
        }
        let mut settled = settle(rows, &known, self.moment);
        match self.add(tx, &settled).await {
            Ok(late) => settled.rejects.extend(late),
            Err(StoreError::AlreadyExists) if !look_first => {
                tx.back_to_mark().await?;
                known = self.look_up(tx, rows).await?;
                settled = settle(rows, &known, self.moment);
                let late = self.add(tx, &settled).await?;
                settled.rejects.extend(late);
            }
            Err(error) => return Err(error.into()),
        }
        let hashed = if self.mode == Mode::InPlace {
            match self.swap(tx, &settled).await? {
                Some(swapped) => swapped,
                None => return Ok(Written::Changed),
            }
        } else {
            let fresh = |row: &&&Adoptable| matches!(row.password, AdoptedPassword::Hashed { .. });
            settled.added.iter().filter(fresh).count()
        };
        let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        Ok(Written::Done {
            counts: AdoptionCounts {
                adopted: count(settled.added.len()),
                present: count(settled.present.len()),
                hashed: count(hashed),
                rejected: count(settled.rejects.len()),
            },
            plaintexts: settled
                .added
                .iter()
                .chain(&settled.present)
                .filter(|row| matches!(row.password, AdoptedPassword::Plaintext(_)))
                .count() as u64,
            rejects: settled.rejects,
        })
    }

    async fn look_up(&self, tx: &mut Transaction, rows: &[Adoptable]) -> Result<Known, StoreError> {
        let mut known = Known::default();
        let ids: Vec<i64> = rows.iter().filter_map(|row| row.id).collect();
        let keys: Vec<&[u8]> = rows
            .iter()
            .map(|row| row.username.key().as_bytes())
            .collect();
        let least = ids.iter().copied().min();
        let range = least.zip(ids.iter().copied().max());
        if let Some(range) = range
            && tx.has_numbers(self.tables, false, range).await?
        {
            known.add_accounts(tx.accounts_by_id(self.tables, &ids).await?);
        }
        known.add_accounts(tx.accounts_by_key(self.tables, &keys).await?);
        if self.mode == Mode::Copy {
            let names: Vec<&str> = rows.iter().map(|row| row.username.as_str()).collect();
            if let Some(range) = range
                && tx.has_numbers(self.tables, true, range).await?
            {
                let users = tx.users_by_id(self.tables, &ids).await?;
                known.users = users.into_iter().collect();
            }
            let holders = tx.users_by_name(self.tables, &names).await?;
            known.names = holders.into_iter().map(|(id, name)| (name, id)).collect();
        }
        Ok(known)
    }

    /// Adds the new rows. Returns the rejects whose reason is known only now.
    async fn add(
        &self,
        tx: &mut Transaction,
        settled: &Settled<'_>,
    ) -> Result<Vec<Reject>, StoreError> {
        let added = &settled.added;
        let numbered = added.iter().all(|row| row.id.is_some());
        let user = |row: &&'_ Adoptable| row.id.unwrap_or_default();
        if self.mode == Mode::Copy {
            let users: Vec<NewUser<'_>> = added
                .iter()
                .map(|row| NewUser {
                    id: user(row),
                    row,
                    password: match (self.tables, &row.password) {
                        // A dry run stores no hash, not even in a temporary table.
                        (Tables::Scratch, _) => "",
                        (Tables::Real, AdoptedPassword::Hashed { hash, .. }) => hash,
                        (
                            Tables::Real,
                            AdoptedPassword::Kept(stored) | AdoptedPassword::Plaintext(stored),
                        ) => stored,
                    },
                })
                .collect();
            if numbered {
                tx.add_users(self.tables, &users).await?;
            } else {
                tx.add_unnumbered_users(self.tables, &users).await?;
            }
        }
        if numbered {
            let accounts: Vec<_> = added.iter().map(|row| account(row, user(row))).collect();
            tx.add_accounts(self.tables, &accounts, self.moment).await?;
            return Ok(Vec::new());
        }
        let names: Vec<&str> = added.iter().map(|row| row.username.as_str()).collect();
        let ids: std::collections::HashMap<String, i64> = tx
            .users_by_name(self.tables, &names)
            .await?
            .into_iter()
            .map(|(id, name)| (name, id))
            .collect();
        let id_of = |row: &Adoptable| {
            ids.get(row.username.as_str())
                .copied()
                .ok_or(StoreError::Corrupt {
                    table: "users",
                    column: "username",
                })
        };
        let accounts = added
            .iter()
            .map(|row| Ok(account(row, id_of(row)?)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        tx.add_accounts(self.tables, &accounts, self.moment).await?;
        settled
            .second
            .iter()
            .map(|(row, winner)| Ok(rejected(row, same_name(id_of(winner)?))))
            .collect()
    }

    /// Writes fresh hashes in place of the passwords they were made of. `None` when one of those has changed.
    async fn swap(
        &self,
        tx: &mut Transaction,
        settled: &Settled<'_>,
    ) -> Result<Option<usize>, StoreError> {
        let Some(theirs) = self.theirs else {
            return Ok(Some(0));
        };
        let mut swapped = 0;
        for row in settled.added.iter().chain(&settled.present) {
            if let (AdoptedPassword::Hashed { found, hash }, Some(id)) = (&row.password, row.id) {
                if !tx.swap_password(theirs, id, found, hash).await? {
                    return Ok(None);
                }
                swapped += 1;
            }
        }
        Ok(Some(swapped))
    }
}

fn account(row: &Adoptable, user_id: i64) -> NewAccount<'_> {
    NewAccount {
        user_id,
        username_key: row.username.key().as_bytes(),
        disabled: row.disabled,
    }
}
