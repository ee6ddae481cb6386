//! `doorward user …`.

use serde_json::Value;

use crate::{PASSWORD, installation::Installation, server::Server};

#[test]
fn users_are_listed_by_id_and_the_rest_is_announced() {
    for here in Installation::migrated() {
        for name in ["alice", "bob", "carol"] {
            here.with_user(name, "user");
        }
        let ran = here.run(&["user", "list", "--limit", "2"], "").code(0);
        let lines: Vec<&str> = ran.stdout.lines().collect();
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[1].starts_with("1   alice"), "{lines:?}");
        assert!(ran.stderr.contains("2 of 3 users"), "{}", ran.stderr);
        let ran = here.run(&["user", "list"], "").code(0);
        assert_eq!((ran.stdout.lines().count(), ran.stderr.as_str()), (4, ""));
    }
}

#[test]
fn a_line_of_the_json_list_is_one_user_without_a_hash() {
    for here in Installation::migrated() {
        here.with_user("alice", "admin");
        here.with_user("bob", "user");
        here.run(&["user", "disable", "bob"], "").code(0);
        let ran = here
            .run(&["user", "list", "--json"], "")
            .code(0)
            .never_says("argon2");
        let users: Vec<Value> = ran
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(users.len(), 2);
        assert_eq!(users[0]["username"], "alice");
        assert_eq!(users[0]["role"], "admin");
        assert_eq!(users[0]["disabled_at"], Value::Null);
        let disabled_at = users[1]["disabled_at"].as_str().unwrap();
        assert!(
            disabled_at.ends_with('Z') && disabled_at.len() == 20,
            "{disabled_at}"
        );
    }
}

#[test]
fn a_shown_user_has_a_kind_of_hash_and_no_hash() {
    for here in Installation::migrated() {
        here.with_user("bob", "user");
        let ran = here
            .run(&["user", "show", "BOB"], "")
            .code(0)
            .never_says("$argon2id");
        let shown = ran.stdout;
        assert!(shown.contains("name      bob\n"), "{shown}");
        assert!(shown.contains("hash      argon2id\n"), "{shown}");
        assert!(shown.contains("disabled  no\n"), "{shown}");
        here.execute("UPDATE users SET password = 'hunter2'");
        let ran = here
            .run(&["user", "show", "bob"], "")
            .code(0)
            .never_says("hunter2");
        assert!(
            ran.stdout.contains("none that can be verified (unknown)"),
            "{}",
            ran.stdout
        );
        // Known, refused, and what to do about it.
        here.execute("UPDATE users SET password = 'plain$$hunter2'");
        let shown = here
            .run(&["user", "show", "bob"], "")
            .code(0)
            .never_says("hunter2")
            .stdout;
        assert!(shown.contains("hash      werkzeug-plain: "), "{shown}");
        assert!(
            shown.contains("list werkzeug-plain in hash.accept"),
            "{shown}"
        );
    }
}

#[test]
fn a_name_from_the_database_cannot_write_to_the_terminal() {
    for here in Installation::migrated() {
        here.with_user("bob", "user");
        here.open(async |database| {
            let sql = doorward::store::Sql::both("UPDATE users SET username = ?");
            database
                .execute(sql, &["b\u{1b}[2Job".into()])
                .await
                .unwrap();
        });
        for arguments in [&["user", "list"][..], &["user", "show", "bob"][..]] {
            let ran = here.run(arguments, "").code(0).never_says("\u{1b}");
            assert!(ran.stdout.contains("b\\u001b[2Job"), "{}", ran.stdout);
        }
    }
}

#[test]
fn a_disabled_user_cannot_log_in_until_enabled() {
    for here in Installation::migrated() {
        here.with_user("bob", "user");
        let server = Server::start(&here);
        let database = here.database();
        let ran = here.run(&["user", "disable", "bob"], "").code(0);
        assert_eq!(
            ran.stdout,
            format!("disabled user bob (id 1) in {database}\n")
        );
        assert_eq!(server.login_status("bob", PASSWORD), 401);
        let ran = here.run(&["user", "disable", "bob"], "").code(0);
        assert!(ran.stdout.starts_with("nothing to do"), "{}", ran.stdout);
        let ran = here.run(&["user", "enable", "bob"], "").code(0);
        assert_eq!(
            ran.stdout,
            format!("enabled user bob (id 1) in {database}\n")
        );
        assert_eq!(server.login_status("bob", PASSWORD), 200);
    }
}

