use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::{InvalidReason, TokenError};
use super::header::{object, present, text};
use super::numeric_date;
use super::validation::{Expiry, RequiredClaim, Validation};

/// The registered claims (RFC 7519 §4.1), each with the JSON that it was given as.
#[derive(Deserialize)]
struct Registered<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    iss: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    sub: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    aud: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    exp: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    nbf: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    iat: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    jti: Option<&'a RawValue>,
}

/// Checks the claims of a token whose signature is good. Expiry comes last, so that "expired" is
/// said only of a token that was ours and good. Answers the text of the claims, now safe to read.
pub(super) fn check<'a>(
    payload: &'a [u8],
    rules: &Validation,
    now_ms: i64,
) -> Result<&'a str, TokenError> {
    let (claims, claims_text): (Registered<'_>, _) =
        object(payload).ok_or(InvalidReason::ClaimsJson)?;
    for claim in &rules.required {
        let given = match claim {
            RequiredClaim::Issuer => claims.iss,
            RequiredClaim::Subject => claims.sub,
            RequiredClaim::Audience => claims.aud,
            RequiredClaim::NotBefore => claims.nbf,
            RequiredClaim::IssuedAt => claims.iat,
            RequiredClaim::TokenId => claims.jti,
        };
        if given.is_none() {
            return Err(InvalidReason::MissingClaim.into());
        }
    }
    check_texts(&claims, rules)?;
    check_audience(claims.aud, rules)?;
    check_times(&claims, rules, now_ms)?;
    Ok(claims_text)
}

fn check_texts(claims: &Registered<'_>, rules: &Validation) -> Result<(), InvalidReason> {
    let issuer = claims
        .iss
        .map(|raw| text(raw).ok_or(InvalidReason::ClaimType))
        .transpose()?;
    if let Some(expected) = &rules.issuer {
        match issuer {
            None => return Err(InvalidReason::MissingClaim),
            Some(issuer) if issuer == *expected => {}
            Some(_) => return Err(InvalidReason::Issuer),
        }
    }
    if let Some(raw) = claims.sub {
        let integer = rules.integer_subject && serde_json::from_str::<i64>(raw.get()).is_ok();
        if !integer {
            identifier(raw)?;
        }
    }
    claims.jti.map_or(Ok(()), identifier)
}

/// Text that names someone or something, so it can't be empty.
fn identifier(raw: &RawValue) -> Result<(), InvalidReason> {
    match text(raw) {
        None => Err(InvalidReason::ClaimType),
        Some(text) if text.is_empty() => Err(InvalidReason::MissingClaim),
        Some(_) => Ok(()),
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

fn check_audience(aud: Option<&RawValue>, rules: &Validation) -> Result<(), InvalidReason> {
    let Some(raw) = aud else {
        return match rules.audience {
            Some(_) => Err(InvalidReason::MissingClaim),
            None => Ok(()),
        };
    };
    let named: Audience = serde_json::from_str(raw.get()).map_err(|_| InvalidReason::ClaimType)?;
    let ours = match (&rules.audience, named) {
        (None, _) => rules.ignore_foreign_audience,
        (Some(expected), Audience::One(one)) => one == *expected,
        (Some(expected), Audience::Several(several)) => several.contains(expected),
    };
    if ours {
        Ok(())
    } else {
        Err(InvalidReason::Audience)
    }
}

fn check_times(claims: &Registered<'_>, rules: &Validation, now_ms: i64) -> Result<(), TokenError> {
    let time = |raw: Option<&RawValue>| match raw {
        None => Ok(None),
        Some(raw) => numeric_date::milliseconds(raw)
            .map(Some)
            .ok_or(InvalidReason::ClaimType),
    };
    let exp = time(claims.exp)?;
    if exp.is_none() && rules.expiry == Expiry::Required {
        return Err(InvalidReason::MissingClaim.into());
    }
    let nbf = time(claims.nbf)?;
    let iat = time(claims.iat)?;
    let latest_iat = now_ms.saturating_add(rules.future_iat_ms.unwrap_or(rules.leeway_ms));
    if iat.is_some_and(|iat| iat > latest_iat) {
        return Err(InvalidReason::IssuedInFuture.into());
    }
    if nbf.is_some_and(|nbf| nbf > now_ms.saturating_add(rules.leeway_ms)) {
        return Err(InvalidReason::NotYetValid.into());
    }
    if let (Some(max), Some(exp)) = (rules.max_lifetime_ms, exp)
        && exp.saturating_sub(iat.unwrap_or(now_ms)) > max
    {
        return Err(InvalidReason::Lifetime.into());
    }
    if exp.is_some_and(|exp| now_ms >= exp.saturating_add(rules.leeway_ms)) {
        return Err(TokenError::Expired);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
