//! A link with which a user sets a new password, handed over by an administrator: no mail server is needed.

use serde_json::{Value, json};

use crate::{
    client::{Request, login, post, send_json},
    installation::{Installation, PASSWORD, engines},
    wire::Answer,
};

const NEW_PASSWORD: &str = "amber walrus 77";

fn ask(id: i64, admin: &str) -> Request {
    post(&format!("/users/{id}/reset-link"), &json!({})).bearer(admin)
}

fn token(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    assert!(body["expires_at"].as_str().unwrap().ends_with('Z'));
    let link = body["link"].as_str().unwrap();
    let token = link.strip_prefix("https://auth.example.org/reset#");
    token.expect("a link to where it is configured").to_owned()
}

fn reset(token: &str) -> Request {
    let body = json!({"token": token, "new_password": NEW_PASSWORD});
    post("/auth/password/reset", &body)
}

#[test]
fn an_administrator_hands_over_a_link_that_works_once_and_is_in_the_trail() {
    for engine in engines() {
        let installation =
            Installation::new(engine).set("DOORWARD_PUBLIC_URL", "https://auth.example.org");
        let server = installation.start();
        let admin = server.set_up();
        let una = server.sign_up("una");
        let (id, _) = installation.stored("una");
        let number = id.get();

        assert_eq!(ask(number, &una).send(server.address).status, 403);
        assert_eq!(ask(number + 99, &admin).send(server.address).status, 404);
        let older = ask(number, &admin)
            .header("X-Forwarded-Host", "evil.example")
            .header("Forwarded", "host=evil.example")
            .send(server.address);
        let older = token(&older);
        let newer = token(&ask(number, &admin).send(server.address));
        assert_eq!(reset(&older).send(server.address).status, 404);
        // Nothing has changed until it is used.
        server.token("una", PASSWORD);
        assert_eq!(reset(&newer).send(server.address).status, 200);
        assert_eq!(reset(&newer).send(server.address).status, 404);
        assert_eq!(login("una", PASSWORD).send(server.address).status, 401);
        server.token("una", NEW_PASSWORD);

        installation.disable("una");
        let refused = ask(number, &admin).send(server.address);
        assert_eq!(refused.status, 409, "{refused:?}");
        let events: Vec<(String, String)> = installation.with_store(async |store| {
            let sql = crate::installation::sql(
                "SELECT kind, actor FROM audit_events WHERE subject_id = ? AND kind IN ('reset_requested', 'password_reset') ORDER BY id",
            );
            store.database().fetch_all(sql, &[number.into()]).await.unwrap()
        });
        let expected = [
            ("reset_requested", "user"),
            ("reset_requested", "user"),
            ("password_reset", "anonymous"),
        ];
        let expected = expected.map(|(kind, actor)| (kind.to_owned(), actor.to_owned()));
        assert_eq!(events, expected);
        let (screen, log) = server.stop();
        for secret in [&older, &newer] {
            assert!(!screen.contains(secret) && !log.contains(secret));
        }
    }
}

#[test]
fn a_link_is_void_after_another_password_was_set() {
    for engine in engines() {
        let installation =
            Installation::new(engine).set("DOORWARD_PUBLIC_URL", "https://auth.example.org");
        let server = installation.start();
        let admin = server.set_up();
        let una = server.sign_up("una");
        let (id, _) = installation.stored("una");
        let by_owner = token(&ask(id.get(), &admin).send(server.address));
        let body: Value = json!({"current_password": PASSWORD, "new_password": "indigo heron 5"});
        let changed = post("/auth/password", &body)
            .bearer(&una)
            .send(server.address);
        assert_eq!(changed.status, 200, "{changed:?}");
        assert_eq!(reset(&by_owner).send(server.address).status, 404);

        let by_administrator = token(&ask(id.get(), &admin).send(server.address));
        let path = format!("/users/{}/password", id.get());
        let set = send_json("PUT", &path, &json!({"password": "coral finch 12"}))
            .bearer(&admin)
            .send(server.address);
        assert_eq!(set.status, 204, "{set:?}");
        assert_eq!(reset(&by_administrator).send(server.address).status, 404);
    }
}

#[test]
fn a_link_is_void_after_the_user_was_disabled_or_deleted() {
    for engine in engines() {
        let installation =
            Installation::new(engine).set("DOORWARD_PUBLIC_URL", "https://auth.example.org");
        let server = installation.start();
        let admin = server.set_up();
        for name in ["una", "vera"] {
            server.sign_up(name);
            let (id, _) = installation.stored(name);
            let link = token(&ask(id.get(), &admin).send(server.address));
            if name == "una" {
                installation.disable(name);
            } else {
                let path = format!("/users/{}", id.get());
                let deleted = crate::client::request("DELETE", &path)
                    .bearer(&admin)
                    .send(server.address);
                assert_eq!(deleted.status, 204, "{deleted:?}");
            }
            assert_eq!(reset(&link).send(server.address).status, 404, "{name}");
        }
    }
}

#[test]
fn a_link_is_void_when_the_rights_of_its_user_have_changed_since() {
    for engine in engines() {
        let installation =
            Installation::new(engine).set("DOORWARD_PUBLIC_URL", "https://auth.example.org");
        let server = installation.start();
        let admin = server.set_up();
        server.sign_up("una");
        let patch = |body: Value| {
            let change = send_json("PATCH", "/users/2", &body).header("If-Match", "*");
            let answer = change.bearer(&admin).send(server.address);
            assert_eq!(answer.status, 200, "{answer:?}");
        };
        let link = token(&ask(2, &admin).send(server.address));
        patch(json!({"role": "admin"}));
        assert_eq!(reset(&link).send(server.address).status, 404);
        // A link from before an incident is not good after it.
        let link = token(&ask(2, &admin).send(server.address));
        patch(json!({"disabled": true}));
        patch(json!({"disabled": false}));
        assert_eq!(reset(&link).send(server.address).status, 404);
        let link = token(&ask(2, &admin).send(server.address));
        let role = json!({"permissions": ["users:read"], "description": ""});
        let put = |target: &str, body: &Value| {
            let answer = send_json("PUT", target, body).bearer(&admin);
            answer.send(server.address).status
        };
        assert_eq!(put("/roles/reader", &role), 201);
        assert_eq!(put("/users/2/roles", &json!({"roles": ["reader"]})), 200);
        assert_eq!(reset(&link).send(server.address).status, 404);
        let link = token(&ask(2, &admin).send(server.address));
        let more = json!({"permissions": ["users:read", "audit:read"], "description": ""});
        assert_eq!(put("/roles/reader", &more), 200);
        assert_eq!(reset(&link).send(server.address).status, 404);
        let link = token(&ask(2, &admin).send(server.address));
        assert_eq!(reset(&link).send(server.address).status, 200);
    }
}
