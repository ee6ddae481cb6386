//! Changes of many users at once.

use doorward::store::Sql;
use serde_json::{Value, json};

use crate::{
    client::{get, post, request},
    installation::{Engine, Installation, PASSWORD, Server, engines, eventually},
};

fn add_users(server: &Server, admin: &str, count: usize) {
    for n in 0..count {
        let body = json!({"username": format!("user{n}")});
        let answer = post("/users", &body).bearer(admin).send(server.address);
        assert_eq!(answer.status, 201, "{answer:?}");
    }
}

fn start(server: &Server, admin: &str, body: &Value) -> String {
    let answer = post("/jobs", body).bearer(admin).send(server.address);
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.header("location").unwrap().to_owned()
}

fn ended(server: &Server, admin: &str, job: &str) -> Value {
    let mut seen = Value::Null;
    eventually("the job ends", || {
        seen = get(job).bearer(admin).send(server.address).json();
        seen["state"] != "running"
    });
    seen
}

fn count(server: &Server, admin: &str, query: &str) -> String {
    let answer = get(&format!("/users?{query}"))
        .bearer(admin)
        .send(server.address);
    answer.header("x-total-count").unwrap().to_owned()
}

#[test]
fn a_job_changes_whom_it_names_and_never_the_last_administrator() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        let admin = server.set_up();
        add_users(&server, &admin, 3);
        let filter = json!({"kind": "disable", "filter": {"state": "active"}});
        let job = ended(&server, &admin, &start(&server, &admin, &filter));
        assert_eq!(
            (&job["total"], &job["done"], &job["failed"]),
            (&json!(4), &json!(3), &json!(1))
        );
        assert_eq!(
            job["rejects"],
            json!([{"user_id": 1, "reason": "last_administrator"}])
        );
        assert_eq!(count(&server, &admin, "state=disabled"), "3");

        let ids = json!({"kind": "set_role", "role": "admin", "ids": [2, 3, 999_999]});
        let job = ended(&server, &admin, &start(&server, &admin, &ids));
        assert_eq!(job["done"], 2);
        assert_eq!(
            job["rejects"],
            json!([{"user_id": 999_999, "reason": "not_found"}])
        );

        let filter = json!({"kind": "delete", "filter": {"search": "USER", "role": "admin"}});
        let path = start(&server, &admin, &filter);
        assert_eq!(ended(&server, &admin, &path)["done"], 2);
        assert_eq!(count(&server, &admin, ""), "2");
        let cancel = request("DELETE", &path).bearer(&admin).send(server.address);
        assert_eq!(cancel.status, 409, "it has ended");
        let all = get("/jobs").bearer(&admin).send(server.address).json();
        assert_eq!(all.as_array().unwrap().len(), 3);
    }
}

#[test]
fn a_job_leaves_its_maker_as_is_and_goes_on_with_the_others() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        let admin = server.set_up();
        add_users(&server, &admin, 3);
        // Another administrator, so that the maker is not the last.
        let body = json!({"kind": "set_role", "role": "admin", "ids": [2]});
        ended(&server, &admin, &start(&server, &admin, &body));
        for body in [
            json!({"kind": "set_role", "role": "user", "ids": [1, 3]}),
            json!({"kind": "disable", "ids": [1, 3]}),
            json!({"kind": "delete", "ids": [1, 3, 4]}),
        ] {
            let job = ended(&server, &admin, &start(&server, &admin, &body));
            assert_eq!(job["state"], "done", "{body}: {job}");
            assert_eq!(
                job["rejects"],
                json!([{"user_id": 1, "reason": "own_account"}]),
                "{body}"
            );
        }
        assert_eq!(count(&server, &admin, ""), "2");
    }
}

#[test]
fn a_job_that_selects_everybody_or_nobody_is_refused() {
    let (_kept, server) = Installation::new(Engine::Sqlite).start_kept();
    let admin = server.set_up();
    for body in [
        json!({}),
        json!({"kind": "delete"}),
        json!({"kind": "delete", "filter": {}}),
        json!({"kind": "delete", "ids": []}),
        json!({"kind": "delete", "ids": [1], "filter": {"role": "user"}}),
        json!({"kind": "delete", "ids": (1..=1001).collect::<Vec<_>>()}),
        json!({"kind": "delete", "filter": {"rolle": "user"}}),
        json!({"kind": "delete", "filter": {"state": "x"}}),
        json!({"kind": "delete", "role": "user", "ids": [2]}),
        json!({"kind": "set_role", "ids": [2]}),
        json!({"kind": "drop", "ids": [2]}),
        json!({"kind": "delete", "ids": [2], "actor_id": 1}),
    ] {
        let answer = post("/jobs", &body).bearer(&admin).send(server.address);
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
    }
    assert_eq!(
        get("/jobs").bearer(&admin).send(server.address).json(),
        json!([])
    );
}

