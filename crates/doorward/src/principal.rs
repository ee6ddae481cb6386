//! Who is calling.

use crate::{role::Role, user::UserId};

/// The caller of a request, as an access token or verified credentials say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The user's number.
    pub user_id: UserId,
    /// The user's name, as registered.
    pub username: String,
    /// What the user may do.
    pub role: Role,
}
