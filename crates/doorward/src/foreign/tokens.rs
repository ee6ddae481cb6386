use std::sync::Arc;

use serde_json::{Map, Value};

use super::name::SourceName;
use super::subject::{Subject, SubjectRule};
use super::tally::{ForeignKind, Outcome, Tally};
use crate::clock::Timestamp;
use crate::token::{InvalidReason, KeyVerifier, TokenError};

/// Claims that say what a token is for, and the values with which it is for access: what Flask-JWT-Extended and simplejwt
/// write. A refresh token has another, and is good for nothing here (RFC 8725 §3.11).
const PURPOSES: [&str; 2] = ["type", "token_type"];
const ACCESS: [&str; 2] = ["access", "bearer"];

/// Tokens that one key of another application signed.
#[derive(Debug)]
pub struct ForeignTokenSource {
    verifier: KeyVerifier,
    subject: SubjectRule,
    until: Timestamp,
    names_its_issuer: bool,
    tally: Arc<Tally>,
}

impl ForeignTokenSource {
    /// A source whose tokens `verifier` knows, that name their user as `subject` says, and that count until `until`;
    /// from that moment on all of them are refused.
    #[must_use]
    pub fn new(
        name: SourceName,
        verifier: KeyVerifier,
        subject: SubjectRule,
        until: Timestamp,
    ) -> Self {
        Self {
            verifier,
            subject,
            until,
            names_its_issuer: false,
            tally: Arc::new(Tally::new(ForeignKind::Token, name)),
        }
    }

    /// Says that the verifier demands an issuer, so that a token with our own issuer is meant to be accepted when it is
    /// that one: an application may have had the address that is ours now.
    #[must_use]
    pub fn with_an_issuer_of_its_own(mut self) -> Self {
        self.names_its_issuer = true;
        self
    }

    fn verify(
        &self,
        token: &str,
        own_issuer: Option<&str>,
        now: Timestamp,
    ) -> Result<Subject, ForeignRefusal> {
        let claims: Map<String, Value> = match self.verifier.verify(token, now.as_millis()) {
            Ok(claims) => claims,
            Err(TokenError::Expired) => return Err(ForeignRefusal::Expired),
            // A foreign source revokes nothing.
            Err(TokenError::Revoked) => {
                return Err(ForeignRefusal::Invalid(InvalidReason::ClaimsForm));
            }
            Err(TokenError::Invalid(reason)) => return Err(ForeignRefusal::Invalid(reason)),
        };
        let issuer = claims.get("iss").and_then(Value::as_str);
        if issuer.is_some() && issuer == own_issuer && !self.names_its_issuer {
            return Err(ForeignRefusal::Invalid(InvalidReason::Issuer));
        }
        if !is_for_access(&claims) {
            return Err(ForeignRefusal::Invalid(InvalidReason::Type));
        }
        let subject = self
            .subject
            .in_claims(&claims)
            .ok_or(ForeignRefusal::Invalid(InvalidReason::ClaimsForm))?;
        if now >= self.until {
            return Err(ForeignRefusal::Retired);
        }
        Ok(subject)
    }
}

fn is_for_access(claims: &Map<String, Value>) -> bool {
    PURPOSES
        .iter()
        .filter_map(|name| claims.get(*name))
        .all(|value| {
            value.as_str().is_some_and(|text| {
                ACCESS
                    .iter()
                    .any(|access| access.eq_ignore_ascii_case(text))
            })
        })
}

/// Whom a foreign token means, and whose token it is.
#[derive(Debug, Clone)]
pub struct ForeignSubject {
    /// Whom it means.
    pub subject: Subject,
    /// Where to count what became of it.
    pub tally: Arc<Tally>,
}

/// Why no source accepts a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForeignRefusal {
    /// A source's token in every respect, but at or past its `exp`.
    #[error("the foreign token has expired")]
    Expired,
    /// A source's token, but the source has ended.
    #[error("the foreign token is good, but its source has ended; log in again")]
    Retired,
    /// No source's, or broken.
    #[error("no source accepts the token ({0})")]
    Invalid(InvalidReason),
}

/// The sources of foreign tokens, tried in their order.
#[derive(Debug, Default)]
pub struct ForeignTokens {
    sources: Vec<ForeignTokenSource>,
    own_issuer: Option<String>,
}

impl ForeignTokens {
    /// These sources. `own_issuer` is the `iss` of our own tokens: what claims it is no foreign token, unless its source
    /// demands an issuer by itself.
    #[must_use]
    pub fn new(
        sources: impl IntoIterator<Item = ForeignTokenSource>,
        own_issuer: Option<String>,
    ) -> Self {
        Self {
            sources: sources.into_iter().collect(),
            own_issuer,
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Whom a token means, if a source accepts it at `now`. Counts what is refused as expired or retired; what is
    /// accepted, the caller counts when it knows what becomes of it.
    ///
    /// # Errors
    /// [`ForeignRefusal`]: of several sources' reasons the one that comes nearest to acceptance.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<ForeignSubject, ForeignRefusal> {
        let mut nearest: Option<(&ForeignTokenSource, ForeignRefusal)> = None;
        for source in &self.sources {
            match source.verify(token, self.own_issuer.as_deref(), now) {
                Ok(subject) => {
                    return Ok(ForeignSubject {
                        subject,
                        tally: Arc::clone(&source.tally),
                    });
                }
                Err(refusal) => {
                    if nearest.is_none_or(|(_, before)| rank(refusal) > rank(before)) {
                        nearest = Some((source, refusal));
                    }
                }
            }
        }
        let Some((source, refusal)) = nearest else {
            return Err(ForeignRefusal::Invalid(InvalidReason::UnknownKey));
        };
        match refusal {
            ForeignRefusal::Expired => source.tally.count(Outcome::Expired, now),
            ForeignRefusal::Retired => source.tally.count(Outcome::Retired, now),
            ForeignRefusal::Invalid(_) => {}
        }
        Err(refusal)
    }

    /// The counters of the sources, in their order.
    pub fn tallies(&self) -> impl Iterator<Item = &Arc<Tally>> {
        self.sources.iter().map(|source| &source.tally)
    }
}

fn rank(refusal: ForeignRefusal) -> u8 {
    match refusal {
        ForeignRefusal::Invalid(_) => 0,
        ForeignRefusal::Expired => 1,
        ForeignRefusal::Retired => 2,
    }
}

#[cfg(test)]
mod tests;
