use super::*;
use serde_json::json;
use std::time::Duration;

const NOW: i64 = 1_767_225_660;

fn verdict(claims: &str, rules: &Validation) -> Result<(), TokenError> {
    verdict_at(claims, rules, NOW * 1000)
}

fn verdict_at(claims: &str, rules: &Validation, now_ms: i64) -> Result<(), TokenError> {
    let text = check(claims.as_bytes(), rules, now_ms)?;
    assert_eq!(text, claims);
    Ok(())
}

fn refused(claims: &serde_json::Value, rules: &Validation) -> Option<TokenError> {
    verdict(&claims.to_string(), rules).err()
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "compared with what `refused` answers"
)]
fn invalid(reason: InvalidReason) -> Option<TokenError> {
    Some(TokenError::Invalid(reason))
}

#[test]
fn a_token_dies_at_the_second_that_exp_names() {
    let rules = Validation::new();
    assert_eq!(refused(&json!({"exp": NOW + 1}), &rules), None);
    assert_eq!(
        refused(&json!({"exp": NOW}), &rules),
        Some(TokenError::Expired)
    );
    let claims = json!({"exp": NOW}).to_string();
    assert_eq!(verdict_at(&claims, &rules, NOW * 1000 - 1), Ok(()));
    let fraction = format!("{{\"exp\":{NOW}.5}}");
    assert_eq!(verdict_at(&fraction, &rules, NOW * 1000 + 499), Ok(()));
    assert_eq!(
        verdict_at(&fraction, &rules, NOW * 1000 + 500),
        Err(TokenError::Expired)
    );
}

#[test]
fn a_token_without_exp_is_refused() {
    let rules = Validation::new();
    assert_eq!(
        refused(&json!({}), &rules),
        invalid(InvalidReason::MissingClaim)
    );
    assert_eq!(
        refused(&json!({"exp": null}), &rules),
        invalid(InvalidReason::ClaimType)
    );
}

/// Answers CVE-2026-25537.
#[test]
fn times_that_are_not_numbers_are_refused_not_ignored() {
    let rules = Validation::new();
    for name in ["exp", "nbf", "iat"] {
        for value in [
            json!("1"),
            json!(true),
            json!([1]),
            json!({}),
            json!(null),
            json!(u64::MAX),
        ] {
            let mut claims = json!({"exp": NOW + 60});
            claims[name] = value;
            assert_eq!(
                refused(&claims, &rules),
                invalid(InvalidReason::ClaimType),
                "{claims}"
            );
        }
    }
}

#[test]
fn dates_ahead_are_refused_beyond_the_leeway() {
    let strict = Validation::new();
    let lenient = Validation::new().leeway(Duration::from_secs(30));
    for (name, reason) in [
        ("nbf", InvalidReason::NotYetValid),
        ("iat", InvalidReason::IssuedInFuture),
    ] {
        let claims = |ahead: i64| json!({"exp": NOW + 600, name: NOW + ahead});
        assert_eq!(refused(&claims(0), &strict), None);
        assert_eq!(refused(&claims(1), &strict), invalid(reason));
        assert_eq!(refused(&claims(30), &lenient), None);
        assert_eq!(refused(&claims(31), &lenient), invalid(reason));
    }
    let issue = Validation::new().future_issue_leeway(Duration::from_secs(5));
    assert_eq!(
        refused(&json!({"exp": NOW + 600, "iat": NOW + 5}), &issue),
        None
    );
    assert_eq!(
        refused(&json!({"exp": NOW + 600, "iat": NOW + 6}), &issue),
        invalid(InvalidReason::IssuedInFuture)
    );
    assert_eq!(
        refused(&json!({"exp": NOW + 600, "nbf": NOW + 5}), &issue),
        invalid(InvalidReason::NotYetValid)
    );
}

#[test]
fn a_life_beyond_the_maximum_is_refused_with_and_without_iat() {
    let rules = Validation::new().max_lifetime(Duration::from_hours(1));
    assert_eq!(
        refused(&json!({"exp": NOW + 3590, "iat": NOW - 10}), &rules),
        None
    );
    let too_long = invalid(InvalidReason::Lifetime);
    assert_eq!(
        refused(&json!({"exp": NOW + 3591, "iat": NOW - 10}), &rules),
        too_long
    );
    assert_eq!(refused(&json!({"exp": NOW + 3600}), &rules), None);
    assert_eq!(refused(&json!({"exp": NOW + 3601}), &rules), too_long);
    assert_eq!(
        refused(
            &json!({"exp": NOW + 1, "iat": -253_402_300_799_i64}),
            &rules
        ),
        too_long
    );
}

