//! Acting on a user whose rights change at another node at that moment, on every engine (AZ-07, AZ-08).

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
    api_key::{ApiKeyId, ApiKeyRecord},
    audit::{Event, EventKind},
    authority::{Authority, Overreach},
    caller::Caller,
    clock::Timestamp,
    one_time_link::{LinkId, LinkPurpose},
    password::PasswordHash,
    permission::PermissionSet,
    role::Role,
    session::EndReason,
    store::{
        AddKeyError, ChangeUserError, DefinedRole, EndSessions, FoundLink, HandOverError,
        LinkError, NewLink, PasswordSetting, Sql, Store, UserChange, UserDeed,
    },
    user::UserId,
    username::Username,
};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const LATER: Timestamp = Timestamp::from_seconds(1_800_086_400);
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$eulBsvxG/lLvEunGp0obMA$BWDaUQm99W7Nosg21LLsskHZ5OfJaEF1ApmJfC0dwgw";
const ROUNDS: u8 = 20;

fn hash() -> PasswordHash {
    PasswordHash::parse(HASH).unwrap()
}

/// Somebody who may change users and make keys, and is no administrator.
fn helper() -> Authority {
    let held = PermissionSet::from_scope("users:read users:write keys:write").unwrap();
    Authority::new(Caller::system(), held)
}

async fn add(store: &Store, name: &str, role: &Role) -> UserId {
    let name = Username::parse(name).unwrap();
    let user = store.add_user(&name, &hash(), role, NOW).await;
    user.unwrap().id
}

fn becomes(role: Role) -> UserDeed {
    UserDeed::Change(UserChange {
        role: Some(role),
        ..UserChange::default()
    })
}

async fn promote(store: &Store, user: UserId) -> Result<(), ChangeUserError> {
    let authority = Authority::operator();
    store
        .do_to_user(user, None, &becomes(Role::admin()), &authority, NOW)
        .await
}

fn deeds() -> [UserDeed; 4] {
    let disabled = UserChange {
        disabled: Some(true),
        ..UserChange::default()
    };
    [
        UserDeed::SetPassword {
            hash: hash(),
            tells: false,
        },
        UserDeed::Change(disabled),
        becomes(Role::user()),
        UserDeed::Delete,
    ]
}

fn link(user: UserId, number: u8) -> NewLink<'static> {
    NewLink {
        user,
        purpose: LinkPurpose::ResetPassword,
        id: LinkId::from_bytes([number; 16]),
        token_sha256: [number; 32],
        email: None,
        expires_at: LATER,
    }
}

fn key(user: UserId, number: u8, scope: &str) -> ApiKeyRecord {
    ApiKeyRecord {
        id: ApiKeyId::from_bytes([number; 16]),
        user_id: user,
        name: "key".to_owned(),
        scope: PermissionSet::from_scope(scope).unwrap(),
        created_at: NOW,
        expires_at: LATER,
        last_used_at: None,
    }
}

fn event() -> Event {
    Event::success(EventKind::ResetRequested, &Caller::system())
}

async fn act(store: &Store, user: UserId, deed: &UserDeed) -> Result<(), ChangeUserError> {
    store.do_to_user(user, None, deed, &helper(), NOW).await
}

async fn hand_over(store: &Store, user: UserId, number: u8) -> Result<(), HandOverError> {
    let (link, helper) = (link(user, number), helper());
    store.hand_over_link(&link, &helper, &event(), NOW).await
}

async fn make_key(store: &Store, key: &ApiKeyRecord) -> Result<(), AddKeyError> {
    store.add_api_key(key, &[7; 32], &helper(), NOW).await
}

