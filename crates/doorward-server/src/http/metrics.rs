//! Metrics in the text format of Prometheus, on an address of their own.
//!
//! They say how much and how long, never who: no label holds a name, an address, a path or a secret.

mod exposition;

use std::sync::Arc;

use axum::{Router, extract::State, response::IntoResponse, routing::get};
use doorward::{
    audit::{self, EventKind},
    authenticator::Authenticator,
    clock::Timestamp,
    foreign::{ForeignKind, Outcome},
    key_ring::KeyState,
    revocation,
};
use doorward_axum::HttpMeter;
use http::header::CONTENT_TYPE;

use crate::{mail::LetterTally, telemetry::LostLines};
use exposition::{Exposition, Kind};

/// The media type of the text format, version 0.0.4.
const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the metrics are read from.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// The use cases.
    pub authenticator: Arc<Authenticator>,
    /// The requests of the service's address.
    pub http: Arc<HttpMeter>,
    /// The letters; `None` without a mail server.
    pub letters: Option<Arc<LetterTally>>,
    /// The lines of the log that found no room.
    pub lost_lines: LostLines,
    /// When the process started.
    pub started_at: Timestamp,
}

/// The one route of the address for metrics.
pub fn routes(metrics: Metrics) -> Router {
    Router::new()
        .route("/metrics", get(show_metrics))
        .with_state(metrics)
}

/// `GET /metrics`: what this process has counted since its start, and how it is now. The database is not asked: a scrape
/// answers while it is away.
pub async fn show_metrics(State(metrics): State<Metrics>) -> impl IntoResponse {
    ([(CONTENT_TYPE, MEDIA_TYPE)], metrics.exposition())
}

impl Metrics {
    /// The text. Series are there from the start, so that a rate can be taken of them, but for routes: those that were asked
    /// for.
    fn exposition(&self) -> String {
        let mut text = Exposition::default();
        self.write_process(&mut text);
        self.write_http(&mut text);
        self.write_outcomes(&mut text);
        self.write_hashes(&mut text);
        self.write_database(&mut text);
        self.write_revocations(&mut text);
        self.write_keys(&mut text);
        self.write_letters(&mut text);
        self.write_foreign(&mut text);
        self.write_audit(&mut text);
        self.write_log(&mut text);
        text.into_text()
    }

    fn write_process(&self, text: &mut Exposition) {
        let name = "process_start_time_seconds";
        let help = "When the process started, in seconds since 1970.";
        text.single(name, Kind::Gauge, help, seconds(self.started_at));
        let name = "doorward_build_info";
        text.family(name, Kind::Gauge, "1; the labels say what runs.");
        let engine = self.authenticator.store().database().engine();
        let labels = [("version", env!("CARGO_PKG_VERSION")), ("engine", engine)];
        text.series(name, &labels, 1);
        let name = "doorward_ready";
        let help = "Whether a part that /readyz looks at was good, by what the process knows without asking.";
        text.family(name, Kind::Gauge, help);
        let keys = self.authenticator.can_sign();
        text.series(name, &[("part", "keys")], u8::from(keys));
        let followed = self.revocation_lag() <= revocation::STALE.as_secs_f64();
        text.series(name, &[("part", "revocations")], u8::from(followed));
    }

    fn write_http(&self, text: &mut Exposition) {
        let name = "doorward_http_requests_total";
        let help = "Requests that were answered, by the pattern of their route, method and class of status.";
        text.family(name, Kind::Counter, help);
        for reading in self.http.read() {
            let counts = reading.classes.into_iter();
            for (status, count) in counts.filter(|(_, count)| *count > 0) {
                let (route, method) = (reading.route, reading.method);
                let labels = [("route", route), ("method", method), ("status", status)];
                text.series(name, &labels, count);
            }
        }
        let name = "doorward_http_request_duration_seconds";
        let help = "The time from a request's head to the head of its answer.";
        text.family(name, Kind::Histogram, help);
        for reading in self.http.read() {
            let labels = [("route", reading.route), ("method", reading.method)];
            text.histogram(name, &labels, &reading.took);
        }
        let name = "doorward_http_connections";
        let help = "Connections that are open.";
        text.single(name, Kind::Gauge, help, self.http.open_connections());
        let name = "doorward_http_connections_refused_total";
        let help = "Connections beyond a ceiling.";
        let refused = self.http.connections_turned_away();
        text.single(name, Kind::Counter, help, refused);
    }

    fn write_outcomes(&self, text: &mut Exposition) {
        let tallies = self.authenticator.tallies();
        let name = "doorward_logins_total";
        let help = "Logins with a name and a password, by outcome.";
        text.outcomes(name, help, &tallies.logins);
        let name = "doorward_refreshes_total";
        let help = "Exchanges of a refresh token, by outcome.";
        text.outcomes(name, help, &tallies.refreshes);
        let name = "doorward_tokens_verified_total";
        let help = "Access tokens and API keys that came with requests, by outcome.";
        text.outcomes(name, help, &tallies.tokens);
    }

