//! The use cases: who may log in, register, administer.
//!
//! Each file is one use case. All of them end in the same [`Authenticator`], which holds what they need; nothing here
//! knows of HTTP.

mod administration;
mod api_keys;
mod auditing;
mod basic;
mod clients;
mod defaults;
mod flood;
mod foreign;
mod foreign_logins;
mod introspection;
mod key_changes;
mod keys;
mod known_devices;
mod links;
mod login;
mod overreach;
mod password_change;
mod plain_text;
mod recovery;
mod registration;
mod revocation_list;
mod roles;
mod sessions;
mod setup;
mod tallies;
mod token_revocation;
mod visitors;

use std::{sync::Arc, time::Duration};

pub use administration::{AddedUser, AdministrationError, PasswordReset};
pub use api_keys::{
    ApiKeyError, ClientCredentialsError, ClientToken, KeyLoginError, KeyMaker, MadeApiKey,
    NewApiKey,
};
pub use clients::{ClientError, KeyClient};
pub use defaults::OpenError;
pub use foreign::{ExchangeError, ExchangedSession, ForeignTokenError, SessionLoginError};
pub use introspection::{ActiveToken, IntrospectionError};
pub use keys::{KeyRingError, KeyRules};
pub use known_devices::DeviceTokenError;
pub use links::{LinkRules, MakeLinkError, ResetLink};
pub use login::{LoginAttempt, LoginError};
pub use password_change::{ChangePasswordError, PasswordChange, ResetError};
pub use recovery::{EmailError, Forgetful, ForgotError};
pub use registration::{NewUser, RegistrationError, RegistrationRule};
pub use revocation_list::RevocationList;
pub use roles::RoleError;
pub use sessions::{LoggedIn, RefreshError, SessionError};
pub use setup::{SetupLinkError, SetupToken};
pub use tallies::{LoginOutcome, RefreshOutcome, Tallies, TokenOutcome};
pub use token_revocation::RevokeTokenError;
pub use visitors::Visitor;

use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use crate::{
    access::{AccessTokens, Claimed, Issued},
    api_key::ApiKeyPolicy,
    clock::{Clock, Timestamp},
    foreign::Foreign,
    password::{AcceptedForms, HashPool, PasswordPolicy, Rehash},
    principal::Principal,
    random::Random,
    revocation::Revocations,
    session::{RefreshKeys, SessionId, SessionPolicy},
    store::{Store, StoreError},
    throttle::Throttle,
    ticket::Tickets,
    token::TokenError,
    user::User,
};

/// What an [`Authenticator`] is made of.
pub struct Parts {
    /// The tables.
    pub store: Store,
    /// The hashing threads.
    pub hashes: HashPool,
    /// Which old hash forms may log in.
    pub accepted_forms: AcceptedForms,
    /// Whether a login replaces a weak hash.
    pub rehash: Rehash,
    /// Which passwords may be set.
    pub password_policy: PasswordPolicy,
    /// Who may register.
    pub registration: RegistrationRule,
    /// Who has to wait.
    pub throttle: Throttle,
    /// All failed logins take a multiple of this long, so that their time tells nothing (AU-02).
    pub failure_quantum: Duration,
    /// The access tokens.
    pub tokens: AccessTokens,
    /// How long sessions last.
    pub sessions: SessionPolicy,
    /// The keys of refresh tokens.
    pub refresh_keys: RefreshKeys,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

/// The use cases of accounts and logins.
pub struct Authenticator {
    parts: Parts,
    verified: basic::VerifiedCredentials,
    foreign: Foreign,
    revocations: Arc<Revocations>,
    kept_lists: revocation_list::KeptLists,
    flushed: foreign_logins::Flushed,
    refusals: flood::Refusals,
    links: Option<LinkRules>,
    api_keys: ApiKeyPolicy,
    recoveries: Arc<Semaphore>,
    key_ring: Option<keys::KeyRing>,
    tickets: Option<Tickets>,
    tallies: Tallies,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticator")
            .field("store", &self.parts.store)
            .finish_non_exhaustive()
    }
}

