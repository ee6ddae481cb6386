//! Users who come from a Flask application, with the hashes that Werkzeug made (PW-03 to PW-08, AU-01).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    client::{login, register},
    installation::{Engine, Installation, PASSWORD, engines},
    wire::Answer,
};

fn vectors() -> Value {
    serde_json::from_str(include_str!(
        "../../../doorward/tests/vectors/werkzeug_hashes.json"
    ))
    .unwrap()
}

/// One hash of each release and method that a login must take: name, password, hash.
fn acceptable() -> Vec<(String, String, String)> {
    let vectors = vectors();
    let mut one_of_each = BTreeMap::new();
    for vector in vectors["valid"].as_array().unwrap() {
        let text = |name: &str| vector[name].as_str().unwrap_or_default().to_owned();
        if text("expected") != "accept-and-upgrade" {
            continue;
        }
        let method = vector["fields"]["method"].as_str().unwrap().to_owned();
        one_of_each
            .entry(method)
            .or_insert((text("password"), text("hash")));
    }
    let list: Vec<_> = one_of_each
        .into_values()
        .enumerate()
        .map(|(number, (password, hash))| (format!("legacy-{number}"), password, hash))
        .collect();
    for form in ["scrypt:", "pbkdf2:sha256:"] {
        let count = list.iter().filter(|(_, _, hash)| hash.starts_with(form));
        assert!(count.count() > 0, "{form}");
    }
    list
}

fn store(installation: &Installation, username: &str, hash: &str) {
    let changed = installation.execute(
        "UPDATE users SET password = ? WHERE username = ?",
        &[hash.into(), username.into()],
    );
    assert_eq!(changed, 1);
}

fn installation(engine: Engine) -> Installation {
    Installation::new(engine)
        .without_throttle()
        .without_quantum()
}

/// What a stranger can compare: everything but the request's number and the time.
fn comparable(answer: &Answer) -> Answer {
    let mut answer = answer.clone();
    answer
        .headers
        .retain(|(name, _)| name != "x-request-id" && name != "date");
    answer
}

#[test]
fn a_login_with_a_werkzeug_hash_works_and_replaces_it() {
    for engine in engines() {
        let installation = installation(engine);
        let server = installation.start();
        let users = acceptable();
        for (name, _, hash) in &users {
            assert_eq!(register(name, PASSWORD).send(server.address).status, 201);
            store(&installation, name, hash);
        }
        for (name, password, hash) in &users {
            let wrong = login(name, "not this one").send(server.address);
            assert_eq!(wrong.status, 401, "{hash}");
            assert_eq!(installation.stored(name).1, *hash, "left as it was");
            server.token(name, password);
            let stored = installation.stored(name).1;
            assert!(
                stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
                "{hash} became {stored}"
            );
            assert!(!stored.contains(hash.rsplit('$').next().unwrap()));
            // And again, now by the new hash.
            server.token(name, password);
            assert_eq!(installation.stored(name).1, stored);
        }
        let (_, log) = server.stop();
        for (_, _, hash) in &users {
            assert!(!log.contains(hash), "a hash is in the log");
        }
        if engine == Engine::Sqlite {
            for file in ["doorward.db", "doorward.db-wal"] {
                let bytes = std::fs::read(installation.folder().join(file)).unwrap_or_default();
                for (_, _, hash) in &users {
                    let digest = hash.rsplit('$').next().unwrap().as_bytes();
                    assert!(
                        !bytes.windows(digest.len()).any(|part| part == digest),
                        "{hash} is still in {file}"
                    );
                }
            }
        }
    }
}

#[test]
fn every_login_that_fails_reads_the_same() {
    for engine in engines() {
        let installation = installation(engine);
        let server = installation.start();
        let address = server.address;
        for name in ["una", "odd", "gone"] {
            assert_eq!(register(name, PASSWORD).send(address).status, 201);
        }
        installation.disable("gone");
        let usual = comparable(&login("una", "wrong password").send(address));
        assert_eq!(usual.status, 401);
        assert_eq!(usual.text(), r#"{"error":"Invalid username or password"}"#);
        for (name, password) in [
            ("nobody", "wrong password"),
            ("gone", PASSWORD),
            ("gone", "wrong password"),
            (" no name ", "wrong password"),
        ] {
            let answer = login(name, password).send(address);
            assert_eq!(comparable(&answer), usual, "{name}");
        }
        let vectors = vectors();
        let hostile = vectors["malformed_or_hostile"].as_array().unwrap();
        let refused = vectors["valid"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|vector| vector["expected"] == "reject");
        let mut count = 0;
        for vector in hostile.iter().chain(refused.step_by(7)) {
            // Those that are described instead of written out are longer than the column.
            let Some(hash) = vector["hash"].as_str().filter(|hash| hash.len() <= 255) else {
                continue;
            };
            store(&installation, "odd", hash);
            let password = vector["password"].as_str().filter(|text| !text.is_empty());
            let answer = login("odd", password.unwrap_or("pw")).send(address);
            assert_eq!(comparable(&answer), usual, "{hash}");
            count += 1;
        }
        assert!(count > 40, "{count}");
        // Alive, and right still works.
        server.token("una", PASSWORD);
        let log = server.log();
        assert!(log.contains("corrupt_hash"), "{log}");
        assert!(!log.contains("panicked"), "{log}");
    }
}
