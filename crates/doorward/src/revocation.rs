//! What access tokens count no more, in memory: asked on every request, without a query (AU-15, AZ-05).
//!
//! The truth is the table `revocations`. Each node reads what is new in it, several times a second and at once after a
//! change of its own, so a token that one node has revoked is refused by all within [`STALENESS`].

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Mutex, time::Instant};

use crate::{
    clock::Timestamp,
    session::SessionId,
    store::{Revoked, Store, StoreError},
    user::UserId,
};

/// The longest time until a revocation holds on every node whose database answers.
pub const STALENESS: Duration = Duration::from_secs(2);
/// How often the table is read.
pub const POLL: Duration = Duration::from_millis(500);

/// A node that has not read the revocations for so long must get no requests: somebody may be let in who is out.
pub const STALE: Duration = Duration::from_secs(10);
/// A row can become visible after one with a higher number: its transaction was slower. Numbers this young are read again.
const UNSETTLED: Duration = Duration::from_mins(1);
/// Every lookup locks one of these, so that threads seldom meet.
const SHARDS: usize = 64;

/// The revocations that this process knows.
#[derive(Debug)]
pub struct Revocations {
    sessions: Shards<u64, i64>,
    users: Shards<i64, (i64, i64)>,
    follower: Mutex<Follower>,
    followed_at_ms: AtomicI64,
    settled: AtomicI64,
    latest: AtomicI64,
}

#[derive(Debug, Default)]
struct Follower {
    /// Everything up to this number has been seen, and nothing below it can still become visible.
    settled: i64,
    /// The highest number that was seen at some moment, oldest first.
    seen: VecDeque<(Instant, i64)>,
}

impl Default for Revocations {
    fn default() -> Self {
        Self {
            sessions: Shards::new(),
            users: Shards::new(),
            follower: Mutex::default(),
            followed_at_ms: AtomicI64::new(0),
            settled: AtomicI64::new(0),
            latest: AtomicI64::new(0),
        }
    }
}

impl Revocations {
    /// Whether a token of this user, session and epoch counts no more.
    #[must_use]
    pub fn refuse(&self, user: UserId, session: Option<SessionId>, epoch: i64) -> bool {
        session.is_some_and(|session| self.sessions.get(&fingerprint(session)).is_some())
            || self
                .users
                .get(&user.get())
                .is_some_and(|(lowest, _)| epoch < lowest)
    }

    /// How many sessions and users are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len() + self.users.len()
    }

    /// Whether nothing is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When the table was last read to its end; `None` before the first time.
    #[must_use]
    pub fn followed_at(&self) -> Option<Timestamp> {
        match self.followed_at_ms.load(Ordering::Relaxed) {
            0 => None,
            at => Some(Timestamp::from_millis(at)),
        }
    }

    /// The highest number below which no row can still become visible; 0 in the first minute. A change of a role adds as many
    /// rows as the role has holders, in one slow transaction, so no distance in numbers says that.
    #[must_use]
    pub fn settled(&self) -> i64 {
        self.settled.load(Ordering::Relaxed)
    }

    /// The highest number that was seen.
    #[must_use]
    pub fn latest(&self) -> i64 {
        self.latest.load(Ordering::Acquire)
    }

    /// Reads what is new in the table. One reads at a time; the others wait, and read again.
    ///
    /// # Errors
    /// [`StoreError`]; what was known stays known.
    pub async fn catch_up(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let mut follower = self.follower.lock().await;
        let mut last = follower.settled;
        loop {
            let rows = store.list_revocations(last, now).await?;
            let Some(highest) = rows.last().map(|row| row.number) else {
                break;
            };
            for row in &rows {
                self.remember(row.revoked, row.expires_at);
            }
            last = highest;
        }
        follower.note(last, Instant::now());
        self.settled.store(follower.settled, Ordering::Relaxed);
        self.latest.fetch_max(last, Ordering::AcqRel);
        self.followed_at_ms
            .store(now.as_millis(), Ordering::Relaxed);
        Ok(())
    }

    /// Forgets what concerns no token any more.
    pub fn forget_expired(&self, now: Timestamp) {
        let now = now.as_millis();
        self.sessions.retain(|expires| *expires > now);
        self.users.retain(|(_, expires)| *expires > now);
    }

    /// Remembers a revocation until every token that it is about has expired. For services that read them elsewhere than in
    /// the table; what is remembered twice is remembered longer.
    pub fn remember(&self, revoked: Revoked, expires_at: Timestamp) {
        let expires = expires_at.as_millis();
        match revoked {
            Revoked::Session(session) => {
                self.sessions
                    .update(fingerprint(session), expires, |known| {
                        *known = (*known).max(expires);
                    });
            }
            Revoked::User { user, epoch } => {
                self.users.update(user.get(), (epoch, expires), |known| {
                    *known = (known.0.max(epoch), known.1.max(expires));
                });
            }
        }
    }
}

impl Follower {
    fn note(&mut self, highest: i64, at: Instant) {
        self.seen.push_back((at, highest));
        while let Some((then, number)) = self.seen.front().copied() {
            if at.duration_since(then) < UNSETTLED {
                break;
            }
            self.settled = self.settled.max(number);
            self.seen.pop_front();
        }
    }
}

/// Half of a session's random name. That two of a million share it is less likely than one in ten million, and
/// then a good token is refused and refreshed.
fn fingerprint(session: SessionId) -> u64 {
    let half = session.as_bytes().first_chunk::<8>();
    half.map_or(0, |half| u64::from_be_bytes(*half))
}

/// A map in parts with a lock each, and a count that spares an empty one the lock.
#[derive(Debug)]
struct Shards<K, V> {
    shards: Vec<RwLock<HashMap<K, V>>>,
    entries: AtomicUsize,
}

impl<K: Copy + Eq + Hash + Place, V: Copy> Shards<K, V> {
    fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            entries: AtomicUsize::new(0),
        }
    }

    fn len(&self) -> usize {
        self.entries.load(Ordering::Acquire)
    }

    fn get(&self, key: &K) -> Option<V> {
        if self.len() == 0 {
            return None;
        }
        let shard = self.shards.get(key.place() % SHARDS)?;
        shard
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .copied()
    }

    fn update(&self, key: K, fresh: V, known: impl FnOnce(&mut V)) {
        let Some(shard) = self.shards.get(key.place() % SHARDS) else {
            return;
        };
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = shard.get_mut(&key) {
            known(value);
        } else {
            shard.insert(key, fresh);
            self.entries.fetch_add(1, Ordering::Release);
        }
    }

    fn retain(&self, keep: impl Fn(&V) -> bool) {
        for shard in &self.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            let before = shard.len();
            shard.retain(|_, value| keep(value));
            if shard.is_empty() {
                shard.shrink_to_fit();
            }
            self.entries
                .fetch_sub(before - shard.len(), Ordering::Release);
        }
    }
}

/// Which part a key belongs to.
trait Place {
    fn place(&self) -> usize;
}

impl Place for u64 {
    fn place(&self) -> usize {
        usize::try_from(self % (SHARDS as u64)).unwrap_or(0)
    }
}

impl Place for i64 {
    fn place(&self) -> usize {
        self.unsigned_abs().place()
    }
}

#[cfg(test)]
mod tests;
