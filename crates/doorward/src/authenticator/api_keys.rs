//! API keys: making and revoking them, and acting with one.

use std::time::Duration;

use super::{Authenticator, KeyClient, SessionError};
use crate::{
    access::{ClientClaimed, Issued},
    api_key::{ApiKey, ApiKeyId, ApiKeyPolicy, ApiKeyRecord, KeyGrant},
    audit::{Event, EventKind},
    authority::{Authority, Overreach},
    caller::{Caller, Client},
    clock::Timestamp,
    permission::PermissionSet,
    principal::Principal,
    random::RandomError,
    store::{AddKeyError, FoundKey, StoreError},
    token::{InvalidReason, TokenError},
    user::UserId,
};

/// A key that shall be made.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// Its name for people, at most [`NewApiKey::MAX_NAME`] characters.
    pub name: String,
    /// What it may be used for.
    pub scope: PermissionSet,
    /// How long it lasts; 90 days when left out.
    pub lifetime: Option<Duration>,
}

impl NewApiKey {
    /// The longest name, in characters.
    pub const MAX_NAME: usize = 64;
    /// How long a key lasts for which nothing is said.
    pub const DEFAULT_LIFETIME: Duration = Duration::from_hours(90 * 24);
}

/// Who makes a key: nobody gives one more than they have (AZ-07).
#[derive(Debug)]
pub struct KeyMaker<'a> {
    /// Who, and what they may do.
    pub authority: &'a Authority,
    /// When the key ends that the maker came with: what it makes does not outlive it.
    pub ends: Option<Timestamp>,
}

/// A key that was made, and is shown once.
#[derive(Debug)]
pub struct MadeApiKey {
    /// The key.
    pub key: ApiKey,
    /// What may be told of it.
    pub record: ApiKeyRecord,
}

/// Why a key was not made.
#[derive(Debug, thiserror::Error)]
pub enum ApiKeyError {
    /// No name, a long one, or one that breaks a line.
    #[error(
        "A key's name has 1 to {} characters, none of them a control character",
        NewApiKey::MAX_NAME
    )]
    InvalidName,
    /// More than a token can say.
    #[error(
        "The permissions of a key have at most {} characters together",
        PermissionSet::MAX_CLAIM
    )]
    ScopeTooLong,
    /// Too short or too long a life.
    #[error("A key lasts from one minute to {} days", .longest.as_secs() / 86_400)]
    InvalidLifetime {
        /// The longest.
        longest: Duration,
    },
    /// Whoever makes it, or the user whom it acts for, does not have what it shall allow; or the user may do what the maker may
    /// not.
    #[error(transparent)]
    Overreach(Overreach),
    /// The user is gone or disabled, or has too many keys.
    #[error(transparent)]
    Refused(AddKeyError),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AddKeyError> for ApiKeyError {
    fn from(error: AddKeyError) -> Self {
        match error {
            AddKeyError::Store(error) => Self::Store(error),
            AddKeyError::Overreach(error) => Self::Overreach(error),
            other => Self::Refused(other),
        }
    }
}

/// Why a key gave no token (RFC 6749 §5.2).
#[derive(Debug, thiserror::Error)]
pub enum ClientCredentialsError {
    /// More was asked for than the key may be used for.
    #[error("The key may not be used for '{0}'")]
    InvalidScope(String),
    /// No token could be made.
    #[error(transparent)]
    Issue(#[from] SessionError),
}

/// A token that was given for a key.
#[derive(Debug)]
pub struct ClientToken {
    /// The token.
    pub issued: Issued,
    /// What it may be used for.
    pub scope: PermissionSet,
}

/// Why a key, or a token for one, lets nobody in.
#[derive(Debug, thiserror::Error)]
pub enum KeyLoginError {
    /// As for access tokens: what is wrong is not told apart further.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// It could not be looked up.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Authenticator {
    /// How long keys and their tokens last. [`ApiKeyPolicy::default`] without it.
    #[must_use]
    pub fn with_api_keys(mut self, policy: ApiKeyPolicy) -> Self {
        self.api_keys = policy;
        self
    }

