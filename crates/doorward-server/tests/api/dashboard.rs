//! The dashboard and the alerts ask for metrics that a server has.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    client::get,
    installation::Engine,
    metrics::{complete, families},
};

const DASHBOARD: &str = include_str!("../../../../packaging/grafana/doorward.json");
const RULES: &str = include_str!("../../../../packaging/prometheus/doorward.rules.yml");

/// The words of an expression that can be names of metrics: neither in quotes, nor in the braces of a selector, nor in the
/// brackets of a range, nor what a `by` lists, nor a function.
fn metrics(expression: &str) -> BTreeSet<String> {
    const WORDS: [&str; 3] = ["and", "or", "unless"];
    let mut found = BTreeSet::new();
    let (mut depth, mut quoted, mut listed) = (0_u32, false, false);
    let mut word = String::new();
    let mut before = String::new();
    for c in expression.chars().chain([' ']) {
        let is_word = c.is_ascii_alphanumeric() || c == '_' || c == ':' || c == '$';
        if !quoted && depth == 0 && is_word {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            let is_number = word.starts_with(|c: char| c.is_ascii_digit());
            let is_grouping = ["by", "without", "on"].contains(&word.as_str());
            let is_call = c == '(' || is_grouping;
            if !is_call && !is_number && !listed && !WORDS.contains(&word.as_str()) {
                found.insert(word.clone());
            }
            before = std::mem::take(&mut word);
        }
        match c {
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            '(' => listed = ["by", "without", "on"].contains(&before.as_str()),
            ')' => listed = false,
            _ => {}
        }
        if !c.is_whitespace() {
            before.clear();
        }
    }
    assert!(depth == 0 && !quoted, "{expression}");
    // An aggregation may stand before its grouping: `sum by (…) (…)`.
    for function in ["sum", "min", "max", "topk"] {
        found.remove(function);
    }
    found
}

#[test]
fn the_names_of_metrics_are_found_in_an_expression() {
    let expression = r#"sum by (le, job) (rate(a_bucket{b="c{", d=~"e"}[$__rate_interval])) / max(f) and g > 0.5"#;
    let names: Vec<_> = metrics(expression).into_iter().collect();
    assert_eq!(names, ["a_bucket", "f", "g"]);
}

/// `expr:` of every rule, and the name of its alert.
fn alerts() -> BTreeMap<String, String> {
    let mut alerts = BTreeMap::new();
    for rule in RULES.split("\n      - alert: ").skip(1) {
        let (name, rest) = rule.split_once('\n').expect("a name");
        let (_, expression) = rest.split_once("        expr: ").expect("an expression");
        let expression = match expression.strip_prefix("|\n") {
            Some(block) => block
                .lines()
                .take_while(|line| line.starts_with("          "))
                .collect::<String>(),
            None => expression.lines().next().unwrap().to_owned(),
        };
        for part in [
            "        labels:\n          severity: ",
            "          summary: \"",
            "          description: \"",
        ] {
            assert!(rest.contains(part), "{name} has no {part}");
        }
        assert!(alerts.insert(name.to_owned(), expression).is_none());
    }
    alerts
}

/// What a server shows, with the series of histograms.
fn shown() -> BTreeSet<String> {
    let (_installation, server) = complete(Engine::Sqlite, false);
    let text = get("/metrics").send(server.metrics_address());
    let histograms: Vec<_> = text
        .text()
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" histogram"))
        .flat_map(|family| ["_bucket", "_sum", "_count"].map(|end| format!("{family}{end}")))
        .collect();
    let mut shown = families(&server);
    shown.extend(histograms);
    server.stop();
    shown
}

#[test]
fn the_dashboard_asks_for_metrics_that_a_server_has_and_leaves_none_out() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 39);
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    assert!(
        variables
            .iter()
            .any(|variable| variable["type"] == "datasource")
    );
    let mut asked = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        if panel["type"] == "row" {
            continue;
        }
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{panel}");
        for target in panel["targets"].as_array().unwrap() {
            let names = metrics(target["expr"].as_str().unwrap());
            assert!(!names.is_empty(), "{target}");
            asked.extend(names);
        }
    }
    let shown = shown();
    let unknown: Vec<_> = asked.difference(&shown).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let of_histogram = |name: &&String| {
        let parts = ["_bucket", "_sum", "_count"];
        let is_part = parts.iter().any(|end| name.ends_with(end));
        let has_part = parts
            .iter()
            .any(|end| asked.contains(&format!("{name}{end}")));
        is_part || has_part
    };
    let left_out: Vec<_> = shown
        .difference(&asked)
        .filter(|name| !of_histogram(name))
        .collect();
    assert!(left_out.is_empty(), "{left_out:?}");
}

#[test]
fn the_alerts_ask_for_metrics_that_a_server_has() {
    let shown = shown();
    let alerts = alerts();
    for name in [
        "Down",
        "NotReady",
        "HashQueueRefusing",
        "RevocationLag",
        "KeyRotationOverdue",
        "MailFailing",
    ] {
        assert!(alerts.contains_key(&format!("Doorward{name}")), "{name}");
    }
    for (alert, expression) in &alerts {
        let mut names = metrics(expression);
        // Prometheus says that itself.
        names.remove("up");
        let unknown: Vec<_> = names.difference(&shown).collect();
        assert!(unknown.is_empty(), "{alert}: {unknown:?}");
    }
}
