//! Adoptions through the library, where a test needs its hands on the database's connection or the file's content.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may stop at once, and reads which servers it may use from the environment"
)]

mod databases;

use std::{fmt::Write as _, fs, path::Path};

use databases::Databases;
use doorward::{
    adoption::{Adoption, AdoptionError, Outcome, Plan, Progress, SourceAddress},
    clock::SystemClock,
    password::{AcceptedForms, HashPool, HashPoolConfig},
    store::{Database, DatabaseUrl, Sql, StoreError},
};

const HASH: &str = "pbkdf2:sha256:600000$FUWOCLALYSVGtaVm$9193ff4066ce1166d8eb4a0b1252ba426c5767c791fca8a9f76f3fdbae89e183";

fn plan(mode: &str, id: &str) -> Plan {
    serde_json::from_str(&format!(
        r#"{{"version": 1, "mode": "{mode}", "users": {{"table": "members", "id": "{id}", "username": "name",
            "password": "hash", "role": {{"always": "user"}}}}}}"#
    ))
    .unwrap()
}

async fn run(
    database: &Database,
    plan: &Plan,
    from: &SourceAddress,
) -> Result<Outcome, AdoptionError> {
    let hashes = HashPool::start(HashPoolConfig::default()).unwrap();
    let adoption = Adoption {
        database,
        plan,
        accepted: AcceptedForms::default(),
        hashes: &hashes,
        clock: &SystemClock,
        progress: &Progress::default(),
    };
    adoption.run(Some(from)).await
}

fn csv(path: &Path, rows: std::ops::RangeInclusive<u32>) -> SourceAddress {
    let mut text = String::from("id,name,hash\n");
    for row in rows {
        writeln!(text, "{row},user{row},{HASH}").unwrap();
    }
    fs::write(path, text).unwrap();
    SourceAddress::Csv(path.to_owned())
}

async fn counts(database: &Database) -> (i64, i64, i64) {
    let counts = Sql::both(
        "SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM accounts), (SELECT COALESCE(MAX(adopted), 0) FROM adoptions)",
    );
    database.fetch_optional(counts, &[]).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_full_disk_stops_between_two_batches_and_room_lets_the_next_run_complete() {
    let folder = tempfile::tempdir().unwrap();
    let from = csv(&folder.path().join("users.csv"), 1..=100_000);
    let url = DatabaseUrl::Sqlite(folder.path().join("ours.db"));
    let sqlite = &Database::connect(&url, 1).await.unwrap();
    sqlite.migrate().await.unwrap();
    // The limit holds for the one connection that writes.
    sqlite
        .execute(Sql::both("PRAGMA max_page_count = 4000"), &[])
        .await
        .unwrap();
    let plan = plan("copy", "id");
    let error = run(sqlite, &plan, &from).await.unwrap_err();
    assert!(
        matches!(error, AdoptionError::Store(StoreError::Unwritable(_))),
        "{error}"
    );
    assert!(error.to_string().contains("full"), "{error}");
    let (users, accounts, adopted) = counts(sqlite).await;
    assert!(
        users == adopted && accounts == adopted && (1..100_000).contains(&adopted),
        "{users} {accounts} {adopted}"
    );
    // Another process, with room.
    sqlite.close().await;
    let sqlite = &Database::connect(&url, 1).await.unwrap();
    let outcome = run(sqlite, &plan, &from).await.unwrap();
    assert!(outcome.resumed);
    assert_eq!(counts(sqlite).await, (100_000, 100_000, 100_000));
}

#[tokio::test]
async fn a_table_without_a_number_is_copied_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let theirs = folder.path().join("theirs.db");
    let url = DatabaseUrl::Sqlite(theirs.clone());
    let source = Database::connect(&url, 1).await.unwrap();
    for statement in [
        "CREATE TABLE members (id TEXT PRIMARY KEY, name TEXT, hash TEXT)",
        "INSERT INTO members VALUES ('b', 'bob', 'pbkdf2:sha256:600000$FUWOCLALYSVGtaVm$9193ff4066ce1166d8eb4a0b1252ba426c5767c791fca8a9f76f3fdbae89e183'), \
         ('a', 'BOB', 'pbkdf2:sha256:600000$FUWOCLALYSVGtaVm$9193ff4066ce1166d8eb4a0b1252ba426c5767c791fca8a9f76f3fdbae89e183')",
    ] {
        source.execute(Sql::both(statement), &[]).await.unwrap();
    }
    source.close().await;
    let before = fs::read(&theirs).unwrap();
    let mut plan = plan("copy", "id");
    plan.users.id = None;
    for database in Databases::fresh().await.iter() {
        let outcome = run(database, &plan, &SourceAddress::Database(url.clone()))
            .await
            .unwrap();
        // In the order of their key: a before b.
        assert_eq!((outcome.counts.adopted, outcome.counts.rejected), (1, 1));
        let record = outcome.record.unwrap();
        let rejects = database.list_rejects(record.id, 0, 10).await.unwrap();
        assert_eq!(
            (rejects[0].place, rejects[0].username.as_deref()),
            (2, Some("bob"))
        );
        let again = run(database, &plan, &SourceAddress::Database(url.clone()))
            .await
            .unwrap();
        assert!(again.is_nothing());
    }
    assert_eq!(
        fs::read(&theirs).unwrap(),
        before,
        "the source is only read"
    );
}

#[tokio::test]
async fn a_file_that_grew_is_a_new_adoption_that_adds_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.csv");
    let plan = plan("copy", "id");
    for database in Databases::fresh().await.iter() {
        run(database, &plan, &csv(&path, 1..=3)).await.unwrap();
        let outcome = run(database, &plan, &csv(&path, 1..=5)).await.unwrap();
        assert_eq!((outcome.counts.adopted, outcome.counts.present), (2, 3));
        assert_eq!(database.adoptions().await.unwrap().len(), 2);
        assert_eq!(database.in_place_plan().await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_database_without_our_tables_has_no_adoption() {
    for database in Databases::empty().await.iter() {
        assert_eq!(database.in_place_plan().await.unwrap(), None);
        assert_eq!(database.adoptions().await.unwrap(), Vec::new());
    }
}

#[tokio::test]
async fn a_user_that_was_deleted_after_a_copy_stays_deleted_when_the_copy_is_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let theirs = folder.path().join("theirs.db");
    let url = DatabaseUrl::Sqlite(theirs);
    let source = Database::connect(&url, 1).await.unwrap();
    let insert = Sql::both("INSERT INTO members (id, name, hash) VALUES (?, ?, ?)");
    source
        .execute(
            Sql::both("CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT, hash TEXT)"),
            &[],
        )
        .await
        .unwrap();
    for (id, name) in [(1, "alice"), (2, "bob")] {
        source
            .execute(insert.clone(), &[i64::into(id), name.into(), HASH.into()])
            .await
            .unwrap();
    }
    let plan = plan("copy", "id");
    let from = SourceAddress::Database(url);
    let databases = Databases::fresh().await;
    for database in databases.iter() {
        run(database, &plan, &from).await.unwrap();
        for statement in [
            "DELETE FROM accounts WHERE user_id = 2",
            "DELETE FROM users WHERE id = 2",
        ] {
            database.execute(Sql::both(statement), &[]).await.unwrap();
        }
    }
    source
        .execute(insert, &[3_i64.into(), "carl".into(), HASH.into()])
        .await
        .unwrap();
    for database in databases.iter() {
        let outcome = run(database, &plan, &from).await.unwrap();
        assert!(outcome.repeated);
        assert_eq!(outcome.counts.adopted, 1);
        assert_eq!(counts(database).await, (2, 2, 3));
    }
}
