//! The audit trail: who did what to whom, from where, and how it ended.

use std::collections::BTreeMap;

use doorward::{
    audit::{Event, EventFilter, EventKind},
    caller::Caller,
    clock::{Clock as _, SystemClock, Timestamp},
    user::UserId,
};
use serde_json::{Value, json};

use crate::{
    client::{get, login, post, register, request, send_json},
    contract,
    installation::{Engine, Installation, PASSWORD, Server, engines, eventually},
    metrics,
};

const WRONG: &str = "canary-wrong-Zt3mWk";

/// An installation whose failed logins are answered at once.
fn quick(engine: Engine) -> Installation {
    Installation::new(engine).without_quantum()
}

fn events(server: &Server, admin: &str, query: &str) -> Vec<Value> {
    let answer = get(&format!("/audit{query}"))
        .bearer(admin)
        .send(server.address);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json().as_array().unwrap().clone()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["kind"].as_str().unwrap())
        .collect()
}

#[test]
fn what_happens_to_an_account_is_there_with_who_whom_where_and_how() {
    for engine in engines() {
        let (_kept, server) = quick(engine).start_kept();
        let admin = server.set_up();
        let agent = "canary/1.0";
        let send = |request: crate::client::Request| {
            request
                .header("User-Agent", agent)
                .header("X-Request-Id", "canary-request")
                .send(server.address)
        };
        assert_eq!(send(register("una", PASSWORD)).status, 201);
        assert_eq!(send(login("una", WRONG)).status, 401);
        let pair = send(login("una", PASSWORD)).json();
        let token = pair["token"].as_str().unwrap();
        assert_eq!(send(get("/users").bearer(token)).status, 403);
        assert_eq!(
            send(request("POST", "/auth/logout").bearer(token)).status,
            204
        );
        assert_eq!(send(login("nobody-here", WRONG)).status, 401);
        let all = events(&server, &admin, "?limit=100");
        let mine: Vec<_> = all
            .iter()
            .rev()
            .filter(|event| event["user_agent"] == agent)
            .map(|event| {
                assert_eq!(event["address"], "127.0.0.1", "{event}");
                assert_eq!(event["request_id"], "canary-request", "{event}");
                let text = |key: &str| event[key].as_str().unwrap().to_owned();
                (
                    text("kind"),
                    text("outcome"),
                    text("actor"),
                    event["actor_id"].as_i64(),
                    event["subject_id"].as_i64(),
                )
            })
            .collect();
        let row = |kind: &str, outcome: &str, actor: &str, by, about| {
            (
                kind.to_owned(),
                outcome.to_owned(),
                actor.to_owned(),
                by,
                about,
            )
        };
        let una = Some(2);
        assert_eq!(
            mine,
            [
                row("registered", "success", "anonymous", None, una),
                row("login_failed", "failure", "anonymous", None, una),
                row("login_succeeded", "success", "user", una, una),
                row("forbidden", "denied", "user", una, una),
                row("logout", "success", "user", una, una),
                // Nobody's account, and the name is not told: people type passwords there.
                row("login_failed", "failure", "anonymous", None, None),
            ]
        );
    }
}

