//! Whether a token counts now, for a service that does not verify tokens itself (RFC 7662).

use super::{Authenticator, KeyClient};
use crate::{
    access::TokenDescription,
    api_key::{ApiKey, KeyGrant},
    caller::Client,
    clock::Timestamp,
    permission::{Permission, PermissionSet},
    session::Session,
    store::{FoundKey, StoreError},
    user::{User, UserId},
};

/// A credential that counts now, and what it says.
#[derive(Debug)]
pub enum ActiveToken {
    /// An access token of a user, or one that was given for a key.
    Access(TokenDescription),
    /// The refresh token of a session that counts. It opens nothing but the next pair.
    Refresh {
        /// Its session.
        session: Session,
        /// Whose.
        user: User,
        /// When it was given.
        issued_at: Timestamp,
    },
    /// An API key.
    Key {
        /// Which, and until when.
        grant: KeyGrant,
        /// For whom it acts.
        owner: UserId,
        /// What it may do now: what is in its scope that its owner may do.
        allowed: PermissionSet,
    },
}

/// Why a client is told nothing about a token.
#[derive(Debug, thiserror::Error)]
pub enum IntrospectionError {
    /// The key, or its owner, has not [`Permission::TOKENS_INTROSPECT`].
    #[error("The key needs the permission '{}'", Permission::TOKENS_INTROSPECT)]
    NotPermitted,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Authenticator {
    /// What `token` is, if it counts now; `None` for all else (RFC 7662 §2.2, TK-26). Only what this server made is looked
    /// at: another application's token is for that application to judge.
    ///
    /// An access token is judged from memory, as on every route ([`Authenticator::verify_token`]). A refresh token and a key
    /// are looked up, and neither is used by it: nothing is rotated, no session seen, no use noted.
    ///
    /// # Errors
    /// [`IntrospectionError`].
    pub async fn introspect(
        &self,
        client: &KeyClient,
        token: &str,
        from: &Client,
    ) -> Result<Option<ActiveToken>, IntrospectionError> {
        let permission = Permission::TOKENS_INTROSPECT;
        if !self.client_may(client, permission, from).await? {
            return Err(IntrospectionError::NotPermitted);
        }
        if let Some((stored, user)) = self.current_refresh_token(token).await? {
            return Ok(Some(ActiveToken::Refresh {
                issued_at: stored.rotated_at,
                session: stored.session,
                user,
            }));
        }
        if let Some(FoundKey { user, grant, .. }) = self.find_good_key(token).await? {
            let of_owner = self.store().permissions_of(user.id, &user.role).await?;
            return Ok(Some(ActiveToken::Key {
                allowed: of_owner.intersection(&grant.scope),
                owner: user.id,
                grant,
            }));
        }
        if self.verify_token(token).is_err() && self.claims_of_key(token).is_err() {
            return Ok(None);
        }
        let described = self.tokens().describe(token, self.now());
        Ok(described.ok().map(ActiveToken::Access))
    }

    /// The key with this text, if it is good now. It is not used by that.
    pub(super) async fn find_good_key(&self, text: &str) -> Result<Option<FoundKey>, StoreError> {
        let Some(key) = ApiKey::parse(text) else {
            return Ok(None);
        };
        let now = self.now();
        let found = self.store().find_api_key(&key.sha256()).await?;
        let is_good =
            |found: &FoundKey| found.user.disabled_at.is_none() && now < found.grant.expires_at;
        Ok(found.filter(is_good))
    }
}
