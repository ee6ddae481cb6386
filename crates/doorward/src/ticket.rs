//! Tickets: what a browser carries to the applications behind a reverse proxy.
//!
//! Those applications see it, since it is a cookie of their domain. So a ticket opens nothing but the question of a proxy whether
//! its bearer may pass: it is signed with a key of its own that nobody else has, and no other route takes it.

use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::{
    access::IssueError,
    clock::Timestamp,
    email::EmailAddress,
    permission::{PermissionSet, Rights},
    random::{self, Random},
    role::Role,
    secret::Secret,
    session::SessionId,
    token::{
        AccessToken, Hs256Key, InvalidReason, RequiredClaim, TokenError, Validation, Verifier,
    },
    user::{User, UserId},
};

/// For whom tickets are.
const AUDIENCE: &str = "doorward-forward-auth";

/// What a ticket says of its bearer, before anybody asks whether it still counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The user's number.
    pub user_id: UserId,
    /// The user's name, as registered.
    pub username: String,
    /// The role in the users table first.
    pub roles: Vec<Role>,
    /// What these roles allow.
    pub permissions: PermissionSet,
    /// The user's address, if it is proved.
    pub email: Option<String>,
    /// The session that it belongs to.
    pub session: SessionId,
    /// The epoch of the user's tokens when it was issued.
    pub epoch: i64,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    iat: i64,
    exp: i64,
    jti: String,
    user_id: i64,
    username: String,
    roles: Vec<String>,
    /// `None` for everything.
    scope: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    sid: String,
    epoch: i64,
}

/// Issues and reads tickets.
pub struct Tickets {
    key: Hs256Key,
    verifier: Verifier,
    ttl: Duration,
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets")
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

impl Tickets {
    /// Tickets under a key derived from the server's secret for this purpose alone (CF-03); those under former secrets are
    /// accepted until they end.
    #[must_use]
    pub fn new(secret: &Secret, former: &[Secret], ttl: Duration) -> Self {
        let required = [RequiredClaim::IssuedAt, RequiredClaim::TokenId];
        let validation = Validation::new()
            .audience(AUDIENCE)
            .max_lifetime(ttl.max(Duration::from_hours(24)))
            .require(required);
        let key = purpose_key(secret);
        let verifier = former
            .iter()
            .map(purpose_key)
            .fold(Verifier::new(key.clone(), validation), Verifier::with_key);
        Self { key, verifier, ttl }
    }

    /// How long a ticket is good.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// A ticket for `user` in `session`. `rights` were read after `user` was.
    ///
    /// # Errors
    /// [`IssueError`] when there is no randomness.
    pub fn issue(
        &self,
        user: &User,
        rights: &Rights,
        email: Option<&EmailAddress>,
        session: SessionId,
        random: &dyn Random,
        now: Timestamp,
    ) -> Result<AccessToken, IssueError> {
        let permissions = &rights.permissions;
        let claims = Claims {
            aud: AUDIENCE.to_owned(),
            iat: now.as_seconds(),
            exp: now.after(self.ttl).as_seconds(),
            jti: URL_SAFE_NO_PAD.encode(random::bytes::<16>(random)?),
            user_id: user.id.get(),
            username: user.username.clone(),
            roles: rights
                .roles_beside(&user.role)
                .map(Role::to_string)
                .collect(),
            scope: (!permissions.is_everything()).then(|| permissions.scope()),
            email: email.map(|email| email.as_str().to_owned()),
            sid: session.to_string(),
            epoch: user.epochs.tokens,
        };
        Ok(self.key.sign(&claims)?)
    }

    /// What a ticket says; [`crate::authenticator::Authenticator::visitor_with_ticket`] asks whether it still counts.
    ///
    /// # Errors
    /// [`TokenError`], for every other kind of token too.
    pub fn read(&self, ticket: &str, now: Timestamp) -> Result<Ticket, TokenError> {
        let claims: Claims = self.verifier.verify(ticket, now.as_millis())?;
        let malformed = || TokenError::from(InvalidReason::ClaimsForm);
        let permissions = match &claims.scope {
            Some(scope) => PermissionSet::from_scope(scope).map_err(|_| malformed())?,
            None => PermissionSet::everything(),
        };
        let roles: Result<_, _> = claims.roles.iter().map(|role| Role::parse(role)).collect();
        Ok(Ticket {
            user_id: UserId::new(claims.user_id),
            username: claims.username,
            roles: roles.map_err(|_| malformed())?,
            permissions,
            email: claims.email,
            session: SessionId::parse(&claims.sid).map_err(|_| malformed())?,
            epoch: claims.epoch,
        })
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn purpose_key(secret: &Secret) -> Hs256Key {
    let derived = Hmac::<Sha256>::new_from_slice(secret.expose())
        .expect("HMAC takes keys of every length")
        .chain_update(b"doorward tickets 1")
        .finalize()
        .into_bytes();
    Hs256Key::new(&Secret::new(derived.to_vec()), None)
}

#[cfg(test)]
mod tests;
