//! What has to hold before an adoption in place is finished or undone.

use super::{AdoptionError, PlaintextRule, Plan, StoredForm, WrittenForm, census};
use crate::{
    password::{AcceptedForms, Scheme},
    store::{AdoptionRecord, AdoptionState, Database, ForeignTable, FormCounts},
};

/// Characters of an Argon2id hash as we write it.
const ARGON2ID_CHARS: i64 = 97;

/// What was found before finishing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FinishCheck {
    /// What stands against it, each with what to do; none when it can be finished.
    pub obstacles: Vec<String>,
    /// Rows that have no account because they were rejected. They have to be accepted.
    pub rejects: i64,
    /// The forms of the stored passwords.
    pub forms: FormCounts,
}

/// Looks whether nothing of the application's is lost when it stops using the table: the adoption is complete, every
/// row has an account or is a reject, no password is stored in the clear, and an Argon2id hash fits.
///
/// # Errors
/// [`AdoptionError`].
pub async fn finish_check(
    database: &Database,
    record: &AdoptionRecord,
    accepted: &AcceptedForms,
) -> Result<FinishCheck, AdoptionError> {
    let again = "run `doorward adopt run` once more";
    let plan = &record.plan;
    let users = plan.in_place()?;
    let mut check = FinishCheck::default();
    if record.state == AdoptionState::Running {
        check
            .obstacles
            .push(format!("the adoption is not complete: {again}"));
    }
    let table = ForeignTable::open(database.reading(), &plan.users).await?;
    let (missing, ids) = table.without_account(&record.id.0).await?;
    if missing > 0 {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let dots = if missing > 10 { ", …" } else { "" };
        check.obstacles.push(format!(
            "{missing} rows have no account (id {}{dots}): {again}",
            ids.join(", ")
        ));
    }
    check.rejects = database.count_rejects(record.id).await?;
    check.forms = census(database, plan, accepted).await?;
    let unknown = check.forms.get(&StoredForm::Unknown.to_string());
    if let Some(count) = unknown.filter(|_| plan.passwords.plaintext == PlaintextRule::Hash) {
        check.obstacles.push(format!(
            "{count} passwords are stored in the clear: {again}, and mend the rows that its report names"
        ));
    }
    if let Some(column) = database.password_column(&users).await?
        && column.chars() < ARGON2ID_CHARS
    {
        check.obstacles.push(format!(
            "the column {} holds {} characters and an Argon2id hash has {ARGON2ID_CHARS}: set passwords.widen_to = 255 in the plan, and {again}",
            users.password,
            column.chars()
        ));
    }
    Ok(check)
}

/// What was found before undoing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UndoCheck {
    /// Forms that doorward has written and the application does not read, with how many; none when it can be undone.
    pub unreadable: FormCounts,
    /// The tables that would be dropped.
    pub tables: Vec<String>,
}

/// Looks whether the application can go on alone: each stored form was there at adoption, or is the one that the plan
/// has doorward write.
///
/// # Errors
/// [`AdoptionError`].
pub async fn undo_check(
    database: &Database,
    record: &AdoptionRecord,
    accepted: &AcceptedForms,
) -> Result<UndoCheck, AdoptionError> {
    let written = written_form(&record.plan);
    let mut unreadable = census(database, &record.plan, accepted).await?;
    // What is no hash that we accept, we have not written.
    let ours = StoredForm::Accepted(Scheme::Argon2id).to_string();
    unreadable
        .retain(|form, _| *form == ours && written != ours && !record.forms.contains_key(form));
    let theirs = record.plan.in_place()?.table;
    let mut tables = Database::tables_beside();
    tables.retain(|table| !table.eq_ignore_ascii_case(theirs.as_str()));
    Ok(UndoCheck { unreadable, tables })
}

/// What strings of the plan's `passwords.write` are counted as.
fn written_form(plan: &Plan) -> String {
    match plan.passwords.write {
        WrittenForm::WerkzeugScrypt => Scheme::WerkzeugScrypt.to_string(),
        WrittenForm::WerkzeugPbkdf2 => Scheme::WerkzeugPbkdf2.to_string(),
        WrittenForm::Bcrypt => "bcrypt".to_owned(),
        WrittenForm::Argon2id => Scheme::Argon2id.to_string(),
    }
}
