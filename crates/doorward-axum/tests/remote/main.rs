//! A service that verifies the tokens of another doorward, which answers, lies, or is gone.
#![cfg(feature = "remote")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may stop at once"
)]

mod extractors;
mod publisher;

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward::{
    role::Role,
    token::{InvalidReason, PairAlgorithm, TokenError},
};
use doorward_axum::remote::{Holder, RemoteConfig, RemoteError, RemoteKeys, StaleRevocations};
use http::StatusCode;
use publisher::{ISSUER, Page, Publisher, claims, claims_but, key};
use serde_json::json;

const QUICK: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_hours(1);

fn config(publisher: &Publisher) -> RemoteConfig {
    let config = RemoteConfig::new(&publisher.base(), ISSUER).unwrap();
    config.poll(QUICK)
}

async fn ready(config: RemoteConfig) -> Arc<RemoteKeys> {
    let keys = RemoteKeys::start(config).unwrap();
    keys.ready().await;
    keys
}

fn invalid(reason: InvalidReason) -> RemoteError {
    TokenError::Invalid(reason).into()
}

#[tokio::test]
async fn a_good_token_says_who_calls_and_what_they_may_do() {
    let publisher = Publisher::start().await;
    let keys = ready(config(&publisher)).await;
    assert!(keys.is_ready());
    let caller = keys.verify(&publisher.token(&claims())).await.unwrap();
    let Holder::User(user) = &caller.holder else {
        panic!("{caller:?}");
    };
    assert_eq!((user.user_id.get(), user.username.as_str()), (7, "una"));
    assert_eq!(user.role, Role::user());
    assert!(caller.has_role("editor") && caller.has_role("user") && !caller.has_role("admin"));
    assert!(caller.may("articles:write") && caller.may("users:read") && !caller.may("users:write"));

    let admin = claims_but(&json!({"role": "admin", "scope": null}));
    let caller = keys.verify(&publisher.token(&admin)).await.unwrap();
    assert!(caller.may("users:write") && caller.may("anything:else"));
}

#[tokio::test]
async fn what_is_wrong_with_a_token_is_found_without_the_server() {
    let publisher = Publisher::start().await;
    let for_us = config(&publisher).audience("articles");
    let keys = ready(for_us.max_age(LONG).cool_down(Duration::ZERO)).await;
    let good = claims_but(&json!({"aud": "articles"}));
    let token = publisher.token(&good);
    assert!(keys.verify(&token).await.is_ok());
    let fetched = publisher.key_fetches();

    let now = good["iat"].as_i64().unwrap();
    let but = |changed| claims_but(&changed);
    for (claims, refused) in [
        (
            but(json!({"aud": "articles", "iss": "https://other.example.org"})),
            invalid(InvalidReason::Issuer),
        ),
        (
            but(json!({"aud": "payments"})),
            invalid(InvalidReason::Audience),
        ),
        (but(json!({})), invalid(InvalidReason::MissingClaim)),
        (
            but(json!({"aud": "articles", "iat": now - 4000, "exp": now - 60})),
            TokenError::Expired.into(),
        ),
        (
            but(json!({"aud": "articles", "iat": now + 600})),
            invalid(InvalidReason::IssuedInFuture),
        ),
        (
            but(json!({"aud": "articles", "exp": now + 90_000})),
            invalid(InvalidReason::Lifetime),
        ),
        (
            but(json!({"aud": "articles", "sub": "8"})),
            invalid(InvalidReason::ClaimsForm),
        ),
    ] {
        assert_eq!(
            keys.verify(&publisher.token(&claims)).await,
            Err(refused),
            "{claims}"
        );
    }
    // Clocks differ by some seconds.
    let fast = but(json!({"aud": "articles", "iat": now + 5, "nbf": now + 5}));
    assert!(keys.verify(&publisher.token(&fast)).await.is_ok());

    // The same `kid` with another key, with none, and with the public key as a secret.
    let (header, rest) = token.split_once('.').unwrap();
    let (payload, _) = rest.split_once('.').unwrap();
    let forged = key(PairAlgorithm::Es256).sign(&good).unwrap();
    let signature = forged.as_str().rsplit_once('.').unwrap().1;
    let foreign = format!("{header}.{payload}.{signature}");
    assert_eq!(
        keys.verify(&foreign).await,
        Err(invalid(InvalidReason::Signature))
    );
    let kid = publisher.answers().signs.id().unwrap().to_string();
    for alg in ["none", "None", "HS256"] {
        let header =
            URL_SAFE_NO_PAD.encode(json!({"alg": alg, "kid": kid, "typ": "JWT"}).to_string());
        let unsigned = format!("{header}.{payload}.{signature}");
        assert_eq!(
            keys.verify(&unsigned).await,
            Err(invalid(InvalidReason::Algorithm)),
            "{alg}"
        );
    }
    // A list of revocations is no token, although the same key has signed it.
    let document = publisher
        .answers()
        .signs
        .sign_document("revocations+jwt", &good)
        .unwrap();
    assert_eq!(
        keys.verify(&document).await,
        Err(invalid(InvalidReason::Type))
    );
    assert_eq!(publisher.key_fetches(), fetched);
}

