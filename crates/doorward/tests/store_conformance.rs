//! What every engine must do alike.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may stop at once, and reads which servers it may use from the environment"
)]

mod databases;

use std::sync::Arc;

use databases::Databases;
use doorward::{
    audit::{Event, EventFilter, EventKind},
    authority::Authority,
    caller::Caller,
    clock::Timestamp,
    foreign::{ForeignKind, SourceName, TallyReading},
    password::PasswordHash,
    role::Role,
    store::{FailureCount, RemoveUserError, SetupError, Store, StoreError, UserChange, UserDeed},
    user::User,
    username::Username,
};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
/// Argon2id of some password; nothing here verifies it.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$eulBsvxG/lLvEunGp0obMA$BWDaUQm99W7Nosg21LLsskHZ5OfJaEF1ApmJfC0dwgw";
const OTHER_HASH: &str = "$argon2id$v=19$m=65536,t=3,p=4$Q8FrGk9EXTI/dwUb9IpQ3g$U+g4FJ2eXLh0AH/b8apjz7ppzDYRVA8Lsm1P8IUKI8M";

fn hash() -> PasswordHash {
    PasswordHash::parse(HASH).expect("a hash")
}

fn name(text: &str) -> Username {
    Username::parse(text).expect("a name")
}

fn made_by_the_link() -> Event {
    Event::success(EventKind::SetupCompleted, &Caller::system())
}

async fn add(store: &Store, text: &str, role: &Role) -> Result<User, StoreError> {
    store.add_user(&name(text), &hash(), role, NOW).await
}

#[tokio::test]
async fn a_user_is_found_in_any_spelling_and_keeps_its_own() {
    for store in Databases::fresh().await.stores() {
        let added = add(&store, "Zoë", &Role::user()).await.expect("adds");
        for spelling in ["Zoë", "zoë", "ZOË", "Zoe\u{308}"] {
            let found = store
                .find_user(&name(spelling), NOW)
                .await
                .expect("reads")
                .expect("finds");
            assert_eq!(found.user, added);
            assert_eq!(found.user.username, "Zoë");
            assert_eq!(found.password, HASH);
        }
        assert!(
            store
                .find_user(&name("zoe"), NOW)
                .await
                .expect("reads")
                .is_none()
        );
    }
}

#[tokio::test]
async fn a_name_is_taken_in_every_spelling_and_only_then() {
    for store in Databases::fresh().await.stores() {
        add(&store, "straße", &Role::user()).await.expect("adds");
        for taken in ["straße", "STRASSE", "strasse", "ｓｔｒａｓｓｅ"] {
            assert!(
                matches!(
                    add(&store, taken, &Role::user()).await,
                    Err(StoreError::AlreadyExists)
                ),
                "{taken}"
            );
        }
        // What a collation might hold equal, and what we do not.
        for free in ["strase", "straſe x", "aé", "ae", "a😀", "a🔐", "a"] {
            add(&store, free, &Role::user())
                .await
                .unwrap_or_else(|error| panic!("{free}: {error}"));
        }
        assert_eq!(store.count_users().await.expect("counts"), 8);
    }
}

#[tokio::test]
async fn of_many_registrations_of_one_name_at_once_one_wins() {
    let databases = Databases::fresh().await;
    for store in databases.stores() {
        let store = Arc::new(store);
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { add(&store, "race", &Role::user()).await })
            })
            .collect();
        let mut won = 0;
        for task in tasks {
            match task.await.expect("runs") {
                Ok(_) => won += 1,
                Err(StoreError::AlreadyExists) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(won, 1);
        // The loser's half of the transaction is gone too.
        assert_eq!(store.count_users().await.expect("counts"), 1);
    }
}

