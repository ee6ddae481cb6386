//! The table `foreign_logins`: what arrived from other applications, per source, on all nodes together.

use super::{Sql, Store, StoreError};
use crate::{
    clock::Timestamp,
    foreign::{ForeignKind, SourceName, TallyReading},
};

/// Added by the database, never read and written back: several nodes count.
const ADD: Sql = Sql::each(
    "INSERT INTO foreign_logins (kind, source, accepted, exchanged, expired, retired, last_seen_at_ms) \
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, source) DO UPDATE SET \
     accepted = accepted + excluded.accepted, exchanged = exchanged + excluded.exchanged, \
     expired = expired + excluded.expired, retired = retired + excluded.retired, \
     last_seen_at_ms = MAX(last_seen_at_ms, excluded.last_seen_at_ms)",
    "INSERT INTO foreign_logins (kind, source, accepted, exchanged, expired, retired, last_seen_at_ms) \
     VALUES (?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE \
     accepted = accepted + VALUES(accepted), exchanged = exchanged + VALUES(exchanged), \
     expired = expired + VALUES(expired), retired = retired + VALUES(retired), \
     last_seen_at_ms = GREATEST(last_seen_at_ms, VALUES(last_seen_at_ms))",
);
const LIST: Sql = Sql::both(
    "SELECT kind, source, accepted, exchanged, expired, retired, last_seen_at_ms FROM foreign_logins \
     ORDER BY kind, source LIMIT 1000",
);

pub(super) const STATEMENTS: &[(&str, Sql)] =
    &[("foreign_logins.ADD", ADD), ("foreign_logins.LIST", LIST)];

/// What arrived from one source so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignLogins {
    /// Tokens or sessions.
    pub kind: ForeignKind,
    /// The source's name. It may have gone from the configuration since.
    pub source: SourceName,
    /// How many, by what became of them.
    pub counts: TallyReading,
    /// When the last one came.
    pub last_seen_at: Timestamp,
}

type Columns = (String, String, i64, i64, i64, i64, i64);

impl Store {
    /// What arrived from each source of other applications, whatever became of it: sessions, then tokens, by name. The
    /// counts of a running server are a few seconds old.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn foreign_logins(&self) -> Result<Vec<ForeignLogins>, StoreError> {
        let rows: Vec<Columns> = self.database().fetch_all(LIST, &[]).await?;
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        // A word or name that this version does not know is of a newer one.
        let read = |(kind, source, accepted, exchanged, expired, retired, last): Columns| {
            Some(ForeignLogins {
                kind: ForeignKind::from_word(&kind)?,
                source: source.parse().ok()?,
                counts: TallyReading {
                    accepted: count(accepted),
                    exchanged: count(exchanged),
                    expired: count(expired),
                    retired: count(retired),
                },
                last_seen_at: Timestamp::from_millis(last),
            })
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// Adds to a source's counts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_foreign_logins(
        &self,
        kind: ForeignKind,
        source: &SourceName,
        more: &TallyReading,
        last_seen_at: Timestamp,
    ) -> Result<(), StoreError> {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let args = [
            kind.as_str().into(),
            source.as_str().into(),
            number(more.accepted).into(),
            number(more.exchanged).into(),
            number(more.expired).into(),
            number(more.retired).into(),
            last_seen_at.into(),
        ];
        self.database().execute(ADD, &args).await.map(drop)
    }
}
