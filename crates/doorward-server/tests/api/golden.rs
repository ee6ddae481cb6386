//! The contract, byte for byte: `golden/*.http`.
//!
//! A file is a list of exchanges between lines of `=====`: a request as it is sent, a line of `-----`, then the answer:
//! status and reason, every header that is part of the contract, an empty line, the body. Of a request, `Host` and
//! `Content-Length` are left out. In an answer `{{name}}` stands for a value that the server makes (a token, a number, a
//! cookie); later requests of the file repeat it. After `----- soon` the request is sent again until it is answered so. A
//! body `<file` is that file of the crate, whole.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    client::{Request, request},
    installation::{Engine, Installation, Server, engines, eventually},
    wire::Answer,
};

/// One exchange of a file.
struct Exchange<'f> {
    whole: &'f str,
    asked: &'f str,
    /// `soon`, or nothing.
    when: &'f str,
    expected: &'f str,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/golden")
}

fn exchanges<'f>(name: &'f str, text: &'f str) -> impl Iterator<Item = Exchange<'f>> {
    let parts = text.split("=====\n").filter(|part| !part.trim().is_empty());
    parts.map(move |whole| {
        let (asked, rest) = whole
            .split_once("-----")
            .unwrap_or_else(|| panic!("{name}: no answer in {whole}"));
        let (when, expected) = rest.split_once('\n').expect("an answer");
        Exchange {
            whole,
            asked,
            when: when.trim_start(),
            expected: expected.trim_end_matches('\n'),
        }
    })
}

/// Method, target and status of everything in the files, each of which a test below plays.
pub(crate) fn exchanges_of_all_files() -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder()).expect("the folder can be read") {
        let path = entry.expect("a file").path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let played = format!("play(\"{name}\"");
        assert!(include_str!("golden.rs").contains(&played), "{name}");
        let text = fs::read_to_string(&path).expect("the file can be read");
        for exchange in exchanges(name, &text) {
            let line = exchange.asked.lines().next().unwrap();
            let (method, target) = line.split_once(' ').unwrap();
            let (status, _) = exchange.expected.split_once(' ').unwrap();
            found.push((method.to_owned(), target.to_owned(), status.to_owned()));
        }
    }
    found
}

fn play(name: &str, server: &Server) {
    let text = fs::read_to_string(folder().join(name)).expect("the file can be read");
    let mut values = BTreeMap::new();
    if let Some(token) = server.setup_token() {
        values.insert("setup".to_owned(), token);
    }
    let mut count = 0;
    for Exchange {
        whole,
        asked,
        when,
        expected,
    } in exchanges(name, &text)
    {
        let request = read_request(&fill_in(asked, &values));
        if when == "soon" {
            eventually(whole, || {
                let answer = request.clone().send(server.address);
                let mut found = values.clone();
                let is_there = compare(expected, &answer, &mut found).is_ok();
                if is_there {
                    values = found;
                }
                is_there
            });
        } else {
            assert_eq!(when, "", "{name}: when is {whole}");
            let answer = request.send(server.address);
            if let Err(why) = compare(expected, &answer, &mut values) {
                panic!(
                    "{name}: {why}\n\n{whole}\ncame as {answer:?}\n\n{}",
                    answer.text()
                );
            }
        }
        count += 1;
    }
    assert!(count > 5, "{name} has {count} exchanges");
}

fn fill_in(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut text = text.to_owned();
    for (name, value) in values {
        text = text.replace(&format!("{{{{{name}}}}}"), value);
    }
    assert!(!text.contains("{{"), "a value is not known yet: {text}");
    text
}

fn read_request(block: &str) -> Request {
    let block = block.trim_end_matches('\n');
    let (head, body) = match block.split_once("\n\n") {
        Some((head, body)) => (head, Some(body)),
        None => (block, None),
    };
    let mut lines = head.lines();
    let (method, target) = lines.next().unwrap().split_once(' ').unwrap();
    let mut made = request(method, target);
    for line in lines {
        let (header, value) = line.split_once(':').expect("a header");
        made = made.header(header, value.trim_start());
    }
    match body {
        Some(body) => made.body(body),
        None => made,
    }
}

