//! How others failed, tried here: each test names the advisory. docs/threats.md has the whole table.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    access_table,
    client::{Request, get, login, post, register, request, send_json},
    installation::{Engine, Installation, PASSWORD, Server, engines},
    mail_server::MailServer,
};

const NEW_PASSWORD: &str = "amber walrus 77";
const EMAIL: &str = "una@example.org";

fn refresh(token: &str) -> Request {
    post("/auth/refresh", &json!({"refresh_token": token}))
}

fn reset(token: &str) -> Request {
    let body = json!({"token": token, "new_password": NEW_PASSWORD});
    post("/auth/password/reset", &body)
}

/// The access and the refresh token of a login that must succeed.
fn pair(request: &Request, server: &Server) -> (String, String) {
    let answer = request.send(server.address);
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    let text = |key: &str| body[key].as_str().unwrap().to_owned();
    (text("token"), text("refresh_token"))
}

/// The claims `sid` and `sub`.
fn session_of(token: &str) -> (String, String) {
    let payload = token.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let text = |key: &str| claims[key].as_str().unwrap().to_owned();
    (text("sid"), text("sub"))
}

/// Every place that takes a credential, by its name.
pub(crate) fn places(credential: &str) -> Vec<(&'static str, Request)> {
    let token = json!({ "token": credential });
    let setup = json!({"token": credential, "username": "eve", "password": PASSWORD});
    let cookie = |name: &str| format!("{name}={credential}");
    vec![
        ("access", get("/profile").bearer(credential)),
        (
            "exchange",
            request("POST", "/auth/exchange").bearer(credential),
        ),
        ("refresh", refresh(credential)),
        ("reset", reset(credential)),
        ("verify", post("/auth/email/verify", &token)),
        ("setup", post("/setup", &setup)),
        (
            "session",
            get("/auth/session").header("Cookie", &cookie("session")),
        ),
        (
            "device",
            get("/profile").header("Cookie", &cookie("doorward_device")),
        ),
    ]
}

/// CVE-2019-3868 and CVE-2026-110862: each credential is tried in every place that takes another.
#[test]
fn a_credential_is_accepted_in_its_own_place_alone_cve_2019_3868_cve_2026_110862() {
    for engine in engines() {
        let (installation, server) = Installation::new(engine)
            .set("DOORWARD_PUBLIC_URL", "https://auth.example.org")
            .start_kept();
        server.sign_up("una");
        let answer = login("una", PASSWORD).send(server.address);
        let cookie = answer.header("set-cookie").unwrap().to_owned();
        let (_, device) = cookie.split(';').next().unwrap().split_once('=').unwrap();
        let body = answer.json();
        let text = |key: &str| body[key].as_str().unwrap().to_owned();
        let list = get("/auth/revocations").send(server.address);
        let setup = server.setup_token().unwrap();
        let held = [
            ("access", text("token")),
            ("refresh", text("refresh_token")),
            ("setup", setup),
            ("device", device.to_owned()),
            ("revocations", list.text().to_owned()),
        ];
        let elsewhere = |own: &str, credential: &str| {
            for (place, request) in places(credential) {
                if place != own {
                    let status = request.send_to_another(server.address).status;
                    // Without a mail server some routes are not there for anybody.
                    let refused = matches!(status, 400 | 401 | 404 | 410 | 503);
                    assert!(refused, "{own} at {place}: {status}");
                }
            }
        };
        for (own, credential) in &held {
            elsewhere(own, credential);
        }
        // Each was good all the time, where it belongs.
        let profile = get("/profile").bearer(&held[0].1).send(server.address);
        assert_eq!(profile.status, 200);
        let (token, _) = pair(&refresh(&held[1].1), &server);
        let admin = server.set_up();
        let (id, _) = installation.stored("una");
        let made = post(&format!("/users/{id}/reset-link"), &json!({}))
            .bearer(&admin)
            .send(server.address)
            .json();
        let link = made["link"].as_str().unwrap().split_once('#').unwrap().1;
        elsewhere("reset", link);
        let profile = get("/profile").bearer(&token).send(server.address);
        assert_eq!(profile.status, 200, "nothing has changed by trying");
        assert_eq!(reset(link).send(server.address).status, 200);
    }
}

