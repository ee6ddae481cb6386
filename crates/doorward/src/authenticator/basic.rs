//! Verifying a name and a password on every request (HTTP Basic) without a hash on every request.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{Authenticator, LoginAttempt, LoginError};
use crate::{
    clock::Timestamp,
    password::Password,
    random::{self, Random, RandomError},
    user::{StoredUser, User},
    username::Username,
};

/// How long a verified pair is remembered.
const TTL: Duration = Duration::from_mins(5);
/// How many are remembered; the oldest goes first.
const CAPACITY: usize = 10_000;

/// Credentials that were right lately.
///
/// What is remembered is an HMAC, under a key of this process, of the user's number, the stored hash and the
/// password. The stored hash and the user's state are read from the database each time, so a changed password and a
/// disabled or deleted user take effect at once, on every node (BA-04). Failures are not remembered: they go through
/// the throttle.
pub(super) struct VerifiedCredentials {
    key: Zeroizing<[u8; 32]>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    until: HashMap<[u8; 32], Timestamp>,
    by_age: VecDeque<[u8; 32]>,
}

impl VerifiedCredentials {
    pub(super) fn new(random: &dyn Random) -> Result<Self, RandomError> {
        Ok(Self {
            key: Zeroizing::new(random::bytes(random)?),
            known: Mutex::default(),
        })
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    fn tag(&self, stored: &StoredUser, password: &Password) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.as_slice())
            .expect("HMAC takes keys of every length");
        mac.update(&stored.user.id.get().to_be_bytes());
        mac.update(&(stored.password.len() as u64).to_be_bytes());
        mac.update(stored.password.as_bytes());
        mac.update(password.expose().as_bytes());
        mac.finalize().into_bytes().into()
    }

    fn contains(&self, tag: &[u8; 32], now: Timestamp) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.until.get(tag).is_some_and(|until| now < *until)
    }

    fn insert(&self, tag: [u8; 32], now: Timestamp) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.until.insert(tag, now.after(TTL)).is_none() {
            known.by_age.push_back(tag);
        }
        while known.by_age.len() > CAPACITY {
            if let Some(oldest) = known.by_age.pop_front() {
                known.until.remove(&oldest);
            }
        }
    }
}

impl Authenticator {
    /// Verifies credentials that come with a request. The same verifier, throttle and timing as [`Self::log_in`]; one
    /// hash per five minutes for credentials that stay right.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn verify_credentials(&self, attempt: LoginAttempt) -> Result<User, LoginError> {
        let Ok(name) = Username::parse(&attempt.username) else {
            return self.log_in(attempt).await;
        };
        let now = self.now();
        let Some(stored) = self.parts.store.find_user(&name, now).await? else {
            return self.log_in(attempt).await;
        };
        if stored.user.disabled_at.is_none()
            && self
                .verified
                .contains(&self.verified.tag(&stored, &attempt.password), now)
        {
            return Ok(stored.user);
        }
        // The log-in may replace the stored hash, so the pair is remembered with what is stored afterwards.
        let copy = Password::parse(attempt.password.expose())
            .map_err(|_| LoginError::InvalidCredentials)?;
        let user = self.log_in(attempt).await?;
        if let Some(stored) = self
            .parts
            .store
            .find_user_by_id(user.id, self.now())
            .await?
        {
            self.verified.insert(self.verified.tag(&stored, &copy), now);
        }
        Ok(user)
    }
}
