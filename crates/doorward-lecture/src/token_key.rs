//! What programs 5, 6, 9, 10 and 11 share of `PyJWT`: a secret, a clock, `encode` and `decode`.

use std::{sync::Arc, time::Duration};

use axum::{extract::FromRef, http::HeaderMap};
use doorward::{
    authenticator::{Authenticator, TokenOutcome},
    clock::Clock,
    secret::Secret,
    token::{AccessToken, Hs256Key, Validation, Verifier},
};
use doorward_axum::{ApiError, BearerRejection, bearer_token};
use serde::{Serialize, de::DeserializeOwned};

/// "Set token to expire in 1 hour."
const LIFETIME: Duration = Duration::from_hours(1);

/// `app.config['SECRET_KEY']` and `jwt.encode`.
#[derive(Clone)]
pub struct Issuer {
    key: Hs256Key,
    clock: Arc<dyn Clock>,
}

#[derive(Serialize)]
struct Expiring<C> {
    #[serde(flatten)]
    claims: C,
    exp: i64,
}

impl Issuer {
    /// An issuer with a program's own secret.
    pub fn new(secret: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            key: Hs256Key::new(&Secret::from_text(secret.to_owned()), None),
            clock,
        }
    }

    /// `jwt.encode({…claims, "exp": now + 1 hour}, SECRET_KEY, algorithm="HS256")`
    pub fn encode(&self, claims: impl Serialize) -> Result<AccessToken, ApiError> {
        let exp = self.clock.now().after(LIFETIME).as_seconds();
        self.key
            .sign(&Expiring { claims, exp })
            .map_err(|error| ApiError::internal().with_source(error))
    }

    /// The other half: who verifies what this issuer signed.
    #[must_use]
    pub fn decoder(&self) -> TokenDecoder {
        TokenDecoder::new(
            Arc::new(Verifier::new(self.key.clone(), Validation::new())),
            self.clock.clone(),
        )
    }
}

/// `jwt.decode(token, SECRET_KEY, algorithms=["HS256"])`, stricter than `PyJWT`: `exp` is required.
#[derive(Clone)]
pub struct TokenDecoder(Rules);

#[derive(Clone)]
enum Rules {
    OfProgram(Arc<Verifier>, Arc<dyn Clock>),
    OfServer(Arc<Authenticator>),
}

impl TokenDecoder {
    /// A decoder by a program's own rules.
    pub fn new(verifier: Arc<Verifier>, clock: Arc<dyn Clock>) -> Self {
        Self(Rules::OfProgram(verifier, clock))
    }

    /// A decoder by the server's rules, when all programs run in one process: a token that was revoked is refused.
    #[must_use]
    pub fn of(authenticator: Arc<Authenticator>) -> Self {
        Self(Rules::OfServer(authenticator))
    }

    /// The payload of the request's token: the body of the lecture's `token_required`.
    pub fn payload<C: DeserializeOwned>(&self, headers: &HeaderMap) -> Result<C, BearerRejection> {
        let token = bearer_token(headers)?;
        match &self.0 {
            Rules::OfProgram(verifier, clock) => {
                Ok(verifier.verify(token, clock.now().as_millis())?)
            }
            Rules::OfServer(authenticator) => {
                let payload = authenticator.verify_claims(token);
                let outcome = payload.as_ref().map(|_| TokenOutcome::Valid);
                let tallies = authenticator.tallies();
                tallies
                    .tokens
                    .count(outcome.unwrap_or_else(|e| (*e).into()));
                Ok(payload?)
            }
        }
    }
}

impl FromRef<Issuer> for TokenDecoder {
    fn from_ref(issuer: &Issuer) -> Self {
        issuer.decoder()
    }
}
