//! Everything of a database in a file and in another database, on every engine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may stop at once, and reads which servers it may use from the environment"
)]

mod databases;

use std::collections::{BTreeMap, BTreeSet};

use databases::Databases;
use doorward::{
    audit::{Event, EventKind},
    authority::Authority,
    caller::Caller,
    clock::Timestamp,
    password::PasswordHash,
    role::Role,
    session::EndReason,
    store::{
        Database, EndSessions, Sql, Store, UserDeed,
        backup::{
            self, AfterRestore, Archive, BackupError, NOT_CARRIED, Snapshot, TableContents, carried,
        },
    },
    user::UserId,
    username::Username,
};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$eulBsvxG/lLvEunGp0obMA$BWDaUQm99W7Nosg21LLsskHZ5OfJaEF1ApmJfC0dwgw";

async fn add(store: &Store, name: &str) -> UserId {
    let name = Username::parse(name).unwrap();
    let hash = PasswordHash::parse(HASH).unwrap();
    let added = store.add_user(&name, &hash, &Role::user(), NOW).await;
    added.unwrap().id
}

async fn run(database: &Database, sql: &'static str) {
    database.execute(Sql::both(sql), &[]).await.unwrap();
}

fn after() -> AfterRestore {
    AfterRestore {
        end_sessions: false,
        event: Event::success(EventKind::DatabaseRestored, &Caller::operator()),
    }
}

/// A row in every table that is carried, with nothing, with text of every script, with every byte and the largest numbers.
async fn fill(store: &Store) {
    add(store, "una").await;
    add(store, "ünä 三").await;
    let database = store.database();
    for sql in [
        "UPDATE accounts SET email = 'una@example.org', email_key = x'00ff', version = 9223372036854775807 WHERE user_id = 1",
        "INSERT INTO login_failures (bucket, failures, last_failed_at_ms) VALUES (x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff', 3, -1)",
        "INSERT INTO demo_mark (slot, marked_at_ms) VALUES (1, 5)",
        "INSERT INTO adoptions (id, mode, state, plan, source, started_at_ms, position, adopted, present, hashed, rejected, forms) \
         VALUES (x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff', 'copy', 'finished', '{\"a\": \"\\n🚪\"}', 'theirs', 1, 2, 3, 4, 5, 6, '{}')",
        "INSERT INTO adoption_rejects (adoption_id, place, username, reason) VALUES (x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff', 7, NULL, 'no password')",
        "INSERT INTO foreign_logins (kind, source, accepted, exchanged, expired, retired, last_seen_at_ms) VALUES ('token', 'old', 1, 2, 3, 4, 5)",
        "INSERT INTO login_sessions (id, user_id, method, epoch, created_at_ms, last_seen_at_ms, expires_at_ms, idle_at_ms, token_expires_at_ms, \
         chain_salt, generation, refresh_sha256, rotated_at_ms) VALUES (x'00000000000000000000000000000001', 1, 'password', 0, 1, 2, 3, 4, 5, \
         x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e00', 0, x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff', 6)",
        "INSERT INTO revocations (user_id, epoch, expires_at_ms) VALUES (1, 1, 2)",
        "INSERT INTO audit_seals (seq, event_id, hash) VALUES (1, 1, x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff')",
        "INSERT INTO defined_roles (name, description, created_at_ms, version) VALUES ('reader', 'reads', 1, 1)",
        "INSERT INTO role_permissions (role, permission) VALUES ('reader', 'users:read')",
        "INSERT INTO role_holders (user_id, role) VALUES (1, 'reader')",
        "INSERT INTO api_keys (id, user_id, name, key_sha256, scope, created_at_ms, expires_at_ms) VALUES (x'00000000000000000000000000000002', 1, 'nightly', \
         x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff', '', 1, 2)",
        "INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed_private, follows, published_at_ms, active_at_ms, retiring_at_ms, retired_at_ms, version) \
         VALUES ('k', 'ES256', '{}', x'00ff', '', 1, 2, 0, 0, 1)",
        "INSERT INTO bulk_jobs (deed, selection, state, actor_id, created_at_ms, finished_at_ms, position, last_id, total, done, failed, rejects, lease, lease_until_ms) \
         VALUES ('delete', '{}', 'running', 0, 1, 0, 0, 0, 0, 0, 0, '[]', x'00', 0)",
    ] {
        run(database, sql).await;
    }
    let event = Event::success(EventKind::UserCreated, &Caller::operator());
    store.record_alone(&event, NOW).await.unwrap();
}