#[test]
fn an_audience_is_ours_or_the_token_is_refused() {
    let ours = Validation::new().audience("api");
    let with = |aud: serde_json::Value| json!({"exp": NOW + 1, "aud": aud});
    assert_eq!(refused(&with(json!("api")), &ours), None);
    assert_eq!(refused(&with(json!(["other", "api"])), &ours), None);
    for aud in [
        json!("api/"),
        json!("API"),
        json!(["other"]),
        json!([]),
        json!(""),
    ] {
        assert_eq!(refused(&with(aud), &ours), invalid(InvalidReason::Audience));
    }
    for aud in [json!(1), json!(["api", 1]), json!({"api": 1}), json!(null)] {
        assert_eq!(
            refused(&with(aud.clone()), &ours),
            invalid(InvalidReason::ClaimType),
            "{aud}"
        );
    }
    assert_eq!(
        refused(&json!({"exp": NOW + 1}), &ours),
        invalid(InvalidReason::MissingClaim)
    );
}

#[test]
fn an_audience_that_nobody_asked_for_is_refused_unless_told_to_ignore_it() {
    let claims = json!({"exp": NOW + 1, "aud": "someone"});
    assert_eq!(
        refused(&claims, &Validation::new()),
        invalid(InvalidReason::Audience)
    );
    let ignoring = Validation::new().ignore_foreign_audience(true);
    assert_eq!(refused(&claims, &ignoring), None);
    assert_eq!(
        refused(&json!({"exp": NOW + 1, "aud": 5}), &ignoring),
        invalid(InvalidReason::ClaimType)
    );
}

/// Answers GHSA-75c5-xw7c-p5pm.
#[test]
fn the_issuer_is_compared_exactly() {
    let rules = Validation::new().issuer("https://a.test");
    let with = |iss: serde_json::Value| json!({"exp": NOW + 1, "iss": iss});
    assert_eq!(refused(&with(json!("https://a.test")), &rules), None);
    for iss in ["https://a.test/", "https://A.test", ""] {
        assert_eq!(
            refused(&with(json!(iss)), &rules),
            invalid(InvalidReason::Issuer)
        );
    }
    assert_eq!(
        refused(&with(json!(["https://a.test"])), &rules),
        invalid(InvalidReason::ClaimType)
    );
    assert_eq!(
        refused(&json!({"exp": NOW + 1}), &rules),
        invalid(InvalidReason::MissingClaim)
    );
}

#[test]
fn subject_and_token_id_are_text_that_names_something() {
    for name in ["sub", "jti"] {
        let with = |value: serde_json::Value| json!({"exp": NOW + 1, name: value});
        let rules = Validation::new();
        assert_eq!(refused(&with(json!("7")), &rules), None);
        assert_eq!(
            refused(&with(json!("")), &rules),
            invalid(InvalidReason::MissingClaim)
        );
        for value in [json!(7), json!(null), json!(["7"])] {
            assert_eq!(
                refused(&with(value), &rules),
                invalid(InvalidReason::ClaimType)
            );
        }
    }
    let integers = Validation::new().allow_integer_subject(true);
    assert_eq!(refused(&json!({"exp": NOW + 1, "sub": 7}), &integers), None);
    for sub in [json!(7.5), json!(true), json!(null)] {
        assert_eq!(
            refused(&json!({"exp": NOW + 1, "sub": sub}), &integers),
            invalid(InvalidReason::ClaimType)
        );
    }
}

#[test]
fn required_claims_must_be_there() {
    use RequiredClaim::{Audience, IssuedAt, Issuer, NotBefore, Subject, TokenId};
    let all = json!({
        "exp": NOW + 1, "iss": "i", "sub": "s", "aud": "a", "nbf": NOW, "iat": NOW, "jti": "j",
    });
    let rules = Validation::new()
        .audience("a")
        .require([Issuer, Subject, Audience, NotBefore, IssuedAt, TokenId]);
    assert_eq!(refused(&all, &rules), None);
    for name in ["iss", "sub", "aud", "nbf", "iat", "jti"] {
        let mut claims = all.clone();
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(
            refused(&claims, &rules),
            invalid(InvalidReason::MissingClaim),
            "{name}"
        );
    }
}

#[test]
fn claims_are_one_strict_object() {
    let rules = Validation::new();
    for claims in [
        "",
        "[]",
        "null",
        "\"exp\"",
        "{\"exp\":9999999999,\"exp\":1}",
        "{\"exp\":9999999999}x",
        "{\"exp\":9999999999,\"a\":{\"b\":1,\"\\u0062\":2}}",
        "[9,9,9,9,9,9,9]",
    ] {
        let refusal = verdict(claims, &rules).err();
        assert_eq!(refusal, invalid(InvalidReason::ClaimsJson), "{claims}");
    }
}

#[test]
fn expired_is_said_only_of_a_token_that_was_good() {
    let rules = Validation::new().issuer("us");
    assert_eq!(
        refused(&json!({"exp": NOW - 1, "iss": "them"}), &rules),
        invalid(InvalidReason::Issuer)
    );
    assert_eq!(
        refused(&json!({"exp": NOW - 1, "iss": "us"}), &rules),
        Some(TokenError::Expired)
    );
}