impl Authenticator {
    /// An authenticator of these parts.
    ///
    /// # Errors
    /// [`crate::random::RandomError`] when there is no randomness for the process's own keys.
    pub fn new(parts: Parts) -> Result<Self, crate::random::RandomError> {
        let verified = basic::VerifiedCredentials::new(parts.random.as_ref())?;
        Ok(Self {
            parts,
            verified,
            foreign: Foreign::default(),
            revocations: Arc::default(),
            kept_lists: revocation_list::KeptLists::default(),
            flushed: foreign_logins::Flushed::default(),
            refusals: flood::Refusals::default(),
            links: None,
            api_keys: ApiKeyPolicy::default(),
            recoveries: Arc::new(Semaphore::new(recovery::AT_ONCE as usize)),
            key_ring: None,
            tickets: None,
            tallies: Tallies::default(),
        })
    }

    /// The tables.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.parts.store
    }

    /// The hashing threads.
    #[must_use]
    pub fn hashes(&self) -> &HashPool {
        &self.parts.hashes
    }

    /// Who has to wait.
    #[must_use]
    pub fn throttle(&self) -> &Throttle {
        &self.parts.throttle
    }

    /// The access tokens.
    #[must_use]
    pub fn tokens(&self) -> &AccessTokens {
        &self.parts.tokens
    }

    /// The current moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// The revocations that this process knows.
    #[must_use]
    pub fn revocations(&self) -> &Arc<Revocations> {
        &self.revocations
    }

    /// How often what happened since the process started.
    #[must_use]
    pub fn tallies(&self) -> &Tallies {
        &self.tallies
    }

    /// An access token for a user in a session. The rights are read after the user was, so that a token with older rights
    /// than its epoch says cannot come to be.
    async fn issue_token(
        &self,
        user: &User,
        session: Option<SessionId>,
        now: Timestamp,
    ) -> Result<Issued, SessionError> {
        // Boxed as every login is, since it is deep inside one.
        let rights = Box::pin(self.parts.store.rights_of(user)).await?;
        let random = self.parts.random.as_ref();
        Ok(self
            .parts
            .tokens
            .issue(user, &rights, session, random, now)?)
    }

    /// Whether tokens can be signed and verified now.
    #[must_use]
    pub fn can_sign(&self) -> bool {
        self.parts
            .tokens
            .can_sign(self.parts.random.as_ref(), self.now())
    }

    /// Who presents `token`, as the token says, if nobody has revoked it. No query: see [`crate::revocation`].
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify_token(&self, token: &str) -> Result<Principal, TokenError> {
        let claimed = self.parts.tokens.verify(token, self.now())?;
        self.refuse_revoked(&claimed)?;
        Ok(claimed.principal)
    }

    /// The claims of a token of ours that counts, for handlers that read claims of their own.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify_claims<C: DeserializeOwned>(&self, token: &str) -> Result<C, TokenError> {
        let (claimed, claims) = self.parts.tokens.verify_claims(token, self.now())?;
        if let Some(claimed) = claimed {
            self.refuse_revoked(&claimed)?;
        }
        Ok(claims)
    }

    fn refuse_revoked(&self, claimed: &Claimed) -> Result<(), TokenError> {
        let Principal {
            user_id, session, ..
        } = claimed.principal;
        if self.revocations.refuse(user_id, session, claimed.epoch) {
            return Err(TokenError::Revoked);
        }
        Ok(())
    }

    /// The principal as the database has it now: `None` when the user is gone or disabled. Whoever acts on others
    /// is looked up, so that a lost role is lost at once (AZ-05).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn current(&self, principal: &Principal) -> Result<Option<Principal>, StoreError> {
        let stored = self
            .parts
            .store
            .find_user_by_id(principal.user_id, self.now())
            .await?;
        Ok(stored
            .map(|stored| stored.user)
            .filter(|user| user.disabled_at.is_none())
            .map(|user| Principal {
                session: principal.session,
                key: principal.key.clone(),
                ..Principal::without_session(user)
            }))
    }
}