async fn archive_of(store: &Store) -> (Vec<u8>, Vec<TableContents>) {
    let mut bytes = Vec::new();
    let snapshot = Snapshot::take(store, NOW).await.unwrap();
    let contents = snapshot.write(&mut bytes).await.unwrap();
    (bytes, contents)
}

async fn restored(database: &Database, bytes: &[u8]) -> Result<Vec<TableContents>, BackupError> {
    let archive = Archive::open(bytes).unwrap();
    backup::restore(database, archive, &after(), NOW).await
}

/// Without the tables to which the restoring itself adds.
fn without_trail(contents: &[TableContents]) -> Vec<&TableContents> {
    contents
        .iter()
        .filter(|table| table.table != "audit_events")
        .collect()
}

#[tokio::test]
async fn every_table_and_every_column_is_carried_or_left_out_on_purpose() {
    let left_out: BTreeSet<_> = NOT_CARRIED.iter().map(|(table, _)| *table).collect();
    for database in Databases::fresh().await.iter() {
        let columns = Sql::each(
            "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'",
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()",
        );
        let rows: Vec<(String, String)> = database.fetch_all(columns, &[]).await.unwrap();
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (table, column) in rows {
            found.entry(table).or_default().insert(column);
        }
        found.remove("_sqlx_migrations");
        found.retain(|table, _| !left_out.contains(table.as_str()));
        let expected: BTreeMap<String, BTreeSet<String>> = carried()
            .map(|(table, columns)| {
                (
                    table.to_owned(),
                    columns.into_iter().map(str::to_owned).collect(),
                )
            })
            .collect();
        assert_eq!(found, expected, "{}", database.engine());
    }
}

#[tokio::test]
async fn what_is_in_one_engine_comes_into_every_other_unchanged() {
    for source in Databases::fresh().await.stores() {
        fill(&source).await;
        let (bytes, contents) = archive_of(&source).await;
        for table in &contents {
            assert!(table.rows > 0, "{} is not tried", table.table);
        }
        for target in Databases::fresh().await.iter() {
            let done = restored(target, &bytes).await.unwrap();
            assert_eq!(done, contents);
            let (_, again) = archive_of(&Store::new(target.clone())).await;
            assert_eq!(without_trail(&again), without_trail(&contents));
        }
        for target in Databases::fresh().await.iter() {
            let snapshot = Snapshot::take(&source, NOW).await.unwrap();
            let done = snapshot.copy(target, &after(), NOW).await.unwrap();
            assert_eq!(done, contents);
            let (_, again) = archive_of(&Store::new(target.clone())).await;
            assert_eq!(without_trail(&again), without_trail(&contents));
        }
    }
}

#[tokio::test]
async fn many_rows_come_in_whole() {
    for source in Databases::fresh().await.stores() {
        run(
            source.database(),
            "INSERT INTO users (username, password, role) VALUES ('u', 'x', 'user')",
        )
        .await;
        for bits in 0..10 {
            let sql = format!(
                "INSERT INTO users (username, password, role) SELECT CONCAT(username, '{bits}'), 'x', 'user' FROM users"
            );
            run(source.database(), Box::leak(sql.into_boxed_str())).await;
        }
        let (bytes, contents) = archive_of(&source).await;
        assert_eq!(contents[0].rows, 1024);
        for target in Databases::fresh().await.iter() {
            assert_eq!(restored(target, &bytes).await.unwrap(), contents);
        }
    }
}

#[tokio::test]
async fn a_snapshot_does_not_see_what_comes_after_it() {
    for source in Databases::fresh().await.stores() {
        add(&source, "before").await;
        let snapshot = Snapshot::take(&source, NOW).await.unwrap();
        add(&source, "after").await;
        let contents = snapshot.write(Vec::new()).await.unwrap();
        let rows = |name: &str| {
            contents
                .iter()
                .find(|table| table.table == name)
                .unwrap()
                .rows
        };
        assert_eq!((rows("users"), rows("accounts")), (1, 1));
    }
}

