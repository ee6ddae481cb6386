//! `doorward audit …`: the audit trail.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use doorward::{
    audit::{StoredEvent, chain::Head},
    store::{SealReach, Store},
};
use serde_json::json;

use super::{operated, print, terminal, timestamp::rfc3339_ms};
use crate::{
    audit_filter::{self, FilterTexts},
    cli::{AuditCommand, AuditFilterArgs},
    config::Config,
    failure::Failure,
};

/// Does what was asked.
///
/// # Errors
/// [`Failure`] with the exit code for it.
pub async fn run(command: &AuditCommand, config: &Config) -> Result<ExitCode, Failure> {
    let database = operated::open_current(config).await?;
    let store = operated::store(&database, config).await?;
    let result = match command {
        AuditCommand::List {
            json,
            limit,
            filter,
        } => list(&store, config, *json, *limit, filter).await,
        AuditCommand::Verify { expect } => verify(&store, config, *expect).await,
    };
    database.close().await;
    result
}

async fn list(
    store: &Store,
    config: &Config,
    as_json: bool,
    limit: u32,
    filter: &AuditFilterArgs,
) -> Result<ExitCode, Failure> {
    let filter = audit_filter::parse(FilterTexts {
        kind: filter.kind.as_deref(),
        outcome: filter.outcome.as_deref(),
        actor: filter.actor.as_deref(),
        subject: filter.subject.as_deref(),
        address: filter.address.as_deref(),
        since: filter.since.as_deref(),
        until: filter.until.as_deref(),
    })
    .map_err(|error| {
        Failure::new(format!("the flag --{} cannot be used", error.name))
            .why(error)
            .usage()
    })?;
    let events = store
        .list_audit_events(&filter, None, limit)
        .await
        .map_err(operated::unusable(config))?;
    if events.is_empty() {
        writeln!(
            io::stderr(),
            "there are no such events in {}",
            config.db.url
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    if as_json {
        print(&events.iter().map(json_line).collect::<String>())
    } else {
        let titles = [
            "at", "event", "outcome", "actor", "about", "address", "detail",
        ];
        let mut rows = vec![titles.map(str::to_owned).to_vec()];
        rows.extend(events.iter().map(row));
        print(&terminal::columns(&rows))
    }
}

fn json_line(event: &StoredEvent) -> String {
    let object = json!({
        "id": event.id,
        "at": rfc3339_ms(event.at),
        "kind": event.kind,
        "outcome": event.outcome,
        "actor": event.actor,
        "actor_id": event.actor_id,
        "subject_id": event.subject_id,
        "address": event.address,
        "request_id": event.request_id,
        "user_agent": event.user_agent,
        "node": event.node,
        "detail": event.detail_object(),
    });
    format!("{object}\n")
}

fn row(event: &StoredEvent) -> Vec<String> {
    let number = |number: Option<i64>| number.map(|number| number.to_string());
    let actor = match event.actor_id {
        Some(id) => format!("{} {id}", event.actor),
        None => event.actor.clone(),
    };
    let detail: Vec<String> = event
        .detail_object()
        .iter()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    [
        rfc3339_ms(event.at),
        event.kind.clone(),
        event.outcome.clone(),
        actor,
        number(event.subject_id).unwrap_or_default(),
        event.address.clone().unwrap_or_default(),
        detail.join(" "),
    ]
    .iter()
    .map(|cell| terminal::visible(cell))
    .collect()
}

async fn verify(
    store: &Store,
    config: &Config,
    expected: Option<Head>,
) -> Result<ExitCode, Failure> {
    let unusable = operated::unusable(config);
    let mut result = Ok((Head::EMPTY, 0));
    // A server that purges while we look takes away what we are about to read, so a finding is looked at again.
    for _ in 0..2 {
        store
            .seal_audit_events(SealReach::All)
            .await
            .map_err(&unusable)?;
        result = store
            .verify_audit_chain(expected)
            .await
            .map_err(&unusable)?;
        if result.is_ok() {
            break;
        }
    }
    match result {
        Ok((head, events)) => print(&format!("{events} events are as they were sealed\nend {head}\n")),
        Err(tampering) => Err(Failure::new(format!(
            "the audit trail in {} is not what it was",
            config.db.url
        ))
        .why(tampering)
        .fix("keep a copy of the database as it is, and look at who could write to it; the log of the server tells of every event too")),
    }
}
