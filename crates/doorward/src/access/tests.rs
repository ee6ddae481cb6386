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

/// A token with any claims, signed as ours are.
fn signed(tokens: &AccessTokens, claims: &serde_json::Value) -> String {
    let key = tokens.signing_key(NOW).unwrap();
    key.sign(claims).unwrap().as_str().to_owned()
}

/// What a good token says, with other values for some of it.
fn claims(changes: serde_json::Value) -> serde_json::Value {
    let now = NOW.as_seconds();
    let mut claims = serde_json::json!({
        "iss": "a", "sub": "7", "iat": now, "exp": now + 60, "jti": "x",
        "user_id": 7, "username": "alice", "role": "user", "epoch": 3,
    });
    let serde_json::Value::Object(changes) = changes else {
        panic!("no object")
    };
    claims.as_object_mut().unwrap().extend(changes);
    claims
}

#[test]
fn what_names_nobody_is_refused_though_it_is_signed_rightly() {
    let tokens = tokens(AccessTokenPolicy::new("a"));
    let verify = |changes| tokens.verify(&signed(&tokens, &claims(changes)), NOW);
    let good = verify(serde_json::json!({})).unwrap();
    assert_eq!((good.epoch, good.principal.session), (3, None));
    for changes in [
        serde_json::json!({"sub": "8"}),
        serde_json::json!({"sub": "07"}),
        serde_json::json!({"username": ""}),
        serde_json::json!({"role": "not a role"}),
        serde_json::json!({"sid": "no session"}),
        serde_json::json!({"user_id": "7"}),
    ] {
        let refused = verify(changes.clone());
        assert!(matches!(refused, Err(TokenError::Invalid(_))), "{changes}");
    }
    // A token from before there were epochs is of the first.
    let old = verify(serde_json::json!({"epoch": null})).unwrap();
    assert_eq!(old.epoch, 0);
}

#[test]
fn a_token_does_not_live_longer_than_a_day_whatever_it_says() {
    let tokens = tokens(AccessTokenPolicy::new("a"));
    let exp = |seconds: i64| serde_json::json!({"exp": NOW.as_seconds() + seconds});
    let day = 24 * 60 * 60;
    assert!(
        tokens
            .verify(&signed(&tokens, &claims(exp(day))), NOW)
            .is_ok()
    );
    let longer = signed(&tokens, &claims(exp(day + 1)));
    assert!(matches!(
        tokens.verify(&longer, NOW),
        Err(TokenError::Invalid(_))
    ));
}

#[test]
fn extra_claims_may_be_the_number_the_role_and_constants() {
    let mut policy = AccessTokenPolicy::new("a");
    let constant = serde_json::json!("access");
    policy.extra_claims = BTreeMap::from([
        ("id".into(), ClaimSource::UserId),
        ("group".into(), ClaimSource::Role),
        ("type".into(), ClaimSource::Constant(constant)),
    ]);
    policy.ttl = Duration::from_mins(10);
    let tokens = tokens(policy);
    assert_eq!(tokens.ttl(), Duration::from_mins(10));
    assert_eq!(tokens.issuer(), "a");
    let issued = tokens.issue(&alice(), &Rights::default(), None, &OsRandom, NOW);
    let issued = issued.unwrap();
    assert_eq!(issued.expires_in, Duration::from_mins(10));
    let token = issued.token.as_str();
    let verifier = tokens.verifier();
    let said: serde_json::Value = verifier.verify(token, NOW.as_millis()).unwrap();
    assert_eq!(said["id"], 7);
    assert_eq!(said["group"], "admin");
    assert_eq!(said["type"], "access");
    assert_eq!(said.get("sid"), None);
}

#[test]
fn a_token_for_another_audience_is_refused() {
    let for_audience = |audience: Option<&str>| {
        let mut policy = AccessTokenPolicy::new("a");
        policy.audience = audience.map(str::to_owned);
        tokens(policy)
    };
    let ours = for_audience(Some("shop"));
    assert_eq!(ours.audience(), Some("shop"));
    let issue = |tokens: &AccessTokens| {
        let issued = tokens.issue(&alice(), &Rights::default(), None, &OsRandom, NOW);
        issued.unwrap().token
    };
    assert!(ours.verify(issue(&ours).as_str(), NOW).is_ok());
    for other in [None, Some("mail")] {
        let other = issue(&for_audience(other));
        let refused = ours.verify(other.as_str(), NOW);
        assert!(matches!(refused, Err(TokenError::Invalid(_))));
    }
}

#[test]
fn the_latest_key_that_has_begun_signs_and_the_first_one_before_that() {
    let key = |name: &str| {
        let id = crate::token::KeyId::parse(name).unwrap();
        Hs256Key::new(&Secret::from_text(name.repeat(32)), Some(id))
    };
    let [a, b, c] = ["a", "b", "c"].map(key);
    let from = |hours, key: &Hs256Key| SigningFrom {
        from: NOW.after(Duration::from_hours(hours)),
        key: key.clone().into(),
    };
    let tokens = AccessTokens::without_keys(AccessTokenPolicy::new("a"));
    assert!(matches!(tokens.signing_key(NOW), Err(SignError::NoKey)));
    assert!(!tokens.can_sign(&OsRandom, NOW));
    let verifying = [&a, &b, &c].map(|key| key.clone().into());
    tokens.set_keys(vec![from(3, &c), from(1, &a), from(2, &b)], verifying);
    let signs = |hours: u64| {
        let key = tokens.signing_key(NOW.after(Duration::from_hours(hours)));
        key.unwrap().id().unwrap().to_string()
    };
    assert_eq!([0, 1, 2, 3, 4].map(signs), ["a", "a", "b", "c", "c"]);
    assert!(tokens.can_sign(&OsRandom, NOW));
    // A key whose tokens are not accepted is of no use.
    tokens.set_keys(vec![from(0, &a)], [b.into()]);
    assert!(!tokens.can_sign(&OsRandom, NOW));
}