#[tokio::test]
async fn a_session_or_a_user_that_is_on_the_list_is_refused_also_when_it_has_pages() {
    let publisher = Publisher::start().await;
    let keys = ready(config(&publisher)).await;
    let token = publisher.token(&claims());
    let later = publisher.token(&claims_but(&json!({"epoch": 3, "sid": null})));
    assert!(keys.verify(&token).await.is_ok());
    let sid = claims()["sid"].as_str().unwrap().to_owned();
    publisher.answers().pages = vec![
        Page::default(),
        Page {
            sessions: vec![sid],
            users: vec![(8, 9)],
        },
    ];
    publisher.lists(4).await;
    assert_eq!(keys.verify(&token).await, Err(TokenError::Revoked.into()));
    assert!(keys.verify(&later).await.is_ok(), "another session");
    publisher.answers().pages[1].users = vec![(7, 3)];
    publisher.lists(2).await;
    assert!(keys.verify(&later).await.is_ok(), "the epoch that counts");
    publisher.answers().pages[1].users = vec![(7, 4)];
    publisher.lists(2).await;
    assert_eq!(keys.verify(&later).await, Err(TokenError::Revoked.into()));
}

#[tokio::test]
async fn a_new_key_is_fetched_once_for_all_who_wait_and_garbage_does_not_fetch_again() {
    let publisher = Publisher::start().await;
    let keys = ready(config(&publisher).poll(LONG).max_age(LONG)).await;
    let old = publisher.token(&claims());
    // A key of another algorithm takes over without warning.
    let fresh = key(PairAlgorithm::EdDsa);
    {
        let mut answers = publisher.answers();
        answers.published.push(fresh.clone());
        answers.signs = fresh;
    }
    let fetched = publisher.key_fetches();
    // The first fetch was a moment ago.
    let token = publisher.token(&claims());
    assert_eq!(
        keys.verify(&token).await,
        Err(invalid(InvalidReason::Algorithm))
    );
    assert_eq!(publisher.key_fetches(), fetched, "the cool-down holds");

    let keys = ready(config(&publisher).max_age(LONG).cool_down(Duration::ZERO)).await;
    assert!(keys.verify(&token).await.is_ok() && keys.verify(&old).await.is_ok());
    let third = key(PairAlgorithm::Es256);
    {
        let mut answers = publisher.answers();
        answers.published.push(third.clone());
    }
    let token = third.sign(&claims()).unwrap().as_str().to_owned();
    let fetched = publisher.key_fetches();
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let (keys, token) = (Arc::clone(&keys), token.clone());
            tokio::spawn(async move { keys.verify(&token).await.is_ok() })
        })
        .collect();
    for one in waiting {
        assert!(one.await.unwrap());
    }
    assert_eq!(publisher.key_fetches(), fetched + 1);
}

#[tokio::test]
async fn a_list_that_a_new_key_has_signed_brings_the_key() {
    let publisher = Publisher::start().await;
    let keys = ready(config(&publisher).max_age(LONG).cool_down(LONG)).await;
    let fresh = key(PairAlgorithm::Es256);
    {
        let mut answers = publisher.answers();
        answers.published = vec![fresh.clone()];
        answers.signs = fresh;
    }
    publisher.lists(2).await;
    assert!(keys.verify(&publisher.token(&claims())).await.is_ok());
}

