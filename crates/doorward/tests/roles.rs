//! Roles in the database, on every engine.

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
    authority::{Authority, Overreach},
    caller::Caller,
    clock::Timestamp,
    password::PasswordHash,
    permission::{PermissionSet, Rights},
    role::Role,
    store::{DefinedRole, Revoked, RoleStoreError, Store},
    user::UserId,
    username::Username,
};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const LATER: Timestamp = Timestamp::from_seconds(1_800_086_400);
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$eulBsvxG/lLvEunGp0obMA$BWDaUQm99W7Nosg21LLsskHZ5OfJaEF1ApmJfC0dwgw";

fn role(name: &str) -> Role {
    Role::parse(name).unwrap()
}

fn operator() -> Authority {
    Authority::operator()
}

async fn define(store: &Store, name: &str, scope: &str) -> bool {
    let defined = DefinedRole {
        role: role(name),
        description: format!("what {name} may do"),
        permissions: PermissionSet::from_scope(scope).unwrap(),
    };
    store
        .define_role(&defined, &operator(), NOW, LATER)
        .await
        .unwrap()
}

async fn add(store: &Store, name: &str) -> UserId {
    let hash = PasswordHash::parse(HASH).unwrap();
    let name = Username::parse(name).unwrap();
    let user = store.add_user(&name, &hash, &Role::user(), NOW).await;
    user.unwrap().id
}

async fn give_as(
    store: &Store,
    user: UserId,
    roles: &[Role],
    authority: &Authority,
) -> Result<(), RoleStoreError> {
    let given = store.set_roles_of(user, roles, None, authority, NOW).await;
    given.map(drop)
}

async fn give(store: &Store, user: UserId, names: &[&str]) -> Result<(), RoleStoreError> {
    let roles: Vec<Role> = names.iter().map(|name| role(name)).collect();
    give_as(store, user, &roles, &operator()).await
}

async fn scope(store: &Store, user: UserId) -> String {
    let permissions = store.permissions_of(user, &Role::user()).await.unwrap();
    permissions.scope()
}

#[tokio::test]
async fn a_user_may_do_what_any_role_of_theirs_allows() {
    for store in Databases::fresh().await.stores() {
        let (una, other) = (add(&store, "una").await, add(&store, "other").await);
        assert!(define(&store, "auditor", "audit:read users:read").await);
        assert!(define(&store, "helper", "users:read shop:*").await);
        assert_eq!(scope(&store, una).await, "");
        give(&store, una, &["helper", "auditor"]).await.unwrap();
        assert_eq!(scope(&store, una).await, "audit:read shop:* users:read");
        assert_eq!(scope(&store, other).await, "");
        // Replacing a role's permissions changes what its holders may do.
        assert!(!define(&store, "auditor", "audit:read").await);
        give(&store, una, &["auditor"]).await.unwrap();
        assert_eq!(scope(&store, una).await, "audit:read");
        give(&store, una, &[]).await.unwrap();
        assert_eq!(scope(&store, una).await, "");
        assert!(
            store
                .permissions_of(una, &Role::admin())
                .await
                .unwrap()
                .is_everything()
        );
    }
}

#[tokio::test]
async fn a_role_that_is_not_there_is_not_given_and_nothing_changes() {
    for store in Databases::fresh().await.stores() {
        let una = add(&store, "una").await;
        define(&store, "auditor", "audit:read").await;
        give(&store, una, &["auditor"]).await.unwrap();
        for name in ["nosuch", "admin", "user", "Auditor"] {
            let error = give(&store, una, &[name]).await.unwrap_err();
            assert!(matches!(error, RoleStoreError::UnknownRole(_)), "{name}");
        }
        let error = give(&store, UserId::new(999), &["auditor"]).await;
        assert!(matches!(error, Err(RoleStoreError::UnknownUser)));
        assert_eq!(store.roles_of(una).await.unwrap(), [role("auditor")]);
    }
}

