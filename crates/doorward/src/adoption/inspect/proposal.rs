//! The plan that is proposed.

use std::collections::BTreeMap;

use super::{Census, Facts, Layout, fills};
use crate::{
    adoption::{
        Columns, Identifier, Mode, PasswordRules, PlaintextRule, Plan, RoleSource, WrittenForm,
    },
    role::Role,
};

/// Values of a role column that mean administrator.
const ADMIN_WORDS: [&str; 6] = [
    "admin",
    "administrator",
    "superuser",
    "superadmin",
    "super_admin",
    "root",
];
/// How wide a password column is made when it is too narrow.
const WIDE: u16 = 255;

/// The most characters of a hash of this form.
#[must_use]
pub const fn stored_chars(form: WrittenForm) -> u32 {
    match form {
        WrittenForm::WerkzeugScrypt => 168,
        WrittenForm::WerkzeugPbkdf2 => 104,
        WrittenForm::Bcrypt => 60,
        WrittenForm::Argon2id => 97,
    }
}

/// What the schema alone says.
pub(super) fn first(facts: &Facts<'_>) -> Plan {
    let Facts { table, guess, .. } = facts;
    let mode = if stays(facts) {
        Mode::InPlace
    } else {
        Mode::Copy
    };
    let mut plan = Plan {
        version: Plan::VERSION,
        mode,
        users: Columns {
            table: Some(table.name.clone()),
            id: guess.id.clone(),
            username: guess.username.clone(),
            password: guess.password.clone(),
            active: guess.active.clone(),
            role: guess.role.clone(),
            fill: BTreeMap::new(),
        },
        passwords: PasswordRules::default(),
    };
    if mode == Mode::InPlace {
        plan.users.fill = fills::fills(table, &known_columns(&plan.users));
    }
    plan
}

/// Adds what the rows say.
pub(super) fn complete(plan: &mut Plan, facts: &Facts<'_>, census: &Census) {
    if let RoleSource::Column { admin, .. } = &mut plan.users.role {
        let words: Vec<String> = census
            .roles
            .keys()
            .filter(|role| ADMIN_WORDS.contains(&role.to_ascii_lowercase().as_str()))
            .cloned()
            .collect();
        if !words.is_empty() {
            *admin = words;
        }
        if !admin.iter().any(|word| word == Role::ADMIN) {
            admin.push(Role::ADMIN.to_owned());
        }
    }
    if census.is_plain_text() {
        plan.passwords.plaintext = PlaintextRule::Hash;
    }
    if plan.mode == Mode::InPlace {
        plan.passwords.write = written(census);
        let width = facts
            .table
            .column(plan.users.password.as_str())
            .and_then(|column| column.max_chars);
        if width.is_some_and(|width| width < stored_chars(plan.passwords.write)) {
            plan.passwords.widen_to = Some(WIDE);
        }
    }
}

/// Whether the users can stay where they are.
fn stays(facts: &Facts<'_>) -> bool {
    facts.is_configured
        && !facts.table.is_view
        && facts.table.number().is_some()
        && facts.in_the_way.is_empty()
        && has_transactions(facts.table.engine.as_deref())
}

/// Whether a storage engine of MySQL can undo half a change.
pub(super) fn has_transactions(engine: Option<&str>) -> bool {
    !engine.is_some_and(|engine| {
        ["myisam", "aria", "memory", "csv", "archive"]
            .iter()
            .any(|known| engine.eq_ignore_ascii_case(known))
    })
}

fn known_columns(users: &Columns) -> Vec<&Identifier> {
    let role = match &users.role {
        RoleSource::Column { column, .. } | RoleSource::Flag { flag: column } => Some(column),
        RoleSource::Always { .. } => None,
    };
    [
        users.id.as_ref(),
        Some(&users.username),
        Some(&users.password),
        users.active.as_ref(),
        role,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The form that the application is likely to read: the one it has written most, scrypt only where it is seen.
fn written(census: &Census) -> WrittenForm {
    let count = |part: &str| census.count(|form| form.to_string().contains(part));
    let werkzeug = count("werkzeug-scrypt") + count("werkzeug-pbkdf2") + count("PBKDF2 with");
    let others = [
        (count("bcrypt"), WrittenForm::Bcrypt),
        (count("argon2id"), WrittenForm::Argon2id),
    ];
    let most = others.into_iter().max_by_key(|(count, _)| *count);
    match most {
        Some((count, form)) if count > werkzeug => form,
        _ if werkzeug > 0 && count("werkzeug-scrypt") == 0 => WrittenForm::WerkzeugPbkdf2,
        _ => WrittenForm::WerkzeugScrypt,
    }
}

/// Whether the application that made the table reads none of the forms that we can write.
pub(super) fn reads_nothing_of_ours(layout: Layout) -> bool {
    layout == Layout::Django
}
