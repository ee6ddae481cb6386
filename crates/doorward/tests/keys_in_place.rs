//! Roles and API keys of users who are in a table that another application made.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may stop at once, and reads which servers it may use from the environment"
)]

mod databases;

use databases::Databases;
use doorward::{
    api_key::{ApiKey, ApiKeyId, ApiKeyRecord},
    audit::{Event, EventKind},
    authority::Authority,
    caller::Caller,
    clock::Timestamp,
    password::PasswordHash,
    permission::PermissionSet,
    random::OsRandom,
    role::Role,
    store::{AddKeyError, Database, DefinedRole, Revoked, Sql, Store},
    user::UserId,
    username::Username,
};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const LATER: Timestamp = Timestamp::from_seconds(1_800_086_400);
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

async fn run(database: &Database, sql: &'static str) {
    let done = database.execute(Sql::both(sql), &[]).await;
    done.expect("runs");
}

/// A store over the lecture's table, adopted in place.
async fn adopted(database: &Database) -> Store {
    let table = match database.engine() {
        "sqlite" => {
            "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, username VARCHAR(50) UNIQUE NOT NULL, password VARCHAR(100) NOT NULL, role VARCHAR(20) NOT NULL)"
        }
        _ => {
            "CREATE TABLE users (id INTEGER PRIMARY KEY AUTO_INCREMENT, username VARCHAR(50) UNIQUE NOT NULL, password VARCHAR(100) NOT NULL, role VARCHAR(20) NOT NULL)"
        }
    };
    run(database, table).await;
    // As Flask-User has them: its roles are none of ours.
    run(
        database,
        "CREATE TABLE roles (id INTEGER PRIMARY KEY, name VARCHAR(50))",
    )
    .await;
    run(
        database,
        "CREATE TABLE user_roles (id INTEGER PRIMARY KEY, user_id INTEGER, role_id INTEGER)",
    )
    .await;
    database.migrate_beside().await.expect("migrates");
    run(
        database,
        r#"INSERT INTO adoptions (id, mode, state, plan, source, started_at_ms, position, adopted, present, hashed, rejected, forms)
        VALUES (x'00', 'in-place', 'complete', '{"version": 1, "mode": "in-place", "users": {"table": "users", "id": "id",
        "username": "username", "password": "password", "role": {"column": "role"}}, "passwords": {"plaintext": "hash"}}',
        'here', 1, 0, 0, 0, 0, 0, '{}')"#,
    )
    .await;
    Store::open(database.clone()).await.expect("opens")
}

async fn add(store: &Store, name: &str) -> UserId {
    let hash = PasswordHash::parse(HASH).unwrap();
    let name = Username::parse(name).unwrap();
    let user = store.add_user(&name, &hash, &Role::user(), NOW).await;
    user.unwrap().id
}

fn event() -> Event {
    Event::success(EventKind::ApiKeyCreated, &Caller::operator())
}

async fn define(store: &Store, scope: &str) {
    let defined = DefinedRole {
        role: Role::parse("editor").unwrap(),
        description: String::new(),
        permissions: PermissionSet::from_scope(scope).unwrap(),
    };
    let done = store
        .define_role(&defined, &Authority::operator(), NOW, LATER)
        .await;
    done.unwrap();
}

async fn epoch(store: &Store, user: UserId) -> i64 {
    let found = store.find_user_by_id(user, NOW).await.unwrap();
    found.unwrap().user.epochs.tokens
}

#[tokio::test]
async fn a_role_that_only_their_table_names_gives_permissions_and_voids_tokens() {
    for database in Databases::empty().await.iter() {
        let store = adopted(database).await;
        let (una, other) = (add(&store, "una").await, add(&store, "other").await);
        run(
            database,
            "UPDATE users SET role = 'editor' WHERE username = 'una'",
        )
        .await;
        define(&store, "users:read").await;
        let user = store.find_user_by_id(una, NOW).await.unwrap().unwrap().user;
        let rights = store.rights_of(&user).await.unwrap();
        assert_eq!(rights.permissions.scope(), "users:read");
        assert_eq!(
            (epoch(&store, una).await, epoch(&store, other).await),
            (1, 0)
        );
        define(&store, "audit:read").await;
        assert_eq!(
            (epoch(&store, una).await, epoch(&store, other).await),
            (2, 0)
        );
        let revoked = store.list_revocations(0, NOW).await.unwrap();
        let epochs: Vec<Revoked> = revoked.iter().map(|row| row.revoked).collect();
        let wanted = [1, 2].map(|epoch| Revoked::User { user: una, epoch });
        assert_eq!(epochs, wanted);
    }
}

