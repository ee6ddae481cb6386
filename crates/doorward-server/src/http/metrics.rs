//! Counters in the text format of Prometheus, on an address of their own.

use std::{fmt::Write as _, sync::Arc};

use axum::{Router, extract::State, response::IntoResponse, routing::get};
use doorward::{
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
    text
}
