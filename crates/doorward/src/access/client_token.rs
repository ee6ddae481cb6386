//! Access tokens that a program got for an API key (RFC 6749 §4.4).

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::{AccessTokens, IssueError, Issued};
use crate::{
    api_key::ApiKeyId,
    clock::Timestamp,
    permission::PermissionSet,
    random::{self, Random},
    token::{InvalidReason, TokenError},
    user::{User, UserId},
};

/// No `user_id`, `username` or `role`, and `sub` is the key (RFC 9068 §2.2): whoever looks for a user's token does not find one, and
/// whoever looks at the role alone does not let a key do more than its scope says.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    iat: i64,
    exp: i64,
    jti: &'a str,
    client_id: &'a str,
    /// The key again, for whoever follows the list of revocations.
    sid: &'a str,
    epoch: i64,
    owner_id: i64,
    scope: &'a str,
}

#[derive(Deserialize)]
struct Presented {
    sub: String,
    client_id: String,
    sid: String,
    epoch: i64,
    owner_id: i64,
    scope: String,
    exp: i64,
}

/// What such a token says, before anybody asks whether it still counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientClaimed {
    /// The key that it was given for.
    pub key: ApiKeyId,
    /// For whom the key acts.
    pub user: UserId,
    /// The epoch of the user's tokens when it was issued.
    pub epoch: i64,
    /// What it may be used for.
    pub scope: PermissionSet,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl AccessTokens {
    /// A token for the key of `user`, which may be used for `scope` and is valid for `ttl`.
    ///
    /// # Errors
    /// [`IssueError`] when there is no randomness.
    pub fn issue_for_key(
        &self,
        user: &User,
        key: ApiKeyId,
        scope: &PermissionSet,
        ttl: Duration,
        random: &dyn Random,
        now: Timestamp,
    ) -> Result<Issued, IssueError> {
        let id = key.to_string();
        let claims = Claims {
            iss: &self.policy.issuer,
            sub: &id,
            aud: self.policy.audience.as_deref(),
            iat: now.as_seconds(),
            exp: now.after(ttl).as_seconds(),
            jti: &URL_SAFE_NO_PAD.encode(random::bytes::<16>(random)?),
            client_id: &id,
            sid: &id,
            epoch: user.epochs.tokens,
            owner_id: user.id.get(),
            scope: &scope.scope(),
        };
        Ok(Issued {
            token: self.signing_key(now)?.sign(&claims)?,
            expires_in: ttl,
        })
    }

    /// Which key `token` was given for, as it says; [`crate::authenticator::Authenticator::verify_client_token`] asks whether
    /// it still counts.
    ///
    /// # Errors
    /// [`TokenError`], also for a good token of a user.
    pub fn verify_for_key(&self, token: &str, now: Timestamp) -> Result<ClientClaimed, TokenError> {
        let claims: Presented = self.keys().verifier.verify(token, now.as_millis())?;
        let malformed = || TokenError::from(InvalidReason::ClaimsForm);
        if claims.client_id != claims.sub || claims.sid != claims.sub {
            return Err(malformed());
        }
        Ok(ClientClaimed {
            key: ApiKeyId::parse(&claims.sub).ok_or_else(malformed)?,
            user: UserId::new(claims.owner_id),
            epoch: claims.epoch,
            scope: PermissionSet::from_scope(&claims.scope).map_err(|_| malformed())?,
            expires_at: Timestamp::from_seconds(claims.exp),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        access::AccessTokenPolicy, permission::Rights, random::OsRandom, role::Role,
        secret::Secret, token::Hs256Key, user::Epochs,
    };

    #[test]
    fn a_token_for_a_key_is_none_of_a_user_and_the_other_way_round() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let key = Hs256Key::new(&Secret::from_text("k".repeat(32)), None);
        let tokens = AccessTokens::new(key, AccessTokenPolicy::new("a"));
        let user = User {
            id: UserId::new(7),
            username: "una".into(),
            role: Role::admin(),
            created_at: now,
            disabled_at: None,
            epochs: Epochs::default(),
        };
        let id = ApiKeyId::generate(&OsRandom).unwrap();
        let scope = PermissionSet::from_scope("users:read").unwrap();
        let ttl = Duration::from_mins(10);
        let for_key = tokens.issue_for_key(&user, id, &scope, ttl, &OsRandom, now);
        let for_key = for_key.unwrap().token;
        let claimed = tokens.verify_for_key(for_key.as_str(), now).unwrap();
        assert_eq!((claimed.key, claimed.user), (id, user.id));
        assert_eq!(claimed.scope, scope);
        assert_eq!(claimed.expires_at, now.after(ttl));
        assert!(matches!(
            tokens.verify(for_key.as_str(), now),
            Err(TokenError::Invalid(_))
        ));
        let of_user = tokens.issue(&user, &Rights::default(), None, &OsRandom, now);
        let of_user = of_user.unwrap().token;
        assert!(matches!(
            tokens.verify_for_key(of_user.as_str(), now),
            Err(TokenError::Invalid(_))
        ));
    }

    #[test]
    fn a_token_that_names_two_keys_is_of_none() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let key = Hs256Key::new(&Secret::from_text("k".repeat(32)), None);
        let tokens = AccessTokens::new(key, AccessTokenPolicy::new("a"));
        let id = ApiKeyId::from_bytes([7; 16]).to_string();
        let other = ApiKeyId::from_bytes([8; 16]).to_string();
        let verify = |sub: &str, client_id: &str, sid: &str, scope: &str| {
            let claims = serde_json::json!({
                "iss": "a", "sub": sub, "iat": now.as_seconds(), "exp": now.as_seconds() + 60, "jti": "x",
                "client_id": client_id, "sid": sid, "epoch": 3, "owner_id": 7, "scope": scope,
            });
            let token = tokens.signing_key(now).unwrap().sign(&claims).unwrap();
            tokens.verify_for_key(token.as_str(), now)
        };
        let good = verify(&id, &id, &id, "users:read").unwrap();
        assert_eq!(
            (good.epoch, good.expires_at),
            (3, now.after(Duration::from_mins(1)))
        );
        for (sub, client_id, sid, scope) in [
            (&*id, &*other, &*id, "users:read"),
            (&id, &id, &other, "users:read"),
            ("no key", "no key", "no key", "users:read"),
            (&id, &id, &id, "no permission at all"),
        ] {
            assert!(verify(sub, client_id, sid, scope).is_err());
        }
    }
}
