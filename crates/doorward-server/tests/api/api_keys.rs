//! API keys, and the tokens that are given for them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    client::{Request, get, post, request, send_json},
    installation::{Engine, Installation, PASSWORD, Server, engines, eventually},
    wire::Answer,
};

/// Makes a key with the token of its owner.
pub(crate) fn make(server: &Server, token: &str, permissions: &[&str]) -> (String, String) {
    make_for(server, (token, PASSWORD), permissions)
}

/// Makes a key for the owner of a token and a password.
pub(crate) fn make_for(
    server: &Server,
    (token, password): (&str, &str),
    permissions: &[&str],
) -> (String, String) {
    let body = json!({"name": "nightly", "permissions": permissions, "current_password": password});
    let answer = post("/auth/keys", &body).bearer(token).send(server.address);
    assert_eq!(answer.status, 201, "{answer:?}");
    let made = answer.json();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("key"))
}

pub(crate) fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

pub(crate) fn form(body: &str) -> Request {
    request("POST", "/auth/token")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(body)
}

/// A token for a key.
pub(crate) fn exchanged(server: &Server, id: &str, key: &str) -> String {
    let answer = form("grant_type=client_credentials")
        .header("Authorization", &basic(id, key))
        .send(server.address);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

fn oauth_error(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.json()["error"], error);
    assert!(answer.json()["error_description"].is_string());
}

#[test]
fn a_key_acts_for_its_user_within_its_scope_until_it_is_revoked() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        let admin = server.set_up();
        let (id, key) = make(&server, &admin, &["users:read"]);
        assert!(key.starts_with("dwk_") && key.len() == 53, "{key}");
        let as_key = |request: Request| request.bearer(&key).send(server.address);
        for authorization in [format!("Bearer {key}"), basic(&key, "")] {
            let send = |target: &str| {
                get(target)
                    .header("Authorization", &authorization)
                    .send(server.address)
            };
            assert_eq!(send("/users").status, 200);
            // No role: the key may do less than an administrator.
            let profile = json!({"user_id": 1, "username": "root", "scope": "users:read"});
            assert_eq!(send("/auth/me").json(), profile);
            // Its user may; it may not.
            assert_eq!(send("/roles").status, 403);
            assert_eq!(send("/audit").status, 403);
        }
        let password = json!({"current_password": PASSWORD, "new_password": "green teapot 77"});
        for request in [
            post("/auth/password", &password),
            post("/auth/keys", &json!({"name": "x", "permissions": []})),
            get("/auth/keys"),
            get("/auth/sessions"),
            request("POST", "/auth/logout-all"),
            post("/auth/exchange", &json!({})),
        ] {
            let answer = as_key(request.clone());
            assert_eq!(answer.status, 401, "{request:?} {answer:?}");
        }
        let listed = get("/auth/keys").bearer(&admin).send(server.address).json();
        assert_eq!(listed[0]["id"], id.as_str());
        assert_eq!(listed[0].get("key"), None);
        assert!(listed[0]["last_used_at"].is_string(), "{listed}");

        // The trail tells the program from its user.
        let denied = get("/audit?kind=forbidden")
            .bearer(&admin)
            .send(server.address);
        assert_eq!(
            denied.json()[0]["detail"]["by_key"],
            id.as_str(),
            "{denied:?}"
        );

        let delete = request("DELETE", &format!("/auth/keys/{id}"));
        let answer = delete.clone().bearer(&admin).send(server.address);
        assert_eq!(answer.status, 204, "{answer:?}");
        let answer = delete.bearer(&admin).send(server.address);
        assert_eq!(answer.status, 404, "{answer:?}");
        assert_eq!(as_key(get("/users")).status, 401);
        let listed = get("/auth/keys").bearer(&admin).send(server.address);
        assert_eq!(listed.json(), json!([]));
    }
}

