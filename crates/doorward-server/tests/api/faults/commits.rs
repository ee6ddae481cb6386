//! The connection to the database ends inside a COMMIT: nobody knows whether it was done. No answer may say what is not so,
//! and nothing may be there by half.

use std::collections::BTreeMap;

use doorward::store::Sql;
use serde_json::json;

use crate::{
    client::{get, login, post},
    database_link::{DatabaseLink, Mode},
    installation::{Engine, Installation, PASSWORD, mysql_server},
};

#[test]
fn a_connection_cut_inside_a_commit_is_never_a_wrong_yes_and_leaves_nothing_half_done() {
    if mysql_server().is_none() {
        return;
    }
    let installation = Installation::new(Engine::MySql);
    let link = DatabaseLink::to(installation.database_url());
    let direct = installation.database_url().to_owned();
    let installation = installation.through(link.url());
    let server = installation.start();
    let admin = server.set_up();

    link.set(Mode::CutAtCommit);
    let mut acknowledged = BTreeMap::new();
    let mut unknown = 0;
    for number in 0..30 {
        let name = format!("user{number}");
        let make = post("/users", &json!({"username": name})).bearer(&admin);
        let answer = make.send(server.address);
        match answer.status {
            201 => {
                acknowledged.insert(name, answer.json()["id"].as_i64().unwrap());
            }
            503 => unknown += 1,
            _ => panic!("{name}: {answer:?}"),
        }
    }
    assert!(unknown >= 10, "{unknown} of 30 were cut");
    assert!(link.cuts() >= 10);
    assert!(acknowledged.len() >= 5, "{acknowledged:?}");
    link.set(Mode::Pass);

    let installation = installation.through(&direct);
    let rows: Vec<(i64, String)> = installation.with_store(async |store| {
        let sql = Sql::both("SELECT id, username FROM users");
        store.database().fetch_all(sql, &[]).await.unwrap()
    });
    let found: BTreeMap<String, i64> = rows.into_iter().map(|(id, name)| (name, id)).collect();
    for (name, id) in &acknowledged {
        assert_eq!(found.get(name), Some(id), "{name} was acknowledged");
    }
    // Some of those that got no answer are there, and whole.
    assert!(found.len() > acknowledged.len() + 1, "{found:?}");
    let half = "SELECT (SELECT COUNT(*) FROM users u LEFT JOIN accounts a ON a.user_id = u.id WHERE a.user_id IS NULL) \
        + (SELECT COUNT(*) FROM accounts a LEFT JOIN users u ON u.id = a.user_id WHERE u.id IS NULL) \
        + (SELECT COUNT(*) FROM users u WHERE NOT EXISTS (SELECT 1 FROM audit_events e WHERE e.subject_id = u.id))";
    let half: Option<(i64,)> = installation.with_store(async |store| {
        store
            .database()
            .fetch_optional(Sql::both(half), &[])
            .await
            .unwrap()
    });
    assert_eq!(half, Some((0,)), "something is half there");
    let (_, log) = server.stop();
    assert!(!log.contains("panicked"), "{log}");
    let verified = installation.run(&["audit", "verify"], "");
    assert!(verified.status.success(), "{verified:?}");
}

#[test]
fn a_session_outlives_refreshes_whose_statements_are_cut_off() {
    if mysql_server().is_none() {
        return;
    }
    let installation = Installation::new(Engine::MySql);
    let link = DatabaseLink::to(installation.database_url());
    let installation = installation.through(link.url());
    let server = installation.start();
    server.sign_up("una");
    let answer = login("una", PASSWORD).send(server.address);
    let mut token = answer.json()["refresh_token"].as_str().unwrap().to_owned();
    link.set(Mode::CutAtStatement);
    let mut cut = 0;
    let mut refreshed = 0;
    while refreshed < 20 {
        let answer = post("/auth/refresh", &json!({"refresh_token": token})).send(server.address);
        match answer.status {
            // The client asks again with the token that it has, whether or not the first time was done.
            503 => cut += 1,
            200 => {
                let pair = answer.json();
                pair["refresh_token"]
                    .as_str()
                    .unwrap()
                    .clone_into(&mut token);
                let access = pair["token"].as_str().unwrap();
                let profile = get("/profile").bearer(access).send(server.address);
                assert_eq!(profile.status, 200, "{profile:?}");
                refreshed += 1;
            }
            _ => panic!("the session is lost: {answer:?}"),
        }
        assert!(cut <= 100, "it never gets through");
    }
    assert!(cut >= 4, "{cut} were cut");
}

#[test]
fn a_slow_link_makes_answers_slow_and_nothing_else() {
    if mysql_server().is_none() {
        return;
    }
    let installation = Installation::new(Engine::MySql);
    let link = DatabaseLink::to(installation.database_url());
    let installation = installation.through(link.url());
    let server = installation.start();
    let token = server.sign_up("una");
    link.set(Mode::Delay(15));
    for number in 0..3 {
        server.sign_up(&format!("user{number}"));
    }
    assert_eq!(
        get("/auth/me").bearer(&token).send(server.address).status,
        200
    );
}
