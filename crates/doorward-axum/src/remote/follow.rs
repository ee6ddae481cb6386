//! The background task: keys before they are too old, revocations as they come.

use std::{
    sync::Weak,
    time::{Duration, Instant},
};

use doorward::{
    access::ReadRevocations,
    clock::{Clock as _, SystemClock},
    token::TokenError,
};

use super::{fetch::FetchError, keys::RemoteKeys};

/// The longest pause between two attempts while the server is down.
const SLOWEST: Duration = Duration::from_secs(5);
/// How often expired revocations are forgotten.
const SWEEP: Duration = Duration::from_mins(1);

struct Follower {
    cursor: i64,
    failures: u32,
    swept: Instant,
}

/// Follows until nobody holds the keys any more.
pub(super) async fn follow(keys: Weak<RemoteKeys>) {
    let mut follower = Follower {
        cursor: 0,
        failures: 0,
        swept: Instant::now(),
    };
    while let Some(keys) = keys.upgrade() {
        let pause = follower.step(&keys).await;
        drop(keys);
        tokio::time::sleep(pause).await;
    }
}

impl Follower {
    /// Answers how long to wait until the next.
    async fn step(&mut self, keys: &RemoteKeys) -> Duration {
        let poll = keys.config.poll;
        keys.renew(poll).await;
        match self.read_revocations(keys).await {
            Ok(()) => self.failures = 0,
            Err(error) => {
                if self.failures == 0 {
                    tracing::warn!(target: "doorward::remote", event = "revocations_not_read", %error);
                }
                self.failures = self.failures.saturating_add(1);
            }
        }
        if self.swept.elapsed() >= SWEEP {
            keys.revocations.forget_expired(SystemClock.now());
            self.swept = Instant::now();
        }
        // Twice as long after each failure, so that a server that comes up is not met by everybody at once.
        let slower = poll.saturating_mul(1 << self.failures.min(8));
        slower.min(SLOWEST.max(poll))
    }

    async fn read_revocations(&mut self, keys: &RemoteKeys) -> Result<(), FetchError> {
        if !keys.has_keys() {
            return Err(FetchError::NoKeys);
        }
        loop {
            let document = keys.source.revocations(self.cursor).await?;
            let list = self.read(keys, &document).await?;
            // As long as a token that was issued before can live.
            let until = list.issued_at.after(keys.config.max_lifetime);
            for revoked in list.revoked {
                keys.revocations.remember(revoked, until);
            }
            if let Some(published) = &list.keys {
                keys.compare(published, keys.config.poll).await;
            }
            let at_the_end = !list.more || list.cursor <= self.cursor;
            self.cursor = list.cursor;
            if at_the_end {
                keys.trust_until(list.expires_at);
                return Ok(());
            }
        }
    }

    /// A list that is signed with an unknown key tells of a rotation before any token does.
    async fn read(&self, keys: &RemoteKeys, document: &str) -> Result<ReadRevocations, FetchError> {
        let read = || keys.tokens.read_revocations(document, SystemClock.now());
        match read() {
            Err(TokenError::Invalid(_)) if keys.names_an_unknown_key(document) => {
                keys.fetch_key_of(document, keys.config.poll).await;
                Ok(read()?)
            }
            list => Ok(list?),
        }
    }
}