#[test]
fn the_trail_is_read_by_filters_and_page_by_page() {
    for engine in engines() {
        let (_kept, server) = quick(engine).start_kept();
        let admin = server.set_up();
        for name in ["una", "vera", "wanda"] {
            assert_eq!(register(name, PASSWORD).send(server.address).status, 201);
        }
        login("una", WRONG).send(server.address);
        let read = |query: &str| {
            let events = events(&server, &admin, query);
            kinds(&events)
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(read("?kind=registered").len(), 3);
        assert_eq!(read("?subject=2"), ["login_failed", "registered"]);
        assert_eq!(read("?outcome=failure"), ["login_failed"]);
        assert_eq!(read("?actor=1"), ["login_succeeded"]);
        assert_eq!(read("?actor=operator"), [""; 0]);
        assert_eq!(read("?kind=registered&address=192.0.2.1"), [""; 0]);
        assert_eq!(read("?until=2020-01-01"), [""; 0]);
        assert_eq!(read("?since=2020-01-01&kind=registered").len(), 3);
        let mut seen = Vec::new();
        let mut target = "/audit?kind=registered&limit=2".to_owned();
        loop {
            let answer = get(&target).bearer(&admin).send(server.address);
            assert_eq!(answer.status, 200, "{answer:?}");
            for event in answer.json().as_array().unwrap() {
                seen.push(event["subject_id"].as_i64().unwrap());
            }
            let Some(link) = answer.header("link") else {
                break;
            };
            let (next, _) = link[1..].split_once('>').unwrap();
            next.clone_into(&mut target);
        }
        assert_eq!(seen, [4, 3, 2], "newest first");
        for wrong in [
            "kind=x",
            "outcome=x",
            "actor=x",
            "subject=x",
            "subject=0",
            "address=x",
            "since=x",
            "until=x",
            "limit=0",
            "limit=1001",
            "cursor=x",
            "kind=registered'%20OR%201=1--",
        ] {
            let answer = get(&format!("/audit?{wrong}"))
                .bearer(&admin)
                .send(server.address);
            assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
        }
    }
}

#[test]
fn what_a_client_writes_about_itself_cannot_write_a_line() {
    let (_kept, server) = quick(Engine::Sqlite)
        .set("DOORWARD_LOG_FORMAT", "text")
        .start_kept();
    server.sign_up("una");
    // A line break or an escape is no header at all.
    for agent in ["x\u{1b}[31m", "x\nX-Forwarded-For: 192.0.2.1\r"] {
        let sent = login("una", WRONG)
            .header("User-Agent", agent)
            .send(server.address);
        assert_eq!(sent.status, 400, "{sent:?}");
    }
    let agent = "x\tevent=login_succeeded \"quoted\" outcome=success\u{9b}31m";
    let sent = login("una", WRONG)
        .header("User-Agent", agent)
        .send(server.address);
    assert_eq!(sent.status, 401, "{sent:?}");
    let log = server.log();
    assert!(!log.contains('\u{1b}'), "{log}");
    let failed = log.lines().filter(|line| line.contains("login_failed"));
    assert_eq!(failed.count(), 1, "{log}");
    let admin = server.set_up();
    let shown = events(&server, &admin, "?kind=login_failed").remove(0);
    let kept = shown["user_agent"].as_str().unwrap();
    assert!(!kept.chars().any(char::is_control), "{kept:?}");
}

#[test]
fn each_event_is_counted_once_as_it_is_recorded() {
    for engine in engines() {
        let (_kept, server) = quick(engine)
            .set("DOORWARD_METRICS_LISTEN", "127.0.0.1:0")
            .start_kept();
        let admin = server.set_up();
        server.sign_up("una");
        for _ in 0..3 {
            login("una", WRONG).send(server.address);
        }
        let mut rows = BTreeMap::<String, u64>::new();
        for event in events(&server, &admin, "") {
            let series = format!(
                "doorward_audit_events_total{{kind={},outcome={}}}",
                event["kind"], event["outcome"]
            );
            *rows.entry(series).or_default() += 1;
        }
        let counted: BTreeMap<_, _> = metrics::read(&server)
            .into_iter()
            .filter(|(name, count)| name.starts_with("doorward_audit_events_total") && *count > 0)
            .collect();
        assert_eq!(counted, rows);
        assert!(rows.values().any(|count| *count == 3), "{rows:?}");
    }
}

#[test]
fn nothing_secret_is_in_the_trail_or_the_log() {
    for engine in engines() {
        let (installation, server) = quick(engine)
            .with_known_secret()
            .set("DOORWARD_PUBLIC_URL", "https://auth.example.org")
            .set("DOORWARD_LOG_LEVEL", "debug")
            .start_kept();
        let setup = server.setup_token().unwrap();
        let admin = server.set_up();
        server.sign_up("una");
        let answer = login("una", PASSWORD).send(server.address);
        let device = answer.header("doorward-device").unwrap().to_owned();
        let pair = answer.json();
        let text = |key: &str| pair[key].as_str().unwrap().to_owned();
        login("una", WRONG).send(server.address);
        login(WRONG, WRONG).send(server.address);
        let next = post(
            "/auth/refresh",
            &json!({"refresh_token": text("refresh_token")}),
        );
        assert_eq!(next.send(server.address).status, 200);
        let (id, first_hash) = installation.stored("una");
        let link = post(&format!("/users/{id}/reset-link"), &json!({}))
            .bearer(&admin)
            .send(server.address)
            .json()["link"]
            .as_str()
            .unwrap()
            .to_owned();
        let link = link.split_once('#').unwrap().1.to_owned();
        let change = json!({"current_password": PASSWORD, "new_password": "amber heron 17"});
        let changed = post("/auth/password", &change).bearer(&text("token"));
        assert_eq!(changed.send(server.address).status, 200);
        let set = send_json(
            "PUT",
            &format!("/users/{id}/password"),
            &json!({"password": "teal osprey 93"}),
        );
        assert_eq!(set.bearer(&admin).send(server.address).status, 204);
        let (_, hash) = installation.stored("una");
        let held = [
            PASSWORD,
            WRONG,
            "amber heron 17",
            "teal osprey 93",
            &first_hash,
            &hash,
            &text("token"),
            &text("refresh_token"),
            &admin,
            &setup,
            &device,
            &link,
            crate::installation::SECRET,
        ];
        // Each in every place where a credential may stand.
        for secret in held {
            for (_, request) in crate::advisories::places(secret) {
                request.send_to_another(server.address);
            }
        }
        let all = events(&server, &admin, "");
        assert!(all.len() >= 6, "{all:?}");
        let trail = Value::Array(all).to_string();
        let (_, log) = server.stop();
        assert!(log.contains("login_failed"), "{log}");
        for secret in held {
            assert!(!trail.contains(secret), "{secret} is in {trail}");
            assert!(!log.contains(secret), "{secret} is in {log}");
        }
    }
}

#[test]
fn secrets_given_to_any_route_are_neither_in_the_trail_nor_in_the_log() {
    let canary = "canary-in-any-route-Vx4nQe";
    for engine in engines() {
        let (installation, server) = quick(engine)
            .set("DOORWARD_THROTTLE_ENABLED", "false")
            .set("DOORWARD_PUBLIC_URL", "https://auth.example.org")
            .set("DOORWARD_HTTP_ACCESS_LOG", "true")
            .set("DOORWARD_LOG_LEVEL", "trace")
            .start_kept();
        server.set_up();
        server.sign_up("una");
        let mut given = 0;
        for (number, (method, template)) in contract::described().into_iter().enumerate() {
            let parts = template.split('/').map(|part| match part {
                // No path of ours holds a secret, and paths are logged.
                part if part.starts_with('{') => "2",
                part => part,
            });
            let target = parts.collect::<Vec<_>>().join("/");
            let mut body = serde_json::Map::new();
            for name in contract::fields(&method, &target) {
                given += 1;
                let value = match name.as_str() {
                    "username" => format!("eve{number}"),
                    "role" => "user".to_owned(),
                    "email" => format!("eve{number}@example.org"),
                    _ => canary.to_owned(),
                };
                body.insert(name, value.into());
            }
            let admin = server.token("root", PASSWORD);
            for credential in [format!("Bearer {admin}"), format!("Bearer {canary}")] {
                request(&method, &format!("{target}?token={canary}"))
                    .header("Authorization", &credential)
                    .header(
                        "Cookie",
                        &format!("session={canary}; doorward_device={canary}"),
                    )
                    .header("Content-Type", "application/json")
                    .body(Value::Object(body.clone()).to_string())
                    .send_to_another(server.address);
            }
            login("una", canary).send(server.address);
        }
        assert!(given > 20, "only {given} values");
        let rows = installation.with_store(async |store| {
            let all = EventFilter::default();
            let listed = store.list_audit_events(&all, None, 1000).await;
            let lines = listed.unwrap().into_iter().map(|row| format!("{row:?}"));
            lines.collect::<Vec<_>>().join("\n")
        });
        assert!(rows.contains("login_failed"), "no login was recorded");
        let (_, log) = server.stop();
        for secret in [canary, PASSWORD, "$argon2id$", "eyJ"] {
            for (place, text) in [("trail", &rows), ("log", &log)] {
                let found = text.lines().find(|line| line.contains(secret));
                let shown: String = found.unwrap_or_default().chars().take(600).collect();
                assert!(found.is_none(), "{secret} is in the {place}: {shown}");
            }
        }
    }
}

#[test]
fn a_job_is_told_with_its_number_when_it_begins_ends_and_is_stopped() {
    for engine in engines() {
        let (installation, server) = quick(engine).start_kept();
        let admin = server.set_up();
        server.sign_up("una");
        let body = json!({"kind": "disable", "ids": [2]});
        let job = post("/jobs", &body).bearer(&admin).send(server.address);
        assert_eq!(job.status, 202, "{job:?}");
        eventually("the job ends", || {
            !events(&server, &admin, "?kind=job_finished").is_empty()
        });
        // As if nobody had worked on it; the lease keeps the server away.
        installation.execute(
            "UPDATE bulk_jobs SET state = 'running', lease_until_ms = 9000000000000",
            &[],
        );
        let stop = request("DELETE", job.header("location").unwrap()).bearer(&admin);
        assert_eq!(stop.send(server.address).status, 204);
        assert_eq!(stop.send(server.address).status, 409);
        for (kind, actor) in [
            ("job_started", json!(1)),
            ("job_finished", Value::Null),
            ("job_cancelled", json!(1)),
        ] {
            let told = events(&server, &admin, &format!("?kind={kind}"));
            assert_eq!(told.len(), 1, "{told:?}");
            assert_eq!(told[0]["actor_id"], actor, "{told:?}");
            assert_eq!(told[0]["detail"]["job"], "1", "{told:?}");
        }
    }
}

#[test]
fn events_older_than_the_retention_go_and_the_chain_still_holds() {
    for engine in engines() {
        let installation = quick(engine).set("DOORWARD_AUDIT_RETENTION", "30d");
        // Before the server records anything: the oldest events are the first.
        let migrated = installation.run(&["db", "migrate"], "");
        assert!(migrated.status.success(), "{migrated:?}");
        let now = SystemClock.now();
        let long_ago = Timestamp::from_millis(now.as_millis() - 40 * 24 * 3_600_000);
        installation.with_store(async |store| {
            let mut tx = store.database().begin().await.unwrap();
            let event =
                Event::success(EventKind::Logout, &Caller::system()).subject(UserId::new(1));
            store.record(&mut tx, &event, long_ago).await.unwrap();
            tx.commit().await.unwrap();
        });
        let server = installation.start();
        let admin = server.set_up();
        eventually("the old event is deleted", || {
            events(&server, &admin, "?kind=logout").is_empty()
        });
        assert_eq!(events(&server, &admin, "?kind=setup_completed").len(), 1);
        assert_eq!(events(&server, &admin, "?kind=audit_purged").len(), 1);
        server.stop();
        installation.with_store(async |store| {
            store
                .seal_audit_events(doorward::store::SealReach::All)
                .await
                .unwrap();
            let verified = store.verify_audit_chain(None).await.unwrap();
            assert!(verified.is_ok(), "{verified:?}");
        });
    }
}
