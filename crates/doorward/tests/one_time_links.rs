//! Links that work once, and the queue of letters, on every engine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may stop at once, and reads which servers it may use from the environment"
)]

mod databases;

use std::time::Duration;

use databases::Databases;
use doorward::{
    audit::{Event, EventKind},
    authority::Authority,
    caller::Caller,
    clock::Timestamp,
    email::EmailAddress,
    letter::LetterKind,
    one_time_link::{LinkId, LinkKey, LinkPurpose, LinkToken},
    password::PasswordHash,
    role::Role,
    secret::Secret,
    session::EndReason,
    store::{EndSessions, FoundLink, LinkError, NewLink, PasswordSetting, Store},
    user::{User, UserId},
    username::Username,
};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const LATER: Timestamp = Timestamp::from_seconds(1_800_000_060);
const MUCH_LATER: Timestamp = Timestamp::from_seconds(1_800_009_999);
/// Argon2id of some password; nothing here verifies it.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$eulBsvxG/lLvEunGp0obMA$BWDaUQm99W7Nosg21LLsskHZ5OfJaEF1ApmJfC0dwgw";
const OTHER_HASH: &str = "$argon2id$v=19$m=65536,t=3,p=4$Q8FrGk9EXTI/dwUb9IpQ3g$U+g4FJ2eXLh0AH/b8apjz7ppzDYRVA8Lsm1P8IUKI8M";

fn other_hash() -> PasswordHash {
    PasswordHash::parse(OTHER_HASH).unwrap()
}

fn event() -> Event {
    Event::success(EventKind::ResetRequested, &Caller::operator())
}

fn key() -> LinkKey {
    LinkKey::derive(&Secret::from_text("k".repeat(64)))
}

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

async fn add(store: &Store, name: &str) -> User {
    let hash = PasswordHash::parse(HASH).unwrap();
    let name = Username::parse(name).unwrap();
    store
        .add_user(&name, &hash, &Role::user(), NOW)
        .await
        .unwrap()
}

/// Makes a link for `user` that is good for 30 minutes.
async fn make(
    store: &Store,
    user: UserId,
    purpose: LinkPurpose,
    number: u8,
    email: Option<&EmailAddress>,
) -> LinkToken {
    let id = LinkId::from_bytes([number; 16]);
    let token = key().token(purpose, user, id);
    let link = NewLink {
        user,
        purpose,
        id,
        token_sha256: token.sha256(),
        email,
        expires_at: NOW.after(Duration::from_mins(30)),
    };
    let authority = Authority::operator();
    store
        .hand_over_link(&link, &authority, &event(), NOW)
        .await
        .unwrap();
    token
}

async fn use_as(
    store: &Store,
    token: &LinkToken,
    link: &FoundLink,
    purpose: LinkPurpose,
    now: Timestamp,
) -> Result<(), LinkError> {
    let digest = token.sha256();
    match purpose {
        LinkPurpose::ResetPassword => {
            let new = PasswordSetting {
                hash: &other_hash(),
                sessions: EndSessions::All(EndReason::PasswordChanged),
                tells: false,
                event: &event(),
            };
            store.use_reset_link(&digest, link, &new, now).await
        }
        LinkPurpose::VerifyEmail => {
            store
                .use_verification_link(&digest, link, &event(), now)
                .await
        }
    }
}

fn is_invalid(result: &Result<(), LinkError>) -> bool {
    matches!(result, Err(LinkError::InvalidLink))
}

/// Answers CVE-2023-26481.
#[tokio::test]
async fn a_link_is_good_for_its_own_purpose_and_user_alone() {
    for store in Databases::fresh().await.stores() {
        let (una, eve) = (add(&store, "una").await, add(&store, "eve").await);
        let email = address("una@example.org");
        for made in LinkPurpose::ALL {
            for asked in LinkPurpose::ALL {
                let token = make(&store, una.id, made, 1, Some(&email)).await;
                let found = store.find_link(&token.sha256(), asked, LATER).await;
                assert_eq!(found.unwrap().is_some(), made == asked);
                if made == asked {
                    continue;
                }
                for user_id in [una.id, eve.id] {
                    let email = Some(email.clone());
                    let forged = FoundLink { user_id, email };
                    let used = use_as(&store, &token, &forged, asked, LATER).await;
                    assert!(is_invalid(&used), "{made:?} {asked:?}");
                }
            }
            let token = make(&store, una.id, made, 2, Some(&email)).await;
            let forged = FoundLink {
                user_id: eve.id,
                email: Some(email.clone()),
            };
            assert!(is_invalid(
                &use_as(&store, &token, &forged, made, LATER).await
            ));
        }
        let stored = store.find_user_by_id(una.id, NOW).await.unwrap().unwrap();
        assert_eq!(stored.password, HASH);
        assert_eq!(store.find_email(una.id).await.unwrap(), None);
    }
}

/// Answers GHSA-7w99-5wm4-3g79.
#[tokio::test]
async fn of_fifty_uses_of_a_link_at_once_one_succeeds() {
    for store in Databases::fresh().await.stores() {
        let una = add(&store, "una").await;
        let email = address("una@example.org");
        for purpose in LinkPurpose::ALL {
            let email = (purpose == LinkPurpose::VerifyEmail).then_some(&email);
            let token = make(&store, una.id, purpose, 1, email).await;
            let found = store.find_link(&token.sha256(), purpose, LATER).await;
            let found = found.unwrap().unwrap();
            let uses = (0..50).map(|_| {
                let (store, found) = (store.clone(), found.clone());
                let token = LinkToken::presented(token.expose().to_owned());
                tokio::spawn(async move { use_as(&store, &token, &found, purpose, LATER).await })
            });
            let uses: Vec<_> = uses.collect();
            let mut successes = 0;
            for one in uses {
                match one.await.unwrap() {
                    Ok(()) => successes += 1,
                    Err(error) => assert!(matches!(error, LinkError::InvalidLink), "{error}"),
                }
            }
            assert_eq!(successes, 1, "{purpose:?}");
        }
    }
}

