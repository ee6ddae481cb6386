//! Who gets a name that several rows claim: a pure decision over a batch and what is there already.

use std::collections::HashMap;

use super::{Adoptable, Reject};
use crate::store::FoundAccount;

/// What is there already of what a batch claims.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Accounts by number: their key.
    by_id: HashMap<i64, Vec<u8>>,
    /// Accounts by key: their number and when they were made.
    by_key: HashMap<Vec<u8>, (i64, i64)>,
    /// Users by number; empty in place, where every row is a user.
    pub(super) users: HashMap<i64, String>,
    /// Users by name in exactly this spelling; empty in place.
    pub(super) names: HashMap<String, i64>,
}

impl Known {
    pub(super) fn add_accounts(&mut self, accounts: Vec<FoundAccount>) {
        for (id, key, made_at) in accounts {
            self.by_id.insert(id, key.clone());
            self.by_key.insert(key, (id, made_at));
        }
    }
}

/// What becomes of a batch's rows.
#[derive(Default)]
pub(super) struct Settled<'a> {
    /// New accounts.
    pub(super) added: Vec<&'a Adoptable>,
    /// Rows whose account is there.
    pub(super) present: Vec<&'a Adoptable>,
    /// The others.
    pub(super) rejects: Vec<Reject>,
    /// Rows without a number that lost their name to one before them, whose number is not known yet.
    pub(super) second: Vec<(&'a Adoptable, &'a Adoptable)>,
}

/// Decides. The first of several rows with the same name gets it. What is said of the others does not depend on where
/// a batch ends. `moment` is when this adoption's accounts are made.
pub(super) fn settle<'a>(rows: &'a [Adoptable], known: &Known, moment: i64) -> Settled<'a> {
    let mut settled = Settled::default();
    let mut first: HashMap<&[u8], &Adoptable> = HashMap::with_capacity(rows.len());
    let mut numbers: HashMap<i64, &Adoptable> = HashMap::with_capacity(rows.len());
    for row in rows {
        let key = row.username.key().as_bytes();
        let verdict = match row.id {
            Some(id) => {
                let earlier = numbers.get(&id).map(|row| row.username.key().as_bytes());
                let holder = first.get(key).and_then(|row| row.id);
                numbered(row, id, known, earlier, holder)
            }
            None => unnumbered(row, known, moment),
        };
        match verdict {
            Verdict::Present => settled.present.push(row),
            Verdict::Reject(reason) => settled.rejects.push(rejected(row, reason)),
            Verdict::Add => {
                if let Some(winner) = first.get(key) {
                    settled.second.push((row, winner));
                } else {
                    first.insert(key, row);
                    if let Some(id) = row.id {
                        numbers.insert(id, row);
                    }
                    settled.added.push(row);
                }
            }
        }
    }
    settled
}

enum Verdict {
    Add,
    Present,
    Reject(String),
}

fn numbered(
    row: &Adoptable,
    id: i64,
    known: &Known,
    earlier: Option<&[u8]>,
    holder: Option<i64>,
) -> Verdict {
    let key = row.username.key().as_bytes();
    if let Some(there) = earlier.or_else(|| known.by_id.get(&id).map(Vec::as_slice)) {
        return if there == key {
            Verdict::Present
        } else {
            Verdict::Reject(format!("user {id} is there already, with another name"))
        };
    }
    if let Some(holder) = holder.or_else(|| known.by_key.get(key).map(|(id, _)| *id)) {
        return Verdict::Reject(same_name(holder));
    }
    if known.users.contains_key(&id) {
        return Verdict::Reject(format!("user {id} is there already, without an account"));
    }
    if let Some(other) = known.names.get(row.username.as_str()) {
        return Verdict::Reject(same_name(*other));
    }
    Verdict::Add
}

fn unnumbered(row: &Adoptable, known: &Known, moment: i64) -> Verdict {
    let name = row.username.as_str();
    match known.by_key.get(row.username.key().as_bytes()) {
        // Somebody was there before this adoption, under exactly this name: an earlier adoption brought them.
        Some((id, made_at)) if *made_at != moment && known.names.get(name) == Some(id) => {
            Verdict::Present
        }
        Some((id, _)) => Verdict::Reject(same_name(*id)),
        None => match known.names.get(name) {
            Some(id) => Verdict::Reject(same_name(*id)),
            None => Verdict::Add,
        },
    }
}

/// Why a row cannot have its name.
pub(super) fn same_name(holder: i64) -> String {
    format!("its name is that of user {holder}, perhaps in another spelling")
}

pub(super) fn rejected(row: &Adoptable, reason: String) -> Reject {
    Reject::new(row.place, Some(row.username.as_str()), reason)
}