/// CVE-2026-7507, CVE-2025-12390 and GHSA-c9h6-v78w-52wj: a login brings a session of its own, which is one user's for good.
#[test]
fn a_login_never_goes_on_with_a_session_that_is_there_cve_2026_7507_cve_2025_12390() {
    for engine in engines() {
        let (_kept, server) = Installation::new(engine).start_kept();
        server.sign_up("una");
        let eve = server.sign_up("eve");
        let (planted, eves) = session_of(&eve);
        let mut seen = BTreeSet::from([planted.clone()]);
        let mut before = eve.clone();
        for _ in 0..5 {
            let brought = login("una", PASSWORD)
                .bearer(&before)
                .header("Cookie", &format!("session={planted}; sid={planted}"));
            let (token, renewing) = pair(&brought, &server);
            let (sid, sub) = session_of(&token);
            assert!(seen.insert(sid.clone()), "{sid} was there before");
            assert_ne!(sub, eves);
            let (next, _) = pair(&refresh(&renewing), &server);
            assert_eq!(session_of(&next), (sid, sub), "a refresh changes neither");
            let ended = request("POST", "/auth/logout").bearer(&next);
            assert_eq!(ended.send(server.address).status, 204);
            before = next;
        }
        let whose = get("/profile").bearer(&eve).send(server.address);
        assert_eq!(whose.json()["username"], "eve", "{whose:?}");
    }
}

/// CVE-2021-21241, CVE-2021-32618 and CVE-2023-49438: what a link can do.
#[test]
fn no_get_answers_with_a_token_or_leads_elsewhere_cve_2021_21241_cve_2021_32618() {
    for demo in [false, true] {
        let installation = if demo {
            Installation::demo(Engine::Sqlite)
        } else {
            Installation::new(Engine::Sqlite)
        };
        let server = installation.start();
        let admin = if demo {
            server.token("alice", "alice123")
        } else {
            server.set_up()
        };
        for path in access_table::paths(demo) {
            for target in [
                "///evil.example",
                "/%5Cevil.example",
                "https://evil.example",
            ] {
                let query = format!("next={target}&redirect={target}&url={target}");
                let answer = get(&format!("{path}?{query}"))
                    .bearer(&admin)
                    .send_to_another(server.address);
                assert!(!(300..400).contains(&answer.status), "{path}: {answer:?}");
                assert_eq!(answer.header("location"), None, "{path}");
                // The list of revocations is signed, public, and no access token.
                if path != "/auth/revocations" {
                    assert!(!answer.text().contains("eyJ"), "{path}: {answer:?}");
                }
                // The lecture's program 7 shows a session.
                if path != "/set-session" {
                    assert_eq!(answer.header("set-cookie"), None, "{path}");
                }
            }
        }
    }
}

/// CVE-2022-31177 and CVE-2023-34110: no filter looks at a hash, and no failure tells one.
#[test]
fn a_stored_hash_can_neither_be_asked_for_nor_read_cve_2022_31177_cve_2023_34110() {
    for engine in engines() {
        let installation = Installation::new(engine).set("DOORWARD_LOG_LEVEL", "trace");
        let server = installation.start();
        let admin = server.set_up();
        server.sign_up("una");
        let (_, hash) = installation.stored("una");
        let salt = hash.rsplit('$').nth(1).unwrap();
        let list = |query: &str| {
            let answer = get(&format!("/users{query}"))
                .bearer(&admin)
                .send(server.address);
            assert!(!answer.text().contains(salt), "{answer:?}");
            answer
        };
        let all = list("").json();
        for query in [
            "?password=x",
            "?password=$argon2id$",
            "?password__startswith=$",
            "?filter=password",
        ] {
            let answer = list(query);
            let same = answer.status == 400 || answer.json() == all;
            assert!(same, "{query} chooses among users: {answer:?}");
        }
        assert_eq!(list("?sort=password").status, 400);
        assert_eq!(list("?search=$argon2id").json(), json!([]));

        installation.execute("ALTER TABLE users RENAME COLUMN password TO elsewhere", &[]);
        for failing in [register("vera", PASSWORD), login("una", PASSWORD)] {
            let answer = failing.send(server.address);
            assert_eq!(answer.status, 500, "{answer:?}");
            assert_eq!(answer.error(), "Internal server error");
        }
        let (_, log) = server.stop();
        assert!(!log.contains("$argon2id$"), "{log}");
    }
}

