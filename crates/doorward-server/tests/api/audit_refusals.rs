//! Refusals in the audit trail: all that tell of an attack, and no more rows than an attacker must be given.

use serde_json::{Value, json};

use crate::{
    api_keys::{basic, exchanged, form, make},
    client::{Request, get, post, register, request, send_json},
    installation::{Engine, Installation, PASSWORD, Server, engines},
    metrics,
};

fn quick(engine: Engine) -> Installation {
    Installation::new(engine).without_quantum()
}

fn recorded(server: &Server, admin: &str, kind: &str) -> Vec<Value> {
    let answer = get(&format!("/audit?limit=1000&kind={kind}"))
        .bearer(admin)
        .send(server.address);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json().as_array().unwrap().clone()
}

/// The newest event of a kind: outcome, actor, subject and detail.
fn newest(server: &Server, admin: &str, kind: &str) -> (Value, Value, Value, Value) {
    let event = recorded(server, admin, kind).remove(0);
    assert_eq!(event["address"], "127.0.0.1", "{event}");
    let part = |name: &str| event[name].clone();
    (
        part("outcome"),
        part("actor"),
        part("subject_id"),
        part("detail"),
    )
}

fn denied(actor: &str, subject: Option<i64>, detail: Value) -> (Value, Value, Value, Value) {
    (json!("denied"), json!(actor), json!(subject), detail)
}

fn refresh(token: &str) -> Request {
    post("/auth/refresh", &json!({"refresh_token": token}))
}

#[test]
fn a_link_and_a_refresh_token_that_are_refused_are_in_the_trail() {
    for engine in engines() {
        let (_kept, server) = quick(engine).start_kept();
        let admin = server.set_up();
        let ask = |status: u16, request: &Request| {
            let answer = request.send(server.address);
            assert_eq!(answer.status, status, "{answer:?}");
            answer
        };
        for (target, purpose) in [
            ("/auth/password/reset", "reset_password"),
            ("/auth/email/verify", "verify_email"),
        ] {
            let link = json!({"token": "canary-link", "new_password": "amber heron 17"});
            ask(404, &post(target, &link));
            assert_eq!(
                newest(&server, &admin, "link_refused"),
                denied("anonymous", None, json!({"purpose": purpose}))
            );
        }
        server.sign_up("una");
        let login = crate::client::login("una", PASSWORD);
        let pair = ask(200, &login).json();
        let token = pair["refresh_token"].as_str().unwrap().to_owned();
        ask(
            204,
            &request("POST", "/auth/logout").bearer(pair["token"].as_str().unwrap()),
        );
        ask(401, &refresh(&token));
        assert_eq!(
            newest(&server, &admin, "refresh_refused"),
            denied("anonymous", Some(2), json!({"reason": "ended"}))
        );
        let (prefix, rest) = token.split_once('_').unwrap();
        let another = format!("{prefix}_{}", "A".repeat(rest.len()));
        for none in ["canary", &another] {
            ask(401, &refresh(none));
            assert_eq!(
                newest(&server, &admin, "refresh_refused"),
                denied("anonymous", None, json!({"reason": "unknown"}))
            );
        }
        let pair = ask(200, &login).json();
        let disabled = send_json("PATCH", "/users/2", &json!({"disabled": true}));
        ask(200, &disabled.header("If-Match", "*").bearer(&admin));
        ask(401, &refresh(pair["refresh_token"].as_str().unwrap()));
        assert_eq!(
            newest(&server, &admin, "refresh_refused"),
            denied("anonymous", Some(2), json!({"reason": "disabled"}))
        );
    }
}

