//! `doorward adopt …` on an application's own table.

use doorward::store::Sql;

use crate::adopted::{IN_PLACE, LECTURE_TABLE, PBKDF2, SCRYPT};
use crate::installation::{Installation, Ran};

/// The lecture's table with these rows: name, password, role.
fn lecture(rows: &[(&str, &str, &str)]) -> Vec<Installation> {
    let all: Vec<Installation> = [Some(Installation::sqlite()), Installation::mysql()]
        .into_iter()
        .flatten()
        .collect();
    for here in &all {
        std::fs::create_dir_all(here.path("data")).unwrap();
        here.write("plan.toml", IN_PLACE);
        here.open(async |database| {
            database.execute(LECTURE_TABLE, &[]).await.unwrap();
            if rows.iter().any(|(_, password, _)| password.len() > 100)
                && database.engine() == "mysql"
            {
                let wider = Sql::both("ALTER TABLE users MODIFY password VARCHAR(255) NOT NULL");
                database.execute(wider, &[]).await.unwrap();
            }
            for (name, password, role) in rows {
                let insert =
                    Sql::both("INSERT INTO users (username, password, role) VALUES (?, ?, ?)");
                let args = [(*name).into(), (*password).into(), (*role).into()];
                database.execute(insert, &args).await.unwrap();
            }
        });
    }
    all
}

fn run(here: &Installation) -> Ran {
    here.run(&["adopt", "run", "plan.toml"], "")
}

#[test]
fn the_lectures_table_gets_accounts_and_hashes_and_nothing_else_changes() {
    for here in lecture(&[
        ("alice", "alice123", "admin"),
        ("bob", "bobpassword", "user"),
        ("ａlice", "x", "user"),
    ]) {
        let before = here.dump();
        let dry = here
            .run(&["adopt", "run", "plan.toml", "--dry-run"], "")
            .code(3);
        assert!(
            dry.stdout.contains("would adopt 2 users")
                && dry.stdout.contains("would hash 2 passwords"),
            "{dry:?}"
        );
        assert_eq!(
            here.dump(),
            before,
            "a dry run in place leaves no table behind"
        );
        let ran = run(&here).code(3).never_says("alice123");
        assert!(
            ran.stdout
                .contains("in all 2 adopted, 0 there before, 2 passwords hashed, 1 rejected"),
            "{ran:?}"
        );
        let after = here.dump();
        assert_eq!(after.matches("\"scrypt:32768:8:1$").count(), 2, "{after}");
        assert!(
            after.contains("(3, \"ａlice\", \"x\", \"user\")"),
            "{after}"
        );
        assert!(
            after.contains("1 alice 0 0 None\n2 bob 0 0 None\n"),
            "{after}"
        );
        let again = run(&here).code(3);
        assert!(again.stdout.contains("nothing to do"), "{again:?}");
        assert_eq!(here.dump(), after);
        if here.database().starts_with("mysql") {
            here.open(async |database| {
                let column = Sql::both(
                    "SELECT CAST(column_type AS CHAR(64)), CAST(column_comment AS CHAR(64)) FROM information_schema.columns \
                     WHERE table_schema = DATABASE() AND table_name = 'users' AND column_name = 'password'",
                );
                let found: Option<(String, String)> = database.fetch_optional(column, &[]).await.unwrap();
                assert_eq!(found, Some(("varchar(255)".to_owned(), "the user's".to_owned())));
            });
        }
    }
}

#[test]
fn what_the_application_adds_or_mends_later_is_adopted_by_the_next_run() {
    for here in lecture(&[("alice", "alice123", "admin"), ("ａlice", "x", "user")]) {
        run(&here).code(3);
        here.execute("UPDATE users SET username = 'carl' WHERE id = 2");
        here.execute(
            "INSERT INTO users (username, password, role) VALUES ('dora', 'dorapassword', 'user')",
        );
        // The application does not hash.
        here.execute("UPDATE users SET password = 'alice456' WHERE id = 1");
        let ran = run(&here).code(0);
        assert!(ran.stdout.contains("adopted 2 more users"), "{ran:?}");
        assert!(
            ran.stdout
                .contains("in all 3 adopted, 0 there before, 4 passwords hashed, 0 rejected"),
            "{ran:?}"
        );
        assert!(
            !here.path("plan.rejects.jsonl").exists(),
            "there are no rejects any more"
        );
        assert!(!here.dump().contains("alice456"));
    }
}

