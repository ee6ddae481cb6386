//! The disk is full (DB-12), or may not be written to. The file system is one of the test's own, in memory, in a namespace of
//! the server.

use std::{fs, path::PathBuf, process::Command};

use doorward::store::{Database, DatabaseUrl, Sql, Store};

use crate::{
    client::{get, login, register},
    installation::{Engine, Installation, PASSWORD, Server, eventually, wait},
};

const NAMESPACE: [&str; 4] = ["unshare", "--user", "--map-root-user", "--mount"];

/// Whether this kernel gives an ordinary user a namespace.
fn namespaces() -> bool {
    let [runner, flags @ ..] = NAMESPACE;
    let made = Command::new(runner).args(flags).arg("true").status();
    if made.is_ok_and(|status| status.success()) {
        return true;
    }
    assert!(
        std::env::var("DOORWARD_REQUIRE_ALL").is_err(),
        "no user namespaces, and nothing may be skipped"
    );
    eprintln!("not run: unshare makes no namespace");
    false
}

/// The folder on the small disk as others see it.
fn seen_from_outside(server: &Server, installation: &Installation) -> PathBuf {
    let inside = installation.folder().join("disk");
    let root = PathBuf::from(format!("/proc/{}/root", server.process()));
    root.join(inside.strip_prefix("/").unwrap())
}

#[test]
fn a_full_disk_is_a_503_loses_nothing_and_needs_no_restart() {
    if !namespaces() {
        return;
    }
    let installation = Installation::new(Engine::Sqlite).without_throttle();
    let disk = installation.folder().join("disk");
    fs::create_dir(&disk).unwrap();
    let script = format!(
        r#"mount -t tmpfs -o size=12m tmpfs '{}' && exec "$@""#,
        disk.display()
    );
    let installation = installation
        .through(&format!("sqlite://{}/doorward.db", disk.display()))
        .under(&NAMESPACE, &script);
    let server = installation.start();
    let token = server.sign_up("una");
    let outside = seen_from_outside(&server, &installation);
    assert!(outside.join("doorward.db").exists());

    // All but a little: the log of SQLite takes what is left.
    let ballast = outside.join("ballast");
    for size in (0..12 * 64).rev() {
        if fs::write(&ballast, vec![0_u8; size * 16 * 1024]).is_ok() {
            break;
        }
    }
    let mut acknowledged = Vec::new();
    let mut refused = 0;
    for number in 0..200 {
        let name = format!("user{number}");
        let answer = register(&name, PASSWORD).send(server.address);
        match answer.status {
            201 => acknowledged.push(name),
            503 => refused += 1,
            _ => panic!("{name}: {answer:?}"),
        }
        if refused == 3 {
            break;
        }
    }
    assert_eq!(refused, 3, "the disk was never full");
    // What writes nothing goes on.
    assert_eq!(get("/healthz").send(server.address).status, 200);
    let profile = get("/profile").bearer(&token).send(server.address);
    assert_eq!(profile.status, 200);
    let answer = login("una", PASSWORD).send(server.address);
    assert!([200, 503].contains(&answer.status), "{answer:?}");

    fs::remove_file(&ballast).unwrap();
    eventually("it goes on without a restart", || {
        register("vera", PASSWORD)
            .try_send(server.address)
            .is_ok_and(|a| a.status == 201)
    });
    for name in &acknowledged {
        server.token(name, PASSWORD);
    }
    let url = format!("sqlite://{}/doorward.db", outside.display());
    let sound: Option<(String,)> = wait(async {
        let database = Database::connect(&DatabaseUrl::parse(&url).unwrap(), 1)
            .await
            .unwrap();
        let store = Store::new(database);
        let sql = Sql::both("SELECT integrity_check FROM pragma_integrity_check");
        store.database().fetch_optional(sql, &[]).await.unwrap()
    });
    assert_eq!(sound, Some(("ok".to_owned(),)));
    let (_, log) = server.stop();
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn a_start_on_a_disk_that_may_not_be_written_to_says_so() {
    if !namespaces() {
        return;
    }
    let installation = Installation::new(Engine::Sqlite);
    let disk = installation.folder().join("disk");
    fs::create_dir(&disk).unwrap();
    let installation = installation.through(&format!("sqlite://{}/doorward.db", disk.display()));
    installation.start().stop();
    let script = format!(
        r#"mount --bind '{0}' '{0}' && mount -o remount,bind,ro '{0}' && exec "$@""#,
        disk.display()
    );
    let output = installation.under(&NAMESPACE, &script).run_to_end();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.starts_with("error: "), "{error}");
    assert!(error.to_lowercase().contains("read"), "{error}");
}
