//! Who is calling.

use crate::{
    api_key::KeyGrant,
    role::Role,
    session::SessionId,
    user::{User, UserId},
};

/// The caller of a request, as an access token or verified credentials say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The user's number.
    pub user_id: UserId,
    /// The user's name, as registered.
    pub username: String,
    /// What the user may do.
    pub role: Role,
    /// The session that the token belongs to; `None` for credentials without one (Basic, another application's token).
    pub session: Option<SessionId>,
    /// The API key that a program came with for the user: it may do only what both may.
    pub key: Option<KeyGrant>,
}

impl Principal {
    /// A user who came without a session.
    #[must_use]
    pub fn without_session(user: User) -> Self {
        Self {
            user_id: user.id,
            username: user.username,
            role: user.role,
            session: None,
            key: None,
        }
    }
}
