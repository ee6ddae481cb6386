//! The keys of tokens: following them, rotating them, retiring them.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::Authenticator;
use crate::{
    access::SigningFrom,
    audit::EventKind,
    caller::Caller,
    clock::Timestamp,
    key_ring::{
        KeyPolicy, KeySealer, KeyState, PlanError, SealError, SigningAlgorithm, StoredKey,
        Timetable, WantedAlgorithm,
        plan::{self, Due},
        secret_key_id,
    },
    secret::Secret,
    store::{KeysChange, KeysChangeError, StoreError},
    token::{Hs256Key, KeyError, KeyId, KeyPair, SigningKey, VerifyingKey},
};

/// Why the keys could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// This server has one key for ever.
    #[error("this server's tokens have one fixed key")]
    Fixed,
    /// The plan is not possible.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Another node was first.
    #[error("the keys have changed meanwhile; look at them and try again")]
    Stale,
    /// No private key of an active key can be opened.
    #[error(
        "the private key {0} is encrypted under another secret; give that secret in secret_key_fallbacks, or if it is lost, make a new key and refuse the tokens of this one: `doorward key retire {0}`"
    )]
    Closed(KeyId),
    /// A private key could not be encrypted.
    #[error(transparent)]
    Seal(SealError),
    /// A key could not be made or read.
    #[error("the key {0}")]
    Key(#[from] KeyError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<KeysChangeError> for KeyRingError {
    fn from(error: KeysChangeError) -> Self {
        match error {
            KeysChangeError::Stale => Self::Stale,
            KeysChangeError::Store(error) => Self::Store(error),
        }
    }
}

/// What a server's keys are made and kept by.
#[derive(Debug)]
pub struct KeyRules {
    /// Encrypts private keys.
    pub sealer: KeySealer,
    /// The server's secret.
    pub secret: Secret,
    /// Secrets that it had before.
    pub former_secrets: Vec<Secret>,
    /// How keys follow each other.
    pub policy: KeyPolicy,
}

/// The keys as this process knows them.
#[derive(Debug)]
pub(super) struct KeyRing {
    pub(super) rules: KeyRules,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// What the database had last.
    keys: Vec<StoredKey>,
    /// What the tokens work with.
    used: Vec<StoredKey>,
}

impl KeyRing {
    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn secret(&self, id: &KeyId) -> Option<&Secret> {
        std::iter::once(&self.rules.secret)
            .chain(&self.rules.former_secrets)
            .find(|secret| secret_key_id(secret) == *id)
    }
}

impl Authenticator {
    /// Takes the keys of tokens from the table `signing_keys` instead of the ones in [`super::Parts::tokens`], from the next
    /// [`Self::follow_keys`] on.
    #[must_use]
    pub fn with_keys(mut self, rules: KeyRules) -> Self {
        self.key_ring = Some(KeyRing {
            rules,
            known: Mutex::default(),
        });
        self
    }

    pub(super) fn key_ring(&self) -> Result<&KeyRing, KeyRingError> {
        self.key_ring.as_ref().ok_or(KeyRingError::Fixed)
    }

    /// The times of a rotation here; `None` where the keys are fixed.
    #[must_use]
    pub fn key_timetable(&self) -> Option<Timetable> {
        let ring = self.key_ring.as_ref()?;
        Some(ring.rules.policy.timetable)
    }

    /// When the next key takes over by itself, by what this process read last; `None` when none does. No query.
    #[must_use]
    pub fn next_key_takeover(&self) -> Option<Timestamp> {
        let ring = self.key_ring.as_ref()?;
        plan::next_takeover(&ring.known().keys, &ring.rules.policy, self.now())
    }

    /// All keys, the newest first, those included that are retired.
    ///
    /// # Errors
    /// [`KeyRingError`].
    pub async fn list_keys(&self) -> Result<Vec<StoredKey>, KeyRingError> {
        self.key_ring()?;
        Ok(self.parts.store.list_signing_keys().await?)
    }

    /// The keys as this process read them last, the newest first. No query.
    #[must_use]
    pub fn known_keys(&self) -> Vec<StoredKey> {
        match &self.key_ring {
            Some(ring) => ring.known().keys.clone(),
            None => Vec::new(),
        }
    }

    /// Reads the keys, and makes or rotates one when that is due. While the database is away, what was read before goes on by
    /// its timetable.
    ///
    /// # Errors
    /// [`KeyRingError`]; tokens are signed and verified all the same, if there is a key for it.
    pub async fn follow_keys(&self) -> Result<(), KeyRingError> {
        let Some(ring) = &self.key_ring else {
            return Ok(());
        };
        let read = self.read_keys(ring).await;
        if let Ok(keys) = &read {
            ring.known().keys.clone_from(keys);
        }
        let used = self.use_keys(ring);
        read?;
        used
    }

    async fn read_keys(&self, ring: &KeyRing) -> Result<Vec<StoredKey>, KeyRingError> {
        let keys = self.parts.store.list_signing_keys().await?;
        let changed = match self.change_due(ring, &keys).await {
            // Another node has done it.
            Err(KeyRingError::Stale) => true,
            other => other?,
        };
        if !changed {
            return Ok(keys);
        }
        Ok(self.parts.store.list_signing_keys().await?)
    }

