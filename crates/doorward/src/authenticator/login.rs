//! Logging in with a name and a password.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::Authenticator;
use crate::{
    audit::{Event, EventKind},
    caller::{Caller, Client},
    password::{HashFormatError, HashPoolError, Lane, Password, PasswordHash},
    store::StoreError,
    throttle::{AdmissionError, DeviceToken, Network, Throttled},
    user::{StoredUser, User},
    username::Username,
};

/// Somebody wants to log in.
#[derive(Debug)]
pub struct LoginAttempt {
    /// What was typed as the name.
    pub username: String,
    /// What was typed as the password.
    pub password: Password,
    /// Where the request came from.
    pub client: Client,
}

/// Why nobody was logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Unknown name, wrong password, disabled user, unusable hash: one answer for all (AU-01).
    #[error("Invalid username or password")]
    InvalidCredentials,
    /// Too many failures from there.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// No hashing thread was free in time.
    #[error("too many logins at once; try again shortly")]
    Busy {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The hashing failed.
    #[error(transparent)]
    Hash(HashPoolError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AdmissionError> for LoginError {
    fn from(error: AdmissionError) -> Self {
        match error {
            AdmissionError::Throttled(throttled) => Self::Throttled(throttled),
            AdmissionError::Store(error) => Self::Store(error),
        }
    }
}

impl From<HashPoolError> for LoginError {
    fn from(error: HashPoolError) -> Self {
        match error {
            HashPoolError::Busy { retry_after } => Self::Busy { retry_after },
            other => Self::Hash(other),
        }
    }
}

impl Authenticator {
    /// Logs a user in.
    ///
    /// A failure is answered on the next multiple of the failure quantum: the hash of an unknown user, a wrong
    /// password and a legacy hash cost different times, and a timer hides the difference without burning CPU.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn log_in(&self, attempt: LoginAttempt) -> Result<User, LoginError> {
        self.log_in_from(attempt, None).await
    }

    /// [`Self::log_in`] from a device that may have logged in before: then it does not wait for others' failures.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn log_in_from(
        &self,
        attempt: LoginAttempt,
        device: Option<&DeviceToken>,
    ) -> Result<User, LoginError> {
        let client = attempt.client.clone();
        let confirmed = self.confirm_credentials(attempt, device).await;
        self.tallies().logins.count((&confirmed).into());
        let user = confirmed?;
        let caller = Caller::user(user.id, client);
        self.audit(Event::success(EventKind::LoginSucceeded, &caller).subject(user.id))
            .await;
        Ok(user)
    }

    /// The user whose credentials these are: a login, or somebody who is logged in and shows it once more. Failures are
    /// counted, recorded and answered alike.
    pub(super) async fn confirm_credentials(
        &self,
        attempt: LoginAttempt,
        device: Option<&DeviceToken>,
    ) -> Result<User, LoginError> {
        let started = Instant::now();
        let caller = Caller::anonymous(attempt.client.clone());
        // Boxed: a hash costs far more than an allocation, and whoever awaits a login would otherwise carry the
        // layout of every query in it, beyond the compiler's depth limit in an optimised build.
        let result = Box::pin(self.check_credentials(attempt, device, &caller, started)).await;
        match result {
            Err(LoginError::InvalidCredentials) => self.wait_for_quantum(started).await,
            Err(LoginError::Throttled(_)) => {
                self.audit_refusal(Event::denied(EventKind::LoginThrottled, &caller))
                    .await;
            }
            _ => {}
        }
        result
    }

    async fn check_credentials(
        &self,
        attempt: LoginAttempt,
        device: Option<&DeviceToken>,
        caller: &Caller,
        started: Instant,
    ) -> Result<User, LoginError> {
        let name = Username::parse(&attempt.username).ok();
        let key = name
            .as_ref()
            .map_or(attempt.username.as_bytes(), |name| name.key().as_bytes());
        let device = self.known_device(name.as_ref(), device).await?;
        let admission = self
            .parts
            .throttle
            .admit(key, network_of(&caller.client), device, self.now())
            .await?;
        let stored = match &name {
            Some(name) => self.parts.store.find_user(name, self.now()).await?,
            None => None,
        };
        let password = Arc::new(attempt.password);
        let known = stored.as_ref().map(|stored| stored.user.id);
        let lane = if admission.is_of_known_device() {
            Lane::Preferred
        } else {
            Lane::Ordinary
        };
        let verified = self.verified_user(stored, &password, lane, caller).await?;
        if let Some((stored, hash)) = verified {
            self.settle(admission.succeeded(self.now()).await, started)
                .await?;
            self.upgrade_hash(&stored, &hash, password, caller).await;
            Ok(stored.user)
        } else {
            self.settle(admission.failed(self.now()).await, started)
                .await?;
            // The name itself is not recorded: people type passwords there (LG-03). Whose account it was, if anybody's, is.
            let event = Event::failure(EventKind::LoginFailed, caller);
            self.audit(match known {
                Some(user) => event.subject(user),
                None => event,
            })
            .await;
            Err(LoginError::InvalidCredentials)
        }
    }

    /// A refusal that comes after the hash must not tell by its time how the hash came out.
    async fn settle(
        &self,
        counted: Result<(), AdmissionError>,
        started: Instant,
    ) -> Result<(), LoginError> {
        if counted.is_err() {
            self.wait_for_quantum(started).await;
        }
        Ok(counted?)
    }

    /// The user with the parsed hash when the password is right and the user may log in. An unknown user costs a
    /// hash like a known one (AU-03).
    async fn verified_user(
        &self,
        stored: Option<StoredUser>,
        password: &Arc<Password>,
        lane: Lane,
        caller: &Caller,
    ) -> Result<Option<(StoredUser, Arc<PasswordHash>)>, HashPoolError> {
        let hashes = &self.parts.hashes;
        let Some(stored) = stored else {
            hashes.verify_unknown(Arc::clone(password)).await?;
            return Ok(None);
        };
        let stored = self.without_plain_text(stored).await?;
        let hash = match PasswordHash::parse_with(&stored.password, &self.parts.accepted_forms) {
            Ok(hash) => Arc::new(hash),
            Err(error) => {
                let kind = match error {
                    HashFormatError::Unsupported { .. } => EventKind::LegacyHashRefused,
                    _ => EventKind::CorruptHash,
                };
                // The text says what to set, if anything; the trail needs the form alone.
                tracing::warn!(target: "doorward::auth", user_id = stored.user.id.get(), %error, "a stored hash lets nobody in");
                let event = Event::failure(kind, caller).subject(stored.user.id);
                self.audit(event.detail("form", error.label())).await;
                hashes.verify_unknown(Arc::clone(password)).await?;
                return Ok(None);
            }
        };
        let right = hashes
            .verify_in(lane, Arc::clone(password), Arc::clone(&hash))
            .await?;
        let may_log_in = right && stored.user.disabled_at.is_none();
        Ok(may_log_in.then_some((stored, hash)))
    }

    /// Replaces a weak hash by today's, if the rule says so and there is room for it. A failure is logged and does not fail the login
    /// (PW-04).
    async fn upgrade_hash(
        &self,
        stored: &StoredUser,
        verified: &PasswordHash,
        password: Arc<Password>,
        caller: &Caller,
    ) {
        let hashes = &self.parts.hashes;
        let replaced = self.parts.rehash.replaces(verified, hashes.form());
        if !replaced || hashes.is_more_than_half_full() {
            return;
        }
        let user_id = stored.user.id.get();
        let better = match hashes.hash(password).await {
            Ok(better) => better,
            Err(error) => {
                return tracing::warn!(target: "doorward::auth", event = "hash_upgrade_failed", user_id, %error);
            }
        };
        let event = Event::success(EventKind::HashUpgraded, caller)
            .subject(stored.user.id)
            .detail("from", verified.scheme());
        let replacing = self.parts.store.replace_hash(
            stored.user.id,
            &stored.password,
            &better,
            &event,
            self.now(),
        );
        // It is not replaced when the password was changed meanwhile.
        if let Err(error) = replacing.await {
            tracing::warn!(target: "doorward::auth", event = "hash_upgrade_failed", user_id, %error);
        }
    }

    /// Forgets failures that no longer matter. Call it now and then.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge_failures(&self) -> Result<u64, StoreError> {
        self.parts.throttle.purge(self.now()).await
    }

    /// Sleeps until a whole number of quanta has passed since `started`.
    pub(super) async fn wait_for_quantum(&self, started: Instant) {
        let quantum = self.parts.failure_quantum.as_nanos();
        if quantum == 0 {
            return;
        }
        let quanta = started.elapsed().as_nanos().div_ceil(quantum).max(1);
        let until =
            Duration::from_nanos(u64::try_from(quanta.saturating_mul(quantum)).unwrap_or(u64::MAX));
        tokio::time::sleep_until(started + until).await;
    }
}

/// A client of which no address is known shares its bucket with all such clients.
pub(super) fn network_of(client: &Client) -> Network {
    let address = client.address;
    address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).into()
}