    fn write_hashes(&self, text: &mut Exposition) {
        let hashes = self.authenticator.hashes();
        let counters = hashes.counters();
        let name = "doorward_hash_jobs_total";
        let help = "Password hashes, by what became of them.";
        text.family(name, Kind::Counter, help);
        for (outcome, count) in [
            ("hashed", counters.hashed),
            ("verified", counters.verified),
            ("refused", counters.rejected_busy),
            ("abandoned", counters.skipped_gone),
            ("panicked", counters.panicked),
        ] {
            text.series(name, &[("outcome", outcome)], count);
        }
        let name = "doorward_hash_queue_length";
        let help = "Password hashes that wait for a thread or for memory.";
        text.single(name, Kind::Gauge, help, counters.waiting);
        let name = "doorward_hash_queue_limit";
        let help = "Password hashes that may wait; one more is refused.";
        text.single(name, Kind::Gauge, help, counters.most_waiting);
        let name = "doorward_hash_running";
        let help = "Password hashes that are being computed.";
        text.single(name, Kind::Gauge, help, counters.running);
        let name = "doorward_hash_wait_seconds";
        let help = "The time that password hashes waited until they were started.";
        text.family(name, Kind::Histogram, help);
        text.histogram(name, &[], &hashes.waits());
    }

    fn write_database(&self, text: &mut Exposition) {
        let pools = self.authenticator.store().database().connections();
        let name = "doorward_db_connections";
        text.family(name, Kind::Gauge, "Connections to the database.");
        for pool in &pools {
            let used = pool.open - pool.idle;
            text.series(name, &[("pool", pool.pool), ("state", "used")], used);
            text.series(name, &[("pool", pool.pool), ("state", "idle")], pool.idle);
        }
        let name = "doorward_db_connections_limit";
        let help = "Connections that may be open; with as many in use a statement waits.";
        text.family(name, Kind::Gauge, help);
        for pool in &pools {
            text.series(name, &[("pool", pool.pool)], pool.most);
        }
    }

    fn write_revocations(&self, text: &mut Exposition) {
        let name = "doorward_revocations";
        let help = "Sessions and users with revoked tokens that this process knows.";
        let known = self.authenticator.revocations().len();
        text.single(name, Kind::Gauge, help, known);
        let name = "doorward_revocation_lag_seconds";
        let help = "The time since this process last knew every revocation of the database.";
        text.single(name, Kind::Gauge, help, self.revocation_lag());
    }

    /// Before the first time, the time since the start.
    fn revocation_lag(&self) -> f64 {
        let followed = self.authenticator.revocations().followed_at();
        let since = followed.unwrap_or(self.started_at);
        self.authenticator.now().since(since).as_secs_f64()
    }

    fn write_keys(&self, text: &mut Exposition) {
        let now = self.authenticator.now();
        let keys = self.authenticator.known_keys();
        let name = "doorward_signing_keys";
        text.family(name, Kind::Gauge, "Keys of tokens, by state.");
        for state in KeyState::ALL {
            let count = keys.iter().filter(|key| key.times.state(now) == state);
            text.series(name, &[("state", state.as_str())], count.count());
        }
        let name = "doorward_signing_key_age_seconds";
        let help = "The time since the key that signs took over; none while no key does.";
        text.family(name, Kind::Gauge, help);
        let active = keys
            .iter()
            .filter(|key| key.times.state(now) == KeyState::Active);
        if let Some(since) = active.map(|key| key.times.active).max() {
            text.series(name, &[], seconds(now) - seconds(since));
        }
        let name = "doorward_signing_key_takeover_seconds";
        let help = "The time until the next key takes over by itself, below zero when that is overdue; none when nothing is to come.";
        text.family(name, Kind::Gauge, help);
        if let Some(at) = self.authenticator.next_key_takeover() {
            text.series(name, &[], seconds(at) - seconds(now));
        }
    }

    fn write_letters(&self, text: &mut Exposition) {
        let Some(letters) = &self.letters else { return };
        let name = "doorward_letters_total";
        let help = "Attempts to send a letter, by outcome.";
        text.outcomes(name, help, &letters.attempts);
        let name = "doorward_letters_waiting";
        let help = "Letters of all nodes that wait to be sent, as counted a few seconds ago.";
        text.single(name, Kind::Gauge, help, letters.waiting());
    }

    fn write_foreign(&self, text: &mut Exposition) {
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
            text.family(family, Kind::Counter, help);
            let tallies = self.authenticator.foreign().tallies();
            for tally in tallies.filter(|tally| tally.kind() == kind) {
                let reading = tally.reading();
                let source = tally.name().to_string();
                for outcome in Outcome::ALL {
                    let labels = [("source", source.as_str()), ("outcome", outcome.as_str())];
                    text.series(family, &labels, reading.get(outcome));
                }
            }
        }
    }

    /// The audit trail's counts: every kind with every outcome from the start.
    fn write_audit(&self, text: &mut Exposition) {
        let tally = self.authenticator.store().audit_tally();
        let counts = tally.counts();
        let family = "doorward_audit_events_total";
        let help = "Events of the audit trail, by kind and outcome.";
        text.family(family, Kind::Counter, help);
        for kind in EventKind::ALL {
            for outcome in audit::Outcome::ALL {
                let count = counts
                    .iter()
                    .find(|(of, how, _)| (of, how) == (kind, &outcome))
                    .map_or(0, |(_, _, count)| *count);
                let (kind, outcome) = (kind.to_string(), outcome.to_string());
                text.series(family, &[("kind", &kind), ("outcome", &outcome)], count);
            }
        }
        let family = "doorward_audit_lost_total";
        let help = "Events that the database did not take; they are in the log alone.";
        text.family(family, Kind::Counter, help);
        text.series(family, &[("sink", "database")], tally.lost());
    }

    fn write_log(&self, text: &mut Exposition) {
        let name = "doorward_log_lines_lost_total";
        let help =
            "Lines of the log that found no room, since what reads standard error was too slow.";
        text.single(name, Kind::Counter, help, self.lost_lines.count());
    }
}

/// With milliseconds.
fn seconds(at: Timestamp) -> f64 {
    std::time::Duration::from_millis(u64::try_from(at.as_millis()).unwrap_or(0)).as_secs_f64()
}
