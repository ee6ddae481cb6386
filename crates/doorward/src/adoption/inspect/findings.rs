//! What an operator should know about the table, its columns and our account, before any row is looked at.

use super::{
    Allowed, Census, Column, Facts, Kind, fills,
    layout::memberships,
    proposal::{has_transactions, reads_nothing_of_ours, stored_chars},
};
use crate::adoption::{Mode, Plan, RoleSource};

/// How grave a finding is, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The adoption fails, or somebody gets in who should not, unless something is done.
    Problem,
    /// Some users are affected.
    Warning,
    /// Good to know.
    Note,
}

/// Something the operator should know, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How grave.
    pub weight: Weight,
    /// What was found.
    pub what: String,
    /// What to do; empty when there is nothing to do.
    pub advice: String,
}

impl Finding {
    pub(super) fn problem(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(Weight::Problem, what, advice)
    }

    pub(super) fn warning(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(Weight::Warning, what, advice)
    }

    pub(super) fn note(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(Weight::Note, what, advice)
    }

    fn new(weight: Weight, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            weight,
            what: what.into(),
            advice: advice.into(),
        }
    }
}

/// What the schema tells.
pub(super) fn of_schema(facts: &Facts<'_>, plan: &Plan, census: &Census) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(mode(facts, plan));
    found.extend(width(facts, plan));
    found.extend(privileges(facts, plan));
    found.extend(roles(facts, plan));
    found.extend(columns(facts, plan));
    found.extend(new_rows(facts, plan));
    if plan.mode == Mode::InPlace && reads_nothing_of_ours(facts.guess.layout) {
        found.push(Finding::warning(
            "Django reads none of the forms in which passwords.write can store a new password",
            "move all logins to doorward before people change passwords there, or use mode = \"copy\"",
        ));
    }
    if let Some(other) = facts.others.first() {
        found.push(Finding::note(
            format!("other tables could hold users too, {other} the likeliest"),
            format!("if {} is the wrong one: --table {other}", facts.table.name),
        ));
    }
    if census.inactive > 0 {
        found.push(Finding::note(
            format!(
                "{} may not log in, as their column says",
                rows(census.inactive)
            ),
            "they are adopted and stay disabled",
        ));
    }
    found
}

/// Why the users cannot stay where they are.
fn mode(facts: &Facts<'_>, plan: &Plan) -> Vec<Finding> {
    let mut found = Vec::new();
    if !facts.is_configured || plan.mode == Mode::InPlace {
        return found;
    }
    let table = &facts.table.name;
    if !facts.in_the_way.is_empty() {
        found.push(Finding::warning(
            format!(
                "tables with names that doorward needs are here already: {}",
                facts.in_the_way.join(", ")
            ),
            "the users are copied into a database of doorward's own: configure one with --db-url and give this one as SOURCE; `doorward adopt status` tells whether the tables are doorward's",
        ));
    }
    if facts.table.is_view {
        found.push(Finding::note(
            format!("{table} is a view, so its users can only be copied"),
            "",
        ));
    } else if facts.table.number().is_none() {
        found.push(Finding::warning(
            format!("{table} has no whole-number primary key, so its users can only be copied"),
            "configure a database of doorward's own with --db-url and give this one as SOURCE",
        ));
    }
    if !has_transactions(facts.table.engine.as_deref()) {
        let engine = facts.table.engine.as_deref().unwrap_or_default();
        found.push(Finding::warning(
            format!("{table} is stored by {engine}, which cannot undo half a change, so its users can only be copied"),
            format!("ALTER TABLE {} ENGINE = InnoDB; then inspect again", table.quoted()),
        ));
    }
    found
}

fn width(facts: &Facts<'_>, plan: &Plan) -> Option<Finding> {
    let column = facts.table.column(plan.users.password.as_str())?;
    let width = column.max_chars?;
    let needed = stored_chars(plan.passwords.write);
    if plan.mode == Mode::Copy || width >= needed {
        return None;
    }
    let to = plan.passwords.widen_to.unwrap_or(255);
    Some(Finding::warning(
        format!(
            "the column {} takes {width} characters; new hashes have up to {needed}, so the server would cut or refuse them",
            column.name
        ),
        format!(
            "passwords.widen_to = {to} makes it wide enough at the adoption; the application need not change"
        ),
    ))
}