#[tokio::test]
async fn a_role_goes_only_when_nobody_has_it() {
    for store in Databases::fresh().await.stores() {
        let una = add(&store, "una").await;
        define(&store, "auditor", "audit:read").await;
        give(&store, una, &["auditor"]).await.unwrap();
        let auditor = role("auditor");
        let refused = store.delete_role(&auditor, &operator(), NOW, LATER).await;
        assert!(matches!(
            refused,
            Err(RoleStoreError::Assigned { holders: 1 })
        ));
        give(&store, una, &[]).await.unwrap();
        store
            .delete_role(&auditor, &operator(), NOW, LATER)
            .await
            .unwrap();
        assert_eq!(store.list_roles().await.unwrap(), []);
        let gone = store.delete_role(&auditor, &operator(), NOW, LATER).await;
        assert!(matches!(gone, Err(RoleStoreError::UnknownRole(_))));
        // What is defined under the old name later starts from nothing.
        define(&store, "auditor", "").await;
        assert_eq!(scope(&store, una).await, "");
    }
}

#[tokio::test]
async fn a_role_is_not_given_while_it_is_deleted() {
    for store in Databases::fresh().await.stores() {
        let store = Arc::new(store);
        for round in 0..10 {
            let una = add(&store, &format!("una{round}")).await;
            define(&store, "auditor", "audit:read").await;
            let giving = tokio::spawn({
                let store = store.clone();
                async move { give(&store, una, &["auditor"]).await.is_ok() }
            });
            let deleting = tokio::spawn({
                let store = store.clone();
                async move {
                    let auditor = role("auditor");
                    store
                        .delete_role(&auditor, &operator(), NOW, LATER)
                        .await
                        .is_ok()
                }
            });
            let (given, deleted) = (giving.await.unwrap(), deleting.await.unwrap());
            assert!(given != deleted, "given {given}, deleted {deleted}");
            give(&store, una, &[]).await.unwrap();
        }
    }
}

async fn epoch(store: &Store, user: UserId) -> i64 {
    let found = store.find_user_by_id(user, NOW).await.unwrap();
    found.unwrap().user.epochs.tokens
}

#[tokio::test]
async fn a_change_of_a_role_voids_the_tokens_of_all_who_have_it_and_of_nobody_else() {
    for store in Databases::fresh().await.stores() {
        define(&store, "auditor", "audit:read").await;
        let other = add(&store, "other").await;
        let mut holders = Vec::new();
        for n in 0..30 {
            let holder = add(&store, &format!("holder{n}")).await;
            give(&store, holder, &["auditor"]).await.unwrap();
            holders.push((holder, epoch(&store, holder).await));
        }
        let last = store.list_revocations(0, NOW).await.unwrap();
        let last = last.last().unwrap().number;
        // What a role is for is no right.
        let mut defined = store.find_role(&role("auditor")).await.unwrap().unwrap();
        defined.description = "something else".to_owned();
        let unchanged = store.define_role(&defined, &operator(), NOW, LATER).await;
        assert!(!unchanged.unwrap());
        assert_eq!(store.list_revocations(last, NOW).await.unwrap(), []);

        define(&store, "auditor", "audit:read users:read").await;
        let revoked = store.list_revocations(last, NOW).await.unwrap();
        assert_eq!(revoked.len(), holders.len());
        for (user, before) in holders {
            assert_eq!(epoch(&store, user).await, before + 1);
            let wanted = Revoked::User {
                user,
                epoch: before + 1,
            };
            let row = revoked.iter().find(|row| row.revoked == wanted);
            assert_eq!(row.unwrap().expires_at, LATER);
        }
        assert_eq!(epoch(&store, other).await, 0);
    }
}

