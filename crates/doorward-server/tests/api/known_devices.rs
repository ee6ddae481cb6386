//! A device that has logged in before does not wait for what others on its network did, and its token opens nothing.

use std::{sync::mpsc, thread};

use serde_json::json;

use crate::{
    client::{Request, login, post},
    installation::{Engine, Installation, PASSWORD, Server, engines},
    wire::Answer,
};

/// Failed logins of a network wait at once, so that whoever passes is known.
fn installation(engine: Engine) -> Installation {
    Installation::new(engine)
        .without_quantum()
        .set("DOORWARD_THROTTLE_NETWORK_BURST", "1000")
}

/// A token for a device of a user who logs in.
fn device_of(server: &Server, name: &str) -> String {
    let answer = login(name, PASSWORD).send(server.address);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.header("doorward-device").unwrap().to_owned()
}

fn from_device(name: &str, password: &str, token: &str) -> Request {
    login(name, password).header("Cookie", &format!("doorward_device={token}"))
}

/// Somebody on the same network fails until everybody there waits.
fn others_fail(installation: &Installation, server: &Server, name: &str) {
    for _ in 0..5 {
        let answer = login(name, "wrong password").send(server.address);
        assert_eq!(answer.status, 401, "{answer:?}");
    }
    installation.execute(
        "UPDATE login_failures SET failures = 14 WHERE failures = 5",
        &[],
    );
    assert_eq!(login(name, PASSWORD).send(server.address).status, 429);
}

fn assert_known(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn assert_unknown(answer: &Answer) {
    assert_eq!(answer.status, 429, "{answer:?}");
}

#[test]
fn a_known_device_passes_while_its_network_waits() {
    for engine in engines() {
        let installation = installation(engine);
        let server = installation.start();
        server.sign_up("una");
        let answer = login("una", PASSWORD).send(server.address);
        let token = answer.header("doorward-device").unwrap().to_owned();
        assert_eq!(
            answer.header("set-cookie"),
            Some(
                format!("doorward_device={token}; Max-Age=7776000; HttpOnly; Path=/; SameSite=Lax")
                    .as_str()
            )
        );
        others_fail(&installation, &server, "una");
        assert_known(&from_device("una", PASSWORD, &token).send(server.address));
        let field = json!({"username": "UNA", "password": PASSWORD, "device_token": token});
        assert_known(&post("/auth/login", &field).send(server.address));
        // The others go on waiting.
        assert_unknown(&login("una", PASSWORD).send(server.address));
    }
}

#[test]
fn a_device_that_fails_five_times_is_known_no_more() {
    for engine in engines() {
        let installation = installation(engine);
        let server = installation.start();
        server.sign_up("una");
        let token = device_of(&server, "una");
        let other = device_of(&server, "una");
        others_fail(&installation, &server, "una");
        for _ in 0..5 {
            let answer = from_device("una", "wrong password", &token).send(server.address);
            assert_eq!(answer.status, 401, "{answer:?}");
            assert_eq!(answer.header("set-cookie"), None);
        }
        assert_unknown(&from_device("una", PASSWORD, &token).send(server.address));
        assert_known(&from_device("una", PASSWORD, &other).send(server.address));
    }
}

#[test]
fn a_device_is_of_no_use_alone_for_others_or_after_the_password_changed() {
    for engine in engines() {
        let installation = installation(engine);
        let server = installation.start();
        server.sign_up("una");
        server.sign_up("vera");
        let token = device_of(&server, "una");
        let without = post("/login", &json!({"username": "una", "device_token": token}));
        assert_eq!(without.send(server.address).status, 400);
        let answer = from_device("una", "wrong password", &token).send(server.address);
        assert_eq!(answer.status, 401);
        others_fail(&installation, &server, "una");
        others_fail(&installation, &server, "vera");
        assert_unknown(&from_device("vera", PASSWORD, &token).send(server.address));
        for forged in ["", "x", &token[1..], &format!("{token}A"), &"A".repeat(75)] {
            assert_unknown(&from_device("una", PASSWORD, forged).send(server.address));
        }
        // Two cookies: which one is meant, nobody knows.
        let twice = from_device("una", PASSWORD, &format!("x; doorward_device={token}"));
        assert_unknown(&twice.send(server.address));
        assert_known(&from_device("una", PASSWORD, &token).send(server.address));
        // The same password with another salt: it was set anew.
        let (vera, _) = installation.stored("vera");
        let (_, hash) = installation.stored("vera");
        installation.execute(
            "UPDATE users SET password = ? WHERE id <> ?",
            &[hash.as_str().into(), vera.get().into()],
        );
        assert_unknown(&from_device("una", PASSWORD, &token).send(server.address));
    }
}

#[test]
fn the_cookie_of_a_device_is_secure_behind_https() {
    let installation =
        installation(Engine::Sqlite).set("DOORWARD_PUBLIC_URL", "https://auth.example.org");
    let server = installation.start();
    server.sign_up("una");
    let answer = login("una", PASSWORD).send(server.address);
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.ends_with("; Secure"), "{cookie}");
}

#[test]
fn a_known_device_gets_in_while_strangers_fill_the_queue() {
    const STRANGERS: usize = 8;
    for engine in engines() {
        // One hash takes long enough for everybody to arrive; three strangers wait beside the one at work, the fourth place
        // is not theirs.
        let installation = installation(engine)
            .set("DOORWARD_HASH_THREADS", "1")
            .set("DOORWARD_HASH_MAX_QUEUE", "4")
            .set("DOORWARD_HASH_MEMORY_KIB", "65536")
            .set("DOORWARD_HASH_ITERATIONS", "10")
            .set("DOORWARD_HASH_QUEUE_DEADLINE", "5m");
        let server = installation.start();
        server.sign_up("una");
        let token = device_of(&server, "una");
        let address = server.address;
        let (sender, statuses) = mpsc::channel();
        let strangers: Vec<_> = (0..STRANGERS)
            .map(|number| {
                let sender = sender.clone();
                thread::spawn(move || {
                    let answer = login(&format!("stranger-{number}"), PASSWORD).send(address);
                    sender.send(answer.status).unwrap();
                })
            })
            .collect();
        // From now until the first hash is done there is no place for another stranger.
        while statuses.recv().unwrap() != 503 {}
        assert_known(&from_device("una", PASSWORD, &token).send(address));
        for stranger in strangers {
            stranger.join().unwrap();
        }
    }
}
