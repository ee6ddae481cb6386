//! Doorward on a users table that an application made and may still write.

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
    audit::{Event, EventKind},
    authority::Authority,
    caller::Caller,
    clock::Timestamp,
    password::PasswordHash,
    role::Role,
    store::{
        ChangeUserError, Database, Row, Sql, Store, StoreError, UserChange, UserDeed, UserFilter,
        UserState,
    },
    user::{User, UserId},
    username::{Username, UsernameKey},
};

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_123);
/// argon2-cffi's own example parameters; what it hashes does not matter here.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// The lecture's table (program 8), with the collation that MySQL gives it.
const LECTURE: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY {auto}, username VARCHAR(50) UNIQUE NOT NULL, \
    password VARCHAR(100) NOT NULL, role VARCHAR(20) NOT NULL)";
const LECTURE_PLAN: &str = r#"{"table": "users", "id": "id", "username": "username", "password": "password",
    "role": {"column": "role"}}"#;

/// As Flask-Security's models make it, with a table name that is a word of SQL.
const FLASK_SECURITY: &str = "CREATE TABLE `user` (id INTEGER PRIMARY KEY {auto}, email VARCHAR(255) NOT NULL UNIQUE, \
    password VARCHAR(255), active BOOLEAN NOT NULL, fs_uniquifier VARCHAR(64) NOT NULL UNIQUE, created DATETIME NOT NULL)";
const FLASK_SECURITY_PLAN: &str = r#"{"table": "user", "id": "id", "username": "email", "password": "password",
    "active": "active", "role": {"always": "user"},
    "fill": {"fs_uniquifier": {"generate": "hex"}, "created": {"generate": "datetime"}}}"#;

/// As Django's `auth_user`, as far as it matters.
const DJANGO: &str = "CREATE TABLE auth_user (id INTEGER PRIMARY KEY {auto}, password VARCHAR(128) NOT NULL, \
    is_superuser BOOLEAN NOT NULL, username VARCHAR(150) NOT NULL UNIQUE, first_name VARCHAR(150) NOT NULL, \
    email VARCHAR(254) NOT NULL, is_active BOOLEAN NOT NULL, joined BIGINT NOT NULL)";
const DJANGO_PLAN: &str = r#"{"table": "auth_user", "id": "id", "username": "username", "password": "password",
    "active": "is_active", "role": {"flag": "is_superuser"},
    "fill": {"first_name": "", "email": {"generate": "username"}, "joined": {"generate": "unix-seconds"}}}"#;

fn name(text: &str) -> Username {
    Username::parse(text).expect("a name")
}

fn hash() -> PasswordHash {
    PasswordHash::parse(HASH).expect("a hash")
}

async fn run(database: &Database, sql: &'static str) {
    database.execute(Sql::both(sql), &[]).await.expect("runs");
}

async fn read<T: Row>(database: &Database, sql: &'static str) -> Vec<T> {
    database
        .fetch_all(Sql::both(sql), &[])
        .await
        .expect("reads")
}