#[tokio::test]
async fn rights_are_all_roles_and_what_they_allow() {
    for store in Databases::fresh().await.stores() {
        let una = add(&store, "una").await;
        define(&store, "auditor", "audit:read").await;
        let user = store.find_user_by_id(una, NOW).await.unwrap().unwrap().user;
        assert_eq!(store.rights_of(&user).await.unwrap(), Rights::default());
        give(&store, una, &["auditor"]).await.unwrap();
        let rights = store.rights_of(&user).await.unwrap();
        assert_eq!(rights.roles, [role("auditor")]);
        assert_eq!(rights.permissions.scope(), "audit:read");
    }
}

/// Somebody who may define and give roles, and read users.
fn helper() -> Authority {
    let held = PermissionSet::from_scope("roles:write users:read").unwrap();
    Authority::new(Caller::system(), held)
}

#[tokio::test]
async fn nobody_takes_what_they_do_not_hold() {
    for store in Databases::fresh().await.stores() {
        let una = add(&store, "una").await;
        define(&store, "auditor", "audit:read").await;
        define(&store, "reader", "users:read").await;
        give(&store, una, &["auditor", "reader"]).await.unwrap();
        let taken = Overreach::Taken("audit:read".to_owned());
        let is_refused =
            |error| matches!(error, Err(RoleStoreError::Overreach(why)) if why == taken);
        for left in [&["reader"][..], &[]] {
            let left: Vec<Role> = left.iter().map(|name| role(name)).collect();
            assert!(is_refused(give_as(&store, una, &left, &helper()).await));
        }
        let mut auditor = store.find_role(&role("auditor")).await.unwrap().unwrap();
        auditor.permissions = PermissionSet::default();
        let defined = store.define_role(&auditor, &helper(), NOW, LATER).await;
        assert!(is_refused(defined.map(drop)));
        let deleted = store
            .delete_role(&auditor.role, &helper(), NOW, LATER)
            .await;
        assert!(is_refused(deleted));
        assert_eq!(scope(&store, una).await, "audit:read users:read");
        // What they hold themselves they may take.
        give_as(&store, una, &[role("auditor")], &helper())
            .await
            .unwrap();
        assert_eq!(scope(&store, una).await, "audit:read");
    }
}

#[tokio::test]
async fn a_role_that_is_taken_at_another_node_is_not_given_back() {
    let databases = Databases::fresh().await;
    for [one, other] in databases.pairs().await {
        define(&one, "auditor", "audit:read").await;
        define(&one, "reader", "users:read").await;
        for round in 0..20 {
            let una = add(&one, &format!("una{round}")).await;
            give(&one, una, &["auditor"]).await.unwrap();
            let both = [role("auditor"), role("reader")];
            let helper = helper();
            let (given, taken) =
                tokio::join!(give_as(&one, una, &both, &helper), give(&other, una, &[]));
            taken.unwrap();
            let refused = matches!(&given, Err(RoleStoreError::Overreach(_)));
            assert!(given.is_ok() || refused, "{given:?}");
            let left = scope(&one, una).await;
            assert!(!left.contains("audit:read"), "round {round}: {given:?}");
        }
    }
}

#[tokio::test]
async fn a_change_of_rights_is_a_change_of_the_user() {
    for store in Databases::fresh().await.stores() {
        let una = add(&store, "una").await;
        define(&store, "auditor", "audit:read").await;
        let version = async || {
            let found = store.find_user_version(una, NOW).await.unwrap();
            found.unwrap().1
        };
        let unchanged = version().await;
        give(&store, una, &["auditor"]).await.unwrap();
        let given = version().await;
        assert_ne!(given, unchanged);
        give(&store, una, &["auditor"]).await.unwrap();
        assert_eq!(version().await, given, "nothing was changed");
        define(&store, "auditor", "audit:read users:read").await;
        assert_ne!(version().await, given);
        let expected = [given.to_string()];
        let stale = store
            .set_roles_of(una, &[], Some(&expected), &operator(), NOW)
            .await;
        assert!(matches!(stale, Err(RoleStoreError::Stale)));
        assert_eq!(scope(&store, una).await, "audit:read users:read");
    }
}