    /// Whether something was due, and done.
    async fn change_due(&self, ring: &KeyRing, keys: &[StoredKey]) -> Result<bool, KeyRingError> {
        let now = self.now();
        let policy = &ring.rules.policy;
        let secret = secret_key_id(&ring.rules.secret);
        if let Some(due) = plan::due(keys, policy, &secret, now) {
            let (algorithm, times) = match due {
                Due::AtOnce(algorithm) => {
                    let algorithm = self.as_begun(policy, keys, algorithm).await?;
                    (algorithm, Timetable::at_once(now))
                }
                Due::Rotation(algorithm) => (algorithm, policy.timetable.next(now)),
            };
            let new = self.new_key(ring, algorithm).await?;
            let plan = plan::succession(keys, new, times, &policy.timetable, now)?;
            self.carry_out(&plan, EventKind::KeyAdded, &Caller::system())
                .await?;
            return Ok(true);
        }
        let tidied = self.tidied(ring, keys)?;
        if tidied.is_empty() {
            return Ok(false);
        }
        let change = KeysChange {
            changed: &tidied,
            added: None,
            event: None,
        };
        self.parts.store.change_signing_keys(&change, now).await?;
        Ok(true)
    }

    /// A server that has issued tokens before it had a table of keys signed them with its secret, and goes on so.
    async fn as_begun(
        &self,
        policy: &KeyPolicy,
        keys: &[StoredKey],
        algorithm: SigningAlgorithm,
    ) -> Result<SigningAlgorithm, StoreError> {
        let goes_on = keys.is_empty()
            && matches!(policy.algorithm, WantedAlgorithm::First(_))
            && self.parts.store.has_sessions().await?;
        Ok(if goes_on {
            SigningAlgorithm::Secret
        } else {
            algorithm
        })
    }

    /// Private halves that nobody needs any more are forgotten, and those under a former secret are encrypted anew.
    fn tidied(&self, ring: &KeyRing, keys: &[StoredKey]) -> Result<Vec<StoredKey>, KeyRingError> {
        /// Long enough for a node whose clock is behind.
        const MARGIN: Duration = Duration::from_mins(5);
        let now = self.now();
        let mut tidied = Vec::new();
        for key in keys {
            let Some(sealed) = &key.sealed else { continue };
            if key.times.retiring.is_some_and(|at| at.after(MARGIN) <= now) {
                tidied.push(StoredKey {
                    sealed: None,
                    ..key.clone()
                });
            } else if let Ok(opened) = ring.rules.sealer.unseal(&key.id, sealed)
                && opened.is_outdated
            {
                let random = self.parts.random.as_ref();
                let sealed = ring.rules.sealer.seal(&key.id, &opened.pkcs8, random);
                tidied.push(StoredKey {
                    sealed: Some(sealed.map_err(KeyRingError::Seal)?),
                    ..key.clone()
                });
            }
        }
        Ok(tidied)
    }

    /// Gives the tokens the keys that count now.
    fn use_keys(&self, ring: &KeyRing) -> Result<(), KeyRingError> {
        let now = self.now();
        let mut known = ring.known();
        let counting: Vec<StoredKey> = known
            .keys
            .iter()
            .filter(|key| key.times.state(now) != KeyState::Retired)
            .cloned()
            .collect();
        if counting == known.used {
            return Ok(());
        }
        let before = self.parts.tokens.verifier();
        let mut signing = Vec::new();
        let mut verifying = Vec::new();
        let mut closed = None;
        for key in &counting {
            match &key.public {
                None => {
                    if let Some(secret) = ring.secret(&key.id) {
                        let made = Hs256Key::new(secret, Some(key.id.clone()));
                        verifying.push(made.clone().into());
                        signing.push((key, SigningKey::from(made)));
                    }
                }
                Some(public) => {
                    // What it has verified before, it keeps.
                    let same = before.keys().find(|known| known.public() == Some(public));
                    verifying.push(match same {
                        Some(same) => same.clone(),
                        None => VerifyingKey::new(public.clone())?,
                    });
                    match open(ring, key) {
                        Some(Ok(pair)) => signing.push((key, pair.into())),
                        Some(Err(error)) => closed = Some(error),
                        None => {}
                    }
                }
            }
        }
        let signing = signing
            .into_iter()
            .filter(|(key, _)| key.times.state(now) < KeyState::Retiring)
            .map(|(stored, key)| SigningFrom {
                from: stored.times.active,
                key,
            })
            .collect();
        self.parts.tokens.set_keys(signing, verifying);
        known.used = counting;
        closed.map_or(Ok(()), Err)
    }
}

/// The pair of a key that may still sign; `None` when its private half is forgotten.
fn open(ring: &KeyRing, key: &StoredKey) -> Option<Result<KeyPair, KeyRingError>> {
    let SigningAlgorithm::Pair(algorithm) = key.algorithm else {
        return None;
    };
    let sealed = key.sealed.as_ref()?;
    Some(match ring.rules.sealer.unseal(&key.id, sealed) {
        Ok(opened) => KeyPair::from_pkcs8(algorithm, &opened.pkcs8).map_err(KeyRingError::Key),
        Err(_) => Err(KeyRingError::Closed(key.id.clone())),
    })
}