#[tokio::test]
async fn a_newer_link_a_new_password_and_time_make_a_link_void() {
    for store in Databases::fresh().await.stores() {
        let una = add(&store, "una").await;
        let purpose = LinkPurpose::ResetPassword;
        let link = FoundLink {
            user_id: una.id,
            email: None,
        };

        let older = make(&store, una.id, purpose, 1, None).await;
        let newer = make(&store, una.id, purpose, 2, None).await;
        assert!(is_invalid(
            &use_as(&store, &older, &link, purpose, LATER).await
        ));
        let late = use_as(&store, &newer, &link, purpose, MUCH_LATER).await;
        assert!(is_invalid(&late));
        let found = store.find_link(&newer.sha256(), purpose, MUCH_LATER).await;
        assert_eq!(found.unwrap(), None);

        // Whatever sets a password, also where links are not thought of.
        store
            .set_password(una.id, &other_hash(), EndSessions::None, LATER)
            .await
            .unwrap();
        assert!(is_invalid(
            &use_as(&store, &newer, &link, purpose, LATER).await
        ));

        let fresh = make(&store, una.id, purpose, 3, None).await;
        use_as(&store, &fresh, &link, purpose, LATER).await.unwrap();
        assert!(is_invalid(
            &use_as(&store, &fresh, &link, purpose, LATER).await
        ));
    }
}

#[tokio::test]
async fn a_proved_address_belongs_to_one_account_and_a_reset_proves_the_accounts_own() {
    for store in Databases::fresh().await.stores() {
        let (una, eve) = (add(&store, "una").await, add(&store, "eve").await);
        let email = address("una@example.org");
        let same = address("UNA@example.org");
        let verify = LinkPurpose::VerifyEmail;
        let token = make(&store, una.id, verify, 1, Some(&email)).await;
        let found = store.find_link(&token.sha256(), verify, LATER).await;
        let found = found.unwrap().unwrap();
        use_as(&store, &token, &found, verify, LATER).await.unwrap();
        let proved = store.find_email(una.id).await.unwrap().unwrap();
        assert_eq!(proved.verified_at, Some(LATER));

        let token = make(&store, eve.id, verify, 1, Some(&same)).await;
        let found = store.find_link(&token.sha256(), verify, LATER).await;
        let found = found.unwrap().unwrap();
        assert!(is_invalid(
            &use_as(&store, &token, &found, verify, LATER).await
        ));
        assert_eq!(store.find_email(eve.id).await.unwrap(), None);
        assert_eq!(store.holders_of_email(&same).await.unwrap(), vec![una.id]);

        // The letter went to an address that is not the account's any more.
        let reset = LinkPurpose::ResetPassword;
        let elsewhere = address("old@example.org");
        let token = make(&store, una.id, reset, 1, Some(&elsewhere)).await;
        let found = store.find_link(&token.sha256(), reset, LATER).await;
        let found = found.unwrap().unwrap();
        assert!(is_invalid(
            &use_as(&store, &token, &found, reset, LATER).await
        ));
        let stored = store.find_user_by_id(una.id, NOW).await.unwrap().unwrap();
        assert_eq!(stored.password, HASH);
    }
}

#[tokio::test]
async fn of_many_nodes_one_takes_a_letter_and_a_node_that_is_gone_loses_it() {
    for store in Databases::fresh().await.stores() {
        let una = add(&store, "una").await;
        let email = address("una@example.org");
        let id = LinkId::from_bytes([1; 16]);
        let link = NewLink {
            user: una.id,
            purpose: LinkPurpose::VerifyEmail,
            id,
            token_sha256: [3; 32],
            email: Some(&email),
            expires_at: MUCH_LATER,
        };
        let kind = LetterKind::VerifyEmail;
        store.set_link(&link, kind, &event(), NOW).await.unwrap();

        let minute = Duration::from_mins(1);
        let nodes: Vec<_> = (0..10u8)
            .map(|node| {
                let store = store.clone();
                tokio::spawn(async move { store.lease_letters(16, [node; 16], minute, NOW).await })
            })
            .collect();
        let mut taken = Vec::new();
        for node in nodes {
            taken.extend(node.await.unwrap().unwrap());
        }
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].recipient, "una@example.org");
        assert_eq!((taken[0].kind, taken[0].link_id), (kind, Some(id)));

        // The lease is over; the node that had it can't say any more that it was sent.
        let again = store
            .lease_letters(16, [99; 16], minute, LATER)
            .await
            .unwrap();
        assert_eq!((again.len(), again[0].attempts), (1, 2));
        store.letter_sent(&taken[0], LATER).await.unwrap();
        store
            .letter_failed(&again[0], Some(MUCH_LATER), "no route")
            .await
            .unwrap();
        assert!(
            store
                .lease_letters(16, [5; 16], minute, LATER)
                .await
                .unwrap()
                .is_empty()
        );
        let last = store
            .lease_letters(16, [5; 16], minute, MUCH_LATER)
            .await
            .unwrap();
        assert_eq!(last[0].attempts, 3);
        store.letter_sent(&last[0], MUCH_LATER).await.unwrap();
        let end = Timestamp::from_seconds(1_900_000_000);
        assert!(
            store
                .lease_letters(16, [6; 16], minute, end)
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(store.purge_letters(end).await.unwrap(), 1);
    }
}
