//! What is to change when a key follows another: decided from a list of keys, carried out by the database if the list still
//! holds.

use super::{
    KeyPolicy, KeyState, KeyTimes, SigningAlgorithm, StoredKey, Timetable, WantedAlgorithm,
};
use crate::{
    clock::Timestamp,
    token::{KeyId, PublicJwk},
};

/// A key that has no times yet.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Its `kid`.
    pub id: KeyId,
    /// Its algorithm.
    pub algorithm: SigningAlgorithm,
    /// The half that is published; a shared secret has none.
    pub public: Option<PublicJwk>,
    /// The private half, encrypted.
    pub sealed: Option<Vec<u8>>,
}

/// What is to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPlan {
    /// Keys with new times, and the version that they were read with.
    pub changed: Vec<StoredKey>,
    /// A key that is added.
    pub added: Option<StoredKey>,
}

/// Why nothing can be planned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A key waits already to take over.
    #[error("the key {id} is pending already and takes over by itself; wait for it, or retire it")]
    Pending {
        /// Which.
        id: KeyId,
        /// When it signs.
        at: Timestamp,
    },
    /// There is no such key.
    #[error("there is no key {0}")]
    Unknown(KeyId),
    /// It counts no more as it is.
    #[error("the key {0} is retired already")]
    Retired(KeyId),
    /// A shared secret cannot be made anew by the server.
    #[error(
        "the key {0} is the server's secret; set another secret_key, and do not keep this one among secret_key_fallbacks"
    )]
    Secret(KeyId),
    /// The key has signed before.
    #[error("the key {0} has been in use before; take a new one")]
    UsedBefore(KeyId),
}

/// What a server should do of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// A key of this algorithm is to sign at once: the first, or one in place of a secret that is not there any more.
    AtOnce(SigningAlgorithm),
    /// A key of this algorithm is to follow on the timetable.
    Rotation(SigningAlgorithm),
}

/// The key that no other follows.
fn last(keys: &[StoredKey]) -> Option<&StoredKey> {
    let is_followed = |key: &StoredKey| {
        keys.iter()
            .any(|other| other.follows.as_ref() == Some(&key.id))
    };
    keys.iter().find(|key| !is_followed(key))
}

/// What is due, for a server whose secret is known by `secret`.
#[must_use]
pub fn due(keys: &[StoredKey], policy: &KeyPolicy, secret: &KeyId, now: Timestamp) -> Option<Due> {
    let Some(last) = last(keys) else {
        return Some(Due::AtOnce(policy.algorithm.first()));
    };
    let wanted = match policy.algorithm {
        WantedAlgorithm::This(algorithm) => algorithm,
        WantedAlgorithm::First(_) => last.algorithm,
    };
    if last.algorithm == SigningAlgorithm::Secret && last.id != *secret {
        // Whoever shares a secret learns of another by being told, not from a set of keys.
        return Some(Due::AtOnce(wanted));
    }
    if last.times.state(now) == KeyState::Pending {
        return None;
    }
    let is_old = policy
        .rotate_after
        .filter(|_| last.algorithm != SigningAlgorithm::Secret)
        .is_some_and(|age| last.times.active.after(age) <= now);
    (wanted != last.algorithm || is_old).then_some(Due::Rotation(wanted))
}

/// When the next key takes over by itself: the one that is pending, or else the one that will be made when the last is old.
/// `None` when nothing is to come.
#[must_use]
pub fn next_takeover(keys: &[StoredKey], policy: &KeyPolicy, now: Timestamp) -> Option<Timestamp> {
    let last = last(keys)?;
    if last.times.state(now) == KeyState::Pending {
        return Some(last.times.active);
    }
    let age = policy
        .rotate_after
        .filter(|_| last.algorithm != SigningAlgorithm::Secret)?;
    Some(last.times.active.after(age).after(policy.timetable.lead))
}