#[test]
fn a_clock_difference_is_granted_to_who_asks_for_one() {
    let leeway = Duration::from_secs(30);
    let lenient = AccessTokens::without_keys(AccessTokenPolicy::new("a")).with_leeway(leeway);
    let key = Hs256Key::new(&Secret::from_text("k".repeat(32)), None);
    lenient.set_keys(Vec::new(), [key.into()]);
    let token = signed(
        &tokens(AccessTokenPolicy::new("a")),
        &claims(serde_json::json!({})),
    );
    let after = |seconds: u64| NOW.after(Duration::from_secs(60 + seconds));
    assert!(lenient.verify(&token, after(29)).is_ok());
    assert_eq!(lenient.verify(&token, after(30)), Err(TokenError::Expired));
}

#[test]
fn a_token_tells_the_rights_that_it_was_issued_with() {
    let tokens = tokens(AccessTokenPolicy::new("a"));
    let read = |changes| tokens.rights_in(&signed(&tokens, &claims(changes)), NOW);
    let rights = read(serde_json::json!({"roles": ["user", "auditor"], "scope": "audit:read"}));
    let rights = rights.unwrap();
    let names: Vec<_> = rights.roles.iter().map(Role::as_str).collect();
    assert_eq!(names, ["user", "user", "auditor"]);
    let scope = crate::permission::PermissionSet::from_scope("audit:read").unwrap();
    assert_eq!(rights.permissions, scope);
    let none = read(serde_json::json!({})).unwrap();
    assert_eq!(
        none.permissions,
        crate::permission::PermissionSet::default()
    );
    let all = crate::permission::PermissionSet::everything();
    for admin in [
        serde_json::json!({"role": "admin"}),
        serde_json::json!({"roles": ["admin"], "scope": "audit:read"}),
    ] {
        assert_eq!(read(admin).unwrap().permissions, all);
    }
    for malformed in [
        serde_json::json!({"roles": ["not a role"]}),
        serde_json::json!({"scope": "no permission at all"}),
    ] {
        assert!(matches!(read(malformed), Err(TokenError::Invalid(_))));
    }
    let described = tokens.describe(&signed(&tokens, &claims(serde_json::json!({}))), NOW);
    let described = described.unwrap();
    assert_eq!((described.sub.as_str(), described.user_id), ("7", Some(7)));
    assert_eq!(described.username.as_deref(), Some("alice"));
}

#[test]
fn a_list_of_revocations_is_read_as_it_was_signed_and_nothing_else_is_one() {
    let tokens = tokens(AccessTokenPolicy::new("a"));
    let session = SessionId::from_bytes([7; 16]);
    let now = NOW.as_seconds();
    let list = |aud: &str, sessions: &[&str]| {
        serde_json::json!({
            "iss": "a", "aud": aud, "iat": now, "exp": now + 300, "cursor": 12, "more": true,
            "keys": ["k"], "sessions": sessions, "users": [[7, 4]],
        })
    };
    let good = list(LIST_AUDIENCE, &[&session.to_string()]);
    let document = tokens.sign_document(LIST_TYPE, &good, NOW).unwrap();
    let read = tokens.read_revocations(&document, NOW).unwrap();
    assert_eq!(
        read,
        ReadRevocations {
            issued_at: NOW,
            expires_at: NOW.after(Duration::from_mins(5)),
            cursor: 12,
            more: true,
            keys: Some(vec!["k".to_owned()]),
            revoked: vec![
                crate::store::Revoked::Session(session),
                crate::store::Revoked::User {
                    user: UserId::new(7),
                    epoch: 4,
                },
            ],
        }
    );
    // It is no access token, and no access token is a list.
    assert!(tokens.verify(&document, NOW).is_err());
    let token = signed(&tokens, &claims(serde_json::json!({"aud": LIST_AUDIENCE})));
    for other in [
        token,
        tokens.sign_document("JWT", &good, NOW).unwrap(),
        tokens
            .sign_document(LIST_TYPE, &list("b", &[]), NOW)
            .unwrap(),
        tokens
            .sign_document(LIST_TYPE, &list(LIST_AUDIENCE, &["no session"]), NOW)
            .unwrap(),
    ] {
        assert!(tokens.read_revocations(&other, NOW).is_err());
    }
    let later = NOW.after(Duration::from_mins(5));
    assert_eq!(
        tokens.read_revocations(&document, later),
        Err(TokenError::Expired)
    );
}

#[test]
fn other_code_reads_claims_of_its_own_and_hears_whose_token_it_is() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Program5 {
        user: String,
    }
    let tokens = tokens(AccessTokenPolicy::new("a"));
    let read = |changes| {
        let token = signed(&tokens, &claims(changes));
        tokens.verify_claims::<Program5>(&token, NOW)
    };
    let (claimed, own) = read(serde_json::json!({"user": "alice"})).unwrap();
    assert_eq!(own.user, "alice");
    assert_eq!(claimed.unwrap().principal.user_id, UserId::new(7));
    // One that names nobody in our form, as the lecture makes them.
    let (claimed, own) = read(serde_json::json!({"user": "bob", "user_id": null})).unwrap();
    assert_eq!((claimed, own.user.as_str()), (None, "bob"));
    assert!(matches!(
        read(serde_json::json!({})),
        Err(TokenError::Invalid(_))
    ));
    let over = serde_json::json!({"user": "alice", "exp": NOW.as_seconds()});
    assert_eq!(read(over).unwrap_err(), TokenError::Expired);
}
