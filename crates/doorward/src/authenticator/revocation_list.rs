//! The list of revocations for services that verify access tokens themselves.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::Serialize;
use tokio::{sync::Mutex, time::Instant};

use super::{Authenticator, SessionError};
use crate::{
    access::{IssueError, LIST_AUDIENCE, LIST_TYPE},
    clock::Timestamp,
    key_ring::KeyState,
    store::Revoked,
};

/// How long a list speaks, in seconds: whoever has no newer one by then should not rely on it.
const LIFETIME: i64 = 300;

/// How long the same list is given again, unless something became known meanwhile.
const KEPT: Duration = Duration::from_secs(1);
/// Lists that are kept. Services that follow have all but the same cursor.
const MOST: usize = 64;

/// A signed list.
#[derive(Debug, Clone)]
pub struct RevocationList {
    /// A JWS in compact form (RFC 7515 §7.1), `typ` `revocations+jwt`.
    pub document: Arc<str>,
}

/// The lists that were made last, by the cursor that was asked for. One is made at a time: however many ask, anybody may,
/// the database has one reader for them.
#[derive(Debug, Default)]
pub(super) struct KeptLists(Mutex<BTreeMap<i64, Kept>>);

#[derive(Debug)]
struct Kept {
    made: Instant,
    basis: Basis,
    list: RevocationList,
}

/// What a list was made from, as far as this process knew.
#[derive(Debug, PartialEq, Eq)]
struct Basis {
    latest: i64,
    keys: Vec<String>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'static str,
    iat: i64,
    exp: i64,
    /// What to ask for next time.
    cursor: i64,
    /// Whether there is more behind the cursor now.
    more: bool,
    /// The `kid` of every key that is published now: whoever has others fetches the keys.
    keys: Vec<String>,
    /// Values of `sid`.
    sessions: Vec<String>,
    /// Pairs of `user_id` and the lowest `epoch` that counts.
    users: Vec<(i64, i64)>,
}

impl Authenticator {
    /// The revocations above `after`, at most 10,000, signed. The same list for a second, or until this process knows of a newer
    /// revocation or other keys.
    ///
    /// # Errors
    /// [`SessionError::Store`] when the database is away.
    pub async fn list_revocations(&self, after: i64) -> Result<RevocationList, SessionError> {
        let mut kept = self.kept_lists.0.lock().await;
        let basis = Basis {
            latest: self.revocations.latest(),
            keys: self.published_key_ids(self.now()),
        };
        let fresh = |kept: &Kept| kept.made.elapsed() < KEPT && kept.basis == basis;
        if let Some(kept) = kept.get(&after).filter(|kept| fresh(kept)) {
            return Ok(kept.list.clone());
        }
        let made = Instant::now();
        let list = self.make_list(after, basis.keys.clone()).await?;
        if kept.len() >= MOST {
            kept.retain(|_, kept| fresh(kept));
        }
        if kept.len() < MOST {
            let list = list.clone();
            kept.insert(after, Kept { made, basis, list });
        }
        Ok(list)
    }

    async fn make_list(
        &self,
        after: i64,
        keys: Vec<String>,
    ) -> Result<RevocationList, SessionError> {
        let now = self.now();
        // Read before the rows are: what has settled by now is in them, or has expired.
        let settled = self.revocations.settled();
        let rows = self.parts.store.list_revocations(after, now).await?;
        let more = rows.len() == 10_000;
        let highest = rows.last().map_or(after, |row| row.number);
        // Numbers below the highest one can still become visible. At the end, whoever asks only for what is new goes back as far
        // as that can be, also behind where they were, and misses nothing. Twice is no harm.
        let cursor = if more { highest } else { highest.min(settled) };
        let mut sessions = Vec::new();
        let mut users = Vec::new();
        for row in rows {
            match row.revoked {
                Revoked::Session(session) => sessions.push(session.to_string()),
                Revoked::User { user, epoch } => users.push((user.get(), epoch)),
            }
        }
        let claims = Claims {
            iss: self.parts.tokens.issuer(),
            aud: LIST_AUDIENCE,
            iat: now.as_seconds(),
            exp: expiry(now),
            cursor,
            more,
            keys,
            sessions,
            users,
        };
        let document = self
            .parts
            .tokens
            .sign_document(LIST_TYPE, &claims, now)
            .map_err(IssueError::from)?;
        Ok(RevocationList {
            document: document.into(),
        })
    }

    fn published_key_ids(&self, now: Timestamp) -> Vec<String> {
        self.known_keys()
            .into_iter()
            .filter(|key| key.public.is_some() && key.times.state(now) != KeyState::Retired)
            .map(|key| key.id.to_string())
            .collect()
    }
}

fn expiry(now: Timestamp) -> i64 {
    now.as_seconds().saturating_add(LIFETIME)
}
