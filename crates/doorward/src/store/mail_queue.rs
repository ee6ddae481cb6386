//! The table `mail_queue`: letters that wait to be sent.

use std::time::Duration;

use super::{Arg, Sql, Store, StoreError, Transaction};
use crate::{
    clock::Timestamp,
    letter::{DueLetter, LetterKind},
    one_time_link::LinkId,
    user::UserId,
};

const ADD: Sql = Sql::both(
    "INSERT INTO mail_queue (user_id, recipient, kind, link_id, created_at_ms, next_attempt_at_ms) VALUES (?, ?, ?, ?, ?, ?)",
);
const ADD_WITHOUT_LINK: Sql = Sql::both(
    "INSERT INTO mail_queue (user_id, recipient, kind, created_at_ms, next_attempt_at_ms) VALUES (?, ?, ?, ?, ?)",
);
const DUE: Sql = Sql::both(
    "SELECT id, user_id, recipient, kind, link_id, created_at_ms, attempts FROM mail_queue \
     WHERE next_attempt_at_ms <= ? AND lease_until_ms <= ? ORDER BY next_attempt_at_ms, id LIMIT 16",
);
/// The row count of this statement decides which node sends the letter.
const LEASE: Sql = Sql::both(
    "UPDATE mail_queue SET lease = ?, lease_until_ms = ?, attempts = attempts + 1 \
     WHERE id = ? AND next_attempt_at_ms <= ? AND lease_until_ms <= ?",
);
const SENT: Sql = Sql::both(
    "UPDATE mail_queue SET sent_at_ms = ?, next_attempt_at_ms = NULL, lease_until_ms = 0, last_error = NULL WHERE id = ? AND lease = ?",
);
const PUT_OFF: Sql = Sql::both(
    "UPDATE mail_queue SET next_attempt_at_ms = ?, lease_until_ms = 0, last_error = ? WHERE id = ? AND lease = ?",
);
const GIVE_UP: Sql = Sql::both(
    "UPDATE mail_queue SET next_attempt_at_ms = NULL, lease_until_ms = 0, last_error = ? WHERE id = ? AND lease = ?",
);
const WAITING: Sql =
    Sql::both("SELECT COUNT(*) FROM mail_queue WHERE next_attempt_at_ms IS NOT NULL");
const PURGE: Sql = Sql::each(
    "DELETE FROM mail_queue WHERE id IN (SELECT id FROM mail_queue WHERE next_attempt_at_ms IS NULL AND created_at_ms < ? LIMIT 500)",
    "DELETE FROM mail_queue WHERE next_attempt_at_ms IS NULL AND created_at_ms < ? LIMIT 500",
);

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("mail_queue.ADD", ADD),
    ("mail_queue.ADD_WITHOUT_LINK", ADD_WITHOUT_LINK),
    ("mail_queue.DUE", DUE),
    ("mail_queue.LEASE", LEASE),
    ("mail_queue.SENT", SENT),
    ("mail_queue.PUT_OFF", PUT_OFF),
    ("mail_queue.GIVE_UP", GIVE_UP),
    ("mail_queue.WAITING", WAITING),
    ("mail_queue.PURGE", PURGE),
];

/// The most characters of an error that are kept.
const ERROR_CHARS: usize = 400;

#[derive(sqlx::FromRow)]
struct LetterRow {
    id: i64,
    user_id: i64,
    recipient: String,
    kind: String,
    link_id: Option<Vec<u8>>,
    created_at_ms: i64,
    attempts: i64,
}

impl LetterRow {
    fn leased(self, lease: [u8; 16]) -> Result<DueLetter, StoreError> {
        let corrupt = |column| StoreError::Corrupt {
            table: "mail_queue",
            column,
        };
        let link_id = self
            .link_id
            .map(|id| id.try_into().map(LinkId::from_bytes))
            .transpose()
            .map_err(|_| corrupt("link_id"))?;
        Ok(DueLetter {
            id: self.id,
            user_id: UserId::new(self.user_id),
            recipient: self.recipient,
            kind: LetterKind::parse(&self.kind).ok_or_else(|| corrupt("kind"))?,
            link_id,
            created_at: Timestamp::from_millis(self.created_at_ms),
            // This attempt was counted after the row was read.
            attempts: u32::try_from(self.attempts)
                .unwrap_or(u32::MAX)
                .saturating_add(1),
            lease,
        })
    }
}

impl Store {
    /// Lets a letter be sent, if what causes it is committed.
    pub(super) async fn enqueue_letter(
        &self,
        tx: &mut Transaction,
        user: UserId,
        recipient: &str,
        kind: LetterKind,
        link: Option<LinkId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (user, kind) = (user.get().into(), kind.as_str().into());
        let outcome = if let Some(link) = &link {
            let args = [
                user,
                recipient.into(),
                kind,
                link.as_bytes().into(),
                now.into(),
                now.into(),
            ];
            tx.execute(ADD, &args).await
        } else {
            let args = [user, recipient.into(), kind, now.into(), now.into()];
            tx.execute(ADD_WITHOUT_LINK, &args).await
        };
        outcome.map(drop)
    }

    /// Takes up to `most` letters whose turn it is, for `lease_for`: of several nodes that ask at once, one gets a letter.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn lease_letters(
        &self,
        most: usize,
        lease: [u8; 16],
        lease_for: Duration,
        now: Timestamp,
    ) -> Result<Vec<DueLetter>, StoreError> {
        let rows: Vec<LetterRow> = self
            .database()
            .fetch_all(DUE, &[now.into(), now.into()])
            .await?;
        let mut letters = Vec::new();
        for row in rows {
            if letters.len() >= most {
                break;
            }
            let args = [
                (&lease).into(),
                now.after(lease_for).into(),
                row.id.into(),
                now.into(),
                now.into(),
            ];
            let outcome = self.database().execute(LEASE, &args).await?;
            if outcome.rows_affected == 1 {
                letters.push(row.leased(lease)?);
            }
        }
        Ok(letters)
    }

    /// The mail server has taken the letter.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn letter_sent(&self, letter: &DueLetter, now: Timestamp) -> Result<(), StoreError> {
        let args = [now.into(), letter.id.into(), (&letter.lease).into()];
        self.database().execute(SENT, &args).await.map(drop)
    }

    /// The letter is to be tried again at `next`, or never.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn letter_failed(
        &self,
        letter: &DueLetter,
        next: Option<Timestamp>,
        error: &str,
    ) -> Result<(), StoreError> {
        let error: String = error.chars().take(ERROR_CHARS).collect();
        let (error, id, lease): (Arg<'_>, _, _) = (
            error.as_str().into(),
            letter.id.into(),
            (&letter.lease).into(),
        );
        let outcome = match next {
            Some(next) => {
                let args = [next.into(), error, id, lease];
                self.database().execute(PUT_OFF, &args).await
            }
            None => self.database().execute(GIVE_UP, &[error, id, lease]).await,
        };
        outcome.map(drop)
    }

    /// How many letters are not sent and not given up.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn count_waiting_letters(&self) -> Result<u64, StoreError> {
        let count: Option<(i64,)> = self.database().fetch_optional(WAITING, &[]).await?;
        Ok(count.map_or(0, |(count,)| u64::try_from(count).unwrap_or(0)))
    }

    /// Deletes up to 500 letters from before `before` that nothing is left to do for. Returns how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge_letters(&self, before: Timestamp) -> Result<u64, StoreError> {
        let outcome = self.database().execute(PURGE, &[before.into()]).await?;
        Ok(outcome.rows_affected)
    }
}
