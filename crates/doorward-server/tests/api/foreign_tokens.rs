//! Tokens of another application: on every route, exchanged, counted, and over one day.

use doorward::{
    foreign::{ForeignKind, Outcome},
    secret::Secret,
    token::{Hs256Key, KeyId},
};
use serde_json::{Value, json};

use crate::{
    access_table::resigned,
    client::{Request, get, post, request},
    installation::{Engine, Installation, PASSWORD, SECRET, Server, engines, eventually},
};

/// The Flask application's secret.
pub(crate) const THEIRS: &str = "the-flask-application-s-own-key-0123456789";

/// A table of tokens of the lecture's program 9, ending on `until`.
pub(crate) fn source(until: &str) -> String {
    format!(
        "[[foreign_tokens]]\nname = \"flask\"\nkey = \"{THEIRS}\"\nalgorithms = [\"HS256\"]\n\
         subject_claim = \"user_id\"\nsubject_is = \"id\"\nuntil = \"{until}\"\n"
    )
}

pub(crate) const OPEN: &str = "2090-12-31";
pub(crate) const OVER: &str = "2020-12-31";

/// What the lecture's program 9 signs for a user.
pub(crate) fn theirs(id: i64, change: impl FnOnce(&mut Value)) -> String {
    let mut claims =
        json!({"user_id": id, "username": "root", "role": "admin", "exp": 4_000_000_000_i64});
    change(&mut claims);
    signed(THEIRS, None, &claims)
}

fn signed(secret: &str, id: Option<&str>, claims: &Value) -> String {
    let id = id.map(|id| KeyId::parse(id).unwrap());
    let key = Hs256Key::new(&Secret::from_text(secret.to_owned()), id);
    key.sign(claims).unwrap().as_str().to_owned()
}

fn exchange(token: &str) -> Request {
    request("POST", "/auth/exchange").bearer(token)
}

/// The refusal's code and text, as a program and as a person reads them.
pub(crate) fn refusal(request: &Request, server: &Server) -> (u16, String, String) {
    let plain = request.send(server.address);
    let problem = request
        .clone()
        .header("Accept", "application/problem+json")
        .send(server.address);
    assert_eq!(plain.status, problem.status);
    let code = problem.json()["code"]
        .as_str()
        .unwrap_or_else(|| panic!("no refusal: {plain:?}"))
        .to_owned();
    (plain.status, code, plain.error())
}

fn refused(status: u16, code: &str, text: &str) -> (u16, String, String) {
    (status, code.to_owned(), text.to_owned())
}

#[test]
fn every_route_takes_the_applications_token_with_the_role_of_the_database() {
    for engine in engines() {
        let installation = Installation::new(engine).with_file(&source(OPEN));
        let server = installation.start();
        server.set_up();
        server.sign_up("una");
        let (root, _) = installation.stored("root");
        let (una, _) = installation.stored("una");
        // The token says root and admin in both cases; the database knows better.
        let admin = theirs(root.get(), |_| {});
        let user = theirs(una.get(), |_| {});
        for path in ["/profile", "/auth/me"] {
            let answer = get(path).bearer(&user).send(server.address);
            let expected = json!({"user_id": una.get(), "username": "una", "role": "user"});
            assert_eq!((answer.status, answer.json()), (200, expected));
        }
        assert_eq!(get("/users").bearer(&user).send(server.address).status, 403);
        assert_eq!(
            get("/users").bearer(&admin).send(server.address).status,
            200
        );
        let body = json!({"username": "new", "password": PASSWORD, "role": "admin"});
        let register = |token: &str| post("/register", &body).bearer(token).send(server.address);
        assert_eq!(register(&user).status, 403);
        assert_eq!(register(&admin).status, 201);
        // Text in place of the number, as PyJWT 2.10 and later want it in `sub`.
        let text = theirs(una.get(), |claims| {
            claims["user_id"] = json!(una.get().to_string());
        });
        assert_eq!(
            get("/profile").bearer(&text).send(server.address).status,
            200
        );
        installation.disable("una");
        for target in ["/profile", "/users"] {
            let request = get(target).bearer(&user);
            let expected = refused(401, "token_invalid", "Invalid token");
            assert_eq!(refusal(&request, &server), expected, "{target}");
        }
    }
}

