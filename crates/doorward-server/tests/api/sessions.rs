//! A login's life: refresh, logout, the list of sessions; on one node and on two.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    access_table::resigned,
    client::{Request, get, login, post, request},
    installation::{Engine, Installation, PASSWORD, Server, engines, eventually},
};

/// What a login or refresh gave.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pair {
    token: String,
    refresh: String,
}

fn pair(body: &Value) -> Pair {
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 3600);
    let text = |key: &str| body[key].as_str().unwrap().to_owned();
    Pair {
        token: text("token"),
        refresh: text("refresh_token"),
    }
}

fn log_in(server: &Server, name: &str) -> Pair {
    let answer = login(name, PASSWORD).send(server.address);
    assert_eq!(answer.status, 200, "{answer:?}");
    pair(&answer.json())
}

fn refresh(refresh_token: &str) -> Request {
    post("/auth/refresh", &json!({"refresh_token": refresh_token}))
}

fn refreshed(server: &Server, refresh_token: &str) -> Pair {
    let answer = refresh(refresh_token).send(server.address);
    assert_eq!(answer.status, 200, "{answer:?}");
    pair(&answer.json())
}

fn status(server: &Server, token: &str) -> u16 {
    get("/profile").bearer(token).send(server.address).status
}

fn assert_refused(server: &Server, refresh_token: &str, code: &str) {
    let answer = refresh(refresh_token)
        .header("Accept", "application/problem+json")
        .send(server.address);
    assert_eq!(answer.status, 401, "{answer:?}");
    assert_eq!(answer.json()["code"], code);
    assert_eq!(answer.json()["detail"], "Invalid refresh token");
}

#[test]
fn each_refresh_gives_another_pair_for_the_same_session() {
    for engine in engines() {
        let (_kept, server) = Installation::new(engine).start_kept();
        server.sign_up("una");
        let first = log_in(&server, "una");
        let second = refreshed(&server, &first.refresh);
        assert_ne!(first, second);
        let third = refreshed(&server, &second.refresh);
        for token in [&first.token, &second.token, &third.token] {
            assert_eq!(status(&server, token), 200);
        }
        let sessions = get("/auth/sessions")
            .bearer(&third.token)
            .send(server.address);
        // The one of the registration, and this one.
        let current: Vec<bool> = sessions
            .json()
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["current"].as_bool().unwrap())
            .collect();
        assert_eq!(current, [true, false], "{sessions:?}");
    }
}

#[test]
fn a_repeat_within_the_grace_gets_the_same_successor() {
    for engine in engines() {
        let (_kept, server) = Installation::new(engine)
            .set("DOORWARD_SESSION_REFRESH_GRACE", "1m")
            .start_kept();
        server.sign_up("una");
        let first = log_in(&server, "una");
        let second = refreshed(&server, &first.refresh);
        let again = refreshed(&server, &first.refresh);
        assert_eq!(second.refresh, again.refresh);
        assert_eq!(status(&server, &again.token), 200);
        // Once the successor was used, its predecessor is two generations back.
        let third = refreshed(&server, &second.refresh);
        assert_refused(&server, &first.refresh, "refresh_token_reused");
        assert_refused(&server, &third.refresh, "refresh_token_invalid");
        for token in [&first.token, &second.token, &third.token] {
            assert_eq!(status(&server, token), 401);
        }
    }
}

/// Answers GHSA-392p-2q2v-4372, GHSA-pw9m-5jxm-xr6h.
#[test]
fn a_used_token_ends_the_family_after_the_grace_and_the_reuse_is_audited() {
    for engine in engines() {
        let installation = Installation::new(engine).set("DOORWARD_SESSION_REFRESH_GRACE", "0ms");
        let server = installation.start();
        server.sign_up("una");
        let other = log_in(&server, "una");
        let first = log_in(&server, "una");
        let second = refreshed(&server, &first.refresh);
        // Moved back, so that nothing has to be waited for.
        installation.execute(
            "UPDATE login_sessions SET rotated_at_ms = rotated_at_ms - 60000",
            &[],
        );
        assert_refused(&server, &first.refresh, "refresh_token_reused");
        assert_refused(&server, &second.refresh, "refresh_token_invalid");
        assert_eq!(status(&server, &second.token), 401);
        // Another session of the same user goes on.
        refreshed(&server, &other.refresh);
        let rows = installation.execute(
            "UPDATE audit_events SET detail = detail WHERE kind = 'refresh_reused'",
            &[],
        );
        assert_eq!(rows, 1);
    }
}

