//! What is left of a user who was deleted, on every engine: the audit trail, and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may stop at once, and reads which servers it may use from the environment"
)]

mod databases;

use std::collections::BTreeSet;

use databases::Databases;
use doorward::{
    authority::Authority,
    clock::Timestamp,
    password::PasswordHash,
    role::Role,
    store::{Database, Revoked, Sql, Store, UserDeed},
    user::{User, UserId},
    username::Username,
};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

async fn run(database: &Database, sql: String) {
    let sql = Sql::both(Box::leak(sql.into_boxed_str()));
    database.execute(sql, &[]).await.expect("runs");
}

async fn add(store: &Store, name: &str) -> User {
    let hash = PasswordHash::parse(HASH).unwrap();
    let name = Username::parse(name).unwrap();
    let added = store.add_user(&name, &hash, &Role::user(), NOW).await;
    added.unwrap()
}

async fn delete(store: &Store, user: UserId) {
    let authority = Authority::operator();
    let deleting = store.do_to_user(user, None, &UserDeed::Delete, &authority, NOW);
    deleting.await.unwrap();
}

/// Everything that can belong to a user: a session, a role, an API key, a link, a letter that waits, an address.
async fn give_all(database: &Database, user: UserId) {
    let id = user.get();
    let tag = format!("x'{}'", format!("{id:02x}").repeat(16));
    let long_tag = format!("x'{}'", format!("{id:02x}").repeat(32));
    for sql in [
        format!(
            "INSERT INTO login_sessions (id, user_id, method, epoch, created_at_ms, last_seen_at_ms, expires_at_ms, \
             idle_at_ms, token_expires_at_ms, chain_salt, generation, refresh_sha256, rotated_at_ms) \
             VALUES ({tag}, {id}, 'password', 0, 1, 1, 1900000000000, 1900000000000, 1800000600000, {long_tag}, 0, {long_tag}, 1)"
        ),
        format!("INSERT INTO role_holders (user_id, role) VALUES ({id}, 'auditor')"),
        format!(
            "INSERT INTO api_keys (id, user_id, name, key_sha256, scope, created_at_ms, expires_at_ms) \
             VALUES ({tag}, {id}, 'nightly', {long_tag}, 'users:read', 1, 1900000000000)"
        ),
        format!(
            "INSERT INTO one_time_links (user_id, purpose, id, token_sha256, password_changed_at_ms, email, expires_at_ms) \
             VALUES ({id}, 'reset_password', {tag}, {long_tag}, 1, 'zoe@example.org', 1900000000000)"
        ),
        format!(
            "INSERT INTO mail_queue (user_id, recipient, kind, created_at_ms, next_attempt_at_ms) \
             VALUES ({id}, 'zoe@example.org', 'password_changed', 1, 1), ({id}, 'zoe@example.org', 'reset_password', 1, NULL)"
        ),
        format!(
            "UPDATE accounts SET email = 'zoe@example.org', email_key = 'zoe' WHERE user_id = {id}"
        ),
    ] {
        run(database, sql).await;
    }
}

/// The tables with rows of this user, of all that doorward makes, but the list of what counts no more.
async fn tables_of(database: &Database, user: UserId) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for table in Database::own_tables() {
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE user_id = ?");
        let sql = Sql::both(Box::leak(sql.into_boxed_str()));
        // Tables without the column are not about a user.
        if let Ok(Some((count,))) = database
            .fetch_optional::<(i64,)>(sql, &[user.get().into()])
            .await
            && count > 0
            && table != "revocations"
        {
            found.insert(table);
        }
    }
    found
}

async fn has_user_column(database: &Database, table: &str) -> bool {
    let sql = format!("SELECT user_id FROM {table} LIMIT 1");
    let sql = Sql::both(Box::leak(sql.into_boxed_str()));
    database.fetch_all::<(Option<i64>,)>(sql, &[]).await.is_ok()
}

#[tokio::test]
async fn of_a_deleted_user_no_table_keeps_a_row_and_of_the_others_all_do() {
    for database in Databases::fresh().await.iter() {
        let store = Store::new(database.clone());
        let (zoe, una) = (add(&store, "zoe").await.id, add(&store, "una").await.id);
        give_all(database, zoe).await;
        give_all(database, una).await;
        let before = tables_of(database, zoe).await;
        for table in Database::own_tables() {
            assert!(
                table == "revocations"
                    || before.contains(&table)
                    || !has_user_column(database, &table).await,
                "{table} has users: give one a row there, and delete it with the user"
            );
        }
        delete(&store, zoe).await;
        assert_eq!(tables_of(database, zoe).await, BTreeSet::new());
        assert_eq!(tables_of(database, una).await, before);
        // The name is free, under another number, with nothing of the old.
        let again = add(&store, "zoe").await;
        assert_ne!(again.id, zoe);
        assert_eq!(
            tables_of(database, again.id).await,
            BTreeSet::from(["accounts".to_owned()])
        );
    }
}

#[tokio::test]
async fn tokens_of_a_deleted_user_count_no_more_whatever_their_epoch_was() {
    for database in Databases::fresh().await.iter() {
        let store = Store::new(database.clone());
        let zoe = add(&store, "zoe").await.id;
        run(
            database,
            format!("UPDATE accounts SET epoch = 7 WHERE user_id = {zoe}"),
        )
        .await;
        delete(&store, zoe).await;
        let revoked = store.list_revocations(0, NOW).await.unwrap();
        let epochs: Vec<Revoked> = revoked.iter().map(|row| row.revoked).collect();
        assert_eq!(
            epochs,
            [Revoked::User {
                user: zoe,
                epoch: 8
            }]
        );
    }
}
