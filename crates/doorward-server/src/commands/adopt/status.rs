//! `doorward adopt status`.

use std::process::ExitCode;

use doorward::{
    adoption::{self, Mode, PlaintextRule, Plan},
    password::Scheme,
    store::{AdoptionRecord, Database, FormCounts, Store},
};

use super::super::{operated, print, terminal, timestamp::rfc3339};
use super::stopped;
use crate::{config::Config, failure::Failure, hashing};

/// Shows each adoption, and the forms of the stored passwords now.
pub(super) async fn run(config: &Config) -> Result<ExitCode, Failure> {
    let database = operated::open_existing(config).await?;
    let result = described(&database, config).await;
    database.close().await;
    print(&result?)
}

async fn described(database: &Database, config: &Config) -> Result<String, Failure> {
    let unusable = operated::unusable(config);
    let records = database.adoptions().await.map_err(&unusable)?;
    if records.is_empty() {
        return Ok(format!("nothing is adopted in {}\n", config.db.url));
    }
    let mut rows = vec![row("database", config.db.url.to_string())];
    for record in &records {
        rows.extend(adopted(record));
    }
    let accepted = hashing::accepted_forms(config);
    // A database has one users table, whatever was copied into it.
    let in_place = records
        .iter()
        .find(|record| record.plan.mode == Mode::InPlace);
    if let Some(record) = in_place.or(records.last()) {
        let now = adoption::census(database, &record.plan, &accepted)
            .await
            .map_err(stopped(config))?;
        rows.extend(forms(&record.plan, &before(&records, record), &now));
    }
    rows.extend(foreign(database, config).await?);
    Ok(terminal::columns(&rows))
}

/// What still arrives of what the application issued. The counts of a running server are some seconds old.
async fn foreign(database: &Database, config: &Config) -> Result<Vec<Vec<String>>, Failure> {
    let store = Store::new(database.clone());
    let arrived = store.foreign_logins().await;
    let arrived = arrived.map_err(operated::unusable(config))?;
    Ok(arrived
        .into_iter()
        .map(|from| {
            let counts = from.counts;
            let told = format!(
                "{}: {} accepted, {} exchanged, {} expired, {} after the end; last {}",
                from.source,
                counts.accepted,
                counts.exchanged,
                counts.expired,
                counts.retired,
                rfc3339(from.last_seen_at)
            );
            row(&format!("{}s", from.kind.as_str()), told)
        })
        .collect())
}

fn row(title: &str, value: String) -> Vec<String> {
    vec![title.to_owned(), value]
}

fn adopted(record: &AdoptionRecord) -> Vec<Vec<String>> {
    let mode = match record.plan.mode {
        Mode::InPlace => "in place",
        Mode::Copy => "copy",
    };
    let moment = |moment: Option<_>| moment.map_or_else(|| "-".to_owned(), rfc3339);
    let counts = record.counts;
    vec![
        row("adoption", format!("{mode}, {}", record.state.as_str())),
        row("  source", terminal::visible(&record.source)),
        row("  began", rfc3339(record.started_at)),
        row("  complete", moment(record.completed_at)),
        row("  finished", moment(record.finished_at)),
        row(
            "  rows",
            format!(
                "{} adopted, {} there before, {} passwords hashed, {} rejected",
                counts.adopted, counts.present, counts.hashed, counts.rejected
            ),
        ),
    ]
}

/// The forms at adoption: in place those of the one table, otherwise of all copies together.
fn before(records: &[AdoptionRecord], shown: &AdoptionRecord) -> FormCounts {
    let mut sum = FormCounts::new();
    let all = records
        .iter()
        .filter(|record| shown.plan.mode == Mode::Copy || record.id == shown.id);
    for (form, count) in all.flat_map(|record| &record.forms) {
        *sum.entry(form.clone()).or_default() += count;
    }
    sum
}

/// A line for each form: how many there were at adoption, how many there are, and what becomes of them.
fn forms(plan: &Plan, before: &FormCounts, now: &FormCounts) -> Vec<Vec<String>> {
    let best = Scheme::Argon2id.to_string();
    let mut names: Vec<&String> = before.keys().chain(now.keys()).collect();
    names.sort();
    names.dedup();
    let count = |counts: &FormCounts, name: &str| counts.get(name).copied().unwrap_or_default();
    let mut rows: Vec<_> = names
        .into_iter()
        .map(|name| {
            let (was, is) = (count(before, name), count(now, name));
            let plaintext = name == "unknown" && plan.passwords.plaintext == PlaintextRule::Hash;
            let shown = if plaintext { "in the clear" } else { name };
            row("passwords", format!("{shown}: {is} now, {was} at adoption"))
        })
        .collect();
    let upgraded = count(now, &best).saturating_sub(count(before, &best));
    let all: u64 = now.values().sum();
    rows.push(row(
        "upgraded",
        format!(
            "{upgraded} to {best}; {} are in another form",
            all - count(now, &best)
        ),
    ));
    rows
}
