//! Looking at somebody else's users without changing anything: which table, which columns, what is in them, and a
//! [`Plan`] for adopting them.
//!
//! Rows are read as they come. The memory that takes grows by 16 bytes for each user name and stops growing at 256 MiB.

mod candidates;
mod census;
mod error;
mod file;
mod fills;
mod findings;
mod fingerprints;
mod hash_form;
mod layout;
mod plain_text;
mod privileges;
mod proposal;
mod row_findings;
mod rows;
mod schema;

use std::collections::BTreeMap;

pub use census::{Census, Places};
pub use error::InspectError;
pub use file::{FileForm, SourceFile};
pub use findings::{Finding, Weight};
pub use hash_form::HashForm;
pub use layout::Layout;
pub use privileges::{Allowed, Privileges};
pub use proposal::stored_chars;
pub use schema::{Column, Kind, Table};

use super::{Identifier, Plan};
use crate::{
    password::AcceptedForms,
    store::{Database, DatabaseUrl, Reading},
    username::Username,
};
use candidates::{choose, guessed};
use fingerprints::{Fingerprint, Fingerprints, Repeated};
use layout::Guess;
use rows::RowSource;

/// What to look at, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The table; none to look for it.
    pub table: Option<Identifier>,
    /// Which hashes the server verifies as its settings are.
    pub accepted: AcceptedForms,
    /// Whether the source is the database that doorward is configured to use: then the users can stay there.
    pub is_configured: bool,
}

/// What was found, and what is proposed.
#[derive(Debug)]
pub struct Inspection {
    /// `sqlite` or `mysql` with its version; `CSV` or `JSON lines`.
    pub kind: String,
    /// The table.
    pub table: Table,
    /// Whose layout it has.
    pub layout: Layout,
    /// Other tables that could hold users, the likeliest first.
    pub others: Vec<Identifier>,
    /// What is in the rows.
    pub census: Census,
    /// What the operator should know, the gravest first.
    pub findings: Vec<Finding>,
    /// What is proposed.
    pub plan: Plan,
}

/// What the findings are made from, apart from the rows' census.
struct Facts<'a> {
    table: &'a Table,
    tables: &'a [Table],
    guess: &'a Guess,
    others: &'a [Identifier],
    is_configured: bool,
    /// Our own names that are taken.
    in_the_way: Vec<String>,
    privileges: Option<Privileges>,
    /// Members by role, where roles have tables of their own.
    members: Vec<(String, i64)>,
    repeated: Repeated,
    /// The rows of a few repeated names.
    repeated_rows: Vec<String>,
}

