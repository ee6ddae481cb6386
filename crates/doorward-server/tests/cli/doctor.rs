//! `doorward doctor`.

use std::{net::TcpListener, os::unix::fs::PermissionsExt as _, path::Path};

use crate::{
    PASSWORD,
    installation::{Installation, Ran},
    server::Server,
};

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn set_mode(path: &Path, bits: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(bits)).unwrap();
}

/// The verdict's lines about a subject.
fn about<'a>(ran: &'a Ran, subject: &str) -> Vec<&'a str> {
    let is_about = |line: &&str| line.get(9..).is_some_and(|rest| rest.starts_with(subject));
    ran.stdout.lines().filter(is_about).collect()
}

#[track_caller]
fn assert_verdict(ran: &Ran, subject: &str, verdict: &str) {
    let lines = about(ran, subject);
    assert!(
        lines.iter().any(|line| line.starts_with(verdict)),
        "no {verdict} about {subject}:\n{}",
        ran.stdout
    );
}

/// Everything that a first start and an operator leave behind.
fn in_order() -> Vec<Installation> {
    Installation::migrated()
        .into_iter()
        .map(|here| {
            here.with_user("alice", "admin");
            drop(Server::start(&here));
            set_mode(&here.path("data"), 0o700);
            here.with("DOORWARD_LISTEN", &free_address())
                .with("DOORWARD_HTTP_MAX_CONNECTIONS", "16")
        })
        .collect()
}

#[test]
fn an_installation_in_order_has_no_problem_and_no_warning() {
    for here in in_order() {
        let ran = here
            .run(&["doctor"], "")
            .code(0)
            .never_says("doorward:doorward");
        assert!(
            ran.stdout.ends_with("\n0 problems, 0 warnings\n"),
            "{}",
            ran.stdout
        );
        for subject in [
            "configuration",
            "data directory",
            "secret",
            "database",
            "schema",
            "administrator",
            "clock",
            "listen",
            "hash cost",
        ] {
            assert_verdict(&ran, subject, "ok");
        }
    }
}

#[test]
fn before_the_first_start_it_warns_and_makes_nothing() {
    let here = Installation::sqlite().with("DOORWARD_LISTEN", &free_address());
    let ran = here.run(&["doctor"], "").code(0);
    for subject in ["data directory", "secret", "database"] {
        assert_verdict(&ran, subject, "warning");
    }
    assert_eq!(here.files(), Vec::<String>::new());
}

#[test]
fn a_refused_configuration_is_a_problem_with_its_fix() {
    let here = Installation::sqlite().with("DOORWARD_LISEN", "x");
    let ran = here.run(&["doctor"], "").code(1);
    assert_verdict(&ran, "configuration", "problem");
    assert!(ran.stdout.contains("DOORWARD_LISTEN"), "{}", ran.stdout);
}

#[test]
fn files_that_others_can_read_or_write_are_found() {
    let here = in_order().remove(0);
    set_mode(&here.path("data/secret.key"), 0o644);
    let ran = here.run(&["doctor"], "").code(1);
    assert_verdict(&ran, "secret", "problem");
    assert!(
        ran.stdout.contains("chmod 600 ./data/secret.key"),
        "{}",
        ran.stdout
    );

    set_mode(&here.path("data/secret.key"), 0o600);
    set_mode(&here.path("data"), 0o755);
    set_mode(&here.path("data/doorward.db"), 0o644);
    let ran = here.run(&["doctor"], "").code(0);
    assert_verdict(&ran, "data directory", "warning");

    set_mode(&here.path("data"), 0o777);
    let ran = here.run(&["doctor"], "").code(1);
    assert_verdict(&ran, "data directory", "problem");
}

#[test]
fn a_weak_secret_in_the_file_is_a_problem_and_is_not_shown() {
    let here = in_order().remove(0);
    std::fs::write(here.path("data/secret.key"), "myverystrongsecretkey").unwrap();
    let ran = here.run(&["doctor"], "").code(1).never_says("myverystrong");
    assert_verdict(&ran, "secret", "problem");
}

#[test]
fn a_schema_that_is_behind_and_a_missing_administrator_are_found() {
    for here in in_order() {
        here.execute("UPDATE users SET role = 'user'");
        let ran = here.run(&["doctor"], "").code(0);
        assert_verdict(&ran, "administrator", "warning");
        here.execute("DELETE FROM _sqlx_migrations WHERE version = 4");
        let ran = here.run(&["doctor"], "").code(1);
        assert_verdict(&ran, "schema", "problem");
        assert!(ran.stdout.contains("doorward db migrate"), "{}", ran.stdout);
    }
}

#[test]
fn a_clock_that_was_set_back_is_found() {
    for here in in_order() {
        here.execute("UPDATE accounts SET password_changed_at_ms = 7258118400000");
        let ran = here.run(&["doctor"], "").code(1);
        assert_verdict(&ran, "clock", "problem");
    }
}

#[test]
fn a_damaged_file_and_a_server_that_is_away_are_found() {
    let here = in_order().remove(0);
    std::fs::write(
        here.path("data/doorward.db"),
        "this is no database, and long enough to be read as one",
    )
    .unwrap();
    let ran = here.run(&["doctor"], "").code(1);
    assert_verdict(&ran, "database", "problem");
    let away = format!("mysql://doorward:canary@{}/accounts", free_address());
    let here = Installation::sqlite().with("DOORWARD_DB_URL", &away);
    let ran = here.run(&["doctor"], "").code(1).never_says("canary");
    assert_verdict(&ran, "database", "problem");
}

#[test]
fn a_running_server_is_recognised_and_another_program_is_not() {
    let here = in_order().remove(0);
    let server = Server::start(&here);
    let here = here.with("DOORWARD_LISTEN", &server.address.to_string());
    let ran = here.run(&["doctor"], "").code(0);
    assert!(
        about(&ran, "listen")[0].contains("is ready"),
        "{}",
        ran.stdout
    );
    drop(server);

    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = here.with("DOORWARD_LISTEN", &other.local_addr().unwrap().to_string());
    let answering = std::thread::spawn(move || drop(other.accept()));
    let ran = here.run(&["doctor"], "").code(1).never_says(PASSWORD);
    assert!(
        about(&ran, "listen")[0].contains("another program"),
        "{}",
        ran.stdout
    );
    answering.join().unwrap();
}

#[test]
fn listening_beyond_this_machine_without_https_is_a_warning() {
    let here = Installation::sqlite().with("DOORWARD_LISTEN", "0.0.0.0:0");
    let ran = here.run(&["doctor"], "").code(0);
    assert!(
        about(&ran, "configuration")
            .iter()
            .any(|line| line.starts_with("warning") && line.contains("unencrypted")),
        "{}",
        ran.stdout
    );
    let https = here.with("DOORWARD_PUBLIC_URL", "https://auth.example");
    let ran = https.run(&["doctor"], "").code(0);
    assert_verdict(&ran, "public URL", "ok");
}

#[test]
fn too_few_open_files_are_a_warning_with_the_number_that_does() {
    let here = Installation::sqlite().with("DOORWARD_HTTP_MAX_CONNECTIONS", "1000000");
    let ran = here.run(&["doctor"], "");
    let lines = about(&ran, "open files");
    // A machine may allow that many.
    assert!(
        lines[0].starts_with("ok") || ran.stdout.contains("LimitNOFILE="),
        "{}",
        ran.stdout
    );
}
