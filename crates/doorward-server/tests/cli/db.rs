//! `doorward db …`.

use crate::installation::{Installation, Ran};

fn both() -> Vec<Installation> {
    [Some(Installation::sqlite()), Installation::mysql()]
        .into_iter()
        .flatten()
        .collect()
}

fn migrate(here: &Installation) -> Ran {
    here.run(&["db", "migrate"], "").code(0)
}

#[test]
fn a_migration_is_named_once_and_the_second_time_there_is_nothing_to_do() {
    for here in both() {
        let first = migrate(&here).never_says("doorward:doorward");
        assert!(first.stdout.contains("applied 0001 users\n"), "{first:?}");
        let second = migrate(&here);
        assert_eq!(
            second.stdout,
            format!("{} is current, nothing to do\n", here.database())
        );
    }
}

#[test]
fn a_dry_run_prints_the_statements_and_changes_nothing() {
    let here = Installation::sqlite();
    let ran = here.run(&["db", "migrate", "--dry-run"], "").code(0);
    assert!(
        ran.stdout.contains("CREATE TABLE accounts"),
        "{}",
        ran.stdout
    );
    assert_eq!(here.files(), Vec::<String>::new());

    for here in both() {
        // An empty database that is there.
        std::fs::create_dir_all(here.path("data")).unwrap();
        here.open(async |_| ());
        let before = here.run(&["db", "migrate", "--dry-run"], "").code(0);
        assert!(
            before.stdout.contains("CREATE TABLE users"),
            "{}",
            before.stdout
        );
        assert!(
            before.stdout.contains("was not changed"),
            "{}",
            before.stdout
        );
        here.open(async |database| {
            let tables = doorward::store::Sql::each(
                "SELECT COUNT(*) FROM sqlite_master",
                "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()",
            );
            let count: Option<(i64,)> = database.fetch_optional(tables, &[]).await.unwrap();
            assert_eq!(count, Some((0,)));
        });
        migrate(&here);
        let after = here.run(&["db", "migrate", "--dry-run"], "").code(0);
        assert_eq!(
            after.stdout,
            format!("-- {} is current, nothing would be done\n", here.database())
        );
    }
}

#[test]
fn the_status_tells_what_is_pending_and_ends_with_code_one() {
    for here in both() {
        migrate(&here);
        let ran = here
            .run(&["db", "status"], "")
            .code(0)
            .never_says("doorward:doorward");
        assert!(ran.stdout.contains(&here.database()), "{}", ran.stdout);
        assert!(ran.stdout.contains("schema    current\n"), "{}", ran.stdout);
        assert!(ran.stdout.contains("rows      users 0\n"), "{}", ran.stdout);
        here.execute("DELETE FROM _sqlx_migrations WHERE version = 4");
        let ran = here.run(&["db", "status"], "").code(1);
        assert!(
            ran.stdout.contains("pending   0004 setup link\n"),
            "{}",
            ran.stdout
        );
        assert!(ran.stdout.contains("doorward db migrate"), "{}", ran.stdout);
        let ran = here.run(&["user", "list"], "").code(1);
        assert!(ran.stderr.contains("1 migration behind"), "{}", ran.stderr);
    }
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    for here in both() {
        migrate(&here);
        here.execute("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 4");
        for arguments in [&["db", "status"][..], &["db", "migrate"][..]] {
            let ran = here.run(arguments, "").code(1);
            assert!(ran.stderr.contains("newer version"), "{}", ran.stderr);
        }
    }
}
