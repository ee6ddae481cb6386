//! The schema: both engines alike, every step from a filled database, released files never changed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may stop at once, and reads which servers it may use from the environment"
)]

mod databases;

use std::{collections::BTreeMap, fs, path::PathBuf};

use databases::Databases;
use sha2::{Digest, Sha256};

fn folder(engine: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("migrations")
        .join(engine)
}

fn files(engine: &str) -> BTreeMap<String, String> {
    fs::read_dir(folder(engine))
        .expect("a folder")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, fs::read_to_string(path).expect("a text"))
        })
        .collect()
}

#[test]
fn both_engines_have_the_same_steps() {
    assert_eq!(
        files("sqlite").keys().collect::<Vec<_>>(),
        files("mysql").keys().collect::<Vec<_>>()
    );
}

#[test]
fn a_mysql_file_holds_one_statement() {
    for (name, text) in files("mysql") {
        let statements = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("--"))
            .collect::<String>();
        assert_eq!(statements.matches(';').count(), 1, "{name}");
    }
}

/// Files of a released version. A line is added with a release and never changed.
const RELEASED: &[(&str, &str)] = &[];

#[test]
fn a_released_file_never_changes() {
    let known: BTreeMap<_, _> = ["sqlite", "mysql"]
        .iter()
        .flat_map(|engine| {
            files(engine)
                .into_iter()
                .map(move |(name, text)| (format!("{engine}/{name}"), text))
        })
        .collect();
    for (name, checksum) in RELEASED {
        let text = known.get(*name).unwrap_or_else(|| panic!("{name} is gone"));
        let found = Sha256::digest(text)
            .iter()
            .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        assert_eq!(&found, checksum, "{name}");
    }
}

#[tokio::test]
async fn a_fresh_database_becomes_current_once_and_stays_so() {
    for database in Databases::empty().await.iter() {
        let before = database.schema_status().await.expect("reads");
        assert!(before.applied.is_empty() && !before.is_current());
        let first = database.migrate().await.expect("migrates");
        assert_eq!(first.applied, before.pending);
        assert_eq!(first.copy, None, "there was nothing to lose");
        assert!(database.schema_status().await.expect("reads").is_current());
        assert!(database.migrate().await.expect("runs").applied.is_empty());
    }
}

#[tokio::test]
async fn two_starts_at_once_migrate_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("x.db").display());
    let url = doorward::store::DatabaseUrl::parse(&url).expect("an address");
    let (a, b) = tokio::join!(
        doorward::store::Database::connect(&url, 2),
        doorward::store::Database::connect(&url, 2)
    );
    let (a, b) = (a.expect("connects"), b.expect("connects"));
    let (a, b) = tokio::join!(a.migrate(), b.migrate());
    let applied = a.expect("migrates").applied.len() + b.expect("migrates").applied.len();
    assert_eq!(applied, files("sqlite").len());
}

#[tokio::test]
async fn tables_of_somebody_else_are_not_touched() {
    for database in Databases::empty().await.iter() {
        execute(
            database,
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(20))",
        )
        .await;
        let error = database.migrate().await.expect_err("refuses").to_string();
        assert!(
            error.contains("users") && error.contains("adopt inspect"),
            "{error}"
        );
        assert!(!database.has_table("accounts").await.expect("reads"));
    }
}

#[tokio::test]
async fn the_schema_goes_beside_a_users_table_that_was_there() {
    for database in Databases::empty().await.iter() {
        execute(
            database,
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(20))",
        )
        .await;
        database.migrate_beside().await.expect("migrates");
        assert!(database.schema_status().await.expect("reads").is_current());
        assert!(
            database
                .migrate_beside()
                .await
                .expect("runs")
                .applied
                .is_empty()
        );
        execute(
            database,
            "INSERT INTO users (id, name) VALUES (1, 'theirs')",
        )
        .await;
    }
}

#[tokio::test]
async fn another_table_with_one_of_our_names_is_in_the_way_beside_theirs_too() {
    for database in Databases::empty().await.iter() {
        execute(database, "CREATE TABLE accounts (iban VARCHAR(34))").await;
        let error = database
            .migrate_beside()
            .await
            .expect_err("refuses")
            .to_string();
        assert!(error.contains("accounts"), "{error}");
        assert!(!database.has_table("_sqlx_migrations").await.expect("reads"));
    }
}

#[tokio::test]
async fn a_migration_that_was_cut_off_is_settled_by_what_is_there() {
    for database in Databases::fresh().await.iter() {
        // The process died after the table was made, and before that was written down.
        execute(
            database,
            "UPDATE _sqlx_migrations SET success = FALSE WHERE version = 5",
        )
        .await;
        database.migrate().await.expect("settles");
        // It died before the table was made.
        execute(database, "DROP TABLE demo_mark").await;
        execute(
            database,
            "UPDATE _sqlx_migrations SET success = FALSE WHERE version = 5",
        )
        .await;
        database.migrate().await.expect("runs it again");
        assert!(database.has_table("demo_mark").await.expect("reads"));
        assert!(database.schema_status().await.expect("reads").is_current());
    }
}

async fn execute(database: &doorward::store::Database, sql: &'static str) {
    let sql = doorward::store::Sql::both(sql);
    database.execute(sql, &[]).await.expect("runs");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    for database in Databases::fresh().await.iter() {
        let insert = doorward::store::Sql::both(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', TRUE, x'00', 0)",
        );
        database.execute(insert, &[]).await.expect("inserts");
        let error = database.migrate().await.expect_err("refuses").to_string();
        assert!(error.contains("9999") && error.contains("newer"), "{error}");
    }
}