    /// Makes a key for a user, which nobody can show again.
    ///
    /// # Errors
    /// [`ApiKeyError`].
    pub async fn create_api_key(
        &self,
        owner: UserId,
        new: NewApiKey,
        maker: &KeyMaker<'_>,
    ) -> Result<MadeApiKey, ApiKeyError> {
        let name = new.name.trim();
        if name.is_empty()
            || name.chars().count() > NewApiKey::MAX_NAME
            || name.chars().any(char::is_control)
        {
            return Err(ApiKeyError::InvalidName);
        }
        if new.scope.scope().len() > PermissionSet::MAX_CLAIM {
            return Err(ApiKeyError::ScopeTooLong);
        }
        let now = self.now();
        let longest = self.api_keys.max_lifetime;
        let lifetime = new
            .lifetime
            .unwrap_or(NewApiKey::DEFAULT_LIFETIME.min(longest));
        if !(Duration::from_mins(1)..=longest).contains(&lifetime) {
            return Err(ApiKeyError::InvalidLifetime { longest });
        }
        let ends = now.after(lifetime);
        // Makes the account of a user whom the application beside us has just added.
        let found = self.store().find_user_by_id(owner, now).await?;
        found.ok_or(ApiKeyError::Refused(AddKeyError::NoUser))?;
        let random = self.parts.random.as_ref();
        let key = ApiKey::generate(random)?;
        let record = ApiKeyRecord {
            id: ApiKeyId::generate(random)?,
            user_id: owner,
            name: name.to_owned(),
            scope: new.scope,
            created_at: now,
            expires_at: maker.ends.map_or(ends, |most| ends.min(most)),
            last_used_at: None,
        };
        let added = self
            .store()
            .add_api_key(&record, &key.sha256(), maker.authority, now)
            .await
            .map_err(ApiKeyError::from);
        self.heed(added, maker.authority, Some(owner)).await?;
        Ok(MadeApiKey { key, record })
    }

    /// Revokes a key of a user, with the tokens that were given for it. Returns whether it was there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revoke_api_key(
        &self,
        owner: UserId,
        id: ApiKeyId,
        caller: &Caller,
    ) -> Result<bool, StoreError> {
        let event = Event::success(EventKind::ApiKeyRevoked, caller)
            .subject(owner)
            .detail("key", id);
        let now = self.now();
        let until = now.after(self.api_keys.token_ttl.max(Duration::from_hours(1)));
        let revoked = self
            .store()
            .revoke_api_key(owner, id, &event, now, until)
            .await?;
        if revoked {
            self.follow_revocations().await;
        }
        Ok(revoked)
    }

    /// Who presents a key: its user, as the database has it now, and what the key is for. One query; a revoked key is refused
    /// at once, on every node.
    ///
    /// # Errors
    /// [`KeyLoginError`].
    pub async fn verify_api_key(
        &self,
        text: &str,
        from: &Client,
    ) -> Result<Principal, KeyLoginError> {
        let found = self.use_api_key(text, from).await?;
        Ok(Principal {
            key: Some(found.grant),
            ..Principal::without_session(found.user)
        })
    }

    pub(super) async fn use_api_key(
        &self,
        text: &str,
        from: &Client,
    ) -> Result<FoundKey, KeyLoginError> {
        let found = match ApiKey::parse(text) {
            Some(key) => self.store().find_api_key(&key.sha256()).await?,
            None => None,
        };
        let now = self.now();
        let invalid = TokenError::from(InvalidReason::Signature);
        let refusal = match &found {
            None => Some(("unknown", invalid)),
            Some(found) if found.user.disabled_at.is_some() => Some(("disabled", invalid)),
            Some(found) if now >= found.grant.expires_at => Some(("expired", TokenError::Expired)),
            Some(_) => None,
        };
        if let Some((reason, error)) = refusal {
            let known = found.as_ref().map(|found| (found.user.id, found.grant.id));
            self.audit_refused_key(reason, known, from).await;
            return Err(error.into());
        }
        let found = found.ok_or(invalid)?;
        // A key that cannot be noted as used is good all the same.
        if let Err(error) = self.store().note_key_use(&found, now).await {
            tracing::warn!(target: "doorward::auth", event = "key_use_not_noted", %error);
        }
        Ok(found)
    }

