//! The table `demo_mark`: whether the demo has put its public accounts into this database.

use super::{Sql, Store, StoreError};
use crate::clock::Timestamp;

const SET: Sql = Sql::both("INSERT INTO demo_mark (slot, marked_at_ms) VALUES (1, ?)");
const FIND: Sql = Sql::both("SELECT marked_at_ms FROM demo_mark WHERE slot = 1");

pub(super) const STATEMENTS: &[(&str, Sql)] = &[("demo_mark.SET", SET), ("demo_mark.FIND", FIND)];

impl Store {
    /// Marks the database as the demo's. Once is enough; nothing takes the mark away.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mark_as_demo(&self, now: Timestamp) -> Result<(), StoreError> {
        match self.database().execute(SET, &[now.into()]).await {
            Ok(_) | Err(StoreError::AlreadyExists) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether the demo has been here: then accounts with public passwords are in the database.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn is_marked_as_demo(&self) -> Result<bool, StoreError> {
        Ok(self
            .database()
            .fetch_optional::<(i64,)>(FIND, &[])
            .await?
            .is_some())
    }
}