#[test]
fn deleting_asks_and_without_a_terminal_refuses() {
    for here in Installation::migrated() {
        here.with_user("bob", "user");
        let ran = here.run(&["user", "delete", "bob"], "y\n").code(2);
        assert!(ran.stderr.contains("--yes"), "{}", ran.stderr);
        here.run(&["user", "show", "bob"], "").code(0);
        let ran = here.run(&["user", "delete", "bob", "--yes"], "").code(0);
        assert!(
            ran.stdout.starts_with("deleted user bob (id 1) in"),
            "{}",
            ran.stdout
        );
        here.run(&["user", "show", "bob"], "").code(1);
        here.run(&["user", "delete", "bob", "--yes"], "").code(1);
    }
}

#[test]
fn the_last_administrator_stays() {
    for here in Installation::migrated() {
        here.with_user("alice", "admin");
        here.with_user("bob", "user");
        for arguments in [
            &["user", "disable", "alice"][..],
            &["user", "delete", "alice", "--yes"][..],
        ] {
            let ran = here.run(arguments, "").code(1);
            assert!(ran.stderr.contains("last administrator"), "{}", ran.stderr);
        }
        here.with_user("carol", "admin");
        here.run(&["user", "delete", "alice", "--yes"], "").code(0);
    }
}

#[test]
fn a_role_and_a_password_are_set_and_some_users_are_listed() {
    for here in Installation::migrated() {
        here.with_user("alice", "admin");
        here.with_user("bob", "user");
        let ran = here.run(&["user", "set-role", "alice", "user"], "").code(1);
        assert!(ran.stderr.contains("last administrator"), "{}", ran.stderr);
        let ran = here.run(&["user", "set-role", "BOB", "admin"], "").code(0);
        assert!(
            ran.stdout
                .starts_with("given the role admin user bob (id 2) in"),
            "{}",
            ran.stdout
        );
        let ran = here.run(&["user", "set-role", "bob", "admin"], "").code(0);
        assert!(ran.stdout.starts_with("nothing to do"), "{}", ran.stdout);
        here.run(&["user", "disable", "alice"], "").code(0);
        for (arguments, name) in [
            (&["--state", "disabled"][..], "alice"),
            (&["--state", "active", "--role", "admin"], "bob"),
            (&["--search", "B"], "bob"),
        ] {
            let command = [&["user", "list"], arguments].concat();
            let ran = here.run(&command, "").code(0);
            assert_eq!(ran.stdout.lines().count(), 2, "{}", ran.stdout);
            assert!(ran.stdout.contains(name), "{}", ran.stdout);
        }
        let command = ["user", "set-password", "alice", "--password-stdin"];
        here.run(&command, "amber falcon 77\n")
            .code(0)
            .never_says("falcon");
        here.run(&command, "short\n").code(1).never_says("short\n");
        // Setting a password lets nobody in who was shut out.
        let server = Server::start(&here);
        assert_eq!(server.login_status("alice", "amber falcon 77"), 401);
        here.run(&["user", "enable", "alice"], "").code(0);
        assert_eq!(server.login_status("alice", "amber falcon 77"), 200);
    }
}

