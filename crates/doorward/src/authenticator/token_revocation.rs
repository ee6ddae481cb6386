//! Making a token void that somebody presents (RFC 7009).

use super::{Authenticator, ForeignTokenError, KeyClient};
use crate::{
    api_key::ApiKey,
    caller::Client,
    permission::Permission,
    session::{EndReason, RefreshToken, SessionId},
    store::StoreError,
    user::UserId,
};

/// Why a token was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeTokenError {
    /// It is good, and of another user than the client's.
    #[error("The token is of another user; for that the key needs the permission '{0}'")]
    OfAnotherUser(&'static str),
    /// It is good, and cannot be made void by itself (RFC 7009 §2.2.1).
    #[error("A token of this type is not revoked by itself: {0}")]
    Unsupported(&'static str),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Authenticator {
    /// Makes `token` void with all that hangs on it. A refresh token and an access token end their session (RFC 7009 §2.1,
    /// TK-25), an API key ends with the tokens that were given for it. What counts no more, or never did, is revoked already
    /// (§2.2).
    ///
    /// Whoever has the token could use it, so a client may revoke what is its owner's; for others it needs what it takes
    /// without the token: [`Permission::SESSIONS_REVOKE`] or [`Permission::KEYS_WRITE`].
    ///
    /// # Errors
    /// [`RevokeTokenError`].
    pub async fn revoke_token(
        &self,
        client: &KeyClient,
        token: &str,
        from: &Client,
    ) -> Result<(), RevokeTokenError> {
        if let Some(presented) = RefreshToken::parse(token) {
            let now = self.now();
            let stored = self.session_of_refresh_token(&presented).await?;
            let goes_on = stored.filter(|s| !s.ended && now < s.session.expires_at);
            let Some(session) = goes_on.map(|stored| stored.session) else {
                return Ok(());
            };
            return self
                .revoke_session(client, session.user_id, session.id, from)
                .await;
        }
        if ApiKey::is_meant_by(token) {
            let Some(found) = self.find_good_key(token).await? else {
                return Ok(());
            };
            let owner = found.user.id;
            self.require_to_revoke(client, owner, Permission::KEYS_WRITE, from)
                .await?;
            let caller = client.caller(from);
            self.revoke_api_key(owner, found.grant.id, &caller).await?;
            return Ok(());
        }
        let ours = match self.verify_token(token) {
            Ok(principal) => {
                let session = principal.session.ok_or(RevokeTokenError::Unsupported(
                    "it belongs to no session; end the user's sessions",
                ))?;
                return self
                    .revoke_session(client, principal.user_id, session, from)
                    .await;
            }
            Err(ours) => ours,
        };
        if self.claims_of_key(token).is_ok() {
            return Err(RevokeTokenError::Unsupported("revoke its API key"));
        }
        // Another application's: to say that it is void would not be true, since it lets its user in here.
        match Box::pin(self.foreign_user(token, ours)).await {
            Ok(_) => Err(RevokeTokenError::Unsupported("it is another application's")),
            Err(ForeignTokenError::Store(error)) => Err(error.into()),
            Err(ForeignTokenError::Token(_) | ForeignTokenError::Retired) => Ok(()),
        }
    }

    async fn revoke_session(
        &self,
        client: &KeyClient,
        user: UserId,
        session: SessionId,
        from: &Client,
    ) -> Result<(), RevokeTokenError> {
        let permission = Permission::SESSIONS_REVOKE;
        self.require_to_revoke(client, user, permission, from)
            .await?;
        let reason = if user == client.owner() {
            EndReason::Revoked
        } else {
            EndReason::Administrator
        };
        let caller = client.caller(from);
        // Boxed for the reason of `log_in_from`.
        Box::pin(self.end_session(user, session, reason, &caller)).await?;
        Ok(())
    }

    async fn require_to_revoke(
        &self,
        client: &KeyClient,
        user: UserId,
        permission: &'static str,
        from: &Client,
    ) -> Result<(), RevokeTokenError> {
        if user == client.owner() || self.client_may(client, permission, from).await? {
            Ok(())
        } else {
            Err(RevokeTokenError::OfAnotherUser(permission))
        }
    }
}
