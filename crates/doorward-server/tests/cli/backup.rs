//! `doorward db backup`, `restore` and `copy`.

use std::{fs, os::unix::fs::PermissionsExt as _};

use doorward::store::Sql;

use crate::{
    adopted::{IN_PLACE, LECTURE_TABLE},
    installation::Installation,
};

/// An installation with a backup of a user.
fn backed_up() -> Installation {
    let here = Installation::sqlite();
    here.with_user("una", "admin");
    here.run(&["db", "backup", "backup"], "").code(0);
    here
}

fn everywhere() -> Vec<Installation> {
    [Some(Installation::sqlite()), Installation::mysql()]
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn a_backup_is_private_says_what_is_in_it_and_replaces_no_file_unasked() {
    for here in Installation::migrated() {
        here.with_user("una", "admin");
        let ran = here
            .run(&["db", "backup", "backup"], "")
            .code(0)
            .never_says("doorward:doorward")
            .never_says("$argon2id");
        assert!(ran.stderr.contains("accounts"), "{ran:?}");
        assert!(ran.stderr.contains("secret is not in it"), "{ran:?}");
        let mode = fs::metadata(here.path("backup"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let before = fs::read(here.path("backup")).unwrap();
        let ran = here.run(&["db", "backup", "backup"], "").code(2);
        assert!(ran.stderr.contains("--force"), "{ran:?}");
        assert_eq!(fs::read(here.path("backup")).unwrap(), before);
        here.run(&["db", "backup", "backup", "--force"], "").code(0);
        assert_ne!(fs::read(here.path("backup")).unwrap(), before);
        assert!(!here.files().contains(&"backup.part".to_owned()));
        let trail = here.run(&["audit", "list"], "").code(0);
        assert!(trail.stdout.contains("database_backed_up"), "{trail:?}");
    }
}

#[test]
fn a_backup_comes_back_into_every_engine_by_file_and_by_pipe() {
    let source = backed_up();
    let path = source.path("backup").display().to_string();
    let text = fs::read_to_string(source.path("backup")).unwrap();
    let whole = source
        .run(&["db", "restore", "--check", "backup"], "")
        .code(0);
    assert!(whole.stdout.contains("is whole"), "{whole:?}");
    for piped in [false, true] {
        for here in everywhere() {
            let (file, input) = if piped {
                ("-", text.as_str())
            } else {
                (path.as_str(), "")
            };
            let ran = here.run(&["db", "restore", file], input);
            let ran = ran.code(0).never_says("doorward:doorward");
            assert!(ran.stdout.contains("--end-sessions"), "{ran:?}");
            let users = here.run(&["user", "list"], "").code(0);
            assert!(users.stdout.contains("una"), "{users:?}");
            here.run(&["audit", "verify"], "").code(0);
            let ran = here.run(&["db", "restore", &path], "").code(1);
            assert!(ran.stderr.contains("is not empty"), "{ran:?}");
        }
    }
}

#[test]
fn what_is_no_whole_backup_is_refused_and_changes_nothing() {
    let source = backed_up();
    let text = fs::read_to_string(source.path("backup")).unwrap();
    let cut = &text[..text.len() - 5];
    let edited = text.replacen("\"admin\"", "\"owner\"", 1);
    let newer = text.replacen("\"schema\":70", "\"schema\":9999", 1);
    assert!(
        newer != text,
        "the schema has another number: write it here"
    );
    for (text, says) in [
        ("", "no backup of doorward"),
        ("id,username\n", "no backup of doorward"),
        (cut, "cut off"),
        (edited.as_str(), "something before it was changed"),
        (newer.as_str(), "with schema 9999"),
    ] {
        for here in everywhere() {
            for arguments in [
                &["db", "restore", "-"][..],
                &["db", "restore", "--check", "-"],
            ] {
                let ran = here.run(arguments, text).code(1);
                assert!(ran.stderr.contains(says), "{says}: {ran:?}");
            }
            let ran = here.run(&["user", "list"], "");
            assert!(!ran.stdout.contains("una"), "{ran:?}");
        }
    }
}

#[test]
fn a_copy_goes_from_each_engine_to_each_and_the_address_keeps_its_password() {
    for source in Installation::migrated() {
        source.with_user("una", "admin");
        for target in everywhere() {
            fs::create_dir_all(target.path("data")).unwrap();
            let copy = || source.run_with(&["db", "copy"], "DOORWARD_COPY_TO", &target.address());
            let ran = copy().code(0).never_says("doorward:doorward");
            assert!(ran.stdout.contains("the same secret"), "{ran:?}");
            let users = target.run(&["user", "list"], "").code(0);
            assert!(users.stdout.contains("una"), "{users:?}");
            let ran = copy().code(1);
            assert!(ran.stderr.contains("is not empty"), "{ran:?}");
        }
        let ran = source.run(&["db", "copy"], "").code(2);
        assert!(ran.stderr.contains("DOORWARD_COPY_TO"), "{ran:?}");
        let ran = source
            .run(&["db", "copy", "--to", "postgres://u:hidden@h/d"], "")
            .code(2)
            .never_says("hidden");
        assert!(ran.stderr.contains("cannot be used"), "{ran:?}");
    }
}

#[test]
fn an_applications_own_table_is_left_to_its_own_tools() {
    for here in everywhere() {
        fs::create_dir_all(here.path("data")).unwrap();
        here.write("plan.toml", IN_PLACE);
        here.open(async |database| {
            database.execute(LECTURE_TABLE, &[]).await.unwrap();
            let insert = Sql::both(
                "INSERT INTO users (username, password, role) VALUES ('alice', 'alice123', 'admin')",
            );
            database.execute(insert, &[]).await.unwrap();
        });
        here.run(&["adopt", "run", "plan.toml"], "").code(0);
        let ran = here.run(&["db", "backup", "backup"], "").code(1);
        assert!(ran.stderr.contains("the engine's own tools"), "{ran:?}");
        assert!(!here.path("backup").exists());
    }
}
