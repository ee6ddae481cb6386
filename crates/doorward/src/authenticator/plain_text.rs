//! Passwords that an application stored as they are (lecture, programs 8 to 10).

use std::sync::Arc;

use super::Authenticator;
use crate::{
    adoption::PlaintextRule,
    audit::{Event, EventKind},
    caller::Caller,
    password::{HashFormatError, HashPoolError, Password, PasswordHash},
    user::StoredUser,
};

impl Authenticator {
    /// Hashes a stored password that is plain text, before anything is compared with it: the application beside us may
    /// have written it after the adoption. Every other string is left as it is.
    ///
    /// A database that cannot be written leaves the string in place, and this login fails like any with an unknown hash.
    pub(super) async fn without_plain_text(
        &self,
        mut stored: StoredUser,
    ) -> Result<StoredUser, HashPoolError> {
        let rules = self
            .parts
            .store
            .in_place()
            .filter(|in_place| in_place.coexisting);
        let hashes_plain_text =
            rules.is_some_and(|in_place| in_place.passwords.plaintext == PlaintextRule::Hash);
        if !hashes_plain_text || !self.is_plain_text(&stored.password) {
            return Ok(stored);
        }
        let Ok(password) = Password::parse(stored.password.as_str()) else {
            return Ok(stored);
        };
        let hash = self.parts.hashes.hash(Arc::new(password)).await?;
        let user_id = stored.user.id;
        // Whoever tries to log in is not known to be the user yet: the server does it.
        let event = Event::success(EventKind::HashUpgraded, &Caller::system())
            .subject(user_id)
            .detail("from", "plain_text");
        match self
            .parts
            .store
            .replace_hash(user_id, &stored.password, &hash, &event, self.now())
            .await
        {
            Ok(true) => {
                hash.as_str().clone_into(&mut stored.password);
            }
            // Somebody else changed it meanwhile: the next attempt sees what.
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(target: "doorward::auth", event = "plain_text_not_hashed", user_id = user_id.get(), %error);
            }
        }
        Ok(stored)
    }

    fn is_plain_text(&self, stored: &str) -> bool {
        matches!(
            PasswordHash::parse_with(stored, &self.parts.accepted_forms),
            Err(HashFormatError::Unknown)
        )
    }
}
