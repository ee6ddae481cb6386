use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use doorward::{
    access::{AccessTokenPolicy, AccessTokens},
    clock::{Clock as _, SystemClock, Timestamp},
    revocation::Revocations,
    token::{PublicJwk, TokenError, VerifyingKey, unverified_key_id},
};
use tokio::{
    sync::{Mutex, watch},
    time::Instant,
};

use super::{
    config::{RemoteConfig, RemoteConfigError, StaleRevocations},
    fetch::Source,
    follow,
    principal::{Presented, RemotePrincipal},
};

/// The published keys of a doorward and its list of revocations, kept up to date in the background while this lives.
#[derive(Debug)]
pub struct RemoteKeys {
    pub(super) config: RemoteConfig,
    pub(super) tokens: AccessTokens,
    pub(super) revocations: Revocations,
    pub(super) source: Source,
    fetches: Mutex<Fetches>,
    trusted_until_ms: AtomicI64,
    ready: watch::Sender<bool>,
}

/// When the keys were asked for, and when they came.
#[derive(Debug, Default)]
struct Fetches {
    tried: Option<Instant>,
    came: Option<Instant>,
    failing: bool,
}

/// Why nobody is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// The token is not good, or counts no more.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The server has sent no keys yet: the token may be good.
    #[error("no keys have come from the server yet; try again")]
    NoKeys,
    /// The server has sent no list of revocations for too long: the token may have been revoked.
    #[error("nobody knows which tokens were revoked; try again")]
    StaleRevocations,
}

impl RemoteKeys {
    /// Begins to follow a server. It may be down: requests are answered with a 503 until it has been reached once.
    ///
    /// # Errors
    /// [`RemoteConfigError`].
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(config: RemoteConfig) -> Result<Arc<Self>, RemoteConfigError> {
        let policy = AccessTokenPolicy {
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            ttl: config.max_lifetime,
            extra_claims: BTreeMap::new(),
        };
        let keys = Arc::new(Self {
            source: Source::new(&config)?,
            tokens: AccessTokens::without_keys(policy).with_leeway(config.leeway),
            revocations: Revocations::default(),
            fetches: Mutex::default(),
            trusted_until_ms: AtomicI64::new(0),
            ready: watch::Sender::new(false),
            config,
        });
        tokio::spawn(follow::follow(Arc::downgrade(&keys)));
        Ok(keys)
    }

    /// Waits until the keys and the list of revocations have come for the first time.
    pub async fn ready(&self) {
        // Fails only when the sender is gone, which is here.
        let _ = self.ready.subscribe().wait_for(|ready| *ready).await;
    }

    /// Whether tokens can be judged now: for the service's own readiness probe.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.has_keys() && !self.is_stale(SystemClock.now())
    }

    /// Whose token this is, and what they may do.
    ///
    /// A token that names an unknown key makes the keys be fetched, once within [`RemoteConfig::COOL_DOWN`], however many
    /// requests wait for it. While the server is down, the last keys that it sent count.
    ///
    /// # Errors
    /// [`RemoteError`].
    pub async fn verify(&self, token: &str) -> Result<RemotePrincipal, RemoteError> {
        let read = || Presented::read(&self.tokens, token, SystemClock.now());
        let presented = match read() {
            Err(TokenError::Invalid(_)) if self.names_an_unknown_key(token) => {
                self.fetch_key_of(token, self.config.cool_down).await;
                if !self.has_keys() {
                    return Err(RemoteError::NoKeys);
                }
                read()?
            }
            presented => presented?,
        };
        let revoked = self
            .revocations
            .refuse(presented.user, presented.session, presented.epoch);
        if revoked {
            return Err(TokenError::Revoked.into());
        }
        if self.is_stale(SystemClock.now()) {
            return Err(RemoteError::StaleRevocations);
        }
        Ok(presented.principal)
    }

    /// Fetches the keys for a token that names an unknown one, unless that was tried less than `spacing` ago. One fetches; those
    /// who wait meanwhile look again.
    pub(super) async fn fetch_key_of(&self, token: &str, spacing: Duration) {
        let mut fetches = self.fetches.lock().await;
        if self.names_an_unknown_key(token) {
            self.fetch(&mut fetches, spacing).await;
        }
    }

    /// Fetches the keys if they are older than they may become.
    pub(super) async fn renew(&self, spacing: Duration) {
        let mut fetches = self.fetches.lock().await;
        let is_old = |came: Instant| came.elapsed() >= self.config.max_age;
        if fetches.came.is_none_or(is_old) {
            self.fetch(&mut fetches, spacing).await;
        }
    }

    /// Fetches the keys if others are published than are known: one that is new signs soon, and one that is missing was retired.
    pub(super) async fn compare(&self, published: &[String], spacing: Duration) {
        let verifier = self.tokens.verifier();
        let known: BTreeSet<&str> = verifier
            .keys()
            .filter_map(|key| Some(key.id()?.as_str()))
            .collect();
        if known != published.iter().map(String::as_str).collect() {
            self.fetch(&mut *self.fetches.lock().await, spacing).await;
        }
    }

    async fn fetch(&self, fetches: &mut Fetches, spacing: Duration) {
        if fetches.tried.is_some_and(|tried| tried.elapsed() < spacing) {
            return;
        }
        let begun = Instant::now();
        fetches.tried = Some(begun);
        let failing = match self.source.keys().await {
            Ok(keys) => {
                self.accept(keys);
                fetches.came = Some(begun);
                None
            }
            Err(error) => Some(error),
        };
        if let (Some(error), false) = (&failing, fetches.failing) {
            tracing::warn!(target: "doorward::remote", event = "keys_not_fetched", %error);
        }
        fetches.failing = failing.is_some();
    }

    /// Replaces the keys. One that stays keeps what it remembers of the signatures that it has verified.
    fn accept(&self, published: Vec<PublicJwk>) {
        let known = self.tokens.verifier();
        let keys = published.into_iter().filter_map(|jwk| {
            let same = known.keys().find(|key| key.public() == Some(&jwk));
            same.cloned().or_else(|| VerifyingKey::new(jwk).ok())
        });
        self.tokens.set_keys(Vec::new(), keys);
    }

    pub(super) fn has_keys(&self) -> bool {
        self.tokens.verifier().keys().next().is_some()
    }

    /// Whether what a token names can't be told from a key that has been published since.
    pub(super) fn names_an_unknown_key(&self, token: &str) -> bool {
        let verifier = self.tokens.verifier();
        unverified_key_id(token).is_some_and(|named| {
            let mut keys = verifier.keys();
            !keys.any(|key| key.id().is_some_and(|id| id.as_str() == named))
        })
    }

    fn is_stale(&self, now: Timestamp) -> bool {
        let trusted_until = self.trusted_until_ms.load(Ordering::Relaxed);
        self.config.stale == StaleRevocations::Refuse && now.as_millis() > trusted_until
    }

    /// Notes that all revocations up to now have been read.
    pub(super) fn trust_until(&self, until: Timestamp) {
        self.trusted_until_ms
            .fetch_max(until.as_millis(), Ordering::Relaxed);
        self.ready.send_replace(true);
    }
}
