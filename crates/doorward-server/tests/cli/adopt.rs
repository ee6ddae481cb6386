//! `doorward adopt …`: a copy from each kind of source, and what is asked of its plan.

use doorward::store::Sql;

use crate::adopted::{COPY, LECTURE_TABLE, PBKDF2, SCRYPT};
use crate::installation::{Installation, Ran};

fn run(here: &Installation, more: &[&str]) -> Ran {
    here.run(&[&["adopt", "run", "plan.toml"][..], more].concat(), "")
}

#[test]
fn every_kind_of_source_gives_the_same_users() {
    let csv = format!(
        "id,username,password,role,extra\n3,Zoë,{SCRYPT},admin,\"two\nlines\"\n7,\"b,ob\",{PBKDF2},user,\n"
    );
    let json = format!(
        "{{\"id\": 3, \"username\": \"Zoë\", \"password\": \"{SCRYPT}\", \"role\": \"admin\"}}\n\n{{\"role\": \"user\", \"password\": \"{PBKDF2}\", \"username\": \"b,ob\", \"id\": \"7\"}}"
    );
    let theirs = [Some(Installation::sqlite()), Installation::mysql()];
    let mut sources = vec![
        ("users.csv".to_owned(), csv),
        ("users.jsonl".to_owned(), json),
    ];
    for source in theirs.iter().flatten() {
        std::fs::create_dir_all(source.path("data")).unwrap();
        source.open(async |database| {
            database.execute(LECTURE_TABLE, &[]).await.unwrap();
            if database.engine() == "mysql" {
                let wider = Sql::both("ALTER TABLE users MODIFY password VARBINARY(255), MODIFY id BIGINT UNSIGNED AUTO_INCREMENT");
                database.execute(wider, &[]).await.unwrap();
            }
            for (id, name, password, role) in [(3, "Zoë", SCRYPT, "admin"), (7, "b,ob", PBKDF2, "user")] {
                let insert = Sql::both("INSERT INTO users (id, username, password, role) VALUES (?, ?, ?, ?)");
                let args = [i64::into(id), name.into(), password.into(), role.into()];
                database.execute(insert, &args).await.unwrap();
            }
        });
        sources.push((source.address(), String::new()));
    }
    let mut dumps = Vec::new();
    for (source, text) in &sources {
        for here in Installation::migrated() {
            let here = here.with("DOORWARD_ADOPT_FROM", source);
            here.write("plan.toml", COPY);
            if !text.is_empty() {
                here.write(source, text);
            }
            let ran = run(&here, &[]).code(0).never_says("doorward:doorward");
            assert!(
                ran.stdout.starts_with("adopted 2 users"),
                "{source}: {ran:?}"
            );
            let dump = here.dump();
            // The position is an id in a table, a line in a file.
            dumps.push(
                dump.lines()
                    .skip(1)
                    .filter(|line| !line.starts_with("copy"))
                    .collect::<Vec<_>>()
                    .join("\n"),
            );
            let shown = here.run(&["user", "show", "ZOË"], "").code(0);
            assert!(shown.stdout.contains("werkzeug-scrypt"), "{shown:?}");
            let status = here
                .run(&["adopt", "status"], "")
                .code(0)
                .never_says("doorward:doorward");
            assert!(status.stdout.contains("copy, complete"), "{status:?}");
            assert!(
                status
                    .stdout
                    .contains("werkzeug-pbkdf2: 1 now, 1 at adoption"),
                "{status:?}"
            );
        }
    }
    assert!(dumps.iter().all(|dump| *dump == dumps[0]), "{dumps:#?}");
}

