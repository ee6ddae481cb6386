//! The table `login_failures`: how often logins failed, per bucket.

use super::{Arg, Sql, Store, StoreError};
use crate::clock::Timestamp;

const FIND: Sql =
    Sql::both("SELECT failures, last_failed_at_ms FROM login_failures WHERE bucket = ?");
const FIND_TWO: Sql = Sql::both(
    "SELECT bucket, failures, last_failed_at_ms FROM login_failures WHERE bucket IN (?, ?) ORDER BY bucket",
);
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
/// Compare and delete.
const FORGET: Sql = Sql::both(
    "DELETE FROM login_failures WHERE bucket = ? AND failures = ? AND last_failed_at_ms = ?",
);
const PURGE: Sql = Sql::each(
    "DELETE FROM login_failures WHERE bucket IN (SELECT bucket FROM login_failures WHERE last_failed_at_ms < ? LIMIT 500)",
    "DELETE FROM login_failures WHERE last_failed_at_ms < ? LIMIT 500",
);

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("login_failures.FIND", FIND),
    ("login_failures.FIND_TWO", FIND_TWO),
    ("login_failures.SPEND", SPEND),
    ("login_failures.BEGIN", BEGIN),
    ("login_failures.STEP", STEP),
    ("login_failures.FORGET", FORGET),
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

impl FailureCount {
    fn of_row(failures: i64, last: i64) -> Self {
        Self {
            failures: u64::try_from(failures).unwrap_or(0),
            last_failed_at: Some(Timestamp::from_millis(last)),
        }
    }
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
        Ok(row.map_or_else(FailureCount::default, |(failures, last)| {
            FailureCount::of_row(failures, last)
        }))
    }

    /// The failures of two buckets, in one statement.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn find_two_login_failures(
        &self,
        first: &[u8; 32],
        second: &[u8; 32],
    ) -> Result<(FailureCount, FailureCount), StoreError> {
        let rows: Vec<(Vec<u8>, i64, i64)> = self
            .database()
            .fetch_all(FIND_TWO, &[first.into(), second.into()])
            .await?;
        let count_of = |wanted: &[u8; 32]| {
            rows.iter()
                .find(|(bucket, _, _)| bucket == wanted)
                .map_or_else(FailureCount::default, |(_, failures, last)| {
                    FailureCount::of_row(*failures, *last)
                })
        };
        Ok((count_of(first), count_of(second)))
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
    pub async fn set_failures_seen(
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

    /// Forgets a bucket's failures, if they are still what was `seen`. Whether they were.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn forget_failures_seen(
        &self,
        bucket: &[u8; 32],
        seen: FailureCount,
    ) -> Result<bool, StoreError> {
        let Some(seen_at) = seen.last_failed_at else {
            return Ok(true);
        };
        let args = [
            bucket.into(),
            number(seen.failures).into(),
            Arg::from(seen_at),
        ];
        let outcome = self.database().execute(FORGET, &args).await?;
        Ok(outcome.rows_affected == 1)
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
