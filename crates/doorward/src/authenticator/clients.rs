//! Programs that authenticate as OAuth clients: the client is an API key (RFC 6749 §2.3).

use super::{Authenticator, KeyLoginError};
use crate::{
    api_key::{ApiKeyId, KeyGrant},
    audit::{Event, EventKind},
    caller::{Caller, Client},
    principal::Principal,
    store::StoreError,
    user::{User, UserId},
};

/// A program that has shown an API key which is good now.
#[derive(Debug, Clone)]
pub struct KeyClient {
    pub(super) user: User,
    pub(super) grant: KeyGrant,
}

impl KeyClient {
    /// For whom the key acts.
    #[must_use]
    pub fn owner(&self) -> UserId {
        self.user.id
    }

    pub(super) fn principal(&self) -> Principal {
        Principal {
            key: Some(self.grant.clone()),
            ..Principal::without_session(self.user.clone())
        }
    }

    /// The program at a client, for the trail.
    pub(super) fn caller(&self, from: &Client) -> Caller {
        Caller::acting(&self.principal(), from.clone())
    }
}

/// Why a program is no client (RFC 6749 §5.2, `invalid_client`).
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The key is none, revoked, ended, of somebody who is gone or disabled, or not the one that was named.
    #[error("Invalid client credentials")]
    Invalid,
    /// It could not be looked up.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Authenticator {
    /// The client that shows `key`. `id` is the key's, when the client names one; then both must fit.
    ///
    /// The key is looked up each time, one query: a revoked one is refused at once.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn authenticate_client(
        &self,
        id: Option<&str>,
        key: &str,
        from: &Client,
    ) -> Result<KeyClient, ClientError> {
        let found = match self.use_api_key(key, from).await {
            Ok(found) => found,
            Err(KeyLoginError::Token(_)) => return Err(ClientError::Invalid),
            Err(KeyLoginError::Store(error)) => return Err(error.into()),
        };
        if id.is_some_and(|id| ApiKeyId::parse(id) != Some(found.grant.id)) {
            let known = Some((found.user.id, found.grant.id));
            self.audit_refused_key("client_id", known, from).await;
            return Err(ClientError::Invalid);
        }
        Ok(KeyClient {
            user: found.user,
            grant: found.grant,
        })
    }

    /// Whether a client has a permission: its key is for it, and its owner has it now (AZ-05). A refusal is recorded.
    pub(super) async fn client_may(
        &self,
        client: &KeyClient,
        permission: &'static str,
        from: &Client,
    ) -> Result<bool, StoreError> {
        let permissions = self.permissions_of(&client.principal()).await?;
        if permissions.allows(permission) {
            return Ok(true);
        }
        let event = Event::denied(EventKind::Forbidden, &client.caller(from))
            .subject(client.owner())
            .detail("needs", permission);
        self.audit_refusal(event).await;
        Ok(false)
    }
}
