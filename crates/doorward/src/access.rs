//! Access tokens: what our own JWTs say, and who may read them.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

use base64::Engine as _;
use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    permission::Rights,
    principal::Principal,
    random::{self, Random, RandomError},
    role::Role,
    session::SessionId,
    token::{
        AccessToken, Hs256Key, InvalidReason, RequiredClaim, SignError, SigningKey, TokenError,
        Validation, Verifier, VerifyingKey,
    },
    user::{Epochs, User, UserId},
};

/// What an extra claim says. Program 6 of the lecture reads the name from `user`, so `user = "username"` lets it read our
/// tokens; Flask-JWT-Extended reads `type`, which is `access`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimSource {
    /// The user's name.
    Username,
    /// The user's number.
    UserId,
    /// The user's role.
    Role,
    /// The same value in every token.
    Constant(serde_json::Value),
}

/// What access tokens look like.
#[derive(Debug, Clone)]
pub struct AccessTokenPolicy {
    /// The `iss` claim; a token of another issuer is refused.
    pub issuer: String,
    /// The `aud` claim. `None` leaves it out: `PyJWT` refuses an audience that it did not ask for.
    pub audience: Option<String>,
    /// How long a token is valid.
    pub ttl: Duration,
    /// Claims that repeat a value under another name, or are constants.
    pub extra_claims: BTreeMap<String, ClaimSource>,
}

impl AccessTokenPolicy {
    /// The lecture's lifetime: one hour.
    pub const DEFAULT_TTL: Duration = Duration::from_hours(1);
    /// A token that claims to live longer than this, and longer than `ttl`, is refused. More than the default `ttl`, so
    /// that shortening `ttl` does not log out those who hold a token of the old length.
    pub const MAX_LIFETIME: Duration = Duration::from_hours(24);

    /// A policy with this issuer, no audience, one hour of life and no extra claims.
    #[must_use]
    pub fn new(issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: None,
            ttl: Self::DEFAULT_TTL,
            extra_claims: BTreeMap::new(),
        }
    }
}

/// Issues and verifies access tokens: JWTs with `iss`, `sub`, `iat`, `exp`, `jti` (RFC 7519 §4.1), the lecture's
/// `user_id`, `username`, `role`, and beside them `roles` (RFC 9068 §2.2.3.1) and `scope` (RFC 8693 §4.2).
///
/// Its keys change while it runs ([`AccessTokens::set_keys`]); every call works with those of one moment.
#[derive(Debug)]
pub struct AccessTokens {
    keys: RwLock<Keys>,
    validation: Validation,
    policy: AccessTokenPolicy,
}

#[derive(Debug)]
struct Keys {
    signing: Vec<SigningFrom>,
    verifier: Arc<Verifier>,
}

/// A key that signs from a moment on.
#[derive(Debug, Clone)]
pub struct SigningFrom {
    /// When it takes over from the one before.
    pub from: Timestamp,
    /// The key.
    pub key: SigningKey,
}

/// A fresh access token.
#[derive(Debug)]
pub struct Issued {
    /// The token.
    pub token: AccessToken,
    /// How long it is valid.
    pub expires_in: Duration,
}