fn compare(
    expected: &str,
    answer: &Answer,
    values: &mut BTreeMap<String, String>,
) -> Result<(), String> {
    let (head, body) = expected.split_once("\n\n").unwrap_or((expected, ""));
    let mut lines = head.lines();
    let status = format!("HTTP/1.1 {}", lines.next().unwrap_or_default());
    if answer.status_line != status {
        return Err(format!("not {status}"));
    }
    let listed: Vec<(&str, &str)> = lines
        .map(|line| line.split_once(": ").expect("a header"))
        .collect();
    for (at, (name, value)) in listed.iter().enumerate() {
        // A header may be there more than once, such as `Set-Cookie`: the file has them in their order.
        let before = listed[..at].iter().filter(|(other, _)| other == name);
        let found = all(answer, name).nth(before.count()).unwrap_or("(absent)");
        capture(value, found, values).map_err(|why| format!("{name}: {why}"))?;
    }
    // Headers of the contract that the file does not list must be absent.
    for name in [
        "content-type",
        "www-authenticate",
        "allow",
        "retry-after",
        "set-cookie",
        "location",
        "link",
        "x-total-count",
        "etag",
    ] {
        let expected = listed.iter().filter(|(listed, _)| *listed == name);
        if expected.count() < all(answer, name).count() {
            return Err(format!("{name} was not expected"));
        }
    }
    match body.strip_prefix('<') {
        Some(file) => {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            let whole = fs::read_to_string(path).map_err(|why| format!("{file}: {why}"))?;
            (whole == answer.text())
                .then_some(())
                .ok_or_else(|| format!("the body is not {file}"))
        }
        None => capture(body, answer.text(), values),
    }
}

fn all<'a>(answer: &'a Answer, name: &str) -> impl Iterator<Item = &'a str> {
    let fields = answer.headers.iter();
    fields.filter_map(move |(found, value)| (found == name).then_some(value.as_str()))
}

/// Compares, and keeps what stands at `{{name}}`: letters, digits and `-_.`, or the value it had before.
fn capture(
    expected: &str,
    found: &str,
    values: &mut BTreeMap<String, String>,
) -> Result<(), String> {
    let (mut expected, mut rest) = (expected, found);
    loop {
        let Some((before, after)) = expected.split_once("{{") else {
            return (expected == rest)
                .then_some(())
                .ok_or_else(|| format!("{found:?} ends otherwise"));
        };
        let (name, after) = after.split_once("}}").ok_or("}} is missing")?;
        rest = rest
            .strip_prefix(before)
            .ok_or_else(|| format!("{found:?} does not have {before:?}"))?;
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
            .unwrap_or(rest.len());
        let (value, remaining) = rest.split_at(end);
        let known = values
            .entry(name.to_owned())
            .or_insert_with(|| value.to_owned());
        if known != value || value.is_empty() {
            return Err(format!("{value:?} is not {name}"));
        }
        (expected, rest) = (after, remaining);
    }
}

#[test]
fn the_demo_answers_the_lectures_eleven_programs_byte_for_byte() {
    for engine in engines() {
        let (_kept, server) = Installation::demo(engine).without_quantum().start_kept();
        play("lecture.http", &server);
    }
}

#[test]
fn production_answers_byte_for_byte() {
    for engine in engines() {
        let (_kept, server) = Installation::new(engine).without_quantum().start_kept();
        play("production.http", &server);
    }
}

#[test]
fn passwords_and_addresses_are_answered_byte_for_byte() {
    for engine in engines() {
        // Nobody takes the letters: they wait, and no answer does.
        let (_kept, server) = Installation::new(engine)
            .without_quantum()
            .set("DOORWARD_PUBLIC_URL", "https://auth.example.org")
            .set("DOORWARD_SMTP_HOST", "127.0.0.1")
            .set("DOORWARD_SMTP_PORT", "9")
            .set("DOORWARD_SMTP_SECURITY", "none")
            .set("DOORWARD_MAIL_FROM", "accounts@example.org")
            .start_kept();
        play("passwords.http", &server);
    }
}

