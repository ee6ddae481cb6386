//! Which secrets a start takes, and from where.

use doorward::clock::Timestamp;

use crate::{
    client::get,
    installation::{Engine, Installation, SECRET, engines},
};

fn refused(installation: &Installation) -> String {
    let output = installation.run_to_end();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(output.stdout.is_empty(), "{:?}", output.stdout);
    error
}

/// Answers CVE-2023-27524.
#[test]
fn well_known_short_and_repeating_secrets_are_refused_without_showing_them() {
    for secret in [
        "supersecretkey",
        "myverystrongsecretkey",
        "changeme",
        "c6f1d0a9b8e7",
        "abababababababababababababababababababab",
        "your-256-bit-secret-your-256-bit-secret",
    ] {
        for variable in ["DOORWARD_SECRET_KEY", "SECRET_KEY"] {
            let installation = Installation::new(Engine::Sqlite).set(variable, secret);
            let error = refused(&installation);
            assert!(!error.contains(secret), "{error}");
            assert!(error.contains("openssl rand -hex 32"), "{error}");
            assert!(error.contains(variable), "{error}");
        }
    }
}

#[test]
fn a_secret_given_twice_is_refused_whatever_it_says() {
    let installation = Installation::new(Engine::Sqlite);
    let file = installation.folder().join("given");
    std::fs::write(&file, SECRET).unwrap();
    let installation = installation
        .with_known_secret()
        .set("DOORWARD_SECRET_KEY_FILE", file.to_str().unwrap());
    let error = refused(&installation);
    assert!(error.contains("DOORWARD_SECRET_KEY_FILE"), "{error}");
    assert!(!error.contains(SECRET), "{error}");

    let other = format!("{}c", &SECRET[1..]);
    let installation = Installation::new(Engine::Sqlite)
        .with_known_secret()
        .set("SECRET_KEY", &other);
    let error = refused(&installation);
    assert!(
        !error.contains(SECRET) && !error.contains(&other),
        "{error}"
    );
}

#[test]
fn a_secret_on_the_command_line_is_refused_without_showing_it() {
    for argument in [format!("--secret-key={SECRET}"), "--secret-key".to_owned()] {
        let installation = Installation::new(Engine::Sqlite)
            .argument(&argument)
            .argument(SECRET);
        let error = refused(&installation);
        assert!(error.contains("DOORWARD_SECRET_KEY_FILE"), "{error}");
        assert!(!error.contains(SECRET), "{error}");
    }
}

#[test]
fn a_generated_secret_is_for_its_owner_alone_and_a_weakened_one_is_refused() {
    let installation = Installation::new(Engine::Sqlite);
    installation.start().stop();
    let path = installation.folder().join("data/secret.key");
    let made = std::fs::read_to_string(&path).unwrap();
    assert_eq!(made.len(), 43);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let permissions = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(permissions & 0o777, 0o600);
    }
    std::fs::write(&path, "myverystrongsecretkey").unwrap();
    let output = installation.run_to_end();
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("secret.key"), "{error}");
    assert!(!error.contains("myverystrong"), "{error}");
}

#[test]
fn the_demo_stays_on_loopback_unless_it_is_allowed_out() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let installation = Installation::demo(Engine::Sqlite).listening_on(address);
        let error = refused(&installation);
        assert!(error.contains("--allow-remote-demo"), "{error}");
    }
    let (_kept, server) = Installation::demo(Engine::Sqlite)
        .listening_on("0.0.0.0:0")
        .argument("--allow-remote-demo")
        .start_kept();
    assert_eq!(get("/").send(server.address).status, 200);
}

#[test]
fn the_demo_takes_the_lectures_secret_and_says_so() {
    let (_kept, server) = Installation::demo(Engine::Sqlite)
        .set("SECRET_KEY", "myverystrongsecretkey")
        .start_kept();
    server.token("alice", "alice123");
    let log = server.log();
    assert!(log.contains("warning: "), "{log}");
    assert!(!log.contains("myverystrong"), "{log}");
}

#[test]
fn the_demos_database_is_refused_outside_the_demo_and_nothing_is_made_in_it() {
    for engine in engines() {
        let installation = Installation::new(engine);
        assert!(installation.run(&["db", "migrate"], "").status.success());
        installation.with_store(async |store| {
            store.mark_as_demo(Timestamp::from_millis(1)).await.unwrap();
        });
        let error = refused(&installation);
        assert!(error.contains("is the demo's database"), "{error}");
        assert!(error.contains("--data-dir ./production"), "{error}");
        assert!(!installation.folder().join("data/secret.key").exists());
        let keys = installation.run(&["key", "list", "--json"], "");
        assert_eq!(String::from_utf8_lossy(&keys.stdout), "", "{keys:?}");
    }
}