/// CVE-2026-25748, GHSA-8fpg-xm3f-6cx3 and GHSA-xmf8-cvqr-rfgj: what cannot be read is refused, and costs nobody anything.
#[test]
fn a_credential_that_cannot_be_read_lets_nobody_in_cve_2026_25748() {
    let (_kept, server) = Installation::new(Engine::Sqlite).start_kept();
    let admin = server.set_up();
    let long = format!("Bearer {}", "a".repeat(8193));
    for value in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer ..",
        "Bearer a b",
        "Bearer\ta.b.c",
        "Bearer \u{ff}\u{fe}",
        "Bearer null",
        "Bearer undefined",
        "Basic",
        "Basic !",
        "Basic Og==",
        "Negotiate x",
        ",",
        "=",
        &long,
    ] {
        for path in [
            "/profile",
            "/users",
            "/roles",
            "/audit",
            "/jobs",
            "/auth/sessions",
        ] {
            let answer = get(path)
                .header("Authorization", value)
                .send_to_another(server.address);
            assert!(
                matches!(answer.status, 400 | 401 | 431),
                "{path} {value}: {answer:?}"
            );
        }
    }
    for value in [
        "session",
        "session=",
        "session=.",
        "=;=",
        "session=\u{ff}",
        "session=a.b.c; session=d",
    ] {
        let answer = get("/auth/session")
            .header("Cookie", value)
            .send_to_another(server.address);
        assert!(matches!(answer.status, 400 | 401), "{value}: {answer:?}");
    }
    let good = get("/users").bearer(&admin).send(server.address);
    assert_eq!(good.status, 200);
}

/// CVE-2021-32677: a form of another page cannot say that its body is JSON.
#[test]
fn a_body_that_is_not_called_json_does_nothing_cve_2021_32677() {
    for engine in engines() {
        let (_kept, server) = Installation::new(engine).start_kept();
        let admin = server.set_up();
        let (token, renewing) = pair(&login("root", PASSWORD), &server);
        let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
        let eve = json!({"username": "eve", "password": PASSWORD, "role": "user"});
        let bodies = [
            ("POST", "/register", eve.clone()),
            ("POST", "/users", eve),
            ("POST", "/auth/refresh", json!({"refresh_token": renewing})),
            ("POST", "/auth/password", change),
            (
                "PUT",
                "/users/1/password",
                json!({"password": NEW_PASSWORD}),
            ),
        ];
        for kind in [
            Some("text/plain"),
            Some("text/plain; application/json"),
            Some("application/x-www-form-urlencoded"),
            Some("multipart/form-data; boundary=x"),
            None,
        ] {
            for (method, path, body) in &bodies {
                let plain = request(method, path).bearer(&admin).body(body.to_string());
                let sent = match kind {
                    Some(kind) => plain.header("Content-Type", kind),
                    None => plain,
                };
                let status = sent.send(server.address).status;
                assert!(matches!(status, 400 | 415), "{path} {kind:?}: {status}");
            }
        }
        assert_eq!(login("eve", PASSWORD).send(server.address).status, 401);
        pair(&refresh(&renewing), &server);
        let profile = get("/profile").bearer(&token).send(server.address);
        assert_eq!(profile.status, 200);
    }
}