/// No token could be made.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// No random bytes for `jti`.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The claims could not be written.
    #[error(transparent)]
    Sign(#[from] SignError),
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    iat: i64,
    exp: i64,
    jti: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    epoch: i64,
    user_id: i64,
    username: &'a str,
    role: &'a str,
    roles: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(flatten)]
    extra: BTreeMap<&'a str, ExtraClaim<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ExtraClaim<'a> {
    Text(&'a str),
    Number(i64),
    Constant(&'a serde_json::Value),
}

/// What we read from a token. The registered claims have been checked before.
#[derive(Deserialize)]
struct Presented {
    sub: String,
    user_id: i64,
    username: String,
    role: String,
    /// Without one: a token from before there were sessions.
    sid: Option<String>,
    epoch: Option<i64>,
}

/// What an access token says of its bearer, before anybody asks whether it still counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Who.
    pub principal: Principal,
    /// The epoch of the user's tokens when it was issued.
    pub epoch: i64,
}

impl AccessTokens {
    /// Tokens signed with `key` that say what `policy` says.
    #[must_use]
    pub fn new(key: Hs256Key, policy: AccessTokenPolicy) -> Self {
        let tokens = Self::without_keys(policy);
        let always = SigningFrom {
            from: Timestamp::from_millis(i64::MIN),
            key: key.clone().into(),
        };
        tokens.set_keys(vec![always], [key.into()]);
        tokens
    }

    /// Tokens that say what `policy` says; none can be issued or is accepted until there are keys.
    #[must_use]
    pub fn without_keys(policy: AccessTokenPolicy) -> Self {
        let required = [
            RequiredClaim::Issuer,
            RequiredClaim::Subject,
            RequiredClaim::IssuedAt,
            RequiredClaim::TokenId,
        ];
        let mut validation = Validation::new()
            .issuer(&*policy.issuer)
            .max_lifetime(policy.ttl.max(AccessTokenPolicy::MAX_LIFETIME))
            .require(required);
        if let Some(audience) = &policy.audience {
            validation = validation.audience(&**audience);
        }
        Self {
            keys: RwLock::new(Keys {
                signing: Vec::new(),
                verifier: Arc::new(Verifier::without_keys(validation.clone())),
            }),
            validation,
            policy,
        }
    }

    /// Grants a clock difference to the times in tokens: for services whose clock is not that of the server that issues them.
    /// None by default. Set it before the keys.
    #[must_use]
    pub fn with_leeway(mut self, leeway: Duration) -> Self {
        self.validation = self.validation.leeway(leeway);
        self
    }

    /// Replaces all keys: those that sign, and those whose tokens are accepted. A token without `kid` is tried on shared
    /// secrets alone.
    pub fn set_keys(
        &self,
        mut signing: Vec<SigningFrom>,
        verifying: impl IntoIterator<Item = VerifyingKey>,
    ) {
        signing.sort_by_key(|key| key.from);
        let verifier = verifying.into_iter().fold(
            Verifier::without_keys(self.validation.clone()),
            |verifier, key| match key.public() {
                None => verifier.with_default_key(key),
                Some(_) => verifier.with_key(key),
            },
        );
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        *keys = Keys {
            signing,
            verifier: Arc::new(verifier),
        };
    }

    fn keys(&self) -> RwLockReadGuard<'_, Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key that signs now. On a clock that was set back to before any key signs it is the first that will: verifiers have
    /// it, and nobody could log in without it.
    ///
    /// # Errors
    /// [`SignError::NoKey`].
    pub fn signing_key(&self, now: Timestamp) -> Result<SigningKey, SignError> {
        let keys = self.keys();
        let active = keys.signing.iter().rev().find(|key| key.from <= now);
        active
            .or(keys.signing.first())
            .map(|signing| signing.key.clone())
            .ok_or(SignError::NoKey)
    }

    /// The rules by which tokens are verified now, for routes that read claims of their own.
    #[must_use]
    pub fn verifier(&self) -> Arc<Verifier> {
        Arc::clone(&self.keys().verifier)
    }

    /// How long a token is valid.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.policy.ttl
    }

    /// Signs something else than an access token with the key that signs now, such as the list of revocations. It must say by its
    /// claims that it is none.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn sign_document<C: Serialize>(
        &self,
        typ: &'static str,
        claims: &C,
        now: Timestamp,
    ) -> Result<String, SignError> {
        self.signing_key(now)?.sign_document(typ, claims)
    }

    /// The `iss` claim.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.policy.issuer
    }

    /// A new token for `user` in `session`. `rights` were read after `user` was: a change in between has made the token void
    /// by its epoch.
    ///
    /// # Errors
    /// [`IssueError`] when there is no randomness.
    pub fn issue(
        &self,
        user: &User,
        rights: &Rights,
        session: Option<SessionId>,
        random: &dyn Random,
        now: Timestamp,
    ) -> Result<Issued, IssueError> {
        let sub = user.id.to_string();
        let jti =
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random::bytes::<16>(random)?);
        let claims = Claims {
            iss: &self.policy.issuer,
            sub: &sub,
            aud: self.policy.audience.as_deref(),
            iat: now.as_seconds(),
            exp: now.after(self.policy.ttl).as_seconds(),
            jti: &jti,
            sid: session.map(|session| session.to_string()),
            epoch: user.epochs.tokens,
            user_id: user.id.get(),
            username: &user.username,
            role: user.role.as_str(),
            roles: rights.roles_beside(&user.role).map(Role::as_str).collect(),
            scope: rights.permissions.claim(),
            extra: self
                .policy
                .extra_claims
                .iter()
                .map(|(name, source)| (name.as_str(), extra_claim(source, user)))
                .collect(),
        };
        Ok(Issued {
            token: self.signing_key(now)?.sign(&claims)?,
            expires_in: self.policy.ttl,
        })
    }

    /// Whether a token can be signed now and is accepted: nobody's, and thrown away.
    #[must_use]
    pub fn can_sign(&self, random: &dyn Random, now: Timestamp) -> bool {
        let nobody = User {
            id: UserId::new(0),
            username: "readiness".to_owned(),
            role: Role::user(),
            created_at: now,
            disabled_at: None,
            epochs: Epochs::default(),
        };
        let issued = self.issue(&nobody, &Rights::default(), None, random, now);
        issued.is_ok_and(|issued| self.verify(issued.token.as_str(), now).is_ok())
    }

    /// Who presents `token`, as it says; [`crate::authenticator::Authenticator::verify_token`] asks whether it still counts.
    ///
    /// # Errors
    /// [`TokenError::Expired`], or [`TokenError::Invalid`] for every other fault, also for a token that is signed
    /// rightly but names nobody.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claimed, TokenError> {
        let claims: Presented = self.keys().verifier.verify(token, now.as_millis())?;
        Ok(claims.claimed()?)
    }
}

impl Presented {
    /// Who it is, as the claims say.
    fn claimed(self) -> Result<Claimed, InvalidReason> {
        let role = Role::parse(&self.role).map_err(|_| InvalidReason::ClaimsForm)?;
        if self.username.is_empty() || self.sub != self.user_id.to_string() {
            return Err(InvalidReason::ClaimsForm);
        }
        let session = self.sid.map(|sid| SessionId::parse(&sid)).transpose();
        Ok(Claimed {
            principal: Principal {
                user_id: UserId::new(self.user_id),
                username: self.username,
                role,
                session: session.map_err(|_| InvalidReason::ClaimsForm)?,
                key: None,
            },
            epoch: self.epoch.unwrap_or(0),
        })
    }
}

fn extra_claim<'a>(source: &'a ClaimSource, user: &'a User) -> ExtraClaim<'a> {
    match source {
        ClaimSource::Constant(value) => ExtraClaim::Constant(value),
        ClaimSource::Username => ExtraClaim::Text(&user.username),
        ClaimSource::UserId => ExtraClaim::Number(user.id.get()),
        ClaimSource::Role => ExtraClaim::Text(user.role.as_str()),
    }
}

mod client_token;
mod description;
mod own_claims;
mod revocation_list;
mod rights;

pub use client_token::ClientClaimed;
pub use description::TokenDescription;
pub(crate) use revocation_list::{LIST_AUDIENCE, LIST_TYPE};
pub use revocation_list::{MAX_LIST_BYTES, ReadRevocations};

#[cfg(test)]
mod tests;