#[test]
fn rows_that_cannot_be_adopted_are_named_with_their_line_and_the_others_are_not_lost() {
    let long = "x".repeat(51);
    let csv = format!(
        "\u{feff}id,username,password,role\r\n\
         1,alice,{SCRYPT},admin\r\n\
         2,ALICE,{SCRYPT},user\r\n\
         0,zero,{SCRYPT},user\r\n\
         2147483648,big,{SCRYPT},user\r\n\
         five,word,{SCRYPT},user\r\n\
         6,{long},{SCRYPT},user\r\n\
         7,empty,,user\r\n\
         8,short,{SCRYPT}\r\n\
         9,open,\"{SCRYPT},user\r\n\
         10,strange,hello,user\r\n\
         11,costly,pbkdf2:sha256:999999999$ab$00,user\r\n\
         1,alice,{SCRYPT},admin\r\n\
         12,last,{PBKDF2},user"
    );
    for here in Installation::migrated() {
        here.write("plan.toml", COPY);
        here.write("users.csv", &csv);
        let dry = run(
            &here,
            &["--from", "users.csv", "--dry-run", "--rejects", "dry.jsonl"],
        )
        .code(3);
        assert!(dry.stdout.contains("would adopt 2 users"), "{dry:?}");
        let ran = run(&here, &["--from", "users.csv"]).code(3);
        assert!(
            ran.stdout
                .contains("in all 2 adopted, 1 there before, 0 passwords hashed, 10 rejected"),
            "{ran:?}"
        );
        let rejects = here.rejects("plan.rejects.jsonl");
        assert_eq!(rejects, here.rejects("dry.jsonl"));
        let said: Vec<String> = rejects
            .iter()
            .map(|(line, name, reason)| {
                format!("{line} {} {reason}", name.as_deref().unwrap_or("-"))
            })
            .collect();
        for (said, expected) in said.iter().zip([
            "3 ALICE its name is that of user 1",
            "4 zero its id 0 is outside",
            "5 big its id 2147483648 is outside",
            "6 word its id \"five\" is no whole number",
            "7 xxx",
            "8 empty it has no password",
            "9 - it has 3 fields, the header has 4",
            "10 - a quote on this line is not closed",
            "11 strange its password is in no known format",
            "12 costly ",
        ]) {
            assert!(said.starts_with(expected), "{said} instead of {expected}");
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let report = std::fs::metadata(here.path("plan.rejects.jsonl")).unwrap();
            assert_eq!(report.permissions().mode() & 0o777, 0o600);
        }
    }
}

#[test]
fn a_dry_run_changes_nothing_at_all() {
    let csv = format!(
        "id,username,password,role\n1,alice,{SCRYPT},admin\n2,bob,secret,user\n3,Bob,secret,user\n"
    );
    for here in Installation::migrated() {
        here.with_user("carl", "user");
        here.write(
            "plan.toml",
            &format!("{COPY}[passwords]\nplaintext = \"hash\"\n"),
        );
        here.write("users.csv", &csv.replace("1,alice", "9,alice"));
        let before = here.dump();
        let ran = run(&here, &["--from", "users.csv", "--dry-run"]).code(3);
        assert!(ran.stdout.contains("would adopt 2 users"), "{ran:?}");
        assert!(ran.stdout.contains("would hash 1 passwords"), "{ran:?}");
        assert_eq!(here.dump(), before);
    }
}

#[test]
fn rows_without_a_number_get_new_ones_and_duplicates_the_number_of_their_winner() {
    let csv =
        format!("username,password\nalice,{SCRYPT}\nAlice,{SCRYPT}\nbob,{SCRYPT}\ncarl,{SCRYPT}\n");
    let plan = COPY
        .replace("id = \"id\"\n", "")
        .replace("{ column = \"role\" }", "{ always = \"user\" }");
    for here in Installation::migrated() {
        here.with_user("carl", "user");
        here.write("plan.toml", &plan);
        here.write("users.csv", &csv);
        let ran = run(&here, &["--from", "users.csv"]).code(3);
        assert!(
            ran.stdout.contains("in all 2 adopted, 1 there before"),
            "{ran:?}"
        );
        let alice = here.run(&["user", "show", "alice"], "").code(0);
        let id = alice
            .stdout
            .lines()
            .next()
            .unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .to_owned();
        let rejects = here.rejects("plan.rejects.jsonl");
        assert_eq!(rejects.len(), 1);
        assert!(
            rejects[0].0 == 3 && rejects[0].2.contains(&format!("user {id},")),
            "{rejects:?}"
        );
    }
}