#[test]
fn a_key_that_is_refused_is_in_the_trail_with_the_reason_whichever_way_it_came() {
    for engine in engines() {
        let (installation, server) = quick(engine).start_kept();
        let admin = server.set_up();
        let (id, key) = make(&server, &admin, &["users:read"]);
        exchanged(&server, &id, &key);
        assert_eq!(
            recorded(&server, &admin, "api_key_refused"),
            Vec::<Value>::new()
        );
        let exchange = |id: &str, key: &str, more: &str| {
            form(&format!("grant_type=client_credentials{more}"))
                .header("Authorization", &basic(id, key))
        };
        let told = |status: u16, request: &Request, known: bool, reason: &str| {
            let answer = request.send(server.address);
            assert_eq!(answer.status, status, "{answer:?}");
            let expected = if known {
                denied("anonymous", Some(1), json!({"reason": reason, "key": id}))
            } else {
                denied("anonymous", None, json!({"reason": reason}))
            };
            assert_eq!(newest(&server, &admin, "api_key_refused"), expected);
        };
        let other = format!("dwk_{}", "A".repeat(49));
        told(401, &get("/users").bearer(&other), false, "unknown");
        told(401, &exchange(&id, &other, ""), false, "unknown");
        let wrong = "A".repeat(id.len());
        told(401, &exchange(&wrong, &key, ""), true, "client_id");
        told(
            400,
            &exchange(&id, &key, "&scope=audit:read"),
            true,
            "scope",
        );
        installation.execute("UPDATE api_keys SET expires_at_ms = 1", &[]);
        for request in [get("/users").bearer(&key), exchange(&id, &key, "")] {
            told(401, &request, true, "expired");
        }
    }
}

#[test]
fn whoever_asks_for_too_many_accounts_or_links_is_in_the_trail_once() {
    for engine in engines() {
        let (_kept, server) = quick(engine)
            .set("DOORWARD_THROTTLE_REGISTRATIONS_PER_HOUR", "1")
            .set("DOORWARD_PUBLIC_URL", "https://auth.example.org")
            .set("DOORWARD_SMTP_HOST", "127.0.0.1")
            .set("DOORWARD_MAIL_FROM", "accounts@example.org")
            .set("DOORWARD_METRICS_LISTEN", "127.0.0.1:0")
            .start_kept();
        let admin = server.set_up();
        let statuses: Vec<_> = ["una", "vera", "wanda"]
            .map(|name| register(name, PASSWORD).send(server.address).status)
            .into();
        assert_eq!(statuses, [201, 429, 429]);
        assert_eq!(
            newest(&server, &admin, "registration_throttled"),
            denied("anonymous", None, json!({}))
        );
        assert_eq!(recorded(&server, &admin, "registration_throttled").len(), 1);
        let series =
            "doorward_audit_events_total{kind=\"registration_throttled\",outcome=\"denied\"}";
        assert_eq!(metrics::read(&server)[series], 2);
        let forgot = || post("/auth/password/forgot", &json!({"username": "nobody"}));
        let asked: Vec<_> = (0..4)
            .map(|_| forgot().send(server.address).status)
            .collect();
        assert_eq!(asked, [202, 202, 202, 429]);
        assert_eq!(
            newest(&server, &admin, "reset_requested"),
            denied("anonymous", None, json!({"limit": "network"}))
        );
    }
}

