//! A person or program that can log in.

use std::{fmt, ops::RangeInclusive};

use crate::{clock::Timestamp, role::Role};

/// The number of a user: `users.id`, never used again for another user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(i64);

impl UserId {
    /// The numbers that fit the column `users.id` on every engine (MySQL's `INT`).
    pub const FITTING: RangeInclusive<i64> = 1..=2_147_483_647;

    /// The user with this number.
    #[must_use]
    pub const fn new(id: i64) -> Self {
        Self(id)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the world may know about a user. The password's hash is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The number.
    pub id: UserId,
    /// The name as it was registered.
    pub username: String,
    /// What the user may do.
    pub role: Role,
    /// When the account was made.
    pub created_at: Timestamp,
    /// Since when the account cannot be used, if so.
    pub disabled_at: Option<Timestamp>,
    /// Which tokens and sessions of the user still count.
    pub epochs: Epochs,
}

/// Numbers that only grow. What was issued under a lower one counts no more, on every node and whatever its clock says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Epochs {
    /// For access tokens: grows when a right was taken away or given, and whenever `sessions` does.
    pub tokens: i64,
    /// For sessions: grows when all of them end.
    pub sessions: i64,
}

/// A user with the stored password hash, as read for a login.
#[derive(Clone)]
pub struct StoredUser {
    /// The user.
    pub user: User,
    /// `users.password`: whatever the column holds, which is not always a hash that we know.
    pub password: String,
}

impl fmt::Debug for StoredUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredUser")
            .field("user", &self.user)
            .field("password", &"<redacted>")
            .finish()
    }
}
