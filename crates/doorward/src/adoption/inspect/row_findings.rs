//! What an operator should know about the rows.

use super::{
    Census, Facts, HashForm, Places,
    findings::{Finding, rows},
};
use crate::adoption::{PlaintextRule, Plan, RoleSource};

/// What the rows tell.
pub(super) fn of_rows(facts: &Facts<'_>, plan: &Plan, census: &Census) -> Vec<Finding> {
    let mut found = names(facts, census);
    found.extend(passwords(plan, census));
    found.extend(test_accounts(census));
    if census.odd_roles.count > 0 {
        found.push(Finding::warning(
            format!(
                "{} with a role that can be none",
                counted(&census.odd_roles)
            ),
            "they are adopted with the role user; a role has 1 to 20 characters without spaces",
        ));
    }
    if let RoleSource::Column { admin, column } = &plan.users.role
        && !census.roles.keys().any(|role| admin.contains(role))
    {
        found.push(Finding::warning(
            format!("nobody is an administrator by the column {column}"),
            "add the word for it to users.role.admin, or make one with `doorward admin create`",
        ));
    }
    if census.odd_ids.count > 0 {
        found.push(Finding::warning(
            format!(
                "{} with an id outside 1 to 2147483647",
                counted(&census.odd_ids)
            ),
            "a copy without users.id gives new ids; in place they are not adopted",
        ));
    }
    found
}

fn names(facts: &Facts<'_>, census: &Census) -> Vec<Finding> {
    let mut found = Vec::new();
    if census.nameless.count > 0 {
        found.push(Finding::warning(
            format!("{} without a name", counted(&census.nameless)),
            "they are not adopted",
        ));
    }
    for (rule, places) in &census.refused_names {
        found.push(Finding::warning(
            format!(
                "{} with a name that doorward refuses: {rule}",
                counted(places)
            ),
            "they are not adopted; change the names first",
        ));
    }
    let repeated = &facts.repeated;
    if repeated.names > 0 {
        let more = if repeated.names > repeated.first.len() as u64 {
            "; …"
        } else {
            ""
        };
        found.push(Finding::problem(
            format!(
                "{} share {} when case and width of letters do not count: {}{more}",
                rows(repeated.rows),
                if repeated.names == 1 {
                    "a name".to_owned()
                } else {
                    format!("{} names", repeated.names)
                },
                facts.repeated_rows.join("; ")
            ),
            "the first of each is adopted, the others are not: rename or merge them first",
        ));
    }
    if repeated.left_out > 0 {
        found.push(Finding::note(
            format!(
                "{} were not compared with the others' names",
                rows(repeated.left_out)
            ),
            "the adoption itself compares all",
        ));
    }
    found
}

fn passwords(plan: &Plan, census: &Census) -> Vec<Finding> {
    let mut found = Vec::new();
    let count = |form| census.count(|other| other == form);
    for (form, count) in census.forms() {
        match form {
            HashForm::NeedsSetting { advice, .. } => found.push(Finding::warning(
                format!("{} with {form}, which is verified only with a setting", rows(count)),
                advice,
            )),
            HashForm::Refused(_) => found.push(Finding::warning(
                format!("{} with {form}, which is not verified", rows(count)),
                "passwords.unknown decides: reject leaves them out, keep adopts them to be given a new password",
            )),
            _ => {}
        }
    }
    let unknown = count(HashForm::Unknown);
    if unknown > 0 {
        let (meaning, other) = match plan.passwords.plaintext {
            PlaintextRule::Hash => (
                "they are hashed at the adoption",
                "\"refuse\" if they are hashes of some kind",
            ),
            PlaintextRule::Refuse => (
                "they are treated as hashes that cannot be verified",
                "\"hash\" if the application compares them as text",
            ),
        };
        found.push(Finding::problem(
            format!(
                "{} with a password in no known format: probably the password itself",
                rows(unknown)
            ),
            format!("as proposed {meaning}; passwords.plaintext = {other}"),
        ));
    }
    if census.cut_off.count > 0 {
        found.push(Finding::problem(
            format!(
                "{} with a hash that was cut off at the width of the column when it was stored",
                counted(&census.cut_off)
            ),
            "nobody can log in with these, in the application either: they need new passwords; widen the column first",
        ));
    }
    let damaged = count(HashForm::Damaged).saturating_sub(census.cut_off.count);
    if damaged > 0 {
        found.push(Finding::warning(
            format!("{} with a damaged hash", rows(damaged)),
            "passwords.unknown decides about them",
        ));
    }
    let bytes = count(HashForm::PythonBytes);
    if bytes > 0 {
        found.push(Finding::problem(
            format!("{} with a hash that Python wrote as b'…'", rows(bytes)),
            "take the two marks off first: UPDATE … SET password = SUBSTRING(password, 3, CHAR_LENGTH(password) - 3) WHERE password LIKE 'b''%'",
        ));
    }
    let costly = count(HashForm::TooCostly);
    if costly > 0 {
        found.push(Finding::warning(
            format!("{} with a hash that costs too much to verify", rows(costly)),
            "passwords.unknown decides about them",
        ));
    }
    let none = count(HashForm::Empty) + count(HashForm::Null);
    if none > 0 {
        found.push(Finding::warning(
            format!("{} without a password", rows(none)),
            "passwords.unknown decides about them; nobody logs in with an empty password",
        ));
    }
    found
}

fn test_accounts(census: &Census) -> Vec<Finding> {
    let mut found = Vec::new();
    if census.lecture_passwords.count > 0 {
        found.push(Finding::problem(
            format!("{} with a password that a lecture prints", counted(&census.lecture_passwords)),
            "delete these accounts, or set new passwords with `doorward admin reset-password` right after the adoption",
        ));
    }
    if !census.test_accounts.is_empty() {
        found.push(Finding::problem(
            format!(
                "the lecture's own accounts are here with the lecture's passwords: {}",
                census.test_accounts.join(", ")
            ),
            "delete these accounts, or set new passwords with `doorward admin reset-password` right after the adoption",
        ));
    }
    found
}

/// `3 rows (id 1, id 4, id 9)`.
fn counted(places: &Places) -> String {
    let more = if places.count > places.first.len() as u64 {
        ", …"
    } else {
        ""
    };
    format!("{} ({}{more})", rows(places.count), places.first.join(", "))
}