#[tokio::test]
async fn a_key_is_found_by_its_text_until_it_or_its_user_goes() {
    for database in Databases::empty().await.iter() {
        let store = adopted(database).await;
        let una = add(&store, "una").await;
        define(&store, "users:read").await;
        let edits = async || run(database, "UPDATE users SET role = 'editor'").await;
        edits().await;
        let made = |user| {
            let key = ApiKey::generate(&OsRandom).unwrap();
            let record = ApiKeyRecord {
                id: ApiKeyId::generate(&OsRandom).unwrap(),
                user_id: user,
                name: "n\u{e4}chtlich".to_owned(),
                scope: PermissionSet::from_scope("users:read").unwrap(),
                created_at: NOW,
                expires_at: LATER,
                last_used_at: None,
            };
            (key.sha256(), record)
        };
        let (hash, record) = made(una);
        store
            .add_api_key(&record, &hash, &Authority::operator(), NOW)
            .await
            .unwrap();
        let listed = store.list_api_keys(una).await.unwrap();
        assert_eq!(listed, std::slice::from_ref(&record));
        let found = store.find_api_key(&hash).await.unwrap().unwrap();
        assert_eq!((found.user.id, found.grant.id), (una, record.id));
        assert!(store.find_api_key(&[0; 32]).await.unwrap().is_none());

        // The use is noted once an hour.
        store.note_key_use(&found, NOW).await.unwrap();
        let later = Timestamp::from_millis(NOW.as_millis() + 60_000);
        store.note_key_use(&found, later).await.unwrap();
        let noted = store.list_api_keys(una).await.unwrap();
        assert_eq!(noted[0].last_used_at, Some(NOW));

        // Revoked once, of its own user alone, and the list of revocations has it.
        let other = add(&store, "other").await;
        let revoke = async |user| {
            let event = event();
            let revoked = store.revoke_api_key(user, record.id, &event, NOW, LATER);
            revoked.await.unwrap()
        };
        assert!(!revoke(other).await);
        assert!(revoke(una).await);
        assert!(!revoke(una).await);
        assert!(store.find_api_key(&hash).await.unwrap().is_none());
        let revoked = store.list_revocations(0, NOW).await.unwrap();
        let session = Revoked::Session(record.id.as_session());
        assert_eq!(revoked.last().unwrap().revoked, session);

        // Disabled, the user has no keys, and gets none.
        let (hash, record) = made(una);
        store
            .add_api_key(&record, &hash, &Authority::operator(), NOW)
            .await
            .unwrap();
        store.disable_user(una, NOW).await.unwrap();
        assert_eq!(store.list_api_keys(una).await.unwrap(), []);
        let refused = store
            .add_api_key(&record, &[1; 32], &Authority::operator(), NOW)
            .await;
        assert!(matches!(refused, Err(AddKeyError::NoUser)));
        store.enable_user(una).await.unwrap();
        assert!(store.find_api_key(&hash).await.unwrap().is_none());

        // Deleted, nothing is left.
        edits().await;
        let (hash, record) = made(other);
        store
            .add_api_key(&record, &hash, &Authority::operator(), NOW)
            .await
            .unwrap();
        store.delete_user(other, NOW).await.unwrap();
        assert!(store.find_api_key(&hash).await.unwrap().is_none());
        assert_eq!(store.list_api_keys(other).await.unwrap(), []);
        let long_after = Timestamp::from_millis(LATER.as_millis() + 1);
        assert_eq!(store.purge_api_keys(long_after).await.unwrap(), 2);
    }
}