#[test]
fn a_key_allows_no_more_than_its_user_may_do_now() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        let (admin, una) = (server.set_up(), server.sign_up("una"));
        let una_id = installation.stored("una").0;
        let mut body =
            json!({"name": "x", "permissions": ["users:read"], "current_password": PASSWORD});
        let answer = post("/auth/keys", &body).bearer(&una).send(server.address);
        assert_eq!(answer.status, 403, "{answer:?}");
        let not_held = "Nobody grants what they do not hold: 'users:read'";
        assert_eq!(answer.error(), not_held);
        // Nor by somebody who may.
        body.as_object_mut().unwrap().remove("current_password");
        let target = format!("/users/{una_id}/keys");
        let answer = post(&target, &body).bearer(&admin).send(server.address);
        assert_eq!(answer.error(), not_held);

        let set = |method: &str, target: &str, body: Value| {
            let answer = send_json(method, target, &body)
                .bearer(&admin)
                .send(server.address);
            assert!(answer.status < 300, "{answer:?}");
            answer.json()
        };
        set("PUT", "/roles/reader", json!({"permissions": ["users:*"]}));
        let roles = format!("/users/{una_id}/roles");
        set("PUT", &roles, json!({"roles": ["reader"]}));
        let made = set("POST", &target, body.clone());
        let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
        let token = exchanged(&server, id, key);
        let users = |credential: &str| get("/users").bearer(credential).send(server.address);
        assert_eq!((users(key).status, users(&token).status), (200, 200));
        set(
            "PUT",
            "/roles/reader",
            json!({"permissions": ["audit:read"]}),
        );
        // The key stays, and may do nothing any more; the token said otherwise.
        assert_eq!((users(key).status, users(&token).status), (403, 401));
        set(
            "PUT",
            "/roles/reader",
            json!({"permissions": ["users:read"]}),
        );
        assert_eq!(users(key).status, 200);

        // It goes with its user.
        let token = exchanged(&server, id, key);
        installation.disable("una");
        assert_eq!(users(key).status, 401);
        eventually("the token for it counts no more", || {
            users(&token).status == 401
        });
        let enabled = json!({"disabled": false});
        let answer = send_json("PATCH", &format!("/users/{una_id}"), &enabled)
            .header("If-Match", "*")
            .bearer(&admin)
            .send(server.address);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(users(key).status, 401, "what was disabled stays revoked");
    }
}

#[test]
fn a_token_for_a_key_is_short_and_ends_with_it() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        let admin = server.set_up();
        let (id, key) = make(&server, &admin, &["users:read", "audit:read"]);
        let answer = form(&format!(
            "grant_type=client_credentials&client_id={id}&client_secret={key}&scope=users:read"
        ))
        .send(server.address);
        assert_eq!(answer.status, 200, "{answer:?}");
        let given = answer.json();
        assert_eq!(given["token_type"], "Bearer");
        assert_eq!(given["expires_in"], 600);
        assert_eq!(given["scope"], "users:read");
        let token = given["access_token"].as_str().unwrap().to_owned();
        let claims = crate::roles::claims(&token);
        assert_eq!(claims["client_id"], id.as_str());
        assert_eq!(claims["sub"], id.as_str());
        for absent in ["username", "user", "role", "roles"] {
            assert_eq!(claims.get(absent), None, "{absent}");
        }
        let send = |target: &str| get(target).bearer(&token).send(server.address).status;
        assert_eq!(
            (send("/users"), send("/audit"), send("/auth/me")),
            (200, 403, 200)
        );
        assert_eq!((send("/auth/sessions"), send("/auth/keys")), (401, 401));
        let delete = request("DELETE", &format!("/users/1/keys/{id}"));
        let answer = delete.bearer(&admin).send(server.address);
        assert_eq!(answer.status, 204, "{answer:?}");
        assert_eq!(send("/users"), 401);
    }
}