#[test]
fn a_forged_expired_or_refresh_token_is_refused_as_ours_would_be() {
    let installation = Installation::new(Engine::Sqlite).with_file(&source(OPEN));
    let server = installation.start();
    server.set_up();
    let invalid = refused(401, "token_invalid", "Invalid token");
    let expired = refused(401, "token_expired", "Token has expired");
    let claims = json!({"user_id": 1, "exp": 4_000_000_000_i64});
    for (token, expected) in [
        (
            theirs(1, |claims| claims["exp"] = json!(1_700_000_000)),
            &expired,
        ),
        (
            theirs(1, |claims| claims["type"] = json!("refresh")),
            &invalid,
        ),
        (
            theirs(1, |claims| claims["exp"] = json!("4000000000")),
            &invalid,
        ),
        (
            theirs(1, |claims| claims["aud"] = json!("another")),
            &invalid,
        ),
        (
            theirs(1, |claims| claims["user_id"] = json!("1 ")),
            &invalid,
        ),
        (theirs(99, |_| {}), &invalid),
        (
            theirs(1, |claims| {
                drop(claims.as_object_mut().unwrap().remove("exp"));
            }),
            &invalid,
        ),
        (
            signed("another key of the same length 0123456", None, &claims),
            &invalid,
        ),
        (format!("{}x", theirs(1, |_| {})), &invalid),
        // {"alg":"none"}
        (
            format!(
                "eyJhbGciOiJub25lIn0.{}.",
                theirs(1, |_| {}).split('.').nth(1).unwrap()
            ),
            &invalid,
        ),
    ] {
        for request in [get("/profile").bearer(&token), exchange(&token)] {
            assert_eq!(refusal(&request, &server), *expected, "{token}");
        }
    }
}

#[test]
fn an_exchange_answers_a_token_of_ours_that_nothing_stores() {
    let installation = Installation::new(Engine::Sqlite)
        .with_known_secret()
        .set("DOORWARD_TOKEN_TTL", "15m")
        .with_file(&source(OPEN));
    let server = installation.start();
    let own = server.set_up();
    let answer = exchange(&theirs(1, |_| {})).send(server.address);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("set-cookie"), None);
    let body = answer.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 900);
    assert_eq!(body.as_object().unwrap().len(), 4);
    let token = body["token"].as_str().unwrap();
    let users = get("/users").bearer(token).send(server.address);
    assert_eq!(users.status, 200, "{users:?}");
    let text = "This token is doorward's own already";
    for token in [token, &own] {
        let expected = refused(400, "token_not_foreign", text);
        assert_eq!(refusal(&exchange(token), &server), expected);
    }
    // Ours and expired is no foreign token either.
    let expired = resigned(&own, |claims| {
        claims["iat"] = json!(1_700_000_000);
        claims["exp"] = json!(1_700_000_900);
    });
    let expected = refused(401, "token_expired", "Token has expired");
    assert_eq!(refusal(&exchange(&expired), &server), expected);
}

#[test]
fn after_the_end_a_good_token_is_refused_with_a_code_of_its_own() {
    let installation = Installation::new(Engine::Sqlite).with_file(&source(OVER));
    let server = installation.start();
    server.set_up();
    let token = theirs(1, |_| {});
    let expected = refused(401, "foreign_token_retired", "Invalid token");
    for request in [
        get("/profile").bearer(&token),
        get("/users").bearer(&token),
        exchange(&token),
    ] {
        assert_eq!(refusal(&request, &server), expected);
    }
}