#[test]
fn roles_and_keys_are_answered_byte_for_byte() {
    for engine in engines() {
        let (_kept, server) = Installation::new(engine).without_quantum().start_kept();
        play("keys.http", &server);
    }
}

#[test]
fn introspection_and_revocation_are_answered_byte_for_byte() {
    for engine in engines() {
        let (_kept, server) = Installation::new(engine).without_quantum().start_kept();
        play("introspection.http", &server);
    }
}

#[test]
fn published_keys_are_answered_byte_for_byte() {
    let (_kept, server) = Installation::new(Engine::Sqlite)
        .set("DOORWARD_PUBLIC_URL", "https://auth.example.org")
        .start_kept();
    play("published_keys.http", &server);
}

#[test]
fn forward_authentication_is_answered_byte_for_byte() {
    for engine in engines() {
        let (_kept, server) = crate::forward_auth::behind_a_proxy(engine).start_kept();
        play("forward_auth.http", &server);
    }
}

#[test]
fn sessions_and_revocations_are_answered_byte_for_byte() {
    for engine in engines() {
        let (_kept, server) = Installation::new(engine).without_quantum().start_kept();
        play("sessions.http", &server);
    }
}

#[test]
fn the_users_are_answered_byte_for_byte() {
    for engine in engines() {
        let (_kept, server) = Installation::new(engine)
            .without_quantum()
            .set("DOORWARD_PUBLIC_URL", "https://auth.example.org")
            .start_kept();
        play("users.http", &server);
    }
}

#[test]
fn jobs_are_answered_byte_for_byte() {
    for engine in engines() {
        let (installation, server) = Installation::new(engine).without_quantum().start_kept();
        // So many that the first job is not done before it is stopped. Jobs are worked on one after the other, so the
        // second has not begun until then.
        installation.execute(
            "INSERT INTO users (username, password, role) VALUES ('seed', 'x', 'user')",
            &[],
        );
        for round in 0..12_i64 {
            installation.execute(
                "INSERT INTO users (username, password, role) SELECT CONCAT(username, '-', ?), 'x', 'user' FROM users",
                &[round.into()],
            );
        }
        installation.execute(
            "INSERT INTO accounts (user_id, username_key, created_at_ms, password_changed_at_ms) SELECT id, username, 1, 1 FROM users",
            &[],
        );
        play("jobs.http", &server);
    }
}

#[test]
fn pages_and_the_description_are_the_files_they_come_from() {
    let (_kept, server) = Installation::new(Engine::Sqlite).start_kept();
    play("pages.http", &server);
}

#[test]
fn the_audit_trail_is_answered_byte_for_byte() {
    for engine in engines() {
        let (_kept, server) = Installation::new(engine).without_quantum().start_kept();
        play("audit.http", &server);
    }
}

#[test]
fn a_difference_of_one_byte_is_noticed() {
    let mut values = BTreeMap::new();
    assert!(
        capture(
            "{\"token\":\"{{t}}\"}",
            "{\"token\":\"a.b.c\"}",
            &mut values
        )
        .is_ok()
    );
    assert_eq!(values["t"], "a.b.c");
    for (expected, found) in [
        ("{\"a\":1}", "{\"a\": 1}"),
        ("x", "x\n"),
        ("{{t}}", "other"),
        ("{{u}}", ""),
    ] {
        assert!(capture(expected, found, &mut values).is_err(), "{expected}");
    }
    let (_kept, server) = Installation::demo(Engine::Sqlite).start_kept();
    let answer = request("GET", "/nowhere").send(server.address);
    for wrong in [
        "404 Not found\ncontent-type: application/json\n\n{\"error\":\"Not found\"}",
        "404 Not Found\n\n{\"error\":\"Not found\"}",
        "404 Not Found\ncontent-type: text/plain\n\n{\"error\":\"Not found\"}",
    ] {
        assert!(compare(wrong, &answer, &mut values).is_err(), "{wrong}");
    }
}
