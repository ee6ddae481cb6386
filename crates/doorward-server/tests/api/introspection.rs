//! Whether a token counts (RFC 7662), and making one void (RFC 7009), by programs with an API key.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    access_table::resigned,
    api_keys::exchanged,
    client::{Request, get, login, post, request, send_json},
    foreign_tokens,
    installation::{Engine, Installation, PASSWORD, Server, engines, eventually},
    roles::claims,
    wire::Answer,
};

/// An API key.
struct Key {
    id: String,
    key: String,
}

/// Makes a key with the token of its owner.
fn make(server: &Server, token: &str, permissions: &[&str]) -> Key {
    let body = json!({"name": "gateway", "permissions": permissions, "current_password": PASSWORD});
    let answer = post("/auth/keys", &body).bearer(token).send(server.address);
    assert_eq!(answer.status, 201, "{answer:?}");
    let made = answer.json();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    Key {
        id: text("id"),
        key: text("key"),
    }
}

/// An access token and a refresh token.
fn log_in(server: &Server, name: &str) -> (String, String) {
    let answer = login(name, PASSWORD).send(server.address);
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (text("token"), text("refresh_token"))
}

fn form(target: &str, body: &str) -> Request {
    request("POST", target)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(body)
}

impl Key {
    fn basic(&self) -> String {
        let pair = format!("{}:{}", self.id, self.key);
        format!("Basic {}", STANDARD.encode(pair))
    }

    fn send(&self, server: &Server, target: &str, token: &str) -> Answer {
        form(target, &format!("token={token}"))
            .header("Authorization", &self.basic())
            .send(server.address)
    }

    /// What is told of a token.
    fn introspected(&self, server: &Server, token: &str) -> Value {
        let answer = self.send(server, "/auth/introspect", token);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        answer.json()
    }

    fn counts(&self, server: &Server, token: &str) -> bool {
        let said = self.introspected(server, token);
        if said["active"] == false {
            assert_eq!(said, json!({"active": false}), "nothing more is told");
        }
        said["active"].as_bool().unwrap()
    }

    fn revoke(&self, server: &Server, token: &str) -> Answer {
        self.send(server, "/auth/revoke", token)
    }

    fn revokes(&self, server: &Server, token: &str) {
        let answer = self.revoke(server, token);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.body.is_empty(), "{answer:?}");
    }
}

fn refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.json()["error"], error, "{answer:?}");
    assert!(answer.json()["error_description"].is_string());
}

/// The newest event of a kind: its detail, and about whom it is.
fn newest(server: &Server, admin: &str, kind: &str) -> (Value, Value) {
    let answer = get(&format!("/audit?kind={kind}&limit=1"))
        .bearer(admin)
        .send(server.address);
    let event = answer.json()[0].clone();
    (event["detail"].clone(), event["subject_id"].clone())
}

#[test]
fn what_a_token_says_is_told_while_it_counts() {
    for engine in engines() {
        let installation = Installation::new(engine).with_known_secret();
        let server = installation.start();
        let admin = server.set_up();
        let gateway = make(&server, &admin, &["tokens:introspect"]);
        server.sign_up("una");
        let (token, refresh) = log_in(&server, "una");
        let said = claims(&token);
        assert_eq!(
            gateway.introspected(&server, &token),
            json!({
                "active": true, "token_type": "Bearer", "username": "una", "sub": "2", "user_id": 2, "role": "user",
                "roles": ["user"], "iss": "doorward", "iat": said["iat"], "exp": said["exp"], "jti": said["jti"],
                "sid": said["sid"],
            })
        );
        let of_admin = gateway.introspected(&server, &admin);
        assert_eq!(of_admin["scope"], claims(&admin)["scope"]);

        // A refresh token is told apart: it has neither type, scope nor role, and is as good as before.
        let told = gateway.introspected(&server, &refresh);
        assert_eq!((&told["active"], &told["sub"]), (&json!(true), &json!("2")));
        assert_eq!(told["sid"], said["sid"]);
        for absent in ["token_type", "scope", "role", "roles", "jti"] {
            assert_eq!(told.get(absent), None, "{absent}");
        }
        let rotate = || post("/auth/refresh", &json!({"refresh_token": refresh}));
        let next = rotate().send(server.address).json();
        assert!(!gateway.counts(&server, &refresh), "it was used");
        let next_refresh = next["refresh_token"].as_str().unwrap();
        assert!(gateway.counts(&server, next_refresh));
        // It was neither used up nor reused by the question.
        assert_eq!(
            rotate().send(server.address).json()["refresh_token"],
            next_refresh
        );

        // A key and its token say for whom they act, and nothing that would make a user of them.
        let nightly = make(&server, &admin, &["users:read"]);
        let short = exchanged(&server, &nightly.id, &nightly.key);
        for credential in [&short, &nightly.key] {
            let told = gateway.introspected(&server, credential);
            assert_eq!(told["active"], true);
            assert_eq!(told["scope"], "users:read");
            assert_eq!(told["client_id"], nightly.id.as_str());
            assert_eq!(told["sub"], nightly.id.as_str());
            assert_eq!(
                (&told["owner_id"], &told["token_type"]),
                (&json!(1), &json!("Bearer"))
            );
            for absent in ["username", "user_id", "role", "roles"] {
                assert_eq!(told.get(absent), None, "{absent}");
            }
        }
        // Nor is a key used by the question.
        let made = make(&server, &admin, &[]);
        assert!(gateway.counts(&server, &made.key));
        let listed = get("/auth/keys").bearer(&admin).send(server.address).json();
        let mut rows = listed.as_array().unwrap().iter();
        let row = rows.find(|row| row["id"] == made.id.as_str()).unwrap();
        assert_eq!(row["last_used_at"], Value::Null);
    }
}

