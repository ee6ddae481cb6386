//! `GET /metrics` on an address of its own.

use std::collections::{BTreeMap, BTreeSet};

use doorward::{
    flask_session::{SessionData, SessionSigner},
    secret::Secret,
};
use serde_json::json;

use crate::{
    access_table,
    client::{get, login, post, request},
    foreign_tokens::{OPEN, THEIRS, source, theirs},
    installation::{Engine, Installation, PASSWORD, Server, engines, eventually},
};

/// Series and values of an exposition in the text format 0.0.4, and its families; fails when a line is not of it.
fn parse(text: &str) -> (BTreeMap<String, f64>, BTreeSet<String>) {
    assert!(text.ends_with('\n'));
    let mut kinds: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut series = BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (family, help) = rest.split_once(' ').expect("a text after the name");
            assert!(!help.is_empty());
            assert!(kinds.insert(family.to_owned(), None).is_none(), "{line}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (family, kind) = rest.split_once(' ').expect("a type");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert_eq!(family.ends_with("_total"), kind == "counter", "{line}");
            *kinds.get_mut(family).expect("help comes first") = Some(kind.to_owned());
        } else {
            let (name, value) = line.rsplit_once(' ').expect("a value");
            let (sample, labels) = name.split_once('{').unwrap_or((name, "}"));
            let labels = labels.strip_suffix('}').expect("the labels' end");
            // No value of a label has a comma that follows a quotation mark.
            for label in labels.split("\",").filter(|label| !label.is_empty()) {
                let (key, value) = label.split_once("=\"").expect("a label");
                assert!(key.bytes().all(|b| b.is_ascii_lowercase()), "{line}");
                let value = value.trim_end_matches('"');
                assert!(!value.contains(['"', '\\']), "{line}");
            }
            let histogram = ["_bucket", "_sum", "_count"]
                .iter()
                .filter_map(|suffix| sample.strip_suffix(suffix))
                .find(|family| kinds.get(*family) == Some(&Some("histogram".to_owned())));
            let family = histogram.unwrap_or(sample);
            let kind = kinds.get(family).and_then(Option::as_deref);
            assert!(kind.is_some(), "{line} comes before its type");
            let value: f64 = value.parse().expect("a number");
            assert!(
                series.insert(name.to_owned(), value).is_none(),
                "{line} twice"
            );
        }
    }
    assert!(kinds.values().all(Option::is_some));
    (series, kinds.into_keys().collect())
}

fn scrape(server: &Server) -> (BTreeMap<String, f64>, BTreeSet<String>) {
    let answer = get("/metrics").send(server.metrics_address());
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    parse(answer.text())
}

/// The names of what a server shows.
pub(crate) fn families(server: &Server) -> BTreeSet<String> {
    scrape(server).1
}

/// The counters.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counters are small and whole"
)]
pub(crate) fn read(server: &Server) -> BTreeMap<String, u64> {
    let series = scrape(server).0.into_iter();
    series
        .filter(|(name, _)| name.contains("_total"))
        .map(|(name, value)| (name, value as u64))
        .collect()
}

/// A server with everything that has metrics.
pub(crate) fn complete(engine: Engine, demo: bool) -> (Installation, Server) {
    let installation = if demo {
        Installation::demo(engine)
    } else {
        Installation::new(engine)
    };
    installation
        .without_quantum()
        .set("DOORWARD_METRICS_LISTEN", "127.0.0.1:0")
        .set("DOORWARD_PUBLIC_URL", "http://localhost:5000")
        .set("DOORWARD_SMTP_HOST", "127.0.0.1")
        .set("DOORWARD_SMTP_SECURITY", "none")
        .set("DOORWARD_MAIL_FROM", "accounts@example.org")
        .start_kept()
}

#[test]
fn every_outcome_of_every_source_is_a_series_from_the_start() {
    let sessions = format!(
        "[[flask_sessions]]\nname = \"old\"\nkey = \"{THEIRS}\"\nsubject_is = \"id\"\nuntil = \"{OPEN}\"\n"
    );
    let ended = source("2020-12-31")
        .replace("\"flask\"", "\"ended\"")
        .replace(THEIRS, "another-application-s-own-key-0123456789");
    let installation = Installation::new(Engine::Sqlite)
        .set("DOORWARD_METRICS_LISTEN", "127.0.0.1:0")
        .with_file(&format!("{}{ended}{sessions}", source(OPEN)));
    let server = installation.start();
    server.set_up();
    let series = |kind: &str, source: &str, outcome: &str| {
        format!("doorward_foreign_{kind}_total{{source=\"{source}\",outcome=\"{outcome}\"}}")
    };
    let foreign = || -> BTreeMap<_, _> {
        let series = read(&server).into_iter();
        series
            .filter(|(name, _)| name.starts_with("doorward_foreign_"))
            .collect()
    };
    let at_first = foreign();
    assert_eq!(at_first.len(), 12);
    assert!(at_first.values().all(|value| *value == 0));

    let token = theirs(1, |_| {});
    for _ in 0..2 {
        get("/profile").bearer(&token).send(server.address);
    }
    request("POST", "/auth/exchange")
        .bearer(&token)
        .send(server.address);
    let expired = theirs(1, |claims| claims["exp"] = json!(1_700_000_000));
    get("/profile").bearer(&expired).send(server.address);
    get("/profile").bearer("not.a.token").send(server.address);
    let data: SessionData = [("_user_id", "1")].into_iter().collect();
    let secret = Secret::from_text(THEIRS.to_owned());
    let month = std::time::Duration::from_hours(24 * 31);
    let signer = SessionSigner::new(&secret, &[], month);
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    let value = signer.encode(&data, now.unwrap().as_secs()).unwrap();
    let cookie = format!("session={value}");
    get("/auth/session")
        .header("Cookie", &cookie)
        .send(server.address);

    let then = foreign();
    for (name, value) in [
        (series("tokens", "flask", "accepted"), 2),
        (series("tokens", "flask", "exchanged"), 1),
        (series("tokens", "flask", "expired"), 1),
        (series("tokens", "flask", "retired"), 0),
        (series("tokens", "ended", "retired"), 0),
        (series("sessions", "old", "accepted"), 1),
    ] {
        assert_eq!(then.get(&name), Some(&value), "{name}");
    }
    assert_eq!(then.values().sum::<u64>(), 5);
    // The metrics' address has nothing else, and the service's address has no metrics.
    let answer = get("/healthz").send_to_another(server.metrics_address());
    assert_eq!(answer.status, 404);
    assert_eq!(get("/metrics").send(server.address).status, 404);
    server.stop();
}