#[test]
fn a_number_that_is_taken_by_another_name_is_a_reject_and_nobody_is_overwritten() {
    for here in Installation::migrated() {
        here.with_user("carl", "user");
        here.write("plan.toml", COPY);
        here.write("users.csv", &format!("id,username,password,role\n1,alice,{SCRYPT},admin\n2,carl,{SCRYPT},admin\n3,dora,{SCRYPT},user\n"));
        let before = here
            .dump()
            .lines()
            .find(|line| line.contains("carl"))
            .unwrap()
            .to_owned();
        run(&here, &["--from", "users.csv"]).code(3);
        let reasons: Vec<String> = here
            .rejects("plan.rejects.jsonl")
            .into_iter()
            .map(|(_, _, reason)| reason)
            .collect();
        assert_eq!(reasons[0], "user 1 is there already, with another name");
        assert!(
            reasons[1].starts_with("its name is that of user 1,"),
            "{reasons:?}"
        );
        assert!(here.dump().contains(&before) && here.dump().contains("dora"));
    }
}

#[test]
fn plaintext_is_hashed_only_when_the_plan_says_so_and_logs_in_afterwards() {
    let here = &Installation::migrated()[0];
    here.write(
        "users.csv",
        "id,username,password,role\n1,alice,alice123,admin\n",
    );
    here.write("plan.toml", COPY);
    run(here, &["--from", "users.csv"]).code(3);
    assert!(!here.dump().contains("alice123"));
    here.write(
        "plan.toml",
        &format!("{COPY}[passwords]\nplaintext = \"hash\"\n"),
    );
    let ran = run(here, &["--from", "users.csv"]).code(0);
    assert!(ran.stdout.contains("1 passwords hashed"), "{ran:?}");
    assert!(here.dump().contains("$argon2id$") && !here.dump().contains("alice123"));
}

#[test]
fn a_wrong_plan_or_source_is_refused_with_code_two_before_anything_is_touched() {
    let here = Installation::sqlite();
    here.write("users.csv", "id,name,hash\n");
    for (plan, from, said) in [
        (
            COPY.replace("mode =", "mood ="),
            "users.csv",
            "line 3, column 1: unknown field `mood`",
        ),
        (
            COPY.replace("id = \"id\"", "id = 5"),
            "users.csv",
            "line 6, column 6",
        ),
        (
            COPY.replace("version = 1", "version = 2"),
            "users.csv",
            "this program reads version 1",
        ),
        (
            COPY.to_owned(),
            "missing.csv",
            "there is no file missing.csv",
        ),
        (
            COPY.to_owned(),
            "users.csv",
            "users.csv has no column username; it has: id, name, hash",
        ),
        (
            COPY.to_owned(),
            "postgres://u:hunter2@h/d",
            "neither mysql://",
        ),
        (COPY.replace("copy", "in-place"), "users.csv", "in place"),
    ] {
        here.write("plan.toml", &plan);
        let ran = run(&here, &["--from", from]).code(2).never_says("hunter2");
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    here.write("plan.toml", COPY);
    let ran = run(&here, &[]).code(2);
    assert!(ran.stderr.contains("DOORWARD_ADOPT_FROM"), "{ran:?}");
}

#[test]
fn a_password_in_a_flag_is_warned_of_and_never_repeated() {
    let here = &Installation::migrated()[0];
    here.write("plan.toml", COPY);
    let ran = run(here, &["--from", "mysql://root:hunter2@127.0.0.1:1/x"])
        .code(1)
        .never_says("hunter2");
    assert!(
        ran.stderr.contains("warning: every user") && ran.stderr.contains("goes on from there"),
        "{ran:?}"
    );
}
