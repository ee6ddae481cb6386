//! The first administrator, by the one-time link (AU-12).

use std::thread;

use serde_json::{Value, json};

use crate::{
    client::{get, login, post},
    installation::{Installation, PASSWORD, engines},
    wire::Answer,
};

fn complete(token: &str, username: &str) -> Value {
    json!({"token": token, "username": username, "password": PASSWORD})
}

fn assert_no_link(answer: &Answer) {
    assert_eq!(answer.status, 404, "{answer:?}");
    assert_eq!(answer.error(), "This setup link is not valid any more");
}

#[test]
fn the_setup_link_works_once_and_is_offered_only_while_there_is_no_administrator() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        let token = server.setup_token().expect("a link");
        assert_eq!(server.screen().matches(&token).count(), 1);
        let page = get("/setup").send(server.address);
        assert_eq!(page.status, 200);
        assert!(!page.text().contains(&token));

        let answer = post("/setup", &complete(&token, "root")).send(server.address);
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(
            answer.json(),
            json!({"message": "Administrator root created"})
        );
        server.token("root", PASSWORD);
        assert_no_link(&post("/setup", &complete(&token, "second")).send(server.address));
        assert_eq!(login("second", PASSWORD).send(server.address).status, 401);
        let (screen, log) = server.stop();
        assert_eq!(screen.matches(&token).count(), 1);
        assert!(!log.contains(&token), "the token is in the log");

        let second = installation.start();
        assert_eq!(second.setup_token(), None);
        assert_no_link(&post("/setup", &complete(&token, "third")).send(second.address));
    }
}

#[test]
fn fifty_uses_of_the_link_at_once_make_exactly_one_administrator() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        let token = server.setup_token().unwrap();
        let address = server.address;
        let uses: Vec<_> = (0..50)
            .map(|number| {
                let body = complete(&token, &format!("root-{number}"));
                thread::spawn(move || post("/setup", &body).send(address).status)
            })
            .collect();
        let statuses: Vec<u16> = uses.into_iter().map(|one| one.join().unwrap()).collect();
        assert_eq!(
            statuses.iter().filter(|status| **status == 201).count(),
            1,
            "{statuses:?}"
        );
        // The others found the link used, or no room to hash.
        assert!(
            statuses.iter().all(|s| [201, 404, 503].contains(s)),
            "{statuses:?}"
        );
        let admins = installation.with_store(async |store| store.count_active_admins().await);
        assert_eq!(admins.unwrap(), 1);
        let all = installation.with_store(async |store| store.count_users().await);
        assert_eq!(all.unwrap(), 1);
    }
}

#[test]
fn a_forged_an_expired_and_a_replaced_link_are_not_there() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let first = installation.start();
        let replaced = first.setup_token().unwrap();
        for forged in ["", "x", &"A".repeat(43), &format!("{replaced}A")] {
            assert_no_link(&post("/setup", &complete(forged, "root")).send(first.address));
        }
        first.stop();

        let server = installation.start();
        let newest = server.setup_token().expect("still no administrator");
        assert_ne!(replaced, newest);
        assert_no_link(&post("/setup", &complete(&replaced, "root")).send(server.address));
        installation.execute("UPDATE setup_link SET expires_at_ms = 1", &[]);
        assert_no_link(&post("/setup", &complete(&newest, "root")).send(server.address));
        let admins = installation.with_store(async |store| store.count_active_admins().await);
        assert_eq!(admins.unwrap(), 0);
    }
}

#[test]
fn a_refused_password_does_not_use_the_link_up() {
    let installation = Installation::new(crate::installation::Engine::Sqlite);
    let server = installation.start();
    let token = server.setup_token().unwrap();
    let mut weak = complete(&token, "root");
    weak["password"] = json!("short");
    let answer = post("/setup", &weak).send(server.address);
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(
        answer.error(),
        "The password is too short; use at least 8 characters"
    );
    for missing in [json!({}), json!([]), json!({"token": token})] {
        let answer = post("/setup", &missing).send(server.address);
        assert_eq!(answer.status, 400);
        assert_eq!(answer.error(), "Token, username and password are required");
    }
    server.set_up();
}
