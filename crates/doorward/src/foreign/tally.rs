use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use super::name::SourceName;
use crate::clock::Timestamp;

/// What a source is a source of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ForeignKind {
    /// Tokens.
    Token,
    /// Flask sessions.
    Session,
}

impl ForeignKind {
    /// The word in the database: `token` or `session`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Session => "session",
        }
    }

    /// The kind with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Token, Self::Session]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

/// What became of a foreign credential whose signature was good. Each request counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It let its user in.
    Accepted,
    /// It was exchanged for a credential of ours.
    Exchanged,
    /// It was refused because its own time was over.
    Expired,
    /// It was refused because its source has ended.
    Retired,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 4] = [
        Self::Accepted,
        Self::Exchanged,
        Self::Expired,
        Self::Retired,
    ];

    /// The word in a metric's label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Exchanged => "exchanged",
            Self::Expired => "expired",
            Self::Retired => "retired",
        }
    }
}

/// The counts of a source: since the process started, or since they were last written to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TallyReading {
    /// See [`Outcome::Accepted`].
    pub accepted: u64,
    /// See [`Outcome::Exchanged`].
    pub exchanged: u64,
    /// See [`Outcome::Expired`].
    pub expired: u64,
    /// See [`Outcome::Retired`].
    pub retired: u64,
}

impl TallyReading {
    /// One of the counts.
    #[must_use]
    pub fn get(&self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Accepted => self.accepted,
            Outcome::Exchanged => self.exchanged,
            Outcome::Expired => self.expired,
            Outcome::Retired => self.retired,
        }
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// What was counted since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            accepted: self.accepted.saturating_sub(earlier.accepted),
            exchanged: self.exchanged.saturating_sub(earlier.exchanged),
            expired: self.expired.saturating_sub(earlier.expired),
            retired: self.retired.saturating_sub(earlier.retired),
        }
    }
}

/// The counters of one source in this process. They only grow.
#[derive(Debug)]
pub struct Tally {
    kind: ForeignKind,
    name: SourceName,
    accepted: AtomicU64,
    exchanged: AtomicU64,
    expired: AtomicU64,
    retired: AtomicU64,
    last_seen_ms: AtomicI64,
}

impl Tally {
    pub(super) fn new(kind: ForeignKind, name: SourceName) -> Self {
        Self {
            kind,
            name,
            accepted: AtomicU64::new(0),
            exchanged: AtomicU64::new(0),
            expired: AtomicU64::new(0),
            retired: AtomicU64::new(0),
            last_seen_ms: AtomicI64::new(0),
        }
    }

    /// What the source is a source of.
    #[must_use]
    pub fn kind(&self) -> ForeignKind {
        self.kind
    }

    /// The source's name.
    #[must_use]
    pub fn name(&self) -> &SourceName {
        &self.name
    }

    /// Counts one.
    pub fn count(&self, outcome: Outcome, now: Timestamp) {
        let counter = match outcome {
            Outcome::Accepted => &self.accepted,
            Outcome::Exchanged => &self.exchanged,
            Outcome::Expired => &self.expired,
            Outcome::Retired => &self.retired,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.last_seen_ms
            .fetch_max(now.as_millis(), Ordering::Relaxed);
    }

    /// The counts since the process started.
    #[must_use]
    pub fn reading(&self) -> TallyReading {
        TallyReading {
            accepted: self.accepted.load(Ordering::Relaxed),
            exchanged: self.exchanged.load(Ordering::Relaxed),
            expired: self.expired.load(Ordering::Relaxed),
            retired: self.retired.load(Ordering::Relaxed),
        }
    }

    /// When something was last counted.
    #[must_use]
    pub fn last_seen(&self) -> Option<Timestamp> {
        match self.last_seen_ms.load(Ordering::Relaxed) {
            0 => None,
            ms => Some(Timestamp::from_millis(ms)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_is_counted_by_itself_and_the_last_moment_is_kept() {
        let tally = Tally::new(ForeignKind::Token, "flask".parse().unwrap());
        assert!(tally.reading().is_zero() && tally.last_seen().is_none());
        for (place, outcome) in Outcome::ALL.into_iter().enumerate() {
            let moment = Timestamp::from_seconds(1_800_000_000 - i64::try_from(place).unwrap());
            for _ in 0..=place {
                tally.count(outcome, moment);
            }
        }
        let reading = tally.reading();
        assert_eq!(
            Outcome::ALL.map(|outcome| reading.get(outcome)),
            [1, 2, 3, 4]
        );
        assert_eq!(
            tally.last_seen(),
            Some(Timestamp::from_seconds(1_800_000_000))
        );
        tally.count(Outcome::Expired, Timestamp::from_seconds(1_800_000_000));
        let more = tally.reading().since(&reading);
        assert_eq!(Outcome::ALL.map(|outcome| more.get(outcome)), [0, 0, 1, 0]);
    }
}