#[test]
fn what_counts_no_more_or_never_did_is_inactive_and_nothing_else_is_told() {
    for engine in engines() {
        let installation = Installation::new(engine).with_known_secret();
        let server = installation.start();
        let admin = server.set_up();
        let gateway = make(&server, &admin, &["tokens:*"]);
        server.sign_up("una");
        let (token, refresh) = log_in(&server, "una");
        assert!(gateway.counts(&server, &token) && gateway.counts(&server, &refresh));
        let mut altered = token.clone();
        altered.pop();
        let mut parts = token.split('.');
        let (_, payload) = (parts.next(), parts.next().unwrap());
        let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.");
        let expired = resigned(&token, |claims| {
            claims["iat"] = json!(1_700_000_000);
            claims["exp"] = json!(1_700_003_600);
        });
        let elsewhere = resigned(&token, |claims| claims["iss"] = json!("elsewhere"));
        let for_others = resigned(&token, |claims| claims["aud"] = json!("elsewhere"));
        let theirs = foreign_tokens::theirs(2, |_| {});
        let list = get("/auth/revocations").send(server.address);
        let list = list.text().to_owned();
        let mut unknown_refresh = refresh.clone();
        unknown_refresh.replace_range(90..91, if &refresh[90..91] == "A" { "B" } else { "A" });
        for void in [
            altered.as_str(),
            &unsigned,
            &expired,
            &elsewhere,
            &for_others,
            &theirs,
            &list,
            &unknown_refresh,
            "dwr_x",
            "dwk_x",
            "x",
            PASSWORD,
        ] {
            assert!(!gateway.counts(&server, void), "{void}");
        }
        // By the same hand it is good.
        assert!(gateway.counts(&server, &resigned(&token, |_| {})));

        let logout = request("POST", "/auth/logout").bearer(&token);
        assert_eq!(logout.send(server.address).status, 204);
        assert!(!gateway.counts(&server, &token) && !gateway.counts(&server, &refresh));

        let (token, refresh) = log_in(&server, "una");
        let nightly = make(&server, &token, &[]);
        let short = exchanged(&server, &nightly.id, &nightly.key);
        assert!(gateway.counts(&server, &short) && gateway.counts(&server, &nightly.key));
        // What the database alone knows: an end that has come, and a user whom somebody else has disabled.
        for (change, back, void) in [
            (
                "UPDATE api_keys SET expires_at_ms = 1 WHERE user_id = 2",
                "UPDATE api_keys SET expires_at_ms = 4000000000000 WHERE user_id = 2",
                &[&nightly.key][..],
            ),
            (
                "UPDATE login_sessions SET idle_at_ms = 1 WHERE user_id = 2",
                "UPDATE login_sessions SET idle_at_ms = expires_at_ms WHERE user_id = 2",
                &[&refresh],
            ),
            (
                "UPDATE accounts SET disabled_at_ms = 1 WHERE user_id = 2",
                "UPDATE accounts SET disabled_at_ms = NULL WHERE user_id = 2",
                &[&nightly.key, &refresh],
            ),
        ] {
            installation.execute(change, &[]);
            for token in void {
                assert!(!gateway.counts(&server, token), "{change}");
            }
            installation.execute(back, &[]);
            for token in void {
                assert!(gateway.counts(&server, token), "{back}");
            }
        }
        let disable = send_json("PATCH", "/users/2", &json!({"disabled": true}))
            .header("If-Match", "*")
            .bearer(&admin);
        assert_eq!(disable.send(server.address).status, 200);
        for void in [&token, &refresh, &short, &nightly.key] {
            assert!(!gateway.counts(&server, void), "{void}");
        }
    }
}

