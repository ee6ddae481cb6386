//! `doorward admin …`.

use crate::{OTHER_PASSWORD, PASSWORD, installation::Installation, server::Server};

const CREATE: [&str; 5] = ["admin", "create", "--username", "alice", "--password-stdin"];

#[test]
fn an_administrator_made_in_an_empty_directory_can_log_in() {
    let here = Installation::sqlite();
    let ran = here
        .run(&CREATE, &format!("{PASSWORD}\n"))
        .code(0)
        .never_says(PASSWORD);
    assert_eq!(
        ran.stdout,
        "created administrator alice (id 1) in sqlite://./data/doorward.db\n"
    );
    assert!(ran.stderr.starts_with("applied "), "{}", ran.stderr);
    assert!(!here.path("data/secret.key").exists(), "nothing was signed");
    let server = Server::start(&here);
    assert_eq!(server.login_status("alice", PASSWORD), 200);
    assert_eq!(server.login_status("alice", OTHER_PASSWORD), 401);
}

#[test]
fn mysql_is_migrated_only_when_told_to() {
    let Some(here) = Installation::mysql() else {
        return;
    };
    let ran = here.run(&CREATE, PASSWORD).code(1);
    assert!(ran.stderr.contains("doorward db migrate"), "{}", ran.stderr);
    here.run(&["db", "migrate"], "").code(0);
    let ran = here
        .run(&CREATE, PASSWORD)
        .code(0)
        .never_says("doorward@127");
    assert!(
        ran.stdout.ends_with(&format!("in {}\n", here.database())),
        "{ran:?}"
    );
    let server = Server::start(&here);
    assert_eq!(server.login_status("alice", PASSWORD), 200);
}

#[test]
fn a_taken_name_in_another_spelling_is_refused() {
    for here in Installation::migrated() {
        here.run(&CREATE, PASSWORD).code(0);
        let arguments = ["admin", "create", "--username", "ALICE", "--password-stdin"];
        let ran = here
            .run(&arguments, OTHER_PASSWORD)
            .code(1)
            .never_says(OTHER_PASSWORD);
        assert!(
            ran.stderr.contains("the name ALICE is taken"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn without_a_terminal_what_is_missing_is_named_and_nothing_is_made() {
    let here = Installation::sqlite();
    for (arguments, hint) in [
        (&["admin", "create", "--password-stdin"][..], "--username"),
        (
            &["admin", "create", "--username", "alice"][..],
            "--password-stdin",
        ),
        (
            &["admin", "create", "--username", " a", "--password-stdin"][..],
            "user name",
        ),
    ] {
        let ran = here.run(arguments, PASSWORD).code(2);
        assert!(ran.stderr.contains(hint), "{}", ran.stderr);
    }
    assert_eq!(here.files(), Vec::<String>::new());
}

#[test]
fn a_password_that_is_too_short_makes_nothing() {
    let here = Installation::sqlite();
    let ran = here.run(&CREATE, "x7#q").code(1).never_says("x7#q");
    assert!(ran.stderr.contains("may not be set"), "{}", ran.stderr);
    here.run(&CREATE, "").code(1);
    assert_eq!(here.files(), Vec::<String>::new());
}

#[test]
fn a_reset_password_is_verified_and_replaces_the_old_one() {
    for here in Installation::migrated() {
        here.run(&CREATE, PASSWORD).code(0);
        let reset = ["admin", "reset-password", "alice", "--password-stdin"];
        let ran = here
            .run(&reset, OTHER_PASSWORD)
            .code(0)
            .never_says(OTHER_PASSWORD);
        assert_eq!(
            ran.stdout,
            format!(
                "set the password of administrator alice (id 1) in {}\nverified: the stored hash matches the new password\n",
                here.database()
            )
        );
        let server = Server::start(&here);
        assert_eq!(server.login_status("alice", OTHER_PASSWORD), 200);
        assert_eq!(server.login_status("alice", PASSWORD), 401);
    }
}

#[test]
fn a_reset_names_the_role_and_lets_a_disabled_user_in_again() {
    for here in Installation::migrated() {
        here.with_user("bob", "user");
        here.run(&["user", "disable", "bob"], "").code(0);
        let reset = ["admin", "reset-password", "bob", "--password-stdin"];
        let ran = here.run(&reset, OTHER_PASSWORD).code(0);
        assert!(ran.stdout.contains("of user bob (id 1)"), "{}", ran.stdout);
        assert!(ran.stdout.contains("can log in again"), "{}", ran.stdout);
        let server = Server::start(&here);
        assert_eq!(server.login_status("bob", OTHER_PASSWORD), 200);
    }
}

#[test]
fn an_unknown_name_tells_nothing_of_others() {
    for here in Installation::migrated() {
        here.run(&CREATE, PASSWORD).code(0);
        let reset = ["admin", "reset-password", "al\u{e9}", "--password-stdin"];
        let ran = here.run(&reset, OTHER_PASSWORD).code(1);
        assert!(
            ran.stderr.contains("there is no user named alé"),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("doorward admin list"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("alice"), "{}", ran.stderr);
    }
}

#[test]
fn the_list_shows_administrators_only() {
    for here in Installation::migrated() {
        let ran = here.run(&["admin", "list"], "").code(0);
        assert_eq!(ran.stdout, "");
        assert!(ran.stderr.contains("no administrator"), "{}", ran.stderr);
        here.run(&CREATE, PASSWORD).code(0);
        here.with_user("bob", "user");
        let ran = here.run(&["admin", "list"], "").code(0);
        let lines: Vec<&str> = ran.stdout.lines().collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(
            lines[1].contains("alice") && lines[1].contains("admin"),
            "{lines:?}"
        );
    }
}

#[test]
fn reading_commands_make_no_database() {
    let here = Installation::sqlite();
    for arguments in [
        &["admin", "list"][..],
        &["admin", "reset-password", "alice", "--password-stdin"][..],
        &["user", "list"][..],
        &["user", "delete", "alice", "--yes"][..],
        &["db", "status"][..],
    ] {
        let ran = here.run(arguments, PASSWORD).code(1);
        assert!(
            ran.stderr
                .contains("there is no database at ./data/doorward.db"),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("doorward serve"), "{}", ran.stderr);
    }
    assert_eq!(here.files(), Vec::<String>::new());
}