/// Looks at a database. `progress` is told how many rows were read so far.
///
/// # Errors
/// [`InspectError`].
pub async fn inspect_database(
    url: &DatabaseUrl,
    options: &Options,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Inspection, InspectError> {
    let reading = Database::open_foreign(url).await?;
    let result = look_at_database(&reading, options, progress).await;
    reading.close().await;
    result
}

async fn look_at_database(
    reading: &Reading,
    options: &Options,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Inspection, InspectError> {
    let tables = reading.tables().await?;
    let (table, others) = choose(&tables, options.table.as_ref())?;
    let guess = guessed(table)?;
    let has_ours = tables.iter().any(|table| {
        table.name.as_str().eq_ignore_ascii_case("accounts")
            && table.has(&["user_id", "username_key"])
    });
    if options.is_configured && has_ours && table.name.as_str().eq_ignore_ascii_case("users") {
        let table = table.name.clone();
        return Err(InspectError::Ours { table });
    }
    let members = match layout::memberships(&tables) {
        Some(found) => reading
            .memberships(found.members, found.role, found.roles, found.name)
            .await
            .unwrap_or_default(),
        None => Vec::new(),
    };
    let privileges = match reading {
        Reading::Sqlite(_) => None,
        Reading::MySql(_) => {
            // Best effort: a proxy may not know the statement.
            let grants = reading.grants().await.unwrap_or_default();
            Some(Privileges::of(&grants, &reading.database_name().await?))
        }
    };
    let facts = Facts {
        table,
        tables: &tables,
        guess: &guess,
        others: &others,
        is_configured: options.is_configured,
        in_the_way: in_the_way(&tables, table),
        privileges,
        members,
        repeated: Repeated::default(),
        repeated_rows: Vec::new(),
    };
    let kind = format!("{} {}", reading.engine(), reading.version().await?);
    finish(
        RowSource::Table(reading, table),
        kind,
        facts,
        options,
        progress,
    )
    .await
}

/// Looks at a file. `progress` is told how many records were read so far.
///
/// # Errors
/// [`InspectError`].
pub async fn inspect_file(
    file: &SourceFile,
    options: &Options,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Inspection, InspectError> {
    let table = file.table()?;
    let guess = guessed(&table)?;
    let kind = match file.form() {
        FileForm::Csv => "CSV",
        FileForm::JsonLines => "JSON lines",
    };
    let facts = Facts {
        table: &table,
        tables: &[],
        guess: &guess,
        others: &[],
        is_configured: false,
        in_the_way: Vec::new(),
        privileges: None,
        members: Vec::new(),
        repeated: Repeated::default(),
        repeated_rows: Vec::new(),
    };
    finish(
        RowSource::File(file),
        kind.to_owned(),
        facts,
        options,
        progress,
    )
    .await
}

/// Reads the rows and draws the conclusions.
async fn finish(
    source: RowSource<'_>,
    kind: String,
    mut facts: Facts<'_>,
    options: &Options,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Inspection, InspectError> {
    let mut plan = proposal::first(&facts);
    if matches!(source, RowSource::File(_)) {
        plan.users.table = None;
    }
    let width = facts
        .table
        .column(facts.guess.password.as_str())
        .and_then(|column| column.max_chars);
    let mut census = Census::new(options.accepted.clone(), width, facts.guess.role.clone());
    source
        .each(&plan.users, &mut |row| {
            census.add(row);
            progress(row.number);
        })
        .await?;
    if census.rows == 0 {
        let table = facts.table.name.clone();
        return Err(InspectError::Empty { table });
    }
    facts.repeated = census.repeated();
    facts.repeated_rows = repeated_rows(&source, &plan, &facts.repeated.first).await?;
    proposal::complete(&mut plan, &facts, &census);
    let mut findings = findings::of_schema(&facts, &plan, &census);
    findings.extend(row_findings::of_rows(&facts, &plan, &census));
    findings.sort_by_key(|finding| finding.weight);
    Ok(Inspection {
        kind,
        table: facts.table.clone(),
        layout: facts.guess.layout,
        others: facts.others.to_vec(),
        census,
        findings,
        plan,
    })
}

/// Reads the rows once more for the names that several have: `alice (id 1), Alice (id 4)`.
async fn repeated_rows(
    source: &RowSource<'_>,
    plan: &Plan,
    wanted: &[Fingerprint],
) -> Result<Vec<String>, InspectError> {
    const TOLD: usize = 4;
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut found: BTreeMap<Fingerprint, Vec<String>> = BTreeMap::new();
    source
        .each(&plan.users, &mut |row| {
            let name = row
                .name
                .as_deref()
                .and_then(|name| std::str::from_utf8(name).ok());
            let Some(Ok(name)) = name.map(Username::parse) else {
                return;
            };
            let fingerprint = Fingerprints::of(name.key());
            if wanted.contains(&fingerprint) {
                let rows = found.entry(fingerprint).or_default();
                if rows.len() < TOLD {
                    rows.push(format!("{name} ({})", row.place()));
                }
            }
        })
        .await?;
    let mut groups: Vec<String> = found.into_values().map(|rows| rows.join(", ")).collect();
    groups.sort_unstable();
    Ok(groups)
}

/// Tables with names of ours that are not the users table.
fn in_the_way(tables: &[Table], users: &Table) -> Vec<String> {
    let mut ours = Database::own_tables();
    ours.push("_sqlx_migrations".to_owned());
    tables
        .iter()
        .filter(|table| table.name != users.name)
        .map(|table| table.name.as_str())
        .filter(|name| ours.iter().any(|own| own.eq_ignore_ascii_case(name)))
        .map(str::to_owned)
        .collect()
}
