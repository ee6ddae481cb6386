//! What was found, for a person.

use std::{fmt::Write as _, path::Path};

use doorward::adoption::{
    Identifier, Mode, PlaintextRule, RoleSource, UnknownHashRule,
    inspect::{Census, Finding, Inspection, Weight},
};

use super::origin::Origin;
use crate::commands::terminal::{columns, visible_lines};

/// The report: what was found, its columns, the stored passwords, findings, what would be done, the next command.
pub(super) fn report(inspection: &Inspection, origin: &Origin, plan: &Path) -> String {
    let sections = [
        ("Found", columns(&found(inspection, origin))),
        ("Columns", columns(&meanings(inspection))),
        ("Stored passwords", columns(&forms(&inspection.census))),
        ("Findings", findings(&inspection.findings)),
        ("What would be done", steps(inspection)),
        ("Next", next(origin, plan)),
    ];
    let mut text = String::new();
    for (title, body) in sections.iter().filter(|(_, body)| !body.is_empty()) {
        text.push_str(title);
        text.push('\n');
        for line in body.lines() {
            text.push_str("  ");
            text.push_str(line);
            text.push('\n');
        }
        text.push('\n');
    }
    // Names of tables, columns and people come from outside.
    visible_lines(text.trim_end()) + "\n"
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

fn found(inspection: &Inspection, origin: &Origin) -> Vec<Vec<String>> {
    let table = &inspection.table;
    let rows = inspection.census.rows;
    let plural = if rows == 1 { "" } else { "s" };
    let mut found = vec![row(["source", &format!("{origin}, {}", inspection.kind)])];
    if matches!(origin, Origin::File { .. }) {
        found.push(row(["records", &rows.to_string()]));
    } else {
        let layout = inspection.layout.as_str();
        found.push(row([
            "table",
            &format!("{}, {rows} row{plural}, {layout}", table.name),
        ]));
    }
    if !inspection.others.is_empty() {
        let others: Vec<&str> = inspection.others.iter().map(Identifier::as_str).collect();
        found.push(row(["also there", &others.join(", ")]));
    }
    found
}

fn meanings(inspection: &Inspection) -> Vec<Vec<String>> {
    let users = &inspection.plan.users;
    let described = |name: &Identifier| {
        let column = inspection.table.column(name.as_str());
        column
            .map(doorward::adoption::inspect::Column::described)
            .unwrap_or_default()
    };
    let line = |meaning: &str, name: Option<&Identifier>, without: &str| match name {
        Some(name) => row([meaning, name.as_str(), &described(name)]),
        None => row([meaning, "-", without]),
    };
    let roles: Vec<String> = inspection
        .census
        .roles
        .iter()
        .map(|(role, count)| format!("{role} {count}"))
        .collect();
    let roles = roles.join(", ");
    let role = match &users.role {
        RoleSource::Column { column, .. } => row([
            "role",
            column.as_str(),
            &format!("{}: {roles}", described(column)),
        ]),
        RoleSource::Flag { flag } => row([
            "role",
            flag.as_str(),
            &format!("{}, true for administrators: {roles}", described(flag)),
        ]),
        RoleSource::Always { always } => row(["role", "-", &format!("{always} for all")]),
    };
    vec![
        line("id", users.id.as_ref(), "the users get new numbers"),
        line("username", Some(&users.username), ""),
        line("password", Some(&users.password), ""),
        role,
        line("active", users.active.as_ref(), "everybody may log in"),
    ]
    .into_iter()
    .map(|mut cells| {
        // A file's columns have no type.
        for cell in &mut cells {
            *cell = cell.trim_start_matches([':', ',', ' ']).to_owned();
        }
        cells
    })
    .collect()
}

fn forms(census: &Census) -> Vec<Vec<String>> {
    let forms = census.forms();
    let width = forms
        .iter()
        .map(|(_, count)| count.to_string().len())
        .max()
        .unwrap_or(1);
    forms
        .into_iter()
        .map(|(form, count)| {
            let rows = census.rows.max(1);
            let per_mille = (count.saturating_mul(1000) + rows / 2) / rows;
            let share = match per_mille {
                0 => "< 0.1 %".to_owned(),
                _ => format!("{}.{} %", per_mille / 10, per_mille % 10),
            };
            row([
                &form.to_string(),
                &format!("{count:>width$}"),
                &format!("{share:>7}"),
                form.standing(),
            ])
        })
        .collect()
}

fn findings(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let weight = match finding.weight {
            Weight::Problem => "problem",
            Weight::Warning => "warning",
            Weight::Note => "note",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{weight:8} {}", finding.what);
        if !finding.advice.is_empty() {
            let _ = writeln!(text, "         -> {}", finding.advice);
        }
    }
    text
}

fn steps(inspection: &Inspection) -> String {
    let plan = &inspection.plan;
    let census = &inspection.census;
    let hashed = match plan.passwords.plaintext {
        PlaintextRule::Hash => census.in_the_clear,
        PlaintextRule::Refuse => 0,
    };
    let others = census.rows.saturating_sub(census.verified + hashed);
    let mut steps = match plan.mode {
        Mode::InPlace => vec![format!(
            "in place: doorward puts its tables beside {} and works on that table; no row is moved",
            inspection.table.name
        )],
        Mode::Copy => vec![
            "copy: the users are copied into doorward's own database; the source is not changed"
                .to_owned(),
        ],
    };
    if let Some(width) = plan.passwords.widen_to {
        steps.push(format!(
            "the column {} becomes {width} characters wide",
            plan.users.password
        ));
    }
    let users = |count: u64| {
        if count == 1 {
            "1 user".to_owned()
        } else {
            format!("{count} users")
        }
    };
    steps.push(format!(
        "with the password they have: {}",
        users(census.verified)
    ));
    if hashed > 0 {
        steps.push(format!(
            "with a password in the clear, which is hashed: {}",
            users(hashed)
        ));
    }
    if others > 0 {
        steps.push(match plan.passwords.unknown {
            UnknownHashRule::Reject => format!("left out and reported: {}", users(others)),
            UnknownHashRule::Keep => {
                format!("left out, or adopted without a password: {}", users(others))
            }
        });
    }
    steps.join("\n")
}

fn next(origin: &Origin, plan: &Path) -> String {
    let plan = plan.display();
    let from = match origin.argument() {
        Some(source) => format!(" --from {source}"),
        None if origin.is_configured() => String::new(),
        None => " (with the source's address in DOORWARD_ADOPT_FROM)".to_owned(),
    };
    format!("the plan is in {plan}; read it, then: doorward adopt run {plan} --dry-run{from}\n")
}
