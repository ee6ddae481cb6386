//! A thousand users, in seven forms of passwords: nobody resets a password, nobody is logged out.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicUsize, Ordering},
};

use doorward::store::{Database, DatabaseUrl, Row};
use serde_json::json;

use crate::{
    client::{get, login, post, register},
    installation::{Engine, Installation, Server, mysql_server, sql, wait},
    operator::must,
    service::{Person, SECRET_KEY, Service, python, seed, session_cookie},
};

pub(crate) const CONFIGURATION: &str = r#"
[[foreign_tokens]]
name = "flask"
key_env = "SECRET_KEY"
algorithms = ["HS256"]
subject_claim = "user_id"
subject_is = "id"
until = "2099-12-31"

[[flask_sessions]]
name = "flask"
key_env = "SECRET_KEY"
subject_is = "id"
until = "2099-12-31"
"#;

fn read<T: Row>(database_url: &str, text: &str) -> Vec<T> {
    wait(async {
        let url = DatabaseUrl::parse(database_url).unwrap();
        let database = Database::connect(&url, 1).await.unwrap();
        let rows = database.fetch_all(sql(text), &[]).await.unwrap();
        database.close().await;
        rows
    })
}

/// One user of each form.
fn one_of_each(people: &[Person]) -> Vec<&Person> {
    let mut forms = BTreeSet::new();
    people
        .iter()
        .filter(|person| forms.insert(person.form.as_str()))
        .collect()
}

/// Logs everybody in, several at a time as browsers do, and returns the tokens.
fn log_everybody_in(server: &Server, people: &[Person]) -> BTreeMap<String, String> {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut tokens = Vec::new();
                    while let Some(person) = people.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let answer = login(&person.username, &person.password).send(server.address);
                        assert_eq!(answer.status, 200, "{person:?}: {answer:?}");
                        let token = answer.json()["token"].as_str().unwrap().to_owned();
                        tokens.push((person.username.clone(), token));
                    }
                    tokens
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    })
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one story from the old service to the two beside each other"
)]
fn a_running_service_is_adopted_and_nobody_notices() {
    let (Some(python), Some(_)) = (python(), mysql_server()) else {
        return;
    };
    let installation = Installation::new(Engine::MySql)
        .set("DOORWARD_SECRET_KEY", SECRET_KEY)
        .set("SECRET_KEY", SECRET_KEY)
        .without_quantum();
    let url = installation.database_url();
    let folder = installation.folder();
    let people = seed(&python, url);
    assert_eq!(people.len(), 1_000);
    let flask = Service::start(&python, url);

    // Some are logged in already.
    let kept: Vec<(&Person, String, String)> = one_of_each(&people)
        .into_iter()
        .map(|person| {
            let (name, password) = (&person.username, &person.password);
            (
                person,
                flask.token(name, password),
                flask.cookie(name, password),
            )
        })
        .collect();
    assert_eq!(kept.len(), 7);
    let who = "SELECT id, username, role FROM users ORDER BY id";
    let before: Vec<(i32, String, String)> = read(url, who);

    std::fs::write(folder.join("doorward.toml"), CONFIGURATION).unwrap();
    must(folder, url, &["adopt", "inspect"]);
    must(folder, url, &["adopt", "run", "adopt.toml"]);

    // Plain text is gone before anybody logs in, and nothing else has changed.
    let plain: Vec<(i64,)> = read(
        url,
        "SELECT COUNT(*) FROM users WHERE password LIKE 'plain %'",
    );
    assert_eq!(plain, [(0,)]);
    assert_eq!(read::<(i32, String, String)>(url, who), before);

    let server = installation.start();
    for (person, token, cookie) in &kept {
        let profile = get("/profile").bearer(token).send(server.address);
        assert_eq!(
            profile.json()["username"],
            person.username.as_str(),
            "{profile:?}"
        );
        let session = get("/auth/session")
            .header("Cookie", cookie)
            .send(server.address);
        assert_eq!(
            session.json()["username"],
            person.username.as_str(),
            "{session:?}"
        );
    }

    let tokens = log_everybody_in(&server, &people);
    for person in one_of_each(&people) {
        let profile = flask.with_token("/profile", &tokens[&person.username]);
        assert_eq!(
            profile.json()["username"],
            person.username.as_str(),
            "{profile:?}"
        );
        // The hash that doorward may have written is one that the service verifies.
        assert_eq!(
            flask.log_in(&person.username, &person.password).status,
            200,
            "{person:?}"
        );
    }
    assert_eq!(flask.with_token("/admin", &tokens["plain.0.0"]).status, 200);
    assert_eq!(flask.with_token("/admin", &tokens["plain.0.1"]).status, 403);

    // A cookie that doorward has signed is one of the service's own.
    let (person, _, cookie) = &kept[0];
    let exchanged = post("/auth/exchange", &json!({}))
        .header("Cookie", cookie)
        .header("Sec-Fetch-Site", "same-origin")
        .send(server.address);
    assert_eq!(exchanged.status, 200, "{exchanged:?}");
    let renewed = session_cookie(&exchanged);
    assert_eq!(
        flask.with_cookie("/whoami", &renewed).json()["username"],
        person.username.as_str()
    );

    // Whoever registers on one side exists on the other, and a password changed there is the one that counts here.
    assert_eq!(
        register("newcomer", "violet otter 42")
            .send(server.address)
            .status,
        201
    );
    flask.token("newcomer", "violet otter 42");
    flask.register("Latecomer", "amber heron 17");
    server.token("latecomer", "amber heron 17");
    flask.change_password("newcomer", "copper finch 88");
    server.token("newcomer", "copper finch 88");
    assert_eq!(
        login("newcomer", "violet otter 42")
            .send(server.address)
            .status,
        401
    );

    let mut after: Vec<(i32, String, String)> = read(url, who);
    after.truncate(before.len());
    assert_eq!(after, before);
    let status = must(folder, url, &["adopt", "status"]);
    assert!(status.contains("werkzeug"), "{status}");
    server.stop();
}
