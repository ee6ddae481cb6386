//! Hashing what is stored in the clear, several at once on the pool's threads.

use std::collections::HashMap;

use futures_util::{StreamExt as _, stream};
use zeroize::Zeroizing;

use super::super::{Adoptable, AdoptedPassword, AdoptionError};
use super::Adoption;
use crate::password::{HashPoolError, Password};

/// Jobs handed to the pool at once: enough for its threads, few enough to wait in no queue for long.
const IN_FLIGHT: usize = 8;

impl Adoption<'_> {
    /// Replaces every plaintext of a batch by its hash.
    pub(super) async fn hash(&self, rows: &mut [Adoptable]) -> Result<(), AdoptionError> {
        let jobs = rows.iter_mut().filter_map(|row| match &mut row.password {
            AdoptedPassword::Plaintext(found) => {
                let found = std::mem::take(found);
                Some((found, &mut row.password))
            }
            _ => None,
        });
        let results = stream::iter(jobs.map(|(found, slot)| async move {
            let hash = self.hash_one(&found).await?;
            Ok::<_, AdoptionError>((found, hash, slot))
        }))
        .buffer_unordered(IN_FLIGHT);
        let mut results = std::pin::pin!(results);
        let mut failed = None;
        while let Some(result) = results.next().await {
            match result {
                Ok((found, hash, slot)) => *slot = AdoptedPassword::Hashed { found, hash },
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn hash_one(&self, text: &str) -> Result<Zeroizing<String>, AdoptionError> {
        loop {
            // Judged before: it is neither empty nor too long.
            let password = Password::parse(text).map_err(|_| HashPoolError::Panicked)?;
            match self.hashes.hash(password).await {
                Ok(hash) => {
                    self.progress.count_hash();
                    return Ok(Zeroizing::new(hash.as_str().to_owned()));
                }
                // Others hash too, or the machine is slow: there is no hurry.
                Err(HashPoolError::Busy { retry_after }) => tokio::time::sleep(retry_after).await,
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Gives rows that were read again the hashes of the passwords that have not changed.
pub(super) fn reuse(rows: &mut [Adoptable], before: Vec<Adoptable>) {
    let mut made: HashMap<i64, (Zeroizing<String>, Zeroizing<String>)> = before
        .into_iter()
        .filter_map(|row| match row.password {
            AdoptedPassword::Hashed { found, hash } => Some((row.place, (found, hash))),
            _ => None,
        })
        .collect();
    for row in rows {
        if let AdoptedPassword::Plaintext(text) = &row.password
            && let Some((found, hash)) = made.remove(&row.place)
            && *found == *text.as_str()
        {
            row.password = AdoptedPassword::Hashed { found, hash };
        }
    }
}
