//! Users who come from a Flask application, with the hashes that its libraries made (PW-03 to PW-08, PW-10, AU-01).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    client::{login, register},
    installation::{Engine, Installation, PASSWORD, Server, engines},
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

const FLASK_PASSWORD: &str = "correct horse battery staple";
const BCRYPT: &str = "$2b$12$ArCbUCh5ZHKM04Qwv0RYreOWP/Wnn/kijGqUClhdoV48YiHgtGJEO";
const PASSLIB: &str =
    "$pbkdf2-sha256$29000$HEOoNabUWkupVYqR0jpnzA$HDu5K3IZ2sx8bSkaNqWNG3MKxaK9oL7ANK1niRbdOSg";
const DJANGO: &str =
    "pbkdf2_sha256$150000$qofCLNbdOIqW$MmppemW+d2v4FgZOoDi8Sa+ghK3SSAAOxnTptQUhO7o=";
const RETIRED: &str =
    "sha256$XMJYq4q2$4b5fbb3115255b4ab1d7d736c250bec0f83a5ee9e210169bbdde29abebf6d598";
const WERKZEUG: &str = "pbkdf2:sha256:150000$FCzT78h0$d33ba7cd3ab109386fa2825d96b240a0b49a2e2d0bb12a2041896a5eed8479f1";

/// Starts the server with users whose stored hashes are these, all of [`FLASK_PASSWORD`].
fn with_users(installation: &Installation, users: &[(&str, &str)]) -> Server {
    let server = installation.start();
    for (name, hash) in users {
        assert_eq!(register(name, PASSWORD).send(server.address).status, 201);
        store(installation, name, hash);
    }
    server
}

#[test]
fn a_table_that_flask_reads_too_keeps_what_flask_can_read() {
    for engine in engines() {
        let installation = installation(engine)
            .set("DOORWARD_HASH_WRITE", "werkzeug-scrypt")
            .set("DOORWARD_HASH_ACCEPT", "werkzeug-retired");
        let users = [
            ("werkzeug", WERKZEUG),
            ("retired", RETIRED),
            ("bcrypt", BCRYPT),
            ("passlib", PASSLIB),
            ("django", DJANGO),
        ];
        let server = with_users(&installation, &users);
        assert_eq!(register("new", PASSWORD).send(server.address).status, 201);
        let new = installation.stored("new").1;
        assert!(new.starts_with("scrypt:32768:8:1$") && new.len() == 162);
        server.token("new", PASSWORD);
        assert_eq!(installation.stored("new").1, new);
        for (name, hash) in users {
            server.token(name, FLASK_PASSWORD);
            let stored = installation.stored(name).1;
            if ["werkzeug", "retired"].contains(&name) {
                assert!(stored.starts_with("scrypt:32768:8:1$"), "{stored}");
                server.token(name, FLASK_PASSWORD);
            } else {
                assert_eq!(stored, hash);
            }
        }
    }
}

#[test]
fn by_default_every_library_s_hash_becomes_argon2id_and_with_rehash_off_none_changes() {
    let users = [
        ("werkzeug", WERKZEUG),
        ("bcrypt", BCRYPT),
        ("passlib", PASSLIB),
        ("django", DJANGO),
    ];
    for (rehash, changes) in [("true", true), ("false", false)] {
        let installation = installation(Engine::Sqlite).set("DOORWARD_HASH_REHASH", rehash);
        let server = with_users(&installation, &users);
        for (name, hash) in users {
            server.token(name, FLASK_PASSWORD);
            let stored = installation.stored(name).1;
            assert_eq!(stored.starts_with("$argon2id$"), changes, "{stored}");
            assert_eq!(stored != hash, changes);
        }
    }
}

#[test]
fn a_retired_hash_logs_in_only_where_the_settings_name_it() {
    let installation = installation(Engine::Sqlite);
    let server = with_users(&installation, &[("retired", RETIRED)]);
    assert_eq!(
        login("retired", FLASK_PASSWORD).send(server.address).status,
        401
    );
    let log = server.log();
    assert!(log.contains("legacy_hash_refused"), "{log}");
    assert!(log.contains("werkzeug-retired in hash.accept"), "{log}");
}

#[test]
fn where_bcrypt_is_written_a_password_that_it_would_cut_is_refused_and_never_stored() {
    let installation = installation(Engine::Sqlite).set("DOORWARD_HASH_WRITE", "bcrypt");
    let server = installation.start();
    let most = format!("{PASSWORD}{}", "x1".repeat(36))[..72].to_owned();
    let answer = register("most", &most).send(server.address);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(installation.stored("most").1.starts_with("$2b$12$"));
    server.token("most", &most);
    let more = format!("{most}y");
    assert_eq!(login("most", &more).send(server.address).status, 401);
    let answer = register("more", &more)
        .header("accept", "application/problem+json")
        .send(server.address);
    assert_eq!(answer.status, 400);
    assert!(
        answer.text().contains("password_too_long"),
        "{}",
        answer.text()
    );
}