#[test]
fn only_a_key_with_the_permission_whose_owner_has_it_may_ask() {
    for engine in engines() {
        let (_kept, server) = Installation::new(engine).without_quantum().start_kept();
        let (admin, una) = (server.set_up(), server.sign_up("una"));
        let refusal = |key: &Key, error: &str, status: u16| {
            refused(&key.send(&server, "/auth/introspect", &una), status, error);
        };
        // The owner has the permission, the key has not.
        let nightly = make(&server, &admin, &["users:read"]);
        refusal(&nightly, "insufficient_scope", 403);
        let (detail, subject) = newest(&server, &admin, "forbidden");
        assert_eq!(detail["needs"], "tokens:introspect");
        assert_eq!(detail["by_key"], nightly.id.as_str());
        assert_eq!(subject, 1);
        // The key is for it, the owner does not hold it any more.
        let give = |roles: Value| {
            let answer = send_json("PUT", "/users/2/roles", &json!({ "roles": roles }))
                .bearer(&admin)
                .send(server.address);
            assert_eq!(answer.status, 200, "{answer:?}");
        };
        let role = json!({"permissions": ["tokens:introspect"], "description": ""});
        let defined = send_json("PUT", "/roles/gateway", &role).bearer(&admin);
        assert_eq!(defined.send(server.address).status, 201);
        give(json!(["gateway"]));
        let una = server.token("una", PASSWORD);
        let gateway = make(&server, &una, &["tokens:introspect"]);
        assert!(gateway.counts(&server, &una));
        give(json!([]));
        refusal(&gateway, "insufficient_scope", 403);
        // Nobody gets a key for what they do not hold.
        let una = server.token("una", PASSWORD);
        let body = json!({"name": "x", "permissions": ["tokens:introspect"], "current_password": PASSWORD});
        let answer = post("/auth/keys", &body).bearer(&una).send(server.address);
        assert_eq!(answer.status, 403, "{answer:?}");

        let stranger = Key {
            id: nightly.id.clone(),
            key: gateway.key.clone(),
        };
        refusal(&stranger, "invalid_client", 401);
        let revoke = request("DELETE", &format!("/auth/keys/{}", nightly.id)).bearer(&admin);
        assert_eq!(revoke.send(server.address).status, 204);
        refusal(&nightly, "invalid_client", 401);
    }
}

#[test]
fn both_endpoints_authenticate_and_refuse_as_the_token_endpoint_does() {
    let (_kept, server) = Installation::new(Engine::Sqlite).start_kept();
    let admin = server.set_up();
    let gateway = make(&server, &admin, &["tokens:introspect"]);
    let send = |request: Request| request.send(server.address);
    let Key { id, key } = &gateway;
    for target in ["/auth/introspect", "/auth/revoke"] {
        let in_form = format!("token=x&client_id={id}&client_secret={key}");
        let good = form(target, &in_form);
        assert_eq!(send(good).status, 200);
        let alone = STANDARD.encode(format!("{key}:"));
        let alone = form(target, "token=x").header("Authorization", &format!("Basic {alone}"));
        assert_eq!(send(alone).status, 200);
        // A hint is one, whatever it says.
        for hint in ["access_token", "refresh_token", "something_else", ""] {
            let hinted = form(target, &format!("token={key}x&token_type_hint={hint}"));
            let answer = send(hinted.header("Authorization", &gateway.basic()));
            assert_eq!(answer.status, 200, "{hint}");
        }
        for body in [
            "",
            "token=",
            "token=x&token=x",
            "token=%ff",
            "token_type_hint=access_token",
        ] {
            let answer = send(form(target, body).header("Authorization", &gateway.basic()));
            refused(&answer, 400, "invalid_request");
        }
        let twice = form(target, &in_form).header("Authorization", &gateway.basic());
        refused(&send(twice), 400, "invalid_request");
        let as_json = post(target, &json!({"token": "x"}));
        let as_json = as_json.header("Authorization", &gateway.basic());
        refused(&send(as_json), 400, "invalid_request");
        for authorization in [format!("Bearer {admin}"), format!("Bearer {key}")] {
            let answer = send(form(target, "token=x").header("Authorization", &authorization));
            refused(&answer, 401, "invalid_client");
        }
        let nobody = send(form(target, "token=x"));
        refused(&nobody, 401, "invalid_client");
        let challenge = nobody.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Basic "), "{challenge}");
        // The token is no part of an address (RFC 7009 §2.1).
        assert_eq!(send(get(target)).status, 405);
        let query = form(&format!("{target}?token=x"), "");
        let answer = send(query.header("Authorization", &gateway.basic()));
        refused(&answer, 400, "invalid_request");
    }
}