/// Lets `new` follow the last key, at once or after the timetable's lead.
///
/// # Errors
/// [`PlanError::Pending`], [`PlanError::UsedBefore`].
pub fn succession(
    keys: &[StoredKey],
    new: NewKey,
    times: KeyTimes,
    timetable: &Timetable,
    now: Timestamp,
) -> Result<KeyPlan, PlanError> {
    check_new(keys, &new)?;
    let last = last(keys);
    if let Some(last) = last
        && last.times.state(now) == KeyState::Pending
    {
        return Err(PlanError::Pending {
            id: last.id.clone(),
            at: last.times.active,
        });
    }
    let changed = last
        .filter(|last| last.times.state(now) < KeyState::Retiring)
        .map(|last| StoredKey {
            times: timetable.succeeded(last.times, times.active),
            ..last.clone()
        });
    Ok(KeyPlan {
        changed: changed.into_iter().collect(),
        added: Some(stored(new, last, times)),
    })
}

/// Retires a key now, because its private half may be known to others. When it is the one that signs, the pending key takes
/// over at once, or else `new`; when it is the pending one, `new` takes its place.
///
/// # Errors
/// [`PlanError`].
pub fn retirement(
    keys: &[StoredKey],
    id: &KeyId,
    new: Option<NewKey>,
    timetable: &Timetable,
    now: Timestamp,
) -> Result<KeyPlan, PlanError> {
    let key = keys
        .iter()
        .find(|key| key.id == *id)
        .ok_or_else(|| PlanError::Unknown(id.clone()))?;
    let state = key.times.state(now);
    if state == KeyState::Retired {
        return Err(PlanError::Retired(id.clone()));
    }
    let mut plan = KeyPlan {
        changed: vec![StoredKey {
            times: KeyTimes {
                retiring: Some(key.times.retiring.map_or(now, |at| at.min(now))),
                retired: Some(now),
                ..key.times
            },
            sealed: None,
            ..key.clone()
        }],
        added: None,
    };
    if state == KeyState::Retiring {
        return Ok(plan);
    }
    if let Some(next) = successor(keys, key, now) {
        plan.changed.push(StoredKey {
            times: KeyTimes {
                active: next.times.active.min(now),
                ..next.times
            },
            ..next.clone()
        });
        return Ok(plan);
    }
    let new = new.ok_or_else(|| PlanError::Secret(id.clone()))?;
    check_new(keys, &new)?;
    let times = match state {
        // Verifiers learn of it by the `kid` that they do not know.
        KeyState::Active => Timetable::at_once(now),
        _ => timetable.next(now),
    };
    if state == KeyState::Pending
        && let Some(active) = predecessor(keys, key, now)
    {
        plan.changed.push(StoredKey {
            times: timetable.succeeded(active.times, times.active),
            ..active.clone()
        });
    }
    plan.added = Some(stored(new, Some(key), times));
    Ok(plan)
}

/// The key that takes over from `key`: past those that were retired before they signed.
fn successor<'k>(keys: &'k [StoredKey], key: &StoredKey, now: Timestamp) -> Option<&'k StoredKey> {
    let next = |id: &KeyId| keys.iter().find(|other| other.follows.as_ref() == Some(id));
    let mut found = next(&key.id);
    // Each key follows one that was there before, so there is an end.
    while let Some(retired) = found.filter(|key| key.times.state(now) == KeyState::Retired) {
        found = next(&retired.id);
    }
    found
}

/// The key that signs until `key` takes over: before those that were retired meanwhile.
fn predecessor<'k>(
    keys: &'k [StoredKey],
    key: &StoredKey,
    now: Timestamp,
) -> Option<&'k StoredKey> {
    let before = |key: &StoredKey| {
        let id = key.follows.as_ref()?;
        keys.iter().find(|other| other.id == *id)
    };
    let mut found = before(key);
    while let Some(retired) = found.filter(|key| key.times.state(now) == KeyState::Retired) {
        found = before(retired);
    }
    found
}

fn check_new(keys: &[StoredKey], new: &NewKey) -> Result<(), PlanError> {
    if keys.iter().any(|key| key.id == new.id) {
        return Err(PlanError::UsedBefore(new.id.clone()));
    }
    Ok(())
}

fn stored(new: NewKey, follows: Option<&StoredKey>, times: KeyTimes) -> StoredKey {
    StoredKey {
        id: new.id,
        algorithm: new.algorithm,
        public: new.public,
        sealed: new.sealed,
        follows: follows.map(|key| key.id.clone()),
        times,
        version: 1,
    }
}

#[cfg(test)]
mod tests;
