use super::*;
use crate::{random::OsRandom, secret::Secret};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn tokens(policy: AccessTokenPolicy) -> AccessTokens {
    AccessTokens::new(
        Hs256Key::new(&Secret::from_text("k".repeat(32)), None),
        policy,
    )
}

fn alice() -> User {
    User {
        id: UserId::new(7),
        username: "alice".into(),
        role: Role::admin(),
        created_at: NOW,
        disabled_at: None,
        epochs: Epochs {
            tokens: 3,
            sessions: 2,
        },
    }
}

#[test]
fn a_token_names_its_user_until_it_expires() {
    let tokens = tokens(AccessTokenPolicy::new("https://auth.example"));
    let session = SessionId::generate(&OsRandom).unwrap();
    let issued = tokens
        .issue(&alice(), &Rights::default(), Some(session), &OsRandom, NOW)
        .unwrap();
    let claimed = tokens.verify(issued.token.as_str(), NOW).unwrap();
    assert_eq!(
        claimed,
        Claimed {
            principal: Principal {
                user_id: UserId::new(7),
                username: "alice".into(),
                role: Role::admin(),
                session: Some(session),
                key: None,
            },
            epoch: 3,
        }
    );
    let end = NOW.after(Duration::from_hours(1));
    assert_eq!(
        tokens.verify(issued.token.as_str(), end),
        Err(TokenError::Expired)
    );
}

#[test]
fn a_token_of_another_issuer_is_refused() {
    let issued = tokens(AccessTokenPolicy::new("a"))
        .issue(&alice(), &Rights::default(), None, &OsRandom, NOW)
        .unwrap();
    assert!(matches!(
        tokens(AccessTokenPolicy::new("b")).verify(issued.token.as_str(), NOW),
        Err(TokenError::Invalid(_))
    ));
}

#[test]
fn two_tokens_of_one_second_differ() {
    let tokens = tokens(AccessTokenPolicy::new("a"));
    let [first, second] = [(); 2].map(|()| {
        tokens
            .issue(&alice(), &Rights::default(), None, &OsRandom, NOW)
            .unwrap()
    });
    assert_ne!(first.token.as_str(), second.token.as_str());
}

#[test]
fn an_extra_claim_repeats_a_value_under_another_name() {
    #[derive(Deserialize)]
    struct Program6 {
        user: String,
    }
    let mut policy = AccessTokenPolicy::new("a");
    policy
        .extra_claims
        .insert("user".into(), ClaimSource::Username);
    let tokens = tokens(policy);
    let issued = tokens
        .issue(&alice(), &Rights::default(), None, &OsRandom, NOW)
        .unwrap();
    let claims: Program6 = tokens
        .verifier()
        .verify(issued.token.as_str(), NOW.as_millis())
        .unwrap();
    assert_eq!(claims.user, "alice");
}
