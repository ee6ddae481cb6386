//! Changing the keys of tokens: what is planned, and doing it.

use tokio::sync::oneshot;

use super::{
    Authenticator,
    keys::{KeyRing, KeyRingError},
};
use crate::{
    audit::{Event, EventKind},
    caller::Caller,
    key_ring::{KeyPlan, NewKey, SigningAlgorithm, StoredKey, plan, secret_key_id},
    store::{KeysChange, StoreError},
    token::{KeyError, KeyId, KeyPair, PairAlgorithm},
};

impl Authenticator {
    pub(super) async fn new_key(
        &self,
        ring: &KeyRing,
        algorithm: SigningAlgorithm,
    ) -> Result<NewKey, KeyRingError> {
        match algorithm {
            SigningAlgorithm::Secret => Ok(NewKey {
                id: secret_key_id(&ring.rules.secret),
                algorithm,
                public: None,
                sealed: None,
            }),
            SigningAlgorithm::Pair(pair) => self.seal(ring, &generate(pair).await?),
        }
    }

    fn seal(&self, ring: &KeyRing, pair: &KeyPair) -> Result<NewKey, KeyRingError> {
        let id = pair.public().id().clone();
        let random = self.parts.random.as_ref();
        let sealed = ring.rules.sealer.seal(&id, &pair.to_pkcs8()?, random);
        Ok(NewKey {
            id,
            algorithm: SigningAlgorithm::Pair(pair.algorithm()),
            public: Some(pair.public().clone()),
            sealed: Some(sealed.map_err(KeyRingError::Seal)?),
        })
    }

    /// Plans that a new key takes over after the lead: of `algorithm`, or else of the one that signs now.
    ///
    /// # Errors
    /// [`KeyRingError`].
    pub async fn plan_rotation(
        &self,
        algorithm: Option<SigningAlgorithm>,
    ) -> Result<KeyPlan, KeyRingError> {
        let ring = self.key_ring()?;
        let keys = self.parts.store.list_signing_keys().await?;
        let newest = keys.first().map(|key| key.algorithm);
        let algorithm = algorithm
            .or(newest)
            .unwrap_or(ring.rules.policy.algorithm.first());
        let new = self.new_key(ring, algorithm).await?;
        self.plan_succession(ring, &keys, new)
    }

    /// Plans that a given pair takes over after the lead.
    ///
    /// # Errors
    /// [`KeyRingError`].
    pub async fn plan_import(&self, pair: &KeyPair) -> Result<KeyPlan, KeyRingError> {
        let ring = self.key_ring()?;
        let keys = self.parts.store.list_signing_keys().await?;
        let new = self.seal(ring, pair)?;
        self.plan_succession(ring, &keys, new)
    }

    fn plan_succession(
        &self,
        ring: &KeyRing,
        keys: &[StoredKey],
        new: NewKey,
    ) -> Result<KeyPlan, KeyRingError> {
        let now = self.now();
        let timetable = &ring.rules.policy.timetable;
        let times = timetable.next(now);
        Ok(plan::succession(keys, new, times, timetable, now)?)
    }

    /// Plans that a key counts no more from now on, because others may have its private half. When it signs, another takes
    /// over at once.
    ///
    /// # Errors
    /// [`KeyRingError`].
    pub async fn plan_retirement(&self, id: &KeyId) -> Result<KeyPlan, KeyRingError> {
        let ring = self.key_ring()?;
        let keys = self.parts.store.list_signing_keys().await?;
        let of_pair = keys.iter().find(|key| key.id == *id);
        let new = match of_pair.map(|key| key.algorithm) {
            Some(SigningAlgorithm::Pair(pair)) => Some(self.seal(ring, &generate(pair).await?)?),
            _ => None,
        };
        let timetable = &ring.rules.policy.timetable;
        Ok(plan::retirement(&keys, id, new, timetable, self.now())?)
    }

    /// How many sessions have an access token now, which may be of any key that signed within its life.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn count_token_holders(&self) -> Result<u64, StoreError> {
        let store = &self.parts.store;
        store.count_sessions_with_tokens(self.now()).await
    }

    /// Does what was planned, if the keys are still as they were, and works by it.
    ///
    /// # Errors
    /// [`KeyRingError::Stale`] when somebody else was first.
    pub async fn change_keys(
        &self,
        plan: &KeyPlan,
        kind: EventKind,
        caller: &Caller,
    ) -> Result<(), KeyRingError> {
        self.carry_out(plan, kind, caller).await?;
        self.follow_keys().await
    }

    pub(super) async fn carry_out(
        &self,
        plan: &KeyPlan,
        kind: EventKind,
        caller: &Caller,
    ) -> Result<(), KeyRingError> {
        let mut event = Event::success(kind, caller);
        if let (EventKind::KeyRetired, Some(retired)) = (kind, plan.changed.first()) {
            event = event.detail("key", &retired.id);
        }
        if let Some(added) = &plan.added {
            let name = match kind {
                EventKind::KeyRetired => "successor",
                _ => "key",
            };
            event = event
                .detail(name, &added.id)
                .detail("algorithm", added.algorithm)
                .detail("active", added.times.active.as_seconds());
        }
        let change = KeysChange {
            changed: &plan.changed,
            added: plan.added.as_ref(),
            event: Some(&event),
        };
        let store = &self.parts.store;
        Ok(store.change_signing_keys(&change, self.now()).await?)
    }
}

/// Making an RSA key takes long, so it has a thread of its own.
async fn generate(algorithm: PairAlgorithm) -> Result<KeyPair, KeyError> {
    let (sender, made) = oneshot::channel();
    std::thread::spawn(move || {
        // Nobody waits any more when the server stops.
        let _ = sender.send(KeyPair::generate(algorithm));
    });
    made.await.map_err(|_| KeyError::Rejected)?
}
