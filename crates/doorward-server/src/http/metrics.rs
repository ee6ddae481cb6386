//! Counters in the text format of Prometheus, on an address of their own.

use std::{fmt::Write as _, sync::Arc};

use axum::{Router, extract::State, response::IntoResponse, routing::get};
use doorward::{
    audit::{self, EventKind},
    authenticator::Authenticator,
    foreign::{ForeignKind, Outcome},
};
use http::header::CONTENT_TYPE;

/// The media type of the text format, version 0.0.4.
const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The one route of the address for metrics.
pub fn routes(authenticator: Arc<Authenticator>) -> Router {
    Router::new()
        .route("/metrics", get(show_metrics))
        .with_state(authenticator)
}

/// `GET /metrics`: what this process has counted since its start. The database is not asked.
pub async fn show_metrics(State(authenticator): State<Arc<Authenticator>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, MEDIA_TYPE)], exposition(&authenticator))
}

/// The text. Names of sources have only characters that need no escaping in a label
/// ([`doorward::foreign::SourceName`]). Every series is there from the start, so that a rate can be taken of it.
fn exposition(authenticator: &Authenticator) -> String {
    let mut text = String::new();
    let families = [
        (
            ForeignKind::Token,
            "doorward_foreign_tokens_total",
            "Tokens of other applications, by what became of them.",
        ),
        (
            ForeignKind::Session,
            "doorward_foreign_sessions_total",
            "Session cookies of other applications, by what became of them.",
        ),
    ];
    for (kind, family, help) in families {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# HELP {family} {help}");
        let _ = writeln!(text, "# TYPE {family} counter");
        let tallies = authenticator.foreign().tallies();
        for tally in tallies.filter(|tally| tally.kind() == kind) {
            let reading = tally.reading();
            for outcome in Outcome::ALL {
                let _ = writeln!(
                    text,
                    "{family}{{source=\"{}\",outcome=\"{}\"}} {}",
                    tally.name(),
                    outcome.as_str(),
                    reading.get(outcome)
                );
            }
        }
    }
    write_audit(authenticator, &mut text);
    text
}

/// The audit trail's counts: every kind with every outcome from the start.
fn write_audit(authenticator: &Authenticator, text: &mut String) {
    let tally = authenticator.store().audit_tally();
    let counts = tally.counts();
    let family = "doorward_audit_events_total";
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "# HELP {family} Events of the audit trail, by kind and outcome."
    );
    let _ = writeln!(text, "# TYPE {family} counter");
    for kind in EventKind::ALL {
        for outcome in audit::Outcome::ALL {
            let count = counts
                .iter()
                .find(|(of, how, _)| (of, how) == (kind, &outcome))
                .map_or(0, |(_, _, count)| *count);
            let _ = writeln!(
                text,
                "{family}{{kind=\"{kind}\",outcome=\"{outcome}\"}} {count}"
            );
        }
    }
    let family = "doorward_audit_lost_total";
    let _ = writeln!(
        text,
        "# HELP {family} Events that the database did not take; they are in the log alone."
    );
    let _ = writeln!(text, "# TYPE {family} counter");
    let _ = writeln!(text, "{family}{{sink=\"database\"}} {}", tally.lost());
}