#[test]
fn a_reset_link_is_alone_on_standard_output_and_sets_a_password_once() {
    for here in Installation::migrated() {
        here.with_user("bob", "user");
        let ran = here.run(&["user", "reset-link", "bob"], "").code(1);
        assert!(ran.stderr.contains("public_url"), "{}", ran.stderr);
        let here = here.with("DOORWARD_PUBLIC_URL", "https://auth.example.org");
        let ran = here.run(&["user", "reset-link", "bob"], "").code(0);
        let link = ran.stdout.strip_prefix("https://auth.example.org/reset#");
        let token = link.expect("a link").trim_end();
        assert!(ran.stderr.contains("works once"), "{}", ran.stderr);
        let server = Server::start(&here);
        let body = serde_json::json!({"token": token, "new_password": "amber walrus 77"});
        let reset = || server.post_status("/auth/password/reset", &body);
        assert_eq!(reset(), 200);
        assert_eq!(server.login_status("bob", "amber walrus 77"), 200);
        assert_eq!(reset(), 404);
        here.run(&["user", "disable", "bob"], "").code(0);
        let ran = here.run(&["user", "reset-link", "bob"], "").code(1);
        assert!(ran.stderr.contains("disabled"), "{}", ran.stderr);
    }
}

#[test]
fn many_users_are_changed_by_a_job_after_a_dry_run() {
    for here in Installation::migrated() {
        here.with_user("alice", "admin");
        here.with_user("bob", "user");
        here.with_user("carol", "user");
        here.run(&["job", "start", "disable"], "").code(2);
        here.run(&["job", "start", "set-role", "--role", "user"], "")
            .code(2);
        let command = ["job", "start", "disable", "--state", "active"];
        let ran = here
            .run(&[&command[..], &["--dry-run"]].concat(), "")
            .code(0);
        assert!(
            ran.stdout.starts_with("would disable 3 users"),
            "{}",
            ran.stdout
        );
        here.run(&["job", "show", "1"], "").code(1);
        // Partly: the last administrator stays.
        let ran = here.run(&command, "").code(3);
        assert!(ran.stdout.contains("done    2\n"), "{}", ran.stdout);
        assert!(ran.stdout.contains("user 1: last_admin"), "{}", ran.stdout);
        let ran = here.run(&["job", "list"], "").code(0);
        assert_eq!(ran.stdout.lines().count(), 2, "{}", ran.stdout);
        let ran = here.run(&["job", "cancel", "1"], "").code(0);
        assert!(ran.stdout.starts_with("nothing to do"), "{}", ran.stdout);
    }
}

#[test]
fn a_job_takes_numbers_instead_of_a_filter() {
    for here in Installation::migrated() {
        for (name, role) in [("alice", "admin"), ("bob", "user"), ("carol", "user")] {
            here.with_user(name, role);
        }
        for wrong in [
            &["--ids", "2", "--role", "user"][..],
            &["--ids", "0"][..],
            &["--ids", "bob"][..],
        ] {
            let command = [&["job", "start", "disable"][..], wrong].concat();
            here.run(&command, "").code(2);
        }
        let command = ["job", "start", "disable", "--ids", "2,999999"];
        let ran = here.run(&command, "").code(3);
        assert!(ran.stdout.contains("done    1\n"), "{}", ran.stdout);
        assert!(ran.stdout.contains("999999: not_found"), "{}", ran.stdout);
        let disabled = ["user", "list", "--state", "disabled", "--json"];
        let ran = here.run(&disabled, "").code(0);
        assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
        assert!(ran.stdout.contains("\"bob\""), "{}", ran.stdout);
    }
}

#[test]
fn users_are_chosen_by_when_they_were_added() {
    for here in Installation::migrated() {
        for (name, role) in [("alice", "admin"), ("bob", "user"), ("carol", "user")] {
            here.with_user(name, role);
        }
        // 2027-03-31 18:00:00 and the moment before that day.
        here.execute("UPDATE accounts SET created_at_ms = 1806516000000 WHERE user_id = 2");
        here.execute("UPDATE accounts SET created_at_ms = 1806451199999 WHERE user_id <> 2");
        for moment in ["2027-03-31", "2027-03-31T20:00:00+02:00"] {
            let ran = here
                .run(&["user", "list", "--created-since", moment, "--json"], "")
                .code(0);
            assert_eq!(ran.stdout.lines().count(), 1, "{moment}: {}", ran.stdout);
            assert!(ran.stdout.contains("\"bob\""), "{moment}: {}", ran.stdout);
        }
        let late = ["user", "list", "--created-since", "2027-03-31T18:00:01Z"];
        assert_eq!(here.run(&late, "").code(0).stdout, "");
        here.run(&["user", "list", "--created-since", "yesterday"], "")
            .code(2);
        let job = ["job", "start", "delete", "--created-since", "2027-03-31"];
        let ran = here.run(&job, "").code(0);
        assert!(ran.stdout.contains("done    1\n"), "{}", ran.stdout);
        here.run(&["user", "show", "bob"], "").code(1);
        here.run(&["user", "show", "carol"], "").code(0);
    }
}

