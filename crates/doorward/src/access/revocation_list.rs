//! The list of revocations, as a service reads it that verifies access tokens itself.

use serde::Deserialize;

use super::AccessTokens;
use crate::{
    clock::Timestamp,
    session::SessionId,
    store::Revoked,
    token::{InvalidReason, RequiredClaim, TokenError, Verifier},
    user::UserId,
};

/// The audience keeps a program that looks at nothing else from taking the list for an access token: `PyJWT` refuses an
/// audience that it did not ask for.
pub(crate) const LIST_AUDIENCE: &str = "doorward-revocations";
/// The `typ` of the list (RFC 8725 §3.11).
pub(crate) const LIST_TYPE: &str = "revocations+jwt";
/// The longest list that is looked at, in bytes: 10,000 entries take less than half of it.
pub const MAX_LIST_BYTES: usize = 1024 * 1024;

#[derive(Deserialize)]
struct Presented {
    iat: i64,
    exp: i64,
    cursor: i64,
    more: bool,
    /// Without it: a server from before it was there.
    keys: Option<Vec<String>>,
    sessions: Vec<String>,
    users: Vec<(i64, i64)>,
}

/// What a list says, after its signature and its claims were found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRevocations {
    /// When it was made.
    pub issued_at: Timestamp,
    /// Until when it says enough, if no newer one comes.
    pub expires_at: Timestamp,
    /// What to ask for next time.
    pub cursor: i64,
    /// Whether there is more behind the cursor.
    pub more: bool,
    /// The `kid` of every key that was published then, if the server says so.
    pub keys: Option<Vec<String>>,
    /// What counts no more.
    pub revoked: Vec<Revoked>,
}

impl AccessTokens {
    /// Reads a list of `GET /auth/revocations`, signed with one of the keys that access tokens are verified with.
    ///
    /// # Errors
    /// [`TokenError`], also for an access token.
    pub fn read_revocations(
        &self,
        document: &str,
        now: Timestamp,
    ) -> Result<ReadRevocations, TokenError> {
        let rules = self
            .validation
            .clone()
            .audience(LIST_AUDIENCE)
            .types([LIST_TYPE])
            .require_type(true)
            .require([RequiredClaim::Issuer, RequiredClaim::IssuedAt])
            .max_bytes(MAX_LIST_BYTES);
        let keys = self.verifier();
        let verifier = keys
            .keys()
            .fold(Verifier::without_keys(rules), |verifier, key| {
                verifier.with_key(key.clone())
            });
        let claims: Presented = verifier.verify(document, now.as_millis())?;
        let sessions = claims
            .sessions
            .iter()
            .map(|session| SessionId::parse(session).map(Revoked::Session))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| TokenError::from(InvalidReason::ClaimsForm))?;
        let users = claims.users.into_iter().map(|(user, epoch)| Revoked::User {
            user: UserId::new(user),
            epoch,
        });
        Ok(ReadRevocations {
            issued_at: Timestamp::from_seconds(claims.iat),
            expires_at: Timestamp::from_seconds(claims.exp),
            cursor: claims.cursor,
            more: claims.more,
            keys: claims.keys,
            revoked: sessions.into_iter().chain(users).collect(),
        })
    }
}