#[tokio::test]
async fn the_longest_name_and_every_kind_of_letter_are_stored_whole() {
    for store in Databases::fresh().await.stores() {
        for text in [
            "é".repeat(50),
            "😀".repeat(50),
            "x'; DROP TABLE users; --".to_owned(),
            "back\\slash".to_owned(),
        ] {
            let id = add(&store, &text, &Role::user()).await.expect("adds").id;
            let found = store
                .find_user_by_id(id, NOW)
                .await
                .expect("reads")
                .expect("finds");
            assert_eq!(found.user.username, text);
        }
    }
}

#[tokio::test]
async fn users_are_listed_by_number_in_pages() {
    for store in Databases::fresh().await.stores() {
        for n in 0..5 {
            add(
                &store,
                &format!("user{n}"),
                if n == 3 { &ADMIN } else { &USER },
            )
            .await
            .expect("adds");
        }
        let first = store.list_users(None, 3).await.expect("lists");
        let rest = store
            .list_users(first.last().map(|user| user.id), 3)
            .await
            .expect("lists");
        let names: Vec<_> = first
            .iter()
            .chain(&rest)
            .map(|user| user.username.as_str())
            .collect();
        assert_eq!(names, ["user0", "user1", "user2", "user3", "user4"]);
        let admins = store.list_admins().await.expect("lists");
        assert_eq!(admins.len(), 1);
    }
}

static ADMIN: std::sync::LazyLock<Role> = std::sync::LazyLock::new(Role::admin);
static USER: std::sync::LazyLock<Role> = std::sync::LazyLock::new(Role::user);

#[tokio::test]
async fn a_hash_is_replaced_only_while_it_is_the_one_that_was_verified() {
    for store in Databases::fresh().await.stores() {
        let id = add(&store, "alice", &USER).await.expect("adds").id;
        let better = PasswordHash::parse(OTHER_HASH).expect("a hash");
        let event = Event::success(EventKind::HashUpgraded, &Caller::system()).subject(id);
        let replace = async |verified: &str| {
            let replacing = store.replace_hash(id, verified, &better, &event, NOW);
            replacing.await.expect("runs")
        };
        assert!(!replace("something else").await);
        assert!(replace(HASH).await);
        assert!(!replace(HASH).await);
        let told = EventFilter {
            kind: Some("hash_upgraded".to_owned()),
            ..EventFilter::default()
        };
        let listed = store.list_audit_events(&told, None, 10).await;
        assert_eq!(listed.expect("reads").len(), 1, "with the change alone");
        assert_eq!(
            store
                .find_user_by_id(id, NOW)
                .await
                .expect("reads")
                .expect("finds")
                .password,
            OTHER_HASH
        );
    }
}

#[tokio::test]
async fn the_last_administrator_can_neither_be_disabled_nor_deleted() {
    for store in Databases::fresh().await.stores() {
        let alice = add(&store, "alice", &ADMIN).await.expect("adds").id;
        let carol = add(&store, "carol", &ADMIN).await.expect("adds").id;
        add(&store, "bob", &USER).await.expect("adds");
        store
            .disable_user(carol, NOW)
            .await
            .expect("another one is left");
        assert!(matches!(
            store.disable_user(alice, NOW).await,
            Err(RemoveUserError::LastAdministrator)
        ));
        assert!(matches!(
            store.delete_user(alice, NOW).await,
            Err(RemoveUserError::LastAdministrator)
        ));
        assert!(
            store
                .find_user_by_id(alice, NOW)
                .await
                .expect("reads")
                .is_some()
        );
        assert!(store.enable_user(carol).await.expect("enables"));
        store
            .delete_user(alice, NOW)
            .await
            .expect("another one is left");
        assert!(matches!(
            store.delete_user(alice, NOW).await,
            Err(RemoveUserError::NotFound)
        ));
    }
}