    /// Records that a key was refused, or gave no token, and why.
    pub(super) async fn audit_refused_key(
        &self,
        reason: &'static str,
        known: Option<(UserId, ApiKeyId)>,
        from: &Client,
    ) {
        let caller = Caller::anonymous(from.clone());
        let event = Event::denied(EventKind::ApiKeyRefused, &caller).detail("reason", reason);
        let event = match known {
            Some((user, key)) => event.subject(user).detail("key", key),
            None => event,
        };
        // Boxed: it is rare.
        Box::pin(self.audit_refusal(event)).await;
    }

    /// A short access token for a key (RFC 6749 §4.4). `scope` is what the client asks for, all that it may have when left out.
    ///
    /// # Errors
    /// [`ClientCredentialsError`].
    pub async fn exchange_api_key(
        &self,
        client: &KeyClient,
        scope: Option<&str>,
        from: &Client,
    ) -> Result<ClientToken, ClientCredentialsError> {
        let KeyClient { user, grant } = client;
        let now = self.now();
        let rights = self.store().rights_of(user).await;
        let held = rights
            .map_err(SessionError::from)?
            .permissions
            .intersection(&grant.scope);
        let scope = match scope {
            None => held,
            Some(asked) => {
                let refused = |what: &str| ClientCredentialsError::InvalidScope(what.to_owned());
                let wanted = PermissionSet::from_scope(asked).map_err(|_| refused("this"))?;
                if let Some(missing) = held.first_missing(&wanted) {
                    let known = Some((user.id, grant.id));
                    self.audit_refused_key("scope", known, from).await;
                    return Err(refused(missing));
                }
                wanted
            }
        };
        let left = grant.expires_at.since(now);
        let ttl = self.api_keys.token_ttl.min(left);
        let issued = self
            .tokens()
            .issue_for_key(user, grant.id, &scope, ttl, self.parts.random.as_ref(), now)
            .map_err(SessionError::from)?;
        let caller = Caller::user(user.id, from.clone());
        let event = Event::success(EventKind::ApiKeyExchanged, &caller)
            .subject(user.id)
            .detail("key", grant.id);
        self.audit(event).await;
        Ok(ClientToken { issued, scope })
    }

    /// What a token says that was given for a key, if nobody has revoked it. No query.
    pub(super) fn claims_of_key(&self, token: &str) -> Result<ClientClaimed, TokenError> {
        let claimed = self.tokens().verify_for_key(token, self.now())?;
        let key = claimed.key.as_session();
        if self
            .revocations
            .refuse(claimed.user, Some(key), claimed.epoch)
        {
            return Err(TokenError::Revoked);
        }
        Ok(claimed)
    }

    /// Who presents a token that was given for a key: the user as the database has it now. Nobody else's token is one.
    ///
    /// # Errors
    /// [`KeyLoginError`].
    pub async fn verify_client_token(&self, token: &str) -> Result<Principal, KeyLoginError> {
        let ClientClaimed {
            key,
            user,
            scope,
            expires_at,
            ..
        } = self.claims_of_key(token)?;
        let found = self.store().find_user_by_id(user, self.now()).await?;
        let user = found
            .map(|found| found.user)
            .filter(|user| user.disabled_at.is_none())
            .ok_or(TokenError::Revoked)?;
        Ok(Principal {
            key: Some(KeyGrant {
                id: key,
                scope,
                expires_at,
            }),
            ..Principal::without_session(user)
        })
    }
}