#[test]
fn a_user_without_a_password_logs_in_once_one_is_set() {
    for here in Installation::migrated() {
        let create = ["user", "create", "bob", "--no-password"];
        here.run(&[&create[..], &["--password-stdin"]].concat(), PASSWORD)
            .code(2);
        let ran = here.run(&create, "").code(0);
        assert!(ran.stdout.starts_with("created user bob"), "{}", ran.stdout);
        let server = Server::start(&here);
        assert_eq!(server.login_status("bob", PASSWORD), 401);
        let set = ["user", "set-password", "bob", "--password-stdin"];
        here.run(&set, PASSWORD).code(0);
        assert_eq!(server.login_status("bob", PASSWORD), 200);
    }
}

#[test]
fn one_session_of_a_user_is_ended_and_the_others_go_on() {
    for here in Installation::migrated() {
        here.with_user("bob", "user");
        here.with_user("carol", "user");
        let server = Server::start(&here);
        server.token("bob", PASSWORD);
        server.token("bob", PASSWORD);
        let listed = || {
            let ran = here.run(&["user", "sessions", "bob"], "").code(0);
            let lines = ran.stdout.lines().skip(1);
            let ids = lines.map(|line| line.split(' ').next().unwrap().to_owned());
            ids.collect::<Vec<_>>()
        };
        let sessions = listed();
        assert_eq!(sessions.len(), 2);
        // Another user's is as unknown as none.
        for (name, id) in [("carol", sessions[0].as_str()), ("bob", "-x")] {
            let ran = here.run(&["user", "end-session", name, id], "").code(1);
            assert!(ran.stderr.contains("no such session"), "{}", ran.stderr);
        }
        let end = ["user", "end-session", "bob", &sessions[0]];
        let ran = here.run(&end, "").code(0);
        assert!(
            ran.stdout
                .starts_with("ended a session of user bob (id 1) in"),
            "{}",
            ran.stdout
        );
        assert_eq!(listed(), &sessions[1..]);
        here.run(&end, "").code(1);
        let trail = here.run(&["audit", "list"], "").code(0).stdout;
        assert!(trail.contains("session_ended"), "{trail}");
    }
}

#[test]
fn where_a_user_is_logged_in_is_listed_and_ended() {
    for here in Installation::migrated() {
        here.with_user("bob", "user");
        let ran = here.run(&["user", "sessions", "bob"], "").code(0);
        assert_eq!(ran.stdout, "");
        assert!(ran.stderr.contains("has no sessions in"), "{}", ran.stderr);
        let server = Server::start(&here);
        server.token("bob", PASSWORD);
        let listed = |lines| {
            let ran = here.run(&["user", "sessions", "BOB"], "").code(0);
            assert_eq!(ran.stdout.lines().count(), lines, "{}", ran.stdout);
            ran.stdout
        };
        let shown = listed(2);
        assert!(shown.starts_with("ID "), "{shown}");
        assert!(shown.contains("password  "), "{shown}");
        // A client may call itself anything.
        here.execute("UPDATE login_sessions SET user_agent = 'x\u{1b}[2J'");
        assert!(listed(2).contains("x\\u001b[2J"));
        let ran = here.run(&["user", "end-sessions", "bob"], "").code(0);
        assert!(
            ran.stdout
                .starts_with("ended all sessions of user bob (id 1) in"),
            "{}",
            ran.stdout
        );
        listed(0);
        let trail = here.run(&["audit", "list"], "").code(0).stdout;
        assert!(trail.contains("sessions_ended"), "{trail}");
        assert_eq!(server.login_status("bob", PASSWORD), 200);
        here.run(&["user", "end-sessions", "nobody"], "").code(1);
    }
}