#[tokio::test]
async fn two_administrators_removing_each_other_at_once_leave_one() {
    let databases = Databases::fresh().await;
    for store in databases.stores() {
        for round in 0..10 {
            let a = add(&store, &format!("a{round}"), &ADMIN)
                .await
                .expect("adds")
                .id;
            let b = add(&store, &format!("b{round}"), &ADMIN)
                .await
                .expect("adds")
                .id;
            let (first, second) =
                tokio::join!(store.delete_user(a, NOW), store.delete_user(b, NOW));
            let removed = usize::from(first.is_ok()) + usize::from(second.is_ok());
            if round == 0 {
                assert_eq!(removed, 1, "{first:?} {second:?}");
            }
            assert!(store.count_active_admins().await.expect("counts") >= 1);
        }
    }
}

#[tokio::test]
async fn two_administrators_demoting_each_other_at_once_leave_one() {
    let databases = Databases::fresh().await;
    for store in databases.stores() {
        let deed = UserDeed::Change(UserChange {
            role: Some(Role::user()),
            ..UserChange::default()
        });
        let authority = Authority::operator();
        for round in 0..10 {
            let mut ids = Vec::new();
            for side in ["a", "b"] {
                let added = add(&store, &format!("{side}{round}"), &ADMIN).await;
                ids.push(added.expect("adds").id);
            }
            let (first, second) = tokio::join!(
                store.do_to_user(ids[0], None, &deed, &authority, NOW),
                store.do_to_user(ids[1], None, &deed, &authority, NOW)
            );
            if round == 0 {
                let changed = usize::from(first.is_ok()) + usize::from(second.is_ok());
                assert_eq!(changed, 1, "{first:?} {second:?}");
            }
            assert!(store.count_active_admins().await.expect("counts") >= 1);
        }
    }
}

#[tokio::test]
async fn a_number_is_never_given_twice() {
    for store in Databases::fresh().await.stores() {
        add(&store, "alice", &ADMIN).await.expect("adds");
        let bob = add(&store, "bob", &USER).await.expect("adds").id;
        store.delete_user(bob, NOW).await.expect("deletes");
        assert!(add(&store, "bob", &USER).await.expect("adds").id > bob);
    }
}