#[tokio::test]
async fn what_is_done_to_a_user_is_within_the_authority_of_whoever_does_it() {
    for store in Databases::fresh().await.stores() {
        let (root, una, bob) = (
            add(&store, "root", &Role::admin()).await,
            add(&store, "una", &Role::user()).await,
            add(&store, "bob", &Role::user()).await,
        );
        add(&store, "other", &Role::admin()).await;
        let auditor = DefinedRole {
            role: Role::parse("auditor").unwrap(),
            description: String::new(),
            permissions: PermissionSet::from_scope("audit:read").unwrap(),
        };
        let operator = Authority::operator();
        let defined = store.define_role(&auditor, &operator, NOW, LATER).await;
        assert!(defined.unwrap());
        let roles = [auditor.role];
        let given = store.set_roles_of(una, &roles, None, &operator, NOW).await;
        assert!(given.unwrap());
        for (user, more) in [(root, "*"), (una, "audit:read")] {
            let beyond = Overreach::Reached(more.to_owned());
            for deed in deeds() {
                let done = act(&store, user, &deed).await;
                assert!(
                    matches!(&done, Err(ChangeUserError::Overreach(why)) if *why == beyond),
                    "{deed:?}: {done:?}"
                );
            }
            let made = hand_over(&store, user, 1).await;
            assert!(
                matches!(&made, Err(HandOverError::Overreach(why)) if *why == beyond),
                "{made:?}"
            );
            let none = store.find_link(&[1; 32], LinkPurpose::ResetPassword, NOW);
            assert_eq!(none.await.unwrap(), None);
            let made = make_key(&store, &key(user, 1, "")).await;
            assert!(
                matches!(&made, Err(AddKeyError::Overreach(why)) if *why == beyond),
                "{made:?}"
            );
        }
        let made = act(&store, bob, &becomes(Role::admin())).await;
        assert!(matches!(
            made,
            Err(ChangeUserError::Overreach(Overreach::Granted(_)))
        ));
        let more_than_bob = make_key(&store, &key(bob, 2, "users:read")).await;
        assert!(matches!(
            more_than_bob,
            Err(AddKeyError::Overreach(Overreach::Granted(_)))
        ));
        hand_over(&store, bob, 3).await.unwrap();
        for deed in deeds() {
            act(&store, bob, &deed).await.unwrap();
        }
    }
}

/// Where both were done, the user was promoted last: nothing was done to an administrator.
#[tokio::test]
async fn nothing_is_done_to_a_user_who_is_being_promoted_at_another_node() {
    for [one, other] in Databases::fresh().await.pairs().await {
        add(&one, "root", &Role::admin()).await;
        for (kind, deed) in deeds().into_iter().take(2).enumerate() {
            for round in 0..ROUNDS {
                let user = add(&one, &format!("una{kind}-{round}"), &Role::user()).await;
                let (done, promoted) = tokio::join!(act(&one, user, &deed), promote(&other, user));
                promoted.unwrap();
                let kinds: Vec<(String,)> = one
                    .database()
                    .fetch_all(
                        Sql::both("SELECT kind FROM audit_events WHERE subject_id = ? ORDER BY id"),
                        &[user.get().into()],
                    )
                    .await
                    .unwrap();
                let last = kinds.last().map(|(kind,)| kind.as_str());
                assert_eq!(last, Some("role_changed"), "round {round}: {done:?}");
                let refused = matches!(&done, Err(ChangeUserError::Overreach(_)));
                assert!(done.is_ok() || refused, "round {round}: {done:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_link_that_is_handed_over_while_its_user_is_promoted_is_void() {
    for [one, other] in Databases::fresh().await.pairs().await {
        for round in 0..ROUNDS {
            let user = add(&one, &format!("una{round}"), &Role::user()).await;
            let (made, promoted) =
                tokio::join!(hand_over(&one, user, round), promote(&other, user));
            promoted.unwrap();
            let refused = matches!(&made, Err(HandOverError::Overreach(_)));
            assert!(made.is_ok() || refused, "round {round}: {made:?}");
            let (hash, event) = (hash(), event());
            let new = PasswordSetting {
                hash: &hash,
                sessions: EndSessions::All(EndReason::PasswordReset),
                tells: false,
                event: &event,
            };
            let found = FoundLink {
                user_id: user,
                email: None,
            };
            let by_link = one.use_reset_link(&[round; 32], &found, &new, NOW).await;
            assert!(
                matches!(by_link, Err(LinkError::InvalidLink)),
                "round {round}"
            );
        }
    }
}