/// The application's secret may be ours too: Flask verifies our tokens with it. What we signed stays ours all the same.
#[test]
fn with_one_secret_for_both_our_refusals_stand() {
    let shared = source(OPEN).replace(THEIRS, SECRET);
    let installation = Installation::new(Engine::Sqlite)
        .with_known_secret()
        .with_file(&shared);
    let server = installation.start();
    let own = server.set_up();
    let flask = signed(
        SECRET,
        None,
        &json!({"user_id": 1, "exp": 4_000_000_000_i64}),
    );
    assert_eq!(
        get("/profile").bearer(&flask).send(server.address).status,
        200
    );
    assert_eq!(exchange(&flask).send(server.address).status, 200);
    let profile = get("/profile").bearer(&own).send(server.address);
    assert_eq!(profile.status, 200);
    for change in [
        &|claims: &mut Value| claims["iss"] = json!("elsewhere"),
        &|claims: &mut Value| claims["exp"] = json!(4_000_000_000_i64),
        &|claims: &mut Value| drop(claims.as_object_mut().unwrap().remove("jti")),
        &|claims: &mut Value| claims["user_id"] = json!(2),
    ] as [&dyn Fn(&mut Value); 4]
    {
        let token = resigned(&own, change);
        let expected = refused(401, "token_invalid", "Invalid token");
        assert_eq!(refusal(&get("/profile").bearer(&token), &server), expected);
        assert_eq!(refusal(&exchange(&token), &server), expected);
    }
}

#[test]
fn what_arrives_is_counted_in_the_database_while_it_runs_and_at_the_end() {
    for engine in engines() {
        let installation = Installation::new(engine).with_file(&source(OPEN));
        let server = installation.start();
        server.set_up();
        let token = theirs(1, |_| {});
        let counted = || {
            installation.with_store(async |store| {
                let rows = store.foreign_logins().await.unwrap();
                let row = rows.into_iter().next()?;
                assert_eq!(
                    (row.kind, row.source.as_str()),
                    (ForeignKind::Token, "flask")
                );
                Some(Outcome::ALL.map(|outcome| row.counts.get(outcome)))
            })
        };
        assert_eq!(counted(), None);
        get("/profile").bearer(&token).send(server.address);
        eventually("the counts are written", || counted() == Some([1, 0, 0, 0]));
        get("/profile").bearer(&token).send(server.address);
        exchange(&token).send(server.address);
        let expired = theirs(1, |claims| claims["exp"] = json!(1_700_000_000));
        get("/profile").bearer(&expired).send(server.address);
        server.stop();
        assert_eq!(counted(), Some([2, 1, 1, 0]));
        // Another process adds to it.
        let server = installation.start();
        get("/profile").bearer(&token).send(server.address);
        server.stop();
        assert_eq!(counted(), Some([3, 1, 1, 0]));
    }
}

#[test]
fn a_foreign_token_is_answered_with_503_while_the_database_is_away() {
    let installation = Installation::new(Engine::Sqlite).with_file(&source(OPEN));
    let server = installation.start();
    let own = server.set_up();
    installation.execute("DROP TABLE accounts", &[]);
    let answer = get("/profile")
        .bearer(&theirs(1, |_| {}))
        .send(server.address);
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.header("retry-after").is_some());
    // Ours needs no database.
    assert_eq!(
        get("/profile").bearer(&own).send(server.address).status,
        200
    );
}

#[test]
fn a_start_says_which_sources_count_and_until_when_and_no_key() {
    let installation = Installation::new(Engine::Sqlite).with_file(&source(OPEN));
    let server = installation.start();
    let (screen, log) = server.stop();
    assert!(
        screen.contains("those of flask count until 2091-01-01T00:00:00Z"),
        "{screen}"
    );
    assert!(!screen.contains(THEIRS) && !log.contains(THEIRS));
    let weak = source(OPEN).replace(THEIRS, "myverystrongsecretkey");
    let installation = Installation::new(Engine::Sqlite).with_file(&weak);
    let output = installation.run_to_end();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("allow_weak_key = true"), "{error}");
    assert!(error.contains("doorward.toml line 3"), "{error}");
}