#[tokio::test]
async fn of_many_uses_of_a_setup_link_at_once_one_makes_an_administrator() {
    let databases = Databases::fresh().await;
    for store in databases.stores() {
        let (old, new) = ([1; 32], [2; 32]);
        store
            .set_setup_link(&old, NOW.after(std::time::Duration::from_mins(1)))
            .await
            .expect("sets");
        store
            .set_setup_link(&new, NOW.after(std::time::Duration::from_mins(1)))
            .await
            .expect("sets");
        let tasks: Vec<_> = (0..10)
            .map(|n| {
                let store = store.clone();
                tokio::spawn(async move {
                    store
                        .use_setup_link(
                            &new,
                            &name(&format!("admin{n}")),
                            &hash(),
                            &made_by_the_link(),
                            NOW,
                        )
                        .await
                })
            })
            .collect();
        let mut made = 0;
        for task in tasks {
            match task.await.expect("runs") {
                Ok(user) => made += usize::from(user.role.is_admin()),
                Err(SetupError::InvalidLink) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(made, 1);
        assert!(matches!(
            store
                .use_setup_link(&old, &name("late"), &hash(), &made_by_the_link(), NOW)
                .await,
            Err(SetupError::InvalidLink)
        ));
    }
}

#[tokio::test]
async fn a_setup_link_that_failed_for_the_name_can_be_used_again_until_it_is_too_old() {
    for store in Databases::fresh().await.stores() {
        add(&store, "alice", &USER).await.expect("adds");
        let end = NOW.after(std::time::Duration::from_mins(1));
        store.set_setup_link(&[3; 32], end).await.expect("sets");
        assert!(matches!(
            store
                .use_setup_link(&[3; 32], &name("Alice"), &hash(), &made_by_the_link(), NOW)
                .await,
            Err(SetupError::Store(StoreError::AlreadyExists))
        ));
        assert!(store.has_setup_link(&[3; 32], NOW).await.expect("reads"));
        assert!(!store.has_setup_link(&[3; 32], end).await.expect("reads"));
        assert!(matches!(
            store
                .use_setup_link(&[3; 32], &name("root"), &hash(), &made_by_the_link(), end)
                .await,
            Err(SetupError::InvalidLink)
        ));
    }
}

#[tokio::test]
async fn failures_counted_at_once_are_all_counted() {
    let databases = Databases::fresh().await;
    for store in databases.stores() {
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    loop {
                        let seen = store.find_login_failures(&[7; 32]).await.expect("reads");
                        let failures = seen.failures + 1;
                        let set = store.set_failures_seen(&[7; 32], seen, failures, NOW);
                        if set.await.expect("counts") {
                            break;
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("runs");
        }
        let seen = store.find_login_failures(&[7; 32]).await.expect("reads");
        assert_eq!(seen.failures, 20);
        let stale = FailureCount {
            failures: 19,
            ..seen
        };
        let set = store.set_failures_seen(&[7; 32], stale, 1, NOW).await;
        assert!(!set.expect("tells"), "the count was another one");
        let later = NOW.after(std::time::Duration::from_secs(1));
        assert_eq!(store.purge_login_failures(NOW).await.expect("purges"), 0);
        assert_eq!(store.purge_login_failures(later).await.expect("purges"), 1);
    }
}

#[tokio::test]
async fn what_arrives_from_elsewhere_adds_up_over_several_writers() {
    for store in Databases::fresh().await.stores() {
        let store = Arc::new(store);
        let source: SourceName = "flask-Old_1".parse().expect("a name");
        let one = TallyReading {
            accepted: 1,
            exchanged: 2,
            expired: 3,
            retired: 4,
        };
        let tasks: Vec<_> = (0..20)
            .map(|number| {
                let (store, source) = (store.clone(), source.clone());
                let at = Timestamp::from_millis(NOW.as_millis() - number);
                tokio::spawn(async move {
                    let kind = ForeignKind::Token;
                    store.add_foreign_logins(kind, &source, &one, at).await
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("runs").expect("adds");
        }
        // Another kind, and a name that differs in case alone, are other rows.
        let other: SourceName = "flask-old_1".parse().expect("a name");
        for (kind, name) in [
            (ForeignKind::Session, &source),
            (ForeignKind::Token, &other),
        ] {
            store
                .add_foreign_logins(kind, name, &one, NOW)
                .await
                .expect("adds");
        }
        let rows = store.foreign_logins().await.expect("reads");
        let seen: Vec<_> = rows
            .iter()
            .map(|row| (row.kind, row.source.as_str(), row.counts.accepted))
            .collect();
        assert_eq!(
            seen,
            [
                (ForeignKind::Session, "flask-Old_1", 1),
                (ForeignKind::Token, "flask-Old_1", 20),
                (ForeignKind::Token, "flask-old_1", 1),
            ]
        );
        assert_eq!(
            (
                rows[1].counts.exchanged,
                rows[1].counts.expired,
                rows[1].counts.retired
            ),
            (40, 60, 80)
        );
        assert_eq!(rows[1].last_seen_at, NOW);
    }
}

#[tokio::test]
async fn a_disk_that_was_full_is_written_again_when_there_is_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = doorward::store::DatabaseUrl::Sqlite(folder.path().join("full.db"));
    let database = doorward::store::Database::connect(&url, 1)
        .await
        .expect("connects");
    database.migrate().await.expect("migrates");
    // The limit holds for the connection that writes, until it is replaced.
    let limit = doorward::store::Sql::both("PRAGMA max_page_count = 40");
    database.execute(limit, &[]).await.expect("sets it");
    let store = Store::new(database);
    let mut number = 0;
    let full = loop {
        number += 1;
        match add(&store, &format!("user{number}"), &Role::user()).await {
            Ok(_) => assert!(number < 10_000, "the disk is never full"),
            Err(error) => break error,
        }
    };
    assert!(full.to_string().contains("full"), "{full}");
    add(&store, "afterwards", &Role::user())
        .await
        .expect("there is room again");
    assert_eq!(store.count_users().await.expect("counts"), number);
}
