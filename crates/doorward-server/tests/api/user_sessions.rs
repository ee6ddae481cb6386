//! The sessions of other users, for administrators and those with the permission.

use serde_json::{Value, json};

use crate::{
    client::{get, login, post, request, send_json},
    installation::{Engine, Installation, PASSWORD, Server, engines, eventually},
};

/// The access token and the refresh token of a new login.
fn log_in(server: &Server, name: &str) -> (String, String) {
    let answer = login(name, PASSWORD).send(server.address);
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    let text = |key: &str| body[key].as_str().unwrap().to_owned();
    (text("token"), text("refresh_token"))
}

fn sessions(server: &Server, token: &str, user: i64) -> Vec<Value> {
    let answer = get(&format!("/users/{user}/sessions"))
        .bearer(token)
        .send(server.address);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json().as_array().unwrap().clone()
}

fn delete(server: &Server, token: &str, target: &str) -> u16 {
    request("DELETE", target)
        .bearer(token)
        .send(server.address)
        .status
}

fn profile(server: &Server, token: &str) -> u16 {
    get("/profile").bearer(token).send(server.address).status
}

fn refresh(server: &Server, refresh_token: &str) -> u16 {
    post("/auth/refresh", &json!({"refresh_token": refresh_token}))
        .send(server.address)
        .status
}

#[test]
fn an_administrator_ends_one_session_or_all_of_a_user() {
    for engine in engines() {
        let installation = Installation::new(engine).without_throttle();
        let server = installation.start();
        let admin = server.set_up();
        server.sign_up("una");
        let (una, _) = installation.stored("una");
        let una = una.get();
        let (first, second) = (log_in(&server, "una"), log_in(&server, "una"));
        let listed = sessions(&server, &admin, una);
        // With the one of the registration.
        assert_eq!(listed.len(), 3, "{listed:?}");
        assert!(listed.iter().all(|row| row["current"] == false));
        assert!(
            listed[0]["address"].is_string(),
            "where from: {}",
            listed[0]
        );

        let own = get("/auth/sessions").bearer(&first.0).send(server.address);
        let rows = own.json();
        let current = rows.as_array().unwrap().iter();
        let current = current.clone().find(|row| row["current"] == true).unwrap();
        let one = format!("/users/{una}/sessions/{}", current["id"].as_str().unwrap());
        assert_eq!(delete(&server, &admin, &one), 204);
        assert_eq!(delete(&server, &admin, &one), 404, "it has ended");
        assert_eq!(profile(&server, &first.0), 401);
        assert_eq!(refresh(&server, &first.1), 401);
        assert_eq!(profile(&server, &second.0), 200);

        assert_eq!(
            delete(&server, &admin, &format!("/users/{una}/sessions")),
            204
        );
        assert_eq!(profile(&server, &second.0), 401);
        assert_eq!(refresh(&server, &second.1), 401);
        assert!(sessions(&server, &admin, una).is_empty());
        assert_eq!(profile(&server, &admin), 200, "others go on");
        log_in(&server, "una");

        for (kind, count) in [("session_ended", 1), ("sessions_ended", 1)] {
            let told = installation.execute(
                "UPDATE audit_events SET outcome = outcome WHERE kind = ? AND actor_id = 1 AND subject_id = ?",
                &[kind.into(), una.into()],
            );
            assert_eq!(told, count, "{kind} is in the trail");
        }
    }
}

#[test]
fn a_session_is_found_only_under_its_own_user() {
    for engine in engines() {
        let installation = Installation::new(engine).without_throttle();
        let server = installation.start();
        let admin = server.set_up();
        let una = server.sign_up("una");
        server.sign_up("vera");
        let (vera, _) = installation.stored("vera");
        let rows = get("/auth/sessions").bearer(&una).send(server.address);
        let id = rows.json()[0]["id"].as_str().unwrap().to_owned();
        let target = format!("/users/{}/sessions/{id}", vera.get());
        assert_eq!(delete(&server, &admin, &target), 404);
        assert_eq!(profile(&server, &una), 200);
    }
}

#[test]
fn ending_sessions_needs_its_own_permission() {
    for engine in engines() {
        let (_kept, server) = Installation::new(engine).without_throttle().start_kept();
        let admin = server.set_up();
        server.sign_up("una");
        for (role, permission) in [("reader", "users:read"), ("guard", "sessions:revoke")] {
            let body = json!({"permissions": [permission]});
            let defined = send_json("PUT", &format!("/roles/{role}"), &body)
                .bearer(&admin)
                .send(server.address);
            assert_eq!(defined.status, 201, "{defined:?}");
            let given = send_json("PUT", "/users/2/roles", &json!({"roles": [role]}))
                .bearer(&admin)
                .send(server.address);
            assert_eq!(given.status, 200, "{given:?}");
            let (una, _) = log_in(&server, "una");
            let list = get("/users/1/sessions").bearer(&una).send(server.address);
            let ended = request("DELETE", "/users/1/sessions")
                .bearer(&una)
                .send(server.address);
            let expected = match role {
                "reader" => (200, 403),
                // Also of an administrator: whose token was stolen is shut out by whoever is on duty.
                _ => (403, 204),
            };
            assert_eq!((list.status, ended.status), expected, "{role}");
        }
        assert_eq!(profile(&server, &admin), 401);
    }
}

#[test]
fn the_end_of_all_sessions_reaches_the_other_node() {
    for engine in engines() {
        let installation = Installation::new(engine)
            .with_known_secret()
            .without_throttle();
        let one = installation.start();
        // Before the other node makes a setup link of its own.
        let admin = one.set_up();
        let two = installation.start();
        let una = one.sign_up("una");
        assert_eq!(profile(&two, &una), 200);
        assert_eq!(delete(&one, &admin, "/users/2/sessions"), 204);
        eventually("the other node refuses the token", || {
            profile(&two, &una) == 401
        });
    }
}

#[test]
fn no_event_tells_of_sessions_of_nobody() {
    let installation = Installation::new(Engine::Sqlite);
    let server = installation.start();
    let admin = server.set_up();
    assert_eq!(delete(&server, &admin, "/users/77/sessions"), 404);
    let told = installation.execute(
        "UPDATE audit_events SET outcome = outcome WHERE kind = 'sessions_ended'",
        &[],
    );
    assert_eq!(told, 0);
}