#[tokio::test]
async fn the_number_of_a_deleted_user_is_not_given_again_after_a_restore() {
    for source in Databases::fresh().await.stores() {
        add(&source, "una").await;
        let last = add(&source, "gone").await;
        let (deed, operator) = (UserDeed::Delete, Authority::operator());
        let deleting = source.do_to_user(last, None, &deed, &operator, NOW);
        deleting.await.unwrap();
        let (bytes, _) = archive_of(&source).await;
        for target in Databases::fresh().await.iter() {
            restored(target, &bytes).await.unwrap();
            let new = add(&Store::new(target.clone()), "new").await;
            assert!(new > last, "{new:?} {last:?} {}", target.engine());
        }
    }
}

#[tokio::test]
async fn a_database_with_something_in_it_is_not_filled() {
    for source in Databases::fresh().await.stores() {
        add(&source, "una").await;
        let (bytes, _) = archive_of(&source).await;
        let refused = restored(source.database(), &bytes).await;
        assert!(matches!(refused, Err(BackupError::NotEmpty { .. })));
        let snapshot = Snapshot::take(&source, NOW).await.unwrap();
        let refused = snapshot.copy(source.database(), &after(), NOW).await;
        assert!(matches!(refused, Err(BackupError::NotEmpty { .. })));
    }
}

#[tokio::test]
async fn of_a_backup_that_is_damaged_at_its_end_nothing_is_restored() {
    for source in Databases::fresh().await.stores() {
        fill(&source).await;
        let (bytes, _) = archive_of(&source).await;
        for target in Databases::fresh().await.iter() {
            let cut = &bytes[..bytes.len() - 10];
            assert!(matches!(
                restored(target, cut).await,
                Err(BackupError::Archive(_))
            ));
            // Empty still: the whole one is accepted.
            restored(target, &bytes).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_database_that_is_behind_is_neither_backed_up_nor_filled() {
    for source in Databases::fresh().await.stores() {
        let (bytes, _) = archive_of(&source).await;
        for database in Databases::fresh().await.iter() {
            run(database, "DELETE FROM _sqlx_migrations WHERE version = 70").await;
            let store = Store::new(database.clone());
            let taken = Snapshot::take(&store, NOW).await;
            assert!(matches!(taken, Err(BackupError::Behind)));
            let refused = restored(database, &bytes).await;
            assert!(matches!(refused, Err(BackupError::Behind)));
        }
    }
}

#[tokio::test]
async fn sessions_end_with_a_restore_that_is_to_end_them() {
    for source in Databases::fresh().await.stores() {
        fill(&source).await;
        let (bytes, _) = archive_of(&source).await;
        // After the backup a user's tokens get a higher epoch than any in it.
        let una = UserId::new(1);
        let event = Event::success(EventKind::SessionsEnded, &Caller::operator());
        let raised = source
            .end_sessions_of(una, EndSessions::All(EndReason::Logout), &event, NOW)
            .await;
        let raised = raised.unwrap().unwrap();
        for target in Databases::fresh().await.iter() {
            let archive = Archive::open(bytes.as_slice()).unwrap();
            let after = AfterRestore {
                end_sessions: true,
                ..after()
            };
            backup::restore(target, archive, &after, NOW).await.unwrap();
            let sql = "SELECT COUNT(*) FROM login_sessions WHERE ended_at_ms IS NULL";
            let going_on: Option<(i64,)> =
                target.fetch_optional(Sql::both(sql), &[]).await.unwrap();
            assert_eq!(going_on, Some((0,)));
            let sql = "SELECT MIN(epoch) FROM revocations WHERE expires_at_ms > 1800000000000";
            let lowest: Option<(i64,)> = target.fetch_optional(Sql::both(sql), &[]).await.unwrap();
            assert!(lowest.unwrap().0 > raised);
            let sql = "SELECT MIN(session_epoch) FROM accounts";
            let lowest: Option<(i64,)> = target.fetch_optional(Sql::both(sql), &[]).await.unwrap();
            assert!(lowest.unwrap().0 > raised);
        }
    }
}
