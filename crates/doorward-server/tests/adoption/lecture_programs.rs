//! The lecture's own programs 8, 9 and 11, as they are but for their key, which everybody knows.
//!
//! `DOORWARD_FLASK_PROGRAMS` names the folder that holds `app8.py`, `app9.py` and `app11.py`. They are not part of this
//! project, so without it nothing runs.

use std::{fs, path::Path};

use serde_json::json;

use crate::{
    client::{get, login, post, register},
    installation::{Engine, Installation, Server, mysql_server, sql, wait},
    operator::must,
    service::{SECRET_KEY, Service, python},
};

/// The lecture's key, as its programs hold it.
const PUBLIC_KEY: &str = "myverystrongsecretkey";

struct Programs<'a> {
    python: &'a str,
    folder: &'a Path,
    database_url: &'a str,
}

impl Programs<'_> {
    /// A program with the service's own key instead of the public one.
    fn start(&self, number: u8) -> Service {
        let name = format!("app{number}.py");
        let source = std::env::var("DOORWARD_FLASK_PROGRAMS").unwrap();
        let text = fs::read_to_string(Path::new(&source).join(&name)).unwrap();
        let copy = self.folder.join(name);
        fs::write(&copy, text.replace(PUBLIC_KEY, SECRET_KEY)).unwrap();
        Service::of_script(self.python, &copy, self.database_url)
    }
}

fn execute(database_url: &str, text: &str) {
    wait(async {
        let url = doorward::store::DatabaseUrl::parse(database_url).unwrap();
        let database = doorward::store::Database::connect(&url, 1).await.unwrap();
        database.execute(sql(text), &[]).await.unwrap();
        database.close().await;
    });
}

fn profile(server: &Server, token: &str) -> serde_json::Value {
    let answer = get("/profile").bearer(token).send(server.address);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[test]
fn programs_8_9_and_11_go_on_beside_doorward() {
    let (Some(python), Some(mysql)) = (python(), mysql_server()) else {
        return;
    };
    if std::env::var("DOORWARD_FLASK_PROGRAMS").is_err() {
        eprintln!("the lecture's programs not run: set DOORWARD_FLASK_PROGRAMS");
        return;
    }
    // The programs have the database's name in them.
    execute(
        &format!("{mysql}/mysql"),
        "DROP DATABASE IF EXISTS flaskapi",
    );
    execute(&format!("{mysql}/mysql"), "CREATE DATABASE flaskapi");
    let url = format!("{mysql}/flaskapi");
    let installation = Installation::new(Engine::MySql)
        .through(&url)
        .set("DOORWARD_SECRET_KEY", SECRET_KEY)
        .set("SECRET_KEY", SECRET_KEY);
    let folder = installation.folder();
    let programs = Programs {
        python: &python,
        folder,
        database_url: &url,
    };
    // Program 8 makes the table, with alice's password in plain text.
    let program_8 = programs.start(8);
    let program_9 = programs.start(9);
    let old_token = program_9.token("alice", "alice123");

    fs::write(
        folder.join("doorward.toml"),
        crate::everybody::CONFIGURATION,
    )
    .unwrap();
    must(folder, &url, &["adopt", "inspect"]);
    must(folder, &url, &["adopt", "run", "adopt.toml"]);
    let server = installation.start();

    assert_eq!(profile(&server, &old_token)["username"], "alice");
    let token = server.token("alice", "alice123");
    program_9.token("alice", "alice123");
    let users = get("/users")
        .header("Connection", "close")
        .send_to_another(program_8.address);
    assert_eq!(
        users.json(),
        json!([{"id": 1, "username": "alice", "role": "admin"}])
    );

    // Program 11's decorator reads our token, and each side's new users exist on the other: the lecture's column was too
    // narrow for what its own program 11 writes.
    let program_11 = programs.start(11);
    let read = program_11.with_token("/profile", &token);
    assert_eq!(
        read.json(),
        json!({"user_id": 1, "username": "alice", "role": "admin"})
    );
    let bob = json!({"username": "bob", "password": "violet otter 42", "role": "user"});
    let registered = post("/register", &bob)
        .header("Connection", "close")
        .send_to_another(program_11.address);
    assert_eq!(registered.status, 201, "{registered:?}");
    assert_eq!(
        profile(&server, &server.token("bob", "violet otter 42"))["role"],
        "user"
    );
    assert_eq!(
        register("carol", "amber heron 17")
            .send(server.address)
            .status,
        201
    );
    let theirs = program_11.token("carol", "amber heron 17");
    assert_eq!(profile(&server, &theirs)["username"], "carol");
    assert_eq!(login("alice", "alice124").send(server.address).status, 401);
}