#[test]
fn errors_of_the_token_endpoint_are_those_of_the_rfc() {
    let (_kept, server) = Installation::new(Engine::Sqlite).start_kept();
    let admin = server.set_up();
    let (id, key) = make(&server, &admin, &["users:read"]);
    let (other_id, _) = make(&server, &admin, &[]);
    let send = |request: Request| request.send(server.address);
    let good = basic(&id, &key);
    let grant = "grant_type=client_credentials";
    for (body, error) in [
        ("", "invalid_request"),
        ("grant_type=", "invalid_request"),
        (
            "grant_type=client_credentials&grant_type=client_credentials",
            "invalid_request",
        ),
        (
            "grant_type=password&username=alice&password=x",
            "unsupported_grant_type",
        ),
        (
            "grant_type=client_credentials&scope=users:write",
            "invalid_scope",
        ),
        ("grant_type=client_credentials&scope=%22", "invalid_scope"),
        (
            "grant_type=client_credentials&client_secret=x",
            "invalid_request",
        ),
    ] {
        let answer = send(form(body).header("Authorization", &good));
        oauth_error(&answer, 400, error);
    }
    let json = post("/auth/token", &json!({"grant_type": "client_credentials"}));
    oauth_error(
        &send(json.header("Authorization", &good)),
        400,
        "invalid_request",
    );
    let mut altered = key.clone();
    altered.replace_range(10..11, if &key[10..11] == "a" { "b" } else { "a" });
    for authorization in [
        basic(&other_id, &key),
        basic("root", PASSWORD),
        basic(&id, &altered),
        basic(&id, ""),
        basic("", &key),
        format!("Bearer {admin}"),
        format!("Bearer {key}"),
        "Basic ?".to_owned(),
    ] {
        let answer = send(form(grant).header("Authorization", &authorization));
        oauth_error(&answer, 401, "invalid_client");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Basic "), "{challenge}");
    }
    oauth_error(&send(form(grant)), 401, "invalid_client");
    let alone = send(form(grant).header("Authorization", &basic(&key, "")));
    assert_eq!(alone.status, 200, "{alone:?}");
    assert_eq!(alone.header("cache-control"), Some("no-store"));
}

#[test]
fn what_a_key_makes_has_no_more_and_ends_no_later() {
    let (_kept, server) = Installation::new(Engine::Sqlite).start_kept();
    let admin = server.set_up();
    let body = json!({"name": "maker", "permissions": ["keys:write", "users:read"], "expires_in_days": 2, "current_password": PASSWORD});
    let answer = post("/auth/keys", &body)
        .bearer(&admin)
        .send(server.address);
    let maker = answer.json();
    let key = maker["key"].as_str().unwrap();
    server.sign_up("una");
    let make = |target: &str, permissions: &[&str], days: u32| {
        let body = json!({"name": "x", "permissions": permissions, "expires_in_days": days});
        post(target, &body).bearer(key).send(server.address)
    };
    // The user may do everything, the key may not.
    let answer = make("/users/1/keys", &["users:read"], 1);
    assert_eq!(answer.status, 403, "{answer:?}");
    let answer = make("/users/2/keys", &["users:read"], 1);
    assert_eq!(answer.status, 403, "{answer:?}");
    let answer = make("/users/2/keys", &[], 30);
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.json()["expires_at"], maker["expires_at"]);
}

#[test]
fn a_key_that_breaks_a_rule_is_not_made() {
    let (_kept, server) = Installation::new(Engine::Sqlite).start_kept();
    let admin = server.set_up();
    for mut body in [
        json!({"name": "", "permissions": []}),
        json!({"name": " ", "permissions": []}),
        json!({"name": "n".repeat(65), "permissions": []}),
        json!({"name": "a\nb", "permissions": []}),
        json!({"name": "a", "permissions": ["*"]}),
        json!({"name": "a", "permissions": [], "expires_in_days": 0}),
        json!({"name": "a", "permissions": [], "expires_in_days": 366}),
        json!({"name": "a", "permissions": [], "key": "dwk_x"}),
        json!({"permissions": []}),
    ] {
        body["current_password"] = PASSWORD.into();
        let answer = post("/auth/keys", &body)
            .bearer(&admin)
            .send(server.address);
        assert_eq!(answer.status, 400, "{body} {answer:?}");
    }
}