#[test]
fn every_403_is_in_the_trail_whichever_rule_said_no() {
    for engine in engines() {
        let (_kept, server) = quick(engine).start_kept();
        let admin = server.set_up();
        let ask = |status: u16, request: Request| {
            let answer = request.send(server.address);
            assert_eq!(answer.status, status, "{answer:?}");
        };
        let una = server.sign_up("una");
        ask(403, get("/users").bearer(&una));
        let detail = json!({"needs": "users:read", "route": "GET /users"});
        assert_eq!(
            newest(&server, &admin, "forbidden"),
            denied("user", Some(2), detail)
        );
        let account = json!({"username": "vera", "password": PASSWORD, "role": "admin"});
        ask(403, post("/register", &account));
        assert_eq!(
            newest(&server, &admin, "forbidden"),
            denied("anonymous", None, json!({"needs": "admin"}))
        );
        let exchange = request("POST", "/auth/exchange").header("Cookie", "session=x");
        ask(403, exchange.header("Sec-Fetch-Site", "cross-site"));
        assert_eq!(
            newest(&server, &admin, "forbidden"),
            denied("anonymous", None, json!({"refusal": "cross_site"}))
        );
        // A helper who may write users and give roles, and nothing else.
        let helper =
            json!({"permissions": ["users:read", "users:write", "roles:write", "keys:write"]});
        ask(
            201,
            send_json("PUT", "/roles/helper", &helper).bearer(&admin),
        );
        let auditor = json!({"permissions": ["audit:read"]});
        ask(
            201,
            send_json("PUT", "/roles/auditor", &auditor).bearer(&admin),
        );
        let roles = json!({"roles": ["helper"]});
        ask(
            200,
            send_json("PUT", "/users/2/roles", &roles).bearer(&admin),
        );
        let una = server.token("una", PASSWORD);
        let set = json!({"password": "amber heron 17"});
        let key = json!({"name": "x", "permissions": []});
        let more = json!({"permissions": ["audit:*"]});
        let roles = json!({"roles": ["auditor"]});
        for (request, refusal, subject) in [
            (
                send_json("PUT", "/users/1/password", &set),
                "reached",
                Some(1),
            ),
            (
                send_json("PATCH", "/users/1", &json!({"disabled": true})),
                "reached",
                Some(1),
            ),
            (request("DELETE", "/users/1"), "reached", Some(1)),
            (post("/users", &account), "granted", None),
            (post("/users/1/keys", &key), "reached", Some(1)),
            (
                send_json("PUT", "/users/2/roles", &roles),
                "granted",
                Some(2),
            ),
            (send_json("PUT", "/roles/more", &more), "granted", None),
            (request("DELETE", "/roles/auditor"), "taken", None),
        ] {
            let before = recorded(&server, &admin, "forbidden").len();
            ask(403, request.clone().header("If-Match", "*").bearer(&una));
            let (outcome, actor, about, detail) = newest(&server, &admin, "forbidden");
            let seen = (outcome, actor, about, detail["refusal"].clone());
            let expected = denied("user", subject, json!(refusal));
            assert_eq!(seen, expected, "{request:?}");
            assert!(detail["needs"].is_string(), "{detail}");
            assert_eq!(recorded(&server, &admin, "forbidden").len(), before + 1);
        }
    }
}

#[test]
fn nobody_fills_the_trail_with_refusals_and_the_metric_counts_each() {
    for engine in engines() {
        let (_kept, server) = quick(engine)
            .set("DOORWARD_METRICS_LISTEN", "127.0.0.1:0")
            .start_kept();
        let admin = server.set_up();
        let una = server.sign_up("una");
        let vera = server.sign_up("vera");
        let link = json!({"token": "canary-link"});
        let key = format!("dwk_{}", "A".repeat(49));
        for (kind, request) in [
            ("forbidden", get("/users").bearer(&una)),
            ("link_refused", post("/auth/email/verify", &link)),
            ("refresh_refused", refresh("canary")),
            ("api_key_refused", get("/users").bearer(&key)),
        ] {
            for _ in 0..40 {
                request.send(server.address);
            }
            // Ten a minute, and the forty may lie in two minutes.
            let rows = recorded(&server, &admin, kind).len();
            assert!((10..=20).contains(&rows), "{kind}: {rows}");
            let series =
                format!("doorward_audit_events_total{{kind=\"{kind}\",outcome=\"denied\"}}");
            assert_eq!(metrics::read(&server)[&series], 40, "{kind}");
        }
        // Somebody else is recorded all the same, with what was left out before.
        get("/users").bearer(&vera).send(server.address);
        let (.., subject, detail) = newest(&server, &admin, "forbidden");
        assert_eq!(subject, json!(3));
        let left_out: u64 = detail["unrecorded"].as_str().unwrap().parse().unwrap();
        assert!((1..=30).contains(&left_out), "{detail}");
    }
}