#[test]
fn a_reuse_is_noticed_after_a_restart_too_cve_2026_9802() {
    for engine in engines() {
        let installation = Installation::new(engine).set("DOORWARD_SESSION_REFRESH_GRACE", "0ms");
        let mut server = installation.start();
        server.sign_up("una");
        let first = log_in(&server, "una");
        let second = refreshed(&server, &first.refresh);
        installation.execute(
            "UPDATE login_sessions SET rotated_at_ms = rotated_at_ms - 60000",
            &[],
        );
        server.signal("KILL");
        server.ended();
        let server = installation.start();
        assert_refused(&server, &first.refresh, "refresh_token_reused");
        assert_eq!(status(&server, &second.token), 401);
        server.stop();
        // And what was revoked stays revoked.
        let server = installation.start();
        assert_eq!(status(&server, &second.token), 401);
        assert_refused(&server, &second.refresh, "refresh_token_invalid");
    }
}

#[test]
fn whoever_knows_a_session_s_name_alone_cannot_end_it() {
    let (_kept, server) = Installation::new(Engine::Sqlite).start_kept();
    server.sign_up("una");
    let first = log_in(&server, "una");
    let second = refreshed(&server, &first.refresh);
    // The session's name and the first generation, with a secret of the guesser's own.
    let mut forged = first.refresh.clone().into_bytes();
    for byte in &mut forged[40..80] {
        *byte = if *byte == b'A' { b'B' } else { b'A' };
    }
    let forged = String::from_utf8(forged).unwrap();
    for other in [forged.as_str(), "dwr_", "x", &first.token] {
        assert_refused(&server, other, "refresh_token_invalid");
    }
    assert_eq!(status(&server, &second.token), 200);
    refreshed(&server, &second.refresh);
}

/// Answers CVE-2020-10594, CVE-2026-114137.
#[test]
fn logging_out_ends_the_session_with_its_tokens_and_no_other() {
    for engine in engines() {
        let (_kept, server) = Installation::new(engine).start_kept();
        server.sign_up("una");
        let (here, there) = (log_in(&server, "una"), log_in(&server, "una"));
        let answer = request("POST", "/auth/logout")
            .bearer(&here.token)
            .send(server.address);
        assert_eq!(answer.status, 204, "{answer:?}");
        assert_eq!(status(&server, &here.token), 401);
        assert_refused(&server, &here.refresh, "refresh_token_invalid");
        assert_eq!(status(&server, &there.token), 200);
        // By the refresh token, for a client whose access token has expired.
        let body = json!({"refresh_token": there.refresh});
        let answer = post("/auth/logout", &body).send(server.address);
        assert_eq!(answer.status, 204, "{answer:?}");
        assert_eq!(status(&server, &there.token), 401);
    }
}

#[test]
fn a_logout_with_an_expired_token_ends_the_session_of_the_refresh_token() {
    for engine in engines() {
        let installation = Installation::new(engine).with_known_secret();
        let server = installation.start();
        server.sign_up("una");
        let pair = log_in(&server, "una");
        let log_out = |token: &str, body: &Value| {
            let request = post("/auth/logout", body).bearer(token);
            request.send(server.address)
        };
        let expired = resigned(&pair.token, |claims| {
            claims["iat"] = json!(1_700_000_000);
            claims["exp"] = json!(1_700_003_600);
        });
        let body = json!({"refresh_token": pair.refresh});
        // A token that is none, or an expired one alone, ends nothing.
        assert_eq!(log_out("not.a.token", &body).status, 401);
        let answer = log_out(&expired, &json!({}));
        assert_eq!(
            (answer.status, answer.error()),
            (401, "Token has expired".into())
        );
        assert_eq!(status(&server, &pair.token), 200);
        let answer = log_out(&expired, &body);
        assert_eq!(answer.status, 204, "{answer:?}");
        assert_eq!(status(&server, &pair.token), 401);
        assert_refused(&server, &pair.refresh, "refresh_token_invalid");
    }
}

#[test]
fn a_user_ends_one_session_or_all_and_nobody_elses() {
    for engine in engines() {
        let (_kept, server) = Installation::new(engine).start_kept();
        let stranger = server.sign_up("vera");
        server.sign_up("una");
        let (one, two) = (log_in(&server, "una"), log_in(&server, "una"));
        let list = get("/auth/sessions")
            .bearer(&two.token)
            .send(server.address);
        let rows = list.json();
        let row = rows
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["current"] == false)
            .unwrap();
        let target = format!("/auth/sessions/{}", row["id"].as_str().unwrap());
        let delete = |token: &str| {
            request("DELETE", &target)
                .bearer(token)
                .send(server.address)
                .status
        };
        assert_eq!(delete(&stranger), 404);
        assert_eq!(delete(&two.token), 204);
        assert_eq!(delete(&two.token), 404);
        let before = [&one.token, &two.token].map(|token| status(&server, token));
        assert!(before.contains(&200));
        let answer = request("POST", "/auth/logout-all")
            .bearer(&two.token)
            .send(server.address);
        assert_eq!(answer.status, 204, "{answer:?}");
        for pair in [&one, &two] {
            assert_eq!(status(&server, &pair.token), 401);
            assert_refused(&server, &pair.refresh, "refresh_token_invalid");
        }
        assert_eq!(status(&server, &stranger), 200);
        log_in(&server, "una");
    }
}

