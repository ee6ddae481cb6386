//! The table `login_failures`: how often logins failed, per bucket.

use super::{Arg, Sql, Store, StoreError};
use crate::clock::Timestamp;

const FIND: Sql =
    Sql::both("SELECT failures, last_failed_at_ms FROM login_failures WHERE bucket = ?");
/// Counted by the database, never read and written back (AU-09). A bucket that has been quiet starts again at one.
const ADD: Sql = Sql::each(
    "INSERT INTO login_failures (bucket, failures, last_failed_at_ms) VALUES (?, 1, ?) \
     ON CONFLICT (bucket) DO UPDATE SET failures = CASE WHEN last_failed_at_ms < ? THEN 1 ELSE failures + 1 END, \
     last_failed_at_ms = excluded.last_failed_at_ms",
    "INSERT INTO login_failures (bucket, failures, last_failed_at_ms) VALUES (?, 1, ?) \
     ON DUPLICATE KEY UPDATE failures = CASE WHEN last_failed_at_ms < ? THEN 1 ELSE failures + 1 END, \
     last_failed_at_ms = VALUES(last_failed_at_ms)",
);
const CLEAR: Sql = Sql::both("DELETE FROM login_failures WHERE bucket = ?");
/// Another one within a window that has begun, while there is room: `last_failed_at_ms` holds when it began.
const SPEND: Sql = Sql::both(
    "UPDATE login_failures SET failures = failures + 1 WHERE bucket = ? AND failures < ? AND last_failed_at_ms > ?",
);
const BEGIN: Sql =
    Sql::both("INSERT INTO login_failures (bucket, failures, last_failed_at_ms) VALUES (?, 1, ?)");
/// Compare and set: the old state is in the `WHERE`.
const STEP: Sql = Sql::both(
    "UPDATE login_failures SET failures = ?, last_failed_at_ms = ? \
     WHERE bucket = ? AND failures = ? AND last_failed_at_ms = ?",
);
const PURGE: Sql = Sql::each(
    "DELETE FROM login_failures WHERE bucket IN (SELECT bucket FROM login_failures WHERE last_failed_at_ms < ? LIMIT 500)",
    "DELETE FROM login_failures WHERE last_failed_at_ms < ? LIMIT 500",
);

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("login_failures.FIND", FIND),
    ("login_failures.ADD", ADD),
    ("login_failures.CLEAR", CLEAR),
    ("login_failures.SPEND", SPEND),
    ("login_failures.BEGIN", BEGIN),
    ("login_failures.STEP", STEP),
    ("login_failures.PURGE", PURGE),
];

/// How often a bucket has failed, and when last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FailureCount {
    /// Failures since the bucket was last cleared or quiet.
    pub failures: u64,
    /// The last one.
    pub last_failed_at: Option<Timestamp>,
}

impl Store {
    /// The failures of a bucket (32 bytes).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_login_failures(&self, bucket: &[u8; 32]) -> Result<FailureCount, StoreError> {
        let row: Option<(i64, i64)> = self
            .database()
            .fetch_optional(FIND, &[bucket.into()])
            .await?;
        Ok(
            row.map_or_else(FailureCount::default, |(failures, last)| FailureCount {
                failures: u64::try_from(failures).unwrap_or(0),
                last_failed_at: Some(Timestamp::from_millis(last)),
            }),
        )
    }

    /// Counts one more failure in a bucket. A bucket whose last failure lies before `quiet_since` starts again at one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_login_failure(
        &self,
        bucket: &[u8; 32],
        now: Timestamp,
        quiet_since: Timestamp,
    ) -> Result<(), StoreError> {
        self.database()
            .execute(ADD, &[bucket.into(), now.into(), quiet_since.into()])
            .await
            .map(drop)
    }

    /// Counts one more of `limit` in a window that has begun after `begun_after`. Whether there was room.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn spend_of_window(
        &self,
        bucket: &[u8; 32],
        limit: u32,
        begun_after: Timestamp,
    ) -> Result<bool, StoreError> {
        let args = [
            bucket.into(),
            i64::from(limit).into(),
            Arg::from(begun_after),
        ];
        let outcome = self.database().execute(SPEND, &args).await?;
        Ok(outcome.rows_affected == 1)
    }

    /// Makes a bucket's count `failures` at `now`, if it is still what was `seen`. Whether it was; of many at once, on
    /// whatever nodes, one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn set_failures_seen(
        &self,
        bucket: &[u8; 32],
        seen: FailureCount,
        failures: u64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(seen_at) = seen.last_failed_at else {
            return match self
                .database()
                .execute(BEGIN, &[bucket.into(), now.into()])
                .await
            {
                Ok(_) => Ok(true),
                Err(StoreError::AlreadyExists) => Ok(false),
                Err(error) => Err(error),
            };
        };
        let args = [
            number(failures).into(),
            now.into(),
            bucket.into(),
            number(seen.failures).into(),
            Arg::from(seen_at),
        ];
        let outcome = self.database().execute(STEP, &args).await?;
        Ok(outcome.rows_affected == 1)
    }

    /// Forgets a bucket's failures.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn clear_login_failures(&self, bucket: &[u8; 32]) -> Result<(), StoreError> {
        self.database()
            .execute(CLEAR, &[bucket.into()])
            .await
            .map(drop)
    }

    /// Deletes up to 500 buckets whose last failure lies before `before`. Returns how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge_login_failures(&self, before: Timestamp) -> Result<u64, StoreError> {
        Ok(self
            .database()
            .execute(PURGE, &[Arg::from(before)])
            .await?
            .rows_affected)
    }
}

/// As the column holds it; a count of 2^63 stays there.
fn number(failures: u64) -> i64 {
    i64::try_from(failures).unwrap_or(i64::MAX)
}
