use super::*;
use crate::foreign::SubjectKind;
use crate::secret::Secret;
use crate::token::{Algorithm, Hs256Key, Validation};
use crate::user::UserId;
use serde_json::json;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const UNTIL: Timestamp = Timestamp::from_seconds(1_800_086_400);

fn key(text: &str) -> Secret {
    Secret::from_text(text.to_owned())
}

fn source(name: &str, secret: &str, claim: &str, rules: Validation) -> ForeignTokenSource {
    let rules = rules.allow_integer_subject(true);
    let verifier = KeyVerifier::with_secret(&key(secret), &[Algorithm::Hs256], rules).unwrap();
    let subject = SubjectRule {
        claim: claim.to_owned(),
        kind: SubjectKind::Id,
    };
    ForeignTokenSource::new(name.parse().unwrap(), verifier, subject, UNTIL)
}

fn one() -> ForeignTokens {
    ForeignTokens::new(
        [source("flask", "their key", "user_id", Validation::new())],
        Some("doorward".to_owned()),
    )
}

fn signed(secret: &str, claims: &Value) -> String {
    let token = Hs256Key::new(&key(secret), None).sign(claims).unwrap();
    token.as_str().to_owned()
}

/// The claims of the lecture's program 9, changed.
fn lecture(change: impl FnOnce(&mut Value)) -> Value {
    let mut claims =
        json!({"user_id": 7, "username": "alice", "role": "admin", "exp": 1_800_003_600});
    change(&mut claims);
    claims
}

fn refusal(tokens: &ForeignTokens, claims: &Value, now: Timestamp) -> ForeignRefusal {
    tokens
        .verify(&signed("their key", claims), now)
        .unwrap_err()
}

#[test]
fn a_token_of_the_source_means_its_user() {
    let tokens = one();
    let found = tokens
        .verify(&signed("their key", &lecture(|_| {})), NOW)
        .unwrap();
    assert_eq!(found.subject, Subject::Id(UserId::new(7)));
    assert_eq!(found.tally.name().as_str(), "flask");
    // Nothing is counted before it is known what becomes of it.
    assert!(found.tally.reading().is_zero());
}

/// Answers GHSA-9wqv-qhrh-87f4.
#[test]
fn another_key_and_no_source_at_all_accept_nothing() {
    let token = signed("another key", &lecture(|_| {}));
    assert_eq!(
        one().verify(&token, NOW).unwrap_err(),
        ForeignRefusal::Invalid(InvalidReason::Signature)
    );
    assert!(ForeignTokens::default().verify(&token, NOW).is_err());
}

#[test]
fn from_the_end_on_every_token_is_refused_and_counted() {
    let tokens = one();
    let long = || lecture(|claims| claims["exp"] = json!(1_900_000_000));
    let before = Timestamp::from_millis(UNTIL.as_millis() - 1);
    assert!(tokens.verify(&signed("their key", &long()), before).is_ok());
    assert_eq!(refusal(&tokens, &long(), UNTIL), ForeignRefusal::Retired);
    let later = UNTIL.after(std::time::Duration::from_hours(1000));
    assert_eq!(refusal(&tokens, &long(), later), ForeignRefusal::Retired);
    let tally = tokens.tallies().next().unwrap();
    assert_eq!(tally.reading().retired, 2);
    assert_eq!(tally.last_seen(), Some(later));
}

#[test]
fn an_expired_token_is_told_apart_and_counted() {
    let tokens = one();
    let expired = lecture(|claims| claims["exp"] = json!(1_800_000_000));
    assert_eq!(refusal(&tokens, &expired, NOW), ForeignRefusal::Expired);
    assert_eq!(tokens.tallies().next().unwrap().reading().expired, 1);
}

/// Only what was signed counts: garbage of strangers neither fills the counters nor looks like an old token.
#[test]
fn what_nobody_signed_is_not_counted() {
    let tokens = one();
    let forged = signed(
        "a forger's key",
        &lecture(|claims| claims["exp"] = json!(1)),
    );
    for token in [forged.as_str(), "a.b.c", "", "x"] {
        assert!(matches!(
            tokens.verify(token, UNTIL),
            Err(ForeignRefusal::Invalid(_))
        ));
    }
    assert!(tokens.tallies().next().unwrap().reading().is_zero());
}

#[test]
fn a_token_that_is_not_for_access_is_refused() {
    for (name, value, good) in [
        ("type", json!("access"), true),
        ("type", json!("Access"), true),
        ("token_type", json!("Bearer"), true),
        ("fresh", json!(true), true),
        ("type", json!("refresh"), false),
        ("token_type", json!("refresh"), false),
        ("type", json!("reset"), false),
        ("type", json!(null), false),
        ("type", json!(["access"]), false),
    ] {
        let claims = lecture(|claims| claims[name] = value.clone());
        let verdict = one().verify(&signed("their key", &claims), NOW);
        assert_eq!(verdict.is_ok(), good, "{name}: {value}");
    }
}

#[test]
fn a_token_without_a_user_or_without_an_end_is_refused() {
    for name in ["user_id", "exp"] {
        let claims = lecture(|claims| {
            claims.as_object_mut().unwrap().remove(name);
        });
        assert!(matches!(
            refusal(&one(), &claims, NOW),
            ForeignRefusal::Invalid(_)
        ));
    }
}

#[test]
fn a_token_that_claims_our_issuer_is_not_foreign_unless_the_source_asks_for_it() {
    let claims = || lecture(|claims| claims["iss"] = json!("doorward"));
    assert_eq!(
        refusal(&one(), &claims(), NOW),
        ForeignRefusal::Invalid(InvalidReason::Issuer)
    );
    let rules = Validation::new().issuer("doorward");
    let asks = source("flask", "their key", "user_id", rules).with_an_issuer_of_its_own();
    let tokens = ForeignTokens::new([asks], Some("doorward".to_owned()));
    assert!(tokens.verify(&signed("their key", &claims()), NOW).is_ok());
}

#[test]
fn of_several_sources_the_one_that_fits_accepts() {
    let rules = |issuer: &str| Validation::new().issuer(issuer);
    let tokens = ForeignTokens::new(
        [
            source("old", "their key", "uid", rules("old")),
            source("new", "their key", "user_id", rules("new")),
            source("other", "another key", "user_id", Validation::new()),
        ],
        None,
    );
    for (secret, issuer, name) in [
        ("their key", "new", Some("new")),
        ("another key", "new", Some("other")),
        ("their key", "old", None),
    ] {
        let claims = lecture(|claims| claims["iss"] = json!(issuer));
        let found = tokens.verify(&signed(secret, &claims), NOW).ok();
        let found = found.map(|found| found.tally.name().to_string());
        assert_eq!(found.as_deref(), name, "{issuer}");
    }
}