fn privileges(facts: &Facts<'_>, plan: &Plan) -> Vec<Finding> {
    let mut found = Vec::new();
    let Some(privileges) = facts.privileges.filter(|_| plan.mode == Mode::InPlace) else {
        return found;
    };
    if privileges.create == Allowed::No {
        found.push(Finding::problem(
            "this account may not create tables in the database",
            "GRANT CREATE, ALTER, INDEX, REFERENCES ON the database to it for the adoption, or use mode = \"copy\"",
        ));
    }
    if privileges.write == Allowed::No {
        found.push(Finding::problem(
            "this account may only read the database",
            "good for inspecting; `doorward adopt run` in place needs SELECT, INSERT, UPDATE and DELETE too",
        ));
    }
    found
}

fn roles(facts: &Facts<'_>, plan: &Plan) -> Option<Finding> {
    let RoleSource::Always { always } = &plan.users.role else {
        return None;
    };
    let everybody =
        format!("no column says who is an administrator, so everybody gets the role {always}");
    let Some(found) = memberships(facts.tables) else {
        return Some(Finding::warning(
            everybody,
            "set users.role in the plan, or make an administrator with `doorward admin create`",
        ));
    };
    let counts: Vec<String> = facts
        .members
        .iter()
        .map(|(role, count)| format!("{role} {count}"))
        .collect();
    let (table, key) = (facts.table.name.quoted(), facts.guess.id.as_ref()?.quoted());
    let of_role = |word: &str| {
        format!(
            "SELECT {} FROM {} WHERE {} IN (SELECT `id` FROM {} WHERE {} = '{word}')",
            found.user.quoted(),
            found.members.quoted(),
            found.role.quoted(),
            found.roles.quoted(),
            found.name.quoted()
        )
    };
    Some(Finding::warning(
        format!(
            "{everybody}: roles are in {} and {} ({})",
            found.members,
            found.roles,
            counts.join(", ")
        ),
        format!(
            "give the table a column and inspect again: ALTER TABLE {table} ADD COLUMN `role` VARCHAR(20) NOT NULL DEFAULT 'user'; \
             UPDATE {table} SET `role` = 'admin' WHERE {key} IN ({});",
            of_role("admin")
        ),
    ))
}

/// Columns that tell something the plan cannot say.
fn columns(facts: &Facts<'_>, plan: &Plan) -> Vec<Finding> {
    let mut found = Vec::new();
    let table = facts.table;
    for name in [
        "disabled",
        "is_disabled",
        "banned",
        "is_banned",
        "blocked",
        "locked",
        "deleted_at",
    ] {
        if let Some(column) = table.column(name) {
            found.push(Finding::warning(
                format!(
                    "the column {} may say who must not log in, and the plan does not use it",
                    column.name
                ),
                "after the adoption disable them with `doorward user disable NAME`",
            ));
        }
    }
    match &plan.users.id {
        None => found.push(Finding::note(
            "no column holds a number for each user, so the users get new ones",
            "tokens that name the old ids will not fit",
        )),
        Some(id) => {
            let column = table.column(id.as_str());
            if column.is_some_and(|column| {
                !matches!(column.kind, Kind::Integer | Kind::Boolean | Kind::Any)
            }) {
                found.push(Finding::note(
                    format!("the column {id} holds no whole numbers, so the users get new ones"),
                    "tokens that name the old ids will not fit",
                ));
            }
        }
    }
    let username = plan.users.username.as_str().to_ascii_lowercase();
    if username.contains("mail") {
        let name = table.column("username").map(|column| &column.name);
        found.push(Finding::note(
            format!("people log in with {}", plan.users.username),
            name.map_or_else(String::new, |name| {
                format!("if they log in with {name}: users.username = \"{name}\"")
            }),
        ));
    }
    found
}

/// What doorward has to write when it adds a user in place.
fn new_rows(facts: &Facts<'_>, plan: &Plan) -> Vec<Finding> {
    let fill = &plan.users.fill;
    let mut found = Vec::new();
    if fill.is_empty() {
        return found;
    }
    let (doubtful, sound): (Vec<&Column>, Vec<&Column>) = facts
        .table
        .columns
        .iter()
        .filter(|column| fill.contains_key(&column.name))
        .partition(|column| {
            fill.get(&column.name)
                .is_some_and(|value| fills::is_doubtful(column, value))
        });
    if !sound.is_empty() {
        found.push(Finding::note(
            format!("a new row needs a value in {}", names(&sound)),
            "users.fill proposes one for each: check them",
        ));
    }
    if !doubtful.is_empty() {
        found.push(Finding::warning(
            format!(
                "a new row needs a value in {}, and what users.fill proposes can hardly be right",
                names(&doubtful)
            ),
            "correct users.fill, or give the column a default; until then nobody can be added here",
        ));
    }
    found
}

fn names(columns: &[&Column]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    names.join(", ")
}

/// `1 row`, `2 rows`.
pub(super) fn rows(count: u64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} row{plural}")
}