/// 512 users, as fast as the database takes them; nobody needs to log in.
fn add_many(installation: &Installation) {
    installation.execute(
        "INSERT INTO users (username, password, role) VALUES ('seed', 'x', 'user')",
        &[],
    );
    for round in 0..9_i64 {
        installation.execute(
            "INSERT INTO users (username, password, role) SELECT CONCAT(username, '-', ?), 'x', 'user' FROM users WHERE role = 'user'",
            &[round.into()],
        );
    }
    installation.execute(
        "INSERT INTO accounts (user_id, username_key, created_at_ms, password_changed_at_ms) SELECT id, username, 1, 1 FROM users WHERE role = 'user'",
        &[],
    );
}

fn events_of_disabling(installation: &Installation) -> u64 {
    installation.execute(
        "UPDATE audit_events SET outcome = outcome WHERE kind = 'user_disabled'",
        &[],
    )
}

#[test]
fn two_nodes_share_the_jobs_and_the_other_finishes_what_a_killed_one_began() {
    if !engines().contains(&Engine::MySql) {
        return;
    }
    let installation = Installation::new(Engine::MySql).with_known_secret();
    let first = installation.start();
    let admin = first.set_up();
    let mut nodes = [first, installation.start()];
    add_many(&installation);
    let ids: Vec<i64> = installation.with_store(async |store| {
        let sql = Sql::both("SELECT id FROM users WHERE role = 'user'");
        let rows: Vec<(i64,)> = store.database().fetch_all(sql, &[]).await.unwrap();
        rows.into_iter().map(|(id,)| id).collect()
    });
    let jobs: Vec<String> = ids
        .chunks(171)
        .zip([0, 1, 0])
        .map(|(ids, node)| {
            let body = json!({"kind": "disable", "ids": ids});
            start(&nodes[node], &admin, &body)
        })
        .collect();
    let done = |node: &Server| -> u64 {
        let all = get("/jobs").bearer(&admin).send(node.address).json();
        let all = all.as_array().unwrap();
        all.iter().map(|job| job["done"].as_u64().unwrap()).sum()
    };
    eventually("both have begun", || done(&nodes[1]) > 40);
    nodes[0].signal("KILL");
    nodes[0].ended();
    // The lease of the dead is over; the living node keeps to its own all the same.
    installation.execute(
        "UPDATE bulk_jobs SET lease_until_ms = 0 WHERE state = 'running'",
        &[],
    );
    for job in &jobs {
        let seen = ended(&nodes[1], &admin, job);
        assert_eq!(
            (&seen["state"], &seen["failed"]),
            (&json!("done"), &json!(0))
        );
    }
    assert_eq!(done(&nodes[1]), 512);
    assert_eq!(count(&nodes[1], &admin, "state=disabled"), "512");
    assert_eq!(events_of_disabling(&installation), 512);
}

#[test]
fn a_job_goes_on_after_a_kill_and_counts_everybody_once() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let mut server = installation.start();
        let admin = server.set_up();
        add_many(&installation);
        let body = json!({"kind": "disable", "filter": {"role": "user"}});
        let job = start(&server, &admin, &body);
        eventually("some are done", || {
            let seen = get(&job).bearer(&admin).send(server.address).json();
            seen["done"].as_u64().unwrap() > 20
        });
        server.signal("KILL");
        server.ended();
        let server = installation.start();
        // The one who worked is known to be dead, so nobody has to wait for the end of its lease.
        installation.execute("UPDATE bulk_jobs SET lease_until_ms = 0", &[]);
        let admin = server.token("root", PASSWORD);
        let seen = ended(&server, &admin, &job);
        assert_eq!(
            (&seen["total"], &seen["done"]),
            (&json!(512), &json!(512)),
            "{seen}"
        );
        assert_eq!(count(&server, &admin, "state=disabled"), "512");
        let told = events_of_disabling(&installation);
        assert_eq!(told, 512, "each is in the trail once");
    }
}

#[test]
fn a_job_of_somebody_who_is_no_administrator_any_more_stops() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        let admin = server.set_up();
        add_users(&server, &admin, 2);
        let body = json!({"kind": "set_role", "role": "user", "ids": [1]});
        // A job that was left behind by somebody who has lost the role.
        let job = start(&server, &admin, &body);
        ended(&server, &admin, &job);
        installation.execute(
            "UPDATE bulk_jobs SET state = 'running', position = 0, lease_until_ms = 0, deed = 'delete', actor_id = 2",
            &[],
        );
        let seen = ended(&server, &admin, &job);
        assert_eq!(seen["state"], "cancelled");
        assert_eq!(count(&server, &admin, ""), "3");
    }
}