#[test]
fn a_new_plan_for_the_same_table_takes_the_place_of_the_old_one() {
    for here in lecture(&[("alice", "alice123", "admin"), ("bob", SCRYPT, "user")]) {
        here.write("plan.toml", &IN_PLACE.replace("plaintext = \"hash\"", ""));
        run(&here).code(3);
        here.write("plan.toml", IN_PLACE);
        let ran = run(&here).code(0);
        assert!(
            ran.stdout
                .contains("in all 1 adopted, 1 there before, 1 passwords hashed, 0 rejected"),
            "{ran:?}"
        );
        assert_eq!(here.dump().matches("in-place").count(), 1);
        here.write(
            "plan.toml",
            &IN_PLACE.replace(
                "username = \"username\"\npassword = \"password\"",
                "username = \"password\"\npassword = \"username\"",
            ),
        );
        let ran = run(&here).code(1);
        assert!(
            ran.stderr.contains("with another table or other columns"),
            "{ran:?}"
        );
    }
}

#[test]
fn finishing_waits_until_nothing_is_lost_by_it() {
    for here in lecture(&[
        ("alice", SCRYPT, "admin"),
        ("bob", "bobpassword", "user"),
        (" carl", PBKDF2, "user"),
    ]) {
        let finish = |more: &[&str]| here.run(&[&["adopt", "finish"][..], more].concat(), "");
        here.write(
            "plan.toml",
            &IN_PLACE.replace("plaintext = \"hash\"", "unknown = \"reject\""),
        );
        run(&here).code(3);
        here.write("plan.toml", IN_PLACE);
        run(&here).code(3);
        let refused = finish(&["--yes"]).code(1);
        assert!(
            refused.stderr.contains("1 rows were rejected")
                && refused.stderr.contains("--accept-rejects"),
            "{refused:?}"
        );
        here.execute(
            "INSERT INTO users (username, password, role) VALUES ('dora', 'dorapassword', 'user')",
        );
        let refused = finish(&["--yes", "--accept-rejects"]).code(1);
        assert!(
            refused.stderr.contains("1 rows have no account (id 4)"),
            "{refused:?}"
        );
        assert!(
            refused
                .stderr
                .contains("1 passwords are stored in the clear"),
            "{refused:?}"
        );
        run(&here).code(3);
        let unasked = finish(&["--accept-rejects"]).code(2);
        assert!(unasked.stderr.contains("--yes"), "{unasked:?}");
        let done = finish(&["--yes", "--accept-rejects"]).code(0);
        assert!(done.stdout.contains("finished"), "{done:?}");
        assert!(here.dump().contains("in-place finished"));
        assert!(finish(&["--yes"]).code(0).stdout.contains("nothing to do"));
        assert!(run(&here).code(1).stderr.contains("finished"));
        assert!(
            here.run(&["adopt", "undo", "--yes"], "")
                .code(1)
                .stderr
                .contains("is finished")
        );
        let status = here.run(&["adopt", "status"], "").code(0);
        assert!(status.stdout.contains("in place, finished"), "{status:?}");
    }
}

#[test]
fn undoing_leaves_the_applications_table_alone_and_as_it_is() {
    for here in lecture(&[("alice", "alice123", "admin"), ("bob", SCRYPT, "user")]) {
        let tables = here.dump().lines().next().unwrap().to_owned();
        run(&here).code(0);
        let theirs = |dump: String| {
            dump.lines()
                .filter(|line| line.starts_with('('))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let before = theirs(here.dump());
        assert!(
            here.run(&["adopt", "undo"], "")
                .code(2)
                .stderr
                .contains("nothing was dropped")
        );
        here.run(&["adopt", "undo", "--yes"], "").code(0);
        let after = here.dump();
        assert_eq!(after.lines().next().unwrap(), tables);
        assert_eq!(theirs(after), before);
        let again = here.run(&["adopt", "undo", "--yes"], "").code(1);
        assert!(again.stderr.contains("not adopted in place"), "{again:?}");
        run(&here).code(0);
    }
}

#[test]
fn undoing_is_refused_when_the_application_could_not_read_a_password() {
    let argon2id = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$r0bq3sQ0f3XJr7bXhbG0UvBvT9fVZ2TqWbUu1cQ2l5E";
    for here in lecture(&[("alice", SCRYPT, "admin")]) {
        run(&here).code(0);
        here.open(async |database| {
            let update = Sql::both("UPDATE users SET password = ?");
            database.execute(update, &[argon2id.into()]).await.unwrap();
        });
        let refused = here.run(&["adopt", "undo", "--yes"], "").code(1);
        assert!(
            refused
                .stderr
                .contains("cannot read these stored passwords: 1 argon2id"),
            "{refused:?}"
        );
    }
}

#[test]
fn a_column_that_would_cut_hashes_off_is_refused() {
    let Some(here) = lecture(&[("alice", "alice123", "admin")])
        .into_iter()
        .nth(1)
    else {
        return;
    };
    here.write("plan.toml", &IN_PLACE.replace("widen_to = 255", ""));
    let before = here.dump();
    let refused = run(&here).code(2);
    assert!(
        refused.stderr.contains("holds 100 characters")
            && refused.stderr.contains("widen_to = 255"),
        "{refused:?}"
    );
    assert_eq!(here.dump(), before);
}