#[test]
fn metrics_are_off_unless_asked_for() {
    let server = Installation::new(Engine::Sqlite).start_kept();
    assert!(!server.1.screen().contains("metrics"));
}

#[test]
fn what_happens_at_the_server_is_counted() {
    for engine in engines() {
        let (_installation, server) = complete(engine, false);
        let admin = server.set_up();
        let address = server.address;
        for _ in 0..3 {
            assert_eq!(get("/profile").bearer(&admin).send(address).status, 200);
        }
        get("/profile").bearer("not.a.token").send(address);
        get("/profile").send(address);
        get("/users/1").bearer(&admin).send(address);
        get("/users/2147483647").bearer(&admin).send(address);
        get("/no/such/route").send(address);
        request("PROPFIND", "/healthz").send(address);
        login("nobody", PASSWORD).send(address);
        post("/auth/refresh", &json!({"refresh_token": "none"})).send(address);
        let (after, _) = scrape(&server);
        let value = |series: &str| *after.get(series).unwrap_or(&0.0);
        let requests = |route: &str, method: &str, status: &str| {
            value(&format!(
                "doorward_http_requests_total{{route=\"{route}\",method=\"{method}\",status=\"{status}\"}}"
            ))
        };
        let outcome =
            |family: &str, outcome: &str| value(&format!("{family}{{outcome=\"{outcome}\"}}"));
        for (number, expected) in [
            (requests("/profile", "GET", "2xx"), 3.0),
            (requests("/profile", "GET", "4xx"), 2.0),
            (requests("/users/{id}", "GET", "2xx"), 1.0),
            (requests("/users/{id}", "GET", "4xx"), 1.0),
            (requests("unmatched", "GET", "4xx"), 1.0),
            (requests("/healthz", "other", "4xx"), 1.0),
            (
                value(
                    "doorward_http_request_duration_seconds_count{route=\"/profile\",method=\"GET\"}",
                ),
                5.0,
            ),
            (outcome("doorward_tokens_verified_total", "valid"), 5.0),
            (outcome("doorward_tokens_verified_total", "invalid"), 1.0),
            (outcome("doorward_logins_total", "invalid_credentials"), 1.0),
            (outcome("doorward_refreshes_total", "invalid"), 1.0),
            (outcome("doorward_hash_jobs_total", "refused"), 0.0),
            (value("doorward_ready{part=\"keys\"}"), 1.0),
            (value("doorward_signing_keys{state=\"active\"}"), 1.0),
        ] {
            assert!(
                (number - expected).abs() < 0.1,
                "{number} {expected}\n{after:#?}"
            );
        }
        assert!(outcome("doorward_hash_jobs_total", "verified") >= 1.0);
        assert!(value("doorward_hash_wait_seconds_count") >= 2.0);
        assert!(value("doorward_signing_key_takeover_seconds") > 86_400.0);
        let engine = server_engine(engine);
        let version = env!("CARGO_PKG_VERSION");
        let build = format!("doorward_build_info{{version=\"{version}\",engine=\"{engine}\"}}");
        assert!((value(&build) - 1.0).abs() < 0.1, "{after:#?}");
        // Labels name nobody: neither whoever logged in nor what was asked for.
        let text = get("/metrics").send(server.metrics_address());
        for secret in ["nobody", "2147483647", "no/such", "127.0.0.1", &admin] {
            assert!(!text.text().contains(secret), "{secret}");
        }
        // What the follower reads every half second is known, and stays known.
        eventually("the follower caught up", || {
            scrape(&server).0["doorward_revocation_lag_seconds"] < 2.0
        });
        server.stop();
    }
}

fn server_engine(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "sqlite",
        Engine::MySql => "mysql",
    }
}

#[test]
fn every_route_is_counted_under_its_own_pattern() {
    for demo in [false, true] {
        let (_installation, server) = complete(Engine::Sqlite, demo);
        for path in access_table::paths(demo) {
            get(path).send_to_another(server.address);
        }
        let counted = read(&server);
        let unmatched: Vec<_> = counted
            .keys()
            .filter(|series| series.contains("unmatched"))
            .collect();
        assert!(unmatched.is_empty(), "{unmatched:?}");
        assert!(
            counted
                .keys()
                .any(|series| series.contains("route=\"/healthz\""))
        );
        server.stop();
    }
}

/// The names in the table of a section of docs/operating.md.
fn documented() -> BTreeSet<String> {
    let text = include_str!("../../../../docs/operating.md");
    let (_, section) = text.split_once("\n## Metrics\n").expect("the section");
    let section = section.split("\n## ").next().unwrap();
    let rows = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|row| row.split('`').next());
    rows.map(str::to_owned).collect()
}

#[test]
fn every_metric_is_documented_and_every_documented_one_is_there() {
    let (_installation, server) = complete(Engine::Sqlite, false);
    assert_eq!(scrape(&server).1, documented());
    server.stop();
}
