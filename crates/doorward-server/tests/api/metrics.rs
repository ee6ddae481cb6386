//! `GET /metrics` on an address of its own.

use std::collections::BTreeMap;

use doorward::{
    flask_session::{SessionData, SessionSigner},
    secret::Secret,
};
use serde_json::json;

use crate::{
    client::{get, request},
    foreign_tokens::{OPEN, THEIRS, source, theirs},
    installation::{Engine, Installation, Server},
};

/// Series and values of an exposition in the text format 0.0.4; fails when a line is not of it.
fn parse(text: &str) -> BTreeMap<String, u64> {
    assert!(text.ends_with('\n'));
    let mut families = BTreeMap::new();
    let mut series = BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (family, help) = rest.split_once(' ').expect("a text after the name");
            assert!(!help.is_empty());
            assert!(families.insert(family.to_owned(), None).is_none(), "{line}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (family, kind) = rest.split_once(' ').expect("a type");
            assert_eq!(kind, "counter");
            *families.get_mut(family).expect("help comes first") = Some(kind.to_owned());
        } else {
            let (name, value) = line.rsplit_once(' ').expect("a value");
            let (family, labels) = name.split_once('{').expect("labels");
            let labels = labels.strip_suffix('}').expect("the labels' end");
            for label in labels.split(',') {
                let (key, value) = label.split_once('=').expect("a label");
                assert!(key.bytes().all(|b| b.is_ascii_lowercase()), "{line}");
                let value = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
                assert!(!value.expect("quotes").contains(['"', '\\']), "{line}");
            }
            assert!(families[family].is_some(), "{line} comes before its type");
            assert!(family.ends_with("_total"));
            let value = value.parse().expect("a number");
            assert!(
                series.insert(name.to_owned(), value).is_none(),
                "{line} twice"
            );
        }
    }
    series
}

pub(crate) fn read(server: &Server) -> BTreeMap<String, u64> {
    let answer = get("/metrics").send(server.metrics_address());
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    parse(answer.text())
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