#[test]
fn a_token_without_the_password_makes_no_key() {
    let (_kept, server) = Installation::new(Engine::Sqlite).start_kept();
    server.set_up();
    let una = server.sign_up("una");
    let send = |body: &Value| post("/auth/keys", body).bearer(&una).send(server.address);
    let mut body = json!({"name": "x", "permissions": []});
    assert_eq!(send(&body).status, 400);
    body["current_password"] = "wrong".into();
    let answer = send(&body);
    assert_eq!(
        (answer.status, answer.error()),
        (403, "The current password is wrong".to_owned())
    );
    body["current_password"] = PASSWORD.into();
    assert_eq!(send(&body).status, 201);
}

#[test]
fn a_key_does_not_become_a_login_of_its_user() {
    for engine in engines() {
        let installation =
            Installation::new(engine).set("DOORWARD_PUBLIC_URL", "https://auth.example.org");
        let server = installation.start();
        let (admin, una) = (server.set_up(), server.sign_up("una"));
        let role = json!({"permissions": ["users:write"], "description": ""});
        let put = |target: &str, body: &Value| {
            send_json("PUT", target, body)
                .bearer(&admin)
                .send(server.address)
        };
        assert_eq!(put("/roles/helper", &role).status, 201);
        assert_eq!(
            put("/users/2/roles", &json!({"roles": ["helper"]})).status,
            200
        );
        let una = {
            drop(una);
            server.token("una", PASSWORD)
        };
        let (_, key) = make(&server, &una, &["users:write"]);
        let password = json!({"password": "green teapot 77"});
        for request in [
            send_json("PUT", "/users/2/password", &password),
            post("/users/2/reset-link", &json!({})),
        ] {
            let answer = request.clone().bearer(&key).send(server.address);
            assert_eq!(answer.status, 403, "{request:?} {answer:?}");
            assert_eq!(
                answer.error(),
                "An API key does not set the password of its own user"
            );
        }
        server.token("una", PASSWORD);
        // Of somebody else it does.
        server.sign_up("ben");
        let answer = send_json("PUT", "/users/3/password", &password).bearer(&key);
        assert_eq!(answer.send(server.address).status, 204);
    }
}

#[test]
fn keys_end_when_the_password_is_set_without_the_old_one() {
    for engine in engines() {
        let installation =
            Installation::new(engine).set("DOORWARD_PUBLIC_URL", "https://auth.example.org");
        let server = installation.start();
        let (admin, una) = (server.set_up(), server.sign_up("una"));
        let status = |key: &str| get("/auth/me").bearer(key).send(server.address).status;
        let (_, key) = make(&server, &una, &[]);
        assert_eq!(status(&key), 200);
        // Whoever knows the old password keeps the keys.
        let change = json!({"current_password": PASSWORD, "new_password": "green teapot 77"});
        let changed = post("/auth/password", &change)
            .bearer(&una)
            .send(server.address);
        assert_eq!((changed.status, status(&key)), (200, 200));
        let link = post("/users/2/reset-link", &json!({})).bearer(&admin);
        let link = link.send(server.address).json();
        let token = link["link"].as_str().unwrap().rsplit('#').next().unwrap();
        let body = json!({"token": token, "new_password": PASSWORD});
        assert_eq!(
            post("/auth/password/reset", &body)
                .send(server.address)
                .status,
            200
        );
        assert_eq!(status(&key), 401);
        let una = server.token("una", PASSWORD);
        let (_, key) = make(&server, &una, &[]);
        let set = send_json("PUT", "/users/2/password", &json!({"password": PASSWORD}));
        assert_eq!(set.bearer(&admin).send(server.address).status, 204);
        assert_eq!(status(&key), 401);
    }
}