#[test]
fn the_session_seen_longest_ago_makes_room_for_one_too_many() {
    for engine in engines() {
        let (_kept, server) = Installation::new(engine)
            .set("DOORWARD_SESSION_MAX_PER_USER", "2")
            .start_kept();
        server.sign_up("una");
        let pairs: Vec<Pair> = (0..4).map(|_| log_in(&server, "una")).collect();
        let found: Vec<u16> = pairs
            .iter()
            .map(|pair| status(&server, &pair.token))
            .collect();
        assert_eq!(
            found.iter().filter(|status| **status == 200).count(),
            2,
            "{found:?}"
        );
        assert_eq!(found[3], 200);
    }
}

#[test]
fn a_deleted_or_disabled_user_has_no_session_any_more_ghsa_2vg6_77g8_24mp() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        server.sign_up("una");
        let pair = log_in(&server, "una");
        installation.disable("una");
        assert_refused(&server, &pair.refresh, "refresh_token_invalid");
        eventually("the token counts no more", || {
            status(&server, &pair.token) == 401
        });
        let (id, _) = installation.stored("una");
        installation.with_store(async |store| {
            store.enable_user(id).await.unwrap();
        });
        // Coming back needs a login.
        assert_refused(&server, &pair.refresh, "refresh_token_invalid");
        assert_eq!(status(&server, &pair.token), 401);
        let back = log_in(&server, "una");
        assert_eq!(status(&server, &back.token), 200);
    }
}

#[test]
fn what_one_node_revokes_the_other_refuses() {
    for engine in engines() {
        let installation = Installation::new(engine).with_known_secret();
        let (one, two) = (installation.start(), installation.start());
        one.sign_up("una");
        let pair = log_in(&one, "una");
        assert_eq!(status(&two, &pair.token), 200);
        let answer = request("POST", "/auth/logout")
            .bearer(&pair.token)
            .send(one.address);
        assert_eq!(answer.status, 204, "{answer:?}");
        assert_refused(&two, &pair.refresh, "refresh_token_invalid");
        eventually("the other node refuses the token", || {
            status(&two, &pair.token) == 401
        });
    }
}

#[test]
fn services_read_what_was_revoked_as_a_signed_list() {
    let (_kept, server) = Installation::new(Engine::Sqlite)
        .with_known_secret()
        .start_kept();
    server.sign_up("una");
    let claims = |target: &str| {
        let answer = get(target).send(server.address);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/jwt"));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=2"));
        let part = answer.text().split('.').nth(1).unwrap().to_owned();
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, part);
        (
            serde_json::from_slice::<Value>(&bytes.unwrap()).unwrap(),
            answer.text().to_owned(),
        )
    };
    let (empty, _) = claims("/auth/revocations");
    assert_eq!(
        (&empty["sessions"], &empty["users"]),
        (&json!([]), &json!([]))
    );
    let pair = log_in(&server, "una");
    let answer = request("POST", "/auth/logout")
        .bearer(&pair.token)
        .send(server.address);
    assert_eq!(answer.status, 204);
    let (list, document) = claims("/auth/revocations");
    assert_eq!(list["sessions"].as_array().unwrap().len(), 1);
    // It is no access token, though the same key signs both.
    assert_eq!(status(&server, &document), 401);
    let answer = get("/auth/revocations?after=x").send(server.address);
    assert_eq!(answer.status, 400, "{answer:?}");
}

#[test]
fn however_many_ask_for_what_counts_no_more_it_is_read_and_signed_about_once_a_second() {
    let (_kept, server) = Installation::new(Engine::Sqlite).start_kept();
    let documents: BTreeSet<String> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..64)
            .map(|_| {
                scope.spawn(|| {
                    let answer = get("/auth/revocations").send(server.address);
                    assert_eq!(answer.status, 200, "{answer:?}");
                    answer.text().to_owned()
                })
            })
            .collect();
        asking
            .into_iter()
            .map(|asked| asked.join().unwrap())
            .collect()
    });
    // No two signatures of ES256 are the same.
    assert!(documents.len() < 32, "{}", documents.len());
}