#[tokio::test]
async fn a_list_that_names_other_keys_brings_the_new_one_and_ends_the_retired() {
    let publisher = Publisher::start().await;
    let keys = ready(config(&publisher).max_age(LONG).cool_down(LONG)).await;
    let retired = key(PairAlgorithm::Es256);
    publisher.answers().published.push(retired.clone());
    publisher.lists(2).await;
    let token = retired.sign(&claims()).unwrap();
    let refused = keys.verify(token.as_str()).await;
    assert!(refused.is_ok(), "{refused:?}");
    publisher.answers().published.pop();
    publisher.lists(2).await;
    let refused = keys.verify(token.as_str()).await;
    assert_eq!(refused, Err(invalid(InvalidReason::UnknownKey)));
}

#[tokio::test]
async fn the_last_good_keys_count_while_the_server_is_down_or_answers_nonsense() {
    let publisher = Publisher::start().await;
    let keys = ready(config(&publisher).max_age(Duration::ZERO)).await;
    let token = publisher.token(&claims());
    let unknown = key(PairAlgorithm::Es256).sign(&claims()).unwrap();
    let failures = [
        (Some(StatusCode::SERVICE_UNAVAILABLE), None),
        (Some(StatusCode::FOUND), None),
        (None, Some("<html>".to_owned())),
        (None, Some(r#"{"keys":[]}"#.to_owned())),
        (
            None,
            Some(format!(r#"{{"keys":[],"x":"{}"}}"#, "x".repeat(300_000))),
        ),
    ];
    for (status, text) in failures {
        {
            let mut answers = publisher.answers();
            (answers.status, answers.keys_text) = (status, text);
        }
        let fetched = publisher.key_fetches();
        while publisher.key_fetches() < fetched + 2 {
            tokio::time::sleep(QUICK).await;
        }
        assert!(keys.verify(&token).await.is_ok(), "{status:?}");
        let refused = keys.verify(unknown.as_str()).await;
        assert_eq!(refused, Err(invalid(InvalidReason::UnknownKey)));
    }
}

#[tokio::test]
async fn before_the_server_was_reached_nobody_is_let_in_and_nobody_is_called_a_liar() {
    let publisher = Publisher::start().await;
    publisher.answers().status = Some(StatusCode::SERVICE_UNAVAILABLE);
    let keys = RemoteKeys::start(config(&publisher).cool_down(Duration::ZERO)).unwrap();
    let token = publisher.token(&claims());
    assert!(!keys.is_ready());
    assert_eq!(keys.verify(&token).await, Err(RemoteError::NoKeys));
    publisher.answers().status = None;
    keys.ready().await;
    assert!(keys.verify(&token).await.is_ok());
}

#[tokio::test]
async fn without_a_list_in_time_tokens_wait_unless_the_service_chose_otherwise() {
    let publisher = Publisher::start().await;
    publisher.answers().list_life = -60;
    let strict = RemoteKeys::start(config(&publisher)).unwrap();
    let lenient = config(&publisher).stale_revocations(StaleRevocations::Accept);
    let lenient = RemoteKeys::start(lenient).unwrap();
    publisher.lists(4).await;
    let token = publisher.token(&claims());
    assert_eq!(
        strict.verify(&token).await,
        Err(RemoteError::StaleRevocations)
    );
    assert!(!strict.is_ready());
    assert!(lenient.verify(&token).await.is_ok());
    publisher.answers().list_life = 60;
    strict.ready().await;
    assert!(strict.verify(&token).await.is_ok());
}

#[tokio::test]
async fn a_list_that_is_not_the_servers_is_not_believed() {
    let publisher = Publisher::start().await;
    let of_the_server = publisher.answers().published.clone();
    // Whoever can answer in the server's place, but has no key of it.
    publisher.answers().signs = key(PairAlgorithm::Es256);
    let keys = RemoteKeys::start(config(&publisher).max_age(LONG)).unwrap();
    publisher.lists(3).await;
    let token = of_the_server[0]
        .sign(&claims())
        .unwrap()
        .as_str()
        .to_owned();
    assert_eq!(
        keys.verify(&token).await,
        Err(RemoteError::StaleRevocations)
    );
}
