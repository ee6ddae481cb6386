//! The database stops answering, or is gone (DB-08).

use crate::{
    client::{get, login, register},
    database_link::{DatabaseLink, Mode},
    installation::{Engine, Installation, PASSWORD, Server, engines, eventually, mysql_server},
};

fn assert_unavailable(server: &Server) {
    for request in [login("una", PASSWORD), register("vera", PASSWORD)] {
        let answer = request.send(server.address);
        assert_eq!(answer.status, 503, "{answer:?}");
        answer.error();
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    let ready = get("/readyz").send(server.address);
    assert_eq!(ready.status, 503, "{ready:?}");
}

#[test]
fn a_database_that_is_away_is_a_503_and_everything_else_goes_on() {
    if mysql_server().is_none() {
        return;
    }
    let installation = Installation::new(Engine::MySql);
    let link = DatabaseLink::to(installation.database_url());
    let installation = installation
        .through(link.url())
        .without_throttle()
        .set("DOORWARD_HTTP_REQUEST_TIMEOUT", "1500ms");
    let server = installation.start();
    let token = server.sign_up("una");
    for mode in [Mode::Stall, Mode::Cut] {
        link.set(mode);
        assert_unavailable(&server);
        // What needs no database knows nothing of it.
        assert_eq!(get("/healthz").send(server.address).status, 200);
        let profile = get("/profile").bearer(&token).send(server.address);
        assert_eq!(profile.status, 200, "{profile:?}");
        link.set(Mode::Pass);
        eventually("it recovers without a restart", || {
            get("/readyz").send(server.address).status == 200
                && login("una", PASSWORD).send(server.address).status == 200
        });
    }
    let (_, log) = server.stop();
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn a_database_that_is_not_there_at_the_start_is_named_with_what_to_do() {
    let installation =
        Installation::new(Engine::Sqlite).through("mysql://doorward:secret@127.0.0.1:1/doorward");
    let output = installation.run_to_end();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("cannot be opened"), "{error}");
    assert!(error.contains("--db-url"), "{error}");
}

#[test]
fn a_node_that_does_not_learn_what_was_revoked_is_not_ready() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        let readiness = || get("/readyz").send(server.address);
        assert_eq!(readiness().status, 200);
        installation.execute("ALTER TABLE revocations RENAME TO away", &[]);
        eventually("it says what fails", || readiness().status == 503);
        let said = readiness().json();
        assert_eq!(
            (&said["database"], &said["revocations"]),
            (&"ok".into(), &"failed".into())
        );
        assert_eq!(get("/healthz").send(server.address).status, 200);
        installation.execute("ALTER TABLE away RENAME TO revocations", &[]);
        eventually("it is ready again", || readiness().status == 200);
    }
}