#[test]
fn a_token_that_is_revoked_ends_its_session_on_every_node() {
    for engine in engines() {
        let installation = Installation::new(engine).with_known_secret();
        let one = installation.start();
        let admin = one.set_up();
        let two = installation.start();
        let gateway = make(&one, &admin, &["tokens:introspect"]);
        let una = one.sign_up("una");
        // It is for nothing but its owner's own.
        let own = make(&one, &una, &[]);
        for by_refresh in [true, false] {
            let (token, refresh) = log_in(&one, "una");
            assert!(gateway.counts(&two, &token) && gateway.counts(&two, &refresh));
            own.revokes(&one, if by_refresh { &refresh } else { &token });
            assert!(!gateway.counts(&one, &token) && !gateway.counts(&one, &refresh));
            assert_eq!(get("/profile").bearer(&token).send(one.address).status, 401);
            let again = post("/auth/refresh", &json!({"refresh_token": refresh}));
            assert_eq!(again.send(two.address).status, 401);
            assert!(!gateway.counts(&two, &refresh));
            eventually("the other node knows", || !gateway.counts(&two, &token));
            let (detail, subject) = newest(&one, &admin, "session_ended");
            assert_eq!(detail, json!({"by_key": own.id, "reason": "revoked"}));
            assert_eq!(subject, 2);
            // What counts no more is revoked (RFC 7009 §2.2).
            own.revokes(&one, &refresh);
            own.revokes(&one, &token);
        }
        assert!(gateway.counts(&one, &una), "another session goes on");
        for unknown in ["x", "dwr_x", "dwk_x", "a.b.c"] {
            own.revokes(&one, unknown);
        }
    }
}

#[test]
fn of_others_a_key_revokes_only_what_it_could_end_without_the_token() {
    for engine in engines() {
        let (_kept, server) = Installation::new(engine).start_kept();
        let admin = server.set_up();
        let una = server.sign_up("una");
        let (token, refresh) = log_in(&server, "una");
        let gateway = make(&server, &admin, &["tokens:introspect", "users:*"]);
        let of_una = make(&server, &una, &[]);
        for theirs in [&token, &refresh, &of_una.key] {
            refused(&gateway.revoke(&server, theirs), 400, "unauthorized_client");
            assert!(gateway.counts(&server, theirs));
        }
        let (detail, subject) = newest(&server, &admin, "forbidden");
        assert_eq!(detail["needs"], "keys:write");
        assert_eq!(
            (detail["by_key"].as_str(), subject),
            (Some(&*gateway.id), json!(1))
        );
        // Not by a user's own key either, and an administrator's token least of all.
        refused(&of_una.revoke(&server, &admin), 400, "unauthorized_client");

        let guard = make(&server, &admin, &["sessions:revoke"]);
        refused(
            &guard.revoke(&server, &of_una.key),
            400,
            "unauthorized_client",
        );
        guard.revokes(&server, &refresh);
        assert!(!gateway.counts(&server, &token));
        let (detail, subject) = newest(&server, &admin, "session_ended");
        assert_eq!(
            detail,
            json!({"by_key": guard.id, "reason": "administrator"})
        );
        assert_eq!(subject, 2);

        let finder = make(&server, &admin, &["keys:write"]);
        finder.revokes(&server, &of_una.key);
        assert!(!gateway.counts(&server, &of_una.key));
        let (detail, subject) = newest(&server, &admin, "api_key_revoked");
        assert_eq!(detail, json!({"by_key": finder.id, "key": of_una.id}));
        assert_eq!(subject, 2);
        // Its owner's next one is found in a public repository, and ends itself.
        let of_una = make(&server, &una, &[]);
        let short = exchanged(&server, &of_una.id, &of_una.key);
        of_una.revokes(&server, &of_una.key);
        assert!(!gateway.counts(&server, &short) && !gateway.counts(&server, &of_una.key));
    }
}

#[test]
fn a_token_that_cannot_be_made_void_by_itself_is_not_said_to_be() {
    let installation = Installation::new(Engine::Sqlite)
        .with_known_secret()
        .with_file(&foreign_tokens::source(foreign_tokens::OPEN));
    let (_kept, server) = installation.start_kept();
    let admin = server.set_up();
    let key = make(&server, &admin, &["tokens:introspect"]);
    let short = exchanged(&server, &key.id, &key.key);
    let theirs = foreign_tokens::theirs(1, |_| {});
    let of_no_session = resigned(&admin, |claims| {
        claims.as_object_mut().unwrap().remove("sid");
    });
    for token in [&short, &theirs, &of_no_session] {
        let let_in = get("/auth/me").bearer(token).send(server.address);
        assert_eq!(let_in.status, 200, "{let_in:?}");
        refused(&key.revoke(&server, token), 400, "unsupported_token_type");
    }
    // It lets its user in, and is not ours to describe.
    assert!(!key.counts(&server, &theirs));
    assert!(key.counts(&server, &short));
}