/// CVE-2024-38351, CVE-2026-44166 and CVE-2026-41574: who registered with another's address first has nothing in the
/// end, when its owner proves it.
#[test]
fn who_took_an_address_that_is_anothers_loses_it_to_its_owner_cve_2024_38351() {
    for engine in engines() {
        let Some(mail) = MailServer::started() else {
            return;
        };
        let (_kept, server) = mail.installation(engine).start_kept();
        let body = json!({"username": "una", "password": PASSWORD, "role": "user", "email": EMAIL});
        assert_eq!(post("/register", &body).send(server.address).status, 201);
        let (token, renewing) = pair(&login("una", PASSWORD), &server);
        // The attacker never had the letter, and the owner does not use that one.
        let proof = mail.wait_for(1).remove(0).token("verify");
        let asked = post("/auth/password/forgot", &json!({"email": EMAIL}));
        assert_eq!(asked.send(server.address).status, 202);
        let link = mail.wait_for(2).remove(1).token("reset");
        assert_eq!(reset(&link).send(server.address).status, 200);

        assert_eq!(login("una", PASSWORD).send(server.address).status, 401);
        assert_eq!(refresh(&renewing).send(server.address).status, 401);
        let refused = get("/profile").bearer(&token).send(server.address);
        assert_eq!(refused.status, 401, "{refused:?}");
        let back = json!({"email": "eve@example.org", "password": PASSWORD});
        let moved = send_json("PUT", "/auth/email", &back).bearer(&token);
        assert_eq!(moved.send(server.address).status, 401);
        let late = post("/auth/email/verify", &json!({"token": proof}));
        assert_eq!(late.send(server.address).status, 404);
        server.token("una", NEW_PASSWORD);
    }
}

/// GHSA-2vg6-77g8-24mp and CVE-2024-22513: nothing of a user goes on when the user is deleted, disabled, or may do less.
#[test]
fn what_an_administrator_takes_from_a_user_no_token_keeps_ghsa_2vg6_77g8_24mp_cve_2024_22513() {
    for engine in engines() {
        let (installation, server) = Installation::new(engine).start_kept();
        let admin = server.set_up();
        for name in ["una", "vera"] {
            let body = json!({"username": name, "password": PASSWORD, "role": "admin"});
            let added = post("/users", &body).bearer(&admin);
            assert_eq!(added.send(server.address).status, 201);
        }
        let held = ["una", "vera"].map(|name| pair(&login(name, PASSWORD), &server));
        let user = |name: &str| format!("/users/{}", installation.stored(name).0);
        let etag = |target: &str| {
            let found = get(target).bearer(&admin).send(server.address);
            found.header("etag").unwrap().to_owned()
        };
        let vera = user("vera");
        let demoted = send_json("PATCH", &vera, &json!({"role": "user"}))
            .header("If-Match", &etag(&vera))
            .bearer(&admin)
            .send(server.address);
        assert_eq!(demoted.status, 200, "{demoted:?}");
        let list = get("/users").bearer(&held[1].0).send(server.address);
        assert!(matches!(list.status, 401 | 403), "{list:?}");
        let disabled = send_json("PATCH", &vera, &json!({"disabled": true}))
            .header("If-Match", &etag(&vera))
            .bearer(&admin)
            .send(server.address);
        assert_eq!(disabled.status, 200, "{disabled:?}");
        let una = user("una");
        let deleted = request("DELETE", &una)
            .header("If-Match", &etag(&una))
            .bearer(&admin)
            .send(server.address);
        assert_eq!(deleted.status, 204, "{deleted:?}");
        for (token, renewing) in &held {
            for path in ["/profile", "/auth/sessions", "/users", "/audit"] {
                let answer = get(path).bearer(token).send(server.address);
                assert_eq!(answer.status, 401, "{path}: {answer:?}");
            }
            assert_eq!(refresh(renewing).send(server.address).status, 401);
        }
        for name in ["una", "vera"] {
            assert_eq!(login(name, PASSWORD).send(server.address).status, 401);
        }
    }
}
