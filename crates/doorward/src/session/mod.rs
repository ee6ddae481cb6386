//! A login as a row: when it began, when it ends, and the refresh tokens that keep it going.
//!
//! Not to be confused with Flask's session cookie, which is [`crate::flask_session`].

mod id;
mod policy;
mod record;
mod refresh_token;

pub use id::{InvalidSessionId, SessionId};
pub use policy::SessionPolicy;
pub use record::{EndReason, LoginMethod, Session};
pub use refresh_token::{RefreshKeys, RefreshToken, RefreshTokenHash};