fn leaked(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// A database with a table of theirs, ours beside it, and an adoption in this state.
async fn beside(database: &Database, table: &str, columns: &str, state: &str) {
    let auto = match database.engine() {
        "sqlite" => "AUTOINCREMENT",
        _ => "AUTO_INCREMENT",
    };
    run(database, leaked(table.replace("{auto}", auto))).await;
    database.migrate_beside().await.expect("migrates");
    let plan = format!(
        r#"{{"version": 1, "mode": "in-place", "users": {columns}, "passwords": {{"plaintext": "hash"}}}}"#
    );
    let insert = format!(
        "INSERT INTO adoptions (id, mode, state, plan, source, started_at_ms, position, adopted, present, hashed, rejected, forms) \
         VALUES (x'00', 'in-place', '{state}', '{plan}', 'here', 1, 0, 0, 0, 0, 0, '{{}}')"
    );
    run(database, leaked(insert)).await;
}

async fn add(store: &Store, text: &str, role: &Role) -> Result<User, StoreError> {
    store.add_user(&name(text), &hash(), role, NOW).await
}

#[tokio::test]
async fn every_statement_is_understood_on_every_kind_of_table() {
    for (table, columns) in [
        (LECTURE, LECTURE_PLAN),
        (FLASK_SECURITY, FLASK_SECURITY_PLAN),
        (DJANGO, DJANGO_PLAN),
    ] {
        for database in Databases::empty().await.iter() {
            beside(database, table, columns, "complete").await;
            let store = Store::open(database.clone()).await.expect("opens");
            for (name, sql) in store.user_statements() {
                let prepared = database.prepare(sql).await;
                assert!(
                    prepared.is_ok(),
                    "{} refuses {name}: {prepared:?}",
                    database.engine()
                );
            }
        }
    }
}

#[tokio::test]
async fn a_role_is_changed_and_found_in_every_kind_of_table() {
    for (table, columns) in [
        (LECTURE, LECTURE_PLAN),
        (FLASK_SECURITY, FLASK_SECURITY_PLAN),
        (DJANGO, DJANGO_PLAN),
    ] {
        for database in Databases::empty().await.iter() {
            beside(database, table, columns, "complete").await;
            let store = Store::open(database.clone()).await.expect("opens");
            add(&store, "root", &Role::admin()).await.expect("adds");
            let zoe = add(&store, "zoe", &Role::user()).await.expect("adds").id;
            let found = store.find_user_version(zoe, NOW).await.expect("reads");
            let version = found.expect("is there").1.to_string();
            for (role, disabled) in [(Role::admin(), true), (Role::user(), false)] {
                let deed = UserDeed::Change(UserChange {
                    role: Some(role.clone()),
                    disabled: Some(disabled),
                });
                store
                    .do_to_user(zoe, None, &deed, &Authority::operator(), NOW)
                    .await
                    .expect("changes");
                let filter = UserFilter {
                    role: Some(role),
                    state: disabled.then_some(UserState::Disabled),
                    prefix: UsernameKey::prefix("ZO"),
                    created_since: Some(NOW),
                };
                let listed = store.list_users_where(&filter, None, 10).await;
                let ids: Vec<UserId> = listed.expect("lists").iter().map(|u| u.id).collect();
                assert_eq!(ids, [zoe], "{} {table}", database.engine());
                assert_eq!(store.count_users_where(&filter).await.expect("counts"), 1);
            }
            assert!(matches!(
                store
                    .do_to_user(
                        zoe,
                        Some(&[version]),
                        &UserDeed::Delete,
                        &Authority::operator(),
                        NOW
                    )
                    .await,
                Err(ChangeUserError::Stale)
            ));
        }
    }
}

#[tokio::test]
async fn a_user_lives_a_whole_life_in_every_kind_of_table() {
    for (table, columns) in [
        (LECTURE, LECTURE_PLAN),
        (FLASK_SECURITY, FLASK_SECURITY_PLAN),
        (DJANGO, DJANGO_PLAN),
    ] {
        for database in Databases::empty().await.iter() {
            beside(database, table, columns, "complete").await;
            let store = Store::open(database.clone()).await.expect("opens");
            let root = add(&store, "root", &Role::admin()).await.expect("adds");
            let zoe = add(&store, "zoe@example.org", &Role::user())
                .await
                .expect("adds");
            assert!(matches!(
                add(&store, "ZOE@example.org", &Role::user()).await,
                Err(StoreError::AlreadyExists)
            ));
            let found = store
                .find_user(&name("Zoe@Example.org"), NOW)
                .await
                .unwrap()
                .unwrap();
            assert_eq!((found.user, found.password.as_str()), (zoe.clone(), HASH));
            let admins = store.list_admins().await.expect("lists");
            assert_eq!(admins, std::slice::from_ref(&root));
            assert_eq!(store.count_active_admins().await.expect("counts"), 1);
            assert!(
                store.disable_user(root.id, NOW).await.is_err(),
                "the last administrator"
            );
            store.disable_user(zoe.id, NOW).await.expect("disables");
            let found = store.find_user_by_id(zoe.id, NOW).await.unwrap().unwrap();
            assert!(found.user.disabled_at.is_some());
            assert!(store.enable_user(zoe.id).await.expect("enables"));
            let found = store.find_user_by_id(zoe.id, NOW).await.unwrap().unwrap();
            assert_eq!(found.user.disabled_at, None);
            store.delete_user(zoe.id, NOW).await.expect("deletes");
            assert!(
                store
                    .find_user(&name("zoe@example.org"), NOW)
                    .await
                    .unwrap()
                    .is_none()
            );
            assert_eq!(store.count_users().await.expect("counts"), 1);
        }
    }
}

#[tokio::test]
async fn a_new_row_has_what_their_table_asks_for() {
    for database in Databases::empty().await.iter() {
        beside(database, FLASK_SECURITY, FLASK_SECURITY_PLAN, "complete").await;
        let store = Store::open(database.clone()).await.expect("opens");
        add(&store, "a@example.org", &Role::user())
            .await
            .expect("adds");
        add(&store, "b@example.org", &Role::user())
            .await
            .expect("adds");
        let created: &str = match database.engine() {
            "sqlite" => "SELECT fs_uniquifier, created FROM `user` WHERE active = 1",
            _ => "SELECT fs_uniquifier, CAST(created AS CHAR) FROM `user` WHERE active = 1",
        };
        let rows: Vec<(String, String)> = read(database, created).await;
        assert_eq!(rows.len(), 2);
        assert_ne!(rows[0].0, rows[1].0);
        assert!(
            rows.iter()
                .all(|(made, at)| made.len() == 32 && at == "2026-09-21 14:13:20")
        );
    }
}

#[tokio::test]
async fn what_their_application_does_is_seen_at_once() {
    for database in Databases::empty().await.iter() {
        beside(database, LECTURE, LECTURE_PLAN, "complete").await;
        let store = Store::open(database.clone()).await.expect("opens");
        // A new user, whatever the spelling.
        run(
            database,
            "INSERT INTO users (username, password, role) VALUES ('Bob', 'x', 'user')",
        )
        .await;
        let bob = store.find_user(&name("BOB"), NOW).await.unwrap().unwrap();
        assert_eq!(
            (bob.user.username.as_str(), bob.password.as_str()),
            ("Bob", "x")
        );
        // A changed password and role.
        run(
            database,
            "UPDATE users SET password = 'y', role = 'admin' WHERE username = 'Bob'",
        )
        .await;
        let changed = store.find_user(&name("bob"), NOW).await.unwrap().unwrap();
        assert_eq!(
            (changed.user.role.is_admin(), changed.password.as_str()),
            (true, "y")
        );
        // Another name: the old one is free, and can be another user's.
        run(
            database,
            "UPDATE users SET username = 'Robert' WHERE username = 'Bob'",
        )
        .await;
        assert!(store.find_user(&name("bob"), NOW).await.unwrap().is_none());
        let renamed = store
            .find_user(&name("Robert"), NOW)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(renamed.user.id, bob.user.id);
        run(
            database,
            "INSERT INTO users (username, password, role) VALUES ('bob', 'z', 'user')",
        )
        .await;
        let second = store.find_user(&name("bob"), NOW).await.unwrap().unwrap();
        assert_eq!(
            (second.user.id == bob.user.id, second.password.as_str()),
            (false, "z")
        );
        // Gone, and back as somebody else.
        run(database, "DELETE FROM users WHERE username = 'bob'").await;
        assert!(store.find_user(&name("bob"), NOW).await.unwrap().is_none());
        run(
            database,
            "INSERT INTO users (username, password, role) VALUES ('BOB', 'q', 'user')",
        )
        .await;
        let third = store.find_user(&name("bob"), NOW).await.unwrap().unwrap();
        assert_ne!(third.user.id, second.user.id);
    }
}

#[tokio::test]
async fn a_user_whom_their_token_names_needs_no_login_first() {
    for database in Databases::empty().await.iter() {
        beside(database, LECTURE, LECTURE_PLAN, "complete").await;
        let store = Store::open(database.clone()).await.expect("opens");
        run(
            database,
            "INSERT INTO users (id, username, password, role) VALUES (77, 'dan', 'x', 'user')",
        )
        .await;
        let dan = store.find_user_by_id(UserId::new(77), NOW).await.unwrap();
        assert_eq!(dan.unwrap().user.username, "dan");
        let nobody = store.find_user_by_id(UserId::new(78), NOW).await.unwrap();
        assert!(nobody.is_none());
    }
}

#[tokio::test]
async fn the_name_of_a_renamed_user_can_be_given_away_before_anybody_looks() {
    for database in Databases::empty().await.iter() {
        beside(database, LECTURE, LECTURE_PLAN, "complete").await;
        let store = Store::open(database.clone()).await.expect("opens");
        let first = add(&store, "bob", &Role::user()).await.expect("adds");
        run(
            database,
            "UPDATE users SET username = 'old-bob' WHERE username = 'bob'",
        )
        .await;
        run(
            database,
            "INSERT INTO users (username, password, role) VALUES ('bob', 'new', 'user')",
        )
        .await;
        let second = store.find_user(&name("bob"), NOW).await.unwrap().unwrap();
        assert_eq!(second.password, "new");
        let moved = store
            .find_user(&name("old-bob"), NOW)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((moved.user.id, moved.password.as_str()), (first.id, HASH));
    }
}

#[tokio::test]
async fn rows_that_no_account_can_be_made_for_hold_nobody_up() {
    for database in Databases::empty().await.iter() {
        beside(database, LECTURE, LECTURE_PLAN, "complete").await;
        let store = Store::open(database.clone()).await.expect("opens");
        let rows: Vec<String> = (0..1_200)
            .map(|number| format!("(' {number}', 'x', 'user')"))
            .collect();
        let insert = format!(
            "INSERT INTO users (username, password, role) VALUES {}",
            rows.join(", ")
        );
        run(database, leaked(insert)).await;
        run(
            database,
            "INSERT INTO users (username, password, role) VALUES ('carol', 'x', 'user')",
        )
        .await;
        assert!(
            store
                .find_user(&name("carol"), NOW)
                .await
                .unwrap()
                .is_some()
        );
        assert_eq!(store.count_users().await.expect("counts"), 1);
    }
}

#[tokio::test]
async fn a_number_that_is_too_big_holds_nobody_up() {
    let table = LECTURE.replace("id INTEGER PRIMARY KEY {auto}", "id BIGINT PRIMARY KEY");
    for database in Databases::empty().await.iter() {
        beside(database, &table, LECTURE_PLAN, "complete").await;
        let store = Store::open(database.clone()).await.expect("opens");
        run(
            database,
            "INSERT INTO users (id, username, password, role) VALUES (3000000000, 'big', 'x', 'user'), (7, 'small', 'x', 'user')",
        )
        .await;
        assert!(store.find_user(&name("big"), NOW).await.unwrap().is_none());
        assert!(
            store
                .find_user(&name("small"), NOW)
                .await
                .unwrap()
                .is_some()
        );
    }
}

#[tokio::test]
async fn of_two_names_that_are_one_to_us_the_first_keeps_it() {
    for database in Databases::empty().await.iter() {
        // Full-width letters: another name to their database, the same one to us.
        beside(database, LECTURE, LECTURE_PLAN, "complete").await;
        let store = Store::open(database.clone()).await.expect("opens");
        run(
            database,
            "INSERT INTO users (username, password, role) VALUES ('alice', 'first', 'user')",
        )
        .await;
        run(
            database,
            "INSERT INTO users (username, password, role) VALUES ('ａｌｉｃｅ', 'second', 'admin')",
        )
        .await;
        for spelling in ["alice", "ａｌｉｃｅ"] {
            let found = store
                .find_user(&name(spelling), NOW)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(found.password, "first");
        }
    }
}

#[tokio::test]
async fn a_hash_is_replaced_only_while_it_is_the_one_that_was_verified() {
    for database in Databases::empty().await.iter() {
        beside(database, LECTURE, LECTURE_PLAN, "complete").await;
        let store = Store::open(database.clone()).await.expect("opens");
        run(
            database,
            "INSERT INTO users (username, password, role) VALUES ('bob', 'Secret', 'user')",
        )
        .await;
        let bob = store
            .find_user(&name("bob"), NOW)
            .await
            .unwrap()
            .unwrap()
            .user;
        let event = Event::success(EventKind::HashUpgraded, &Caller::system()).subject(bob.id);
        let replace = async |verified: &str| {
            let better = hash();
            let replacing = store.replace_hash(bob.id, verified, &better, &event, NOW);
            replacing.await.expect("runs")
        };
        // Their collation finds these equal; they are two passwords.
        assert!(!replace("secret").await);
        assert!(replace("Secret").await);
        assert!(!replace("Secret").await);
    }
}

#[tokio::test]
async fn a_role_that_is_none_here_gives_no_rights() {
    for database in Databases::empty().await.iter() {
        beside(database, LECTURE, LECTURE_PLAN, "complete").await;
        let store = Store::open(database.clone()).await.expect("opens");
        run(
            database,
            "INSERT INTO users (username, password, role) VALUES ('a', 'x', 'Admin')",
        )
        .await;
        run(
            database,
            "INSERT INTO users (username, password, role) VALUES ('b', 'x', 'super user')",
        )
        .await;
        let a = store
            .find_user(&name("a"), NOW)
            .await
            .unwrap()
            .unwrap()
            .user;
        let b = store
            .find_user(&name("b"), NOW)
            .await
            .unwrap()
            .unwrap()
            .user;
        assert_eq!((a.role.as_str(), b.role.as_str()), ("Admin", "user"));
        assert!(store.list_admins().await.expect("lists").is_empty());
    }
}

#[tokio::test]
async fn the_plan_says_which_values_mean_administrator() {
    let plan = LECTURE_PLAN.replace(
        r#"{"column": "role"}"#,
        r#"{"column": "role", "admin": ["superuser", "root"]}"#,
    );
    for database in Databases::empty().await.iter() {
        beside(database, LECTURE, &plan, "complete").await;
        let store = Store::open(database.clone()).await.expect("opens");
        run(
            database,
            "INSERT INTO users (username, password, role) VALUES ('a', 'x', 'root'), ('b', 'x', 'admin'), ('c', 'x', 'editor')",
        )
        .await;
        let mut roles = Vec::new();
        for text in ["a", "b", "c"] {
            let user = store
                .find_user(&name(text), NOW)
                .await
                .unwrap()
                .unwrap()
                .user;
            roles.push(user.role.as_str().to_owned());
        }
        assert_eq!(roles, ["admin", "user", "editor"]);
        // What we write is the first of the values.
        add(&store, "d", &Role::admin()).await.expect("adds");
        let written: Vec<(String,)> =
            read(database, "SELECT role FROM users WHERE username = 'd'").await;
        assert_eq!(written, [("superuser".to_owned(),)]);
        assert_eq!(store.list_admins().await.expect("lists").len(), 2);
    }
}

#[tokio::test]
async fn an_interrupted_adoption_is_not_served() {
    for database in Databases::empty().await.iter() {
        beside(database, LECTURE, LECTURE_PLAN, "running").await;
        let error = Store::open(database.clone()).await.expect_err("refuses");
        assert!(error.to_string().contains("adopt run"), "{error}");
    }
}

#[tokio::test]
async fn after_the_end_of_coexistence_nothing_is_looked_for() {
    for database in Databases::empty().await.iter() {
        beside(database, LECTURE, LECTURE_PLAN, "finished").await;
        let store = Store::open(database.clone()).await.expect("opens");
        run(
            database,
            "INSERT INTO users (username, password, role) VALUES ('late', 'x', 'user')",
        )
        .await;
        assert!(store.find_user(&name("late"), NOW).await.unwrap().is_none());
        assert!(!store.in_place().expect("in place").coexisting);
    }
}
