use std::net::IpAddr;

use super::SessionId;
use crate::{clock::Timestamp, user::UserId};

/// How somebody logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginMethod {
    /// With a password.
    Password,
    /// With a token or session of another application.
    Exchange,
}

impl LoginMethod {
    /// The name, as stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Exchange => "exchange",
        }
    }

    /// The method with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Password, Self::Exchange]
            .into_iter()
            .find(|method| method.as_str() == name)
    }
}

/// Why a session ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// The user logged out.
    Logout,
    /// The user ended it from another session.
    Revoked,
    /// An administrator or the command line ended it.
    Administrator,
    /// A refresh token of it came a second time (TK-22).
    RefreshReuse,
    /// The user has too many sessions (SE-14).
    TooMany,
    /// The user changed the password (SE-07).
    PasswordChanged,
    /// The password was set without the old one: by a link, by an administrator or from the command line.
    PasswordReset,
    /// The user was disabled (AU-15).
    Disabled,
}

impl EndReason {
    /// The name, as stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Revoked => "revoked",
            Self::Administrator => "administrator",
            Self::RefreshReuse => "refresh_reuse",
            Self::TooMany => "too_many",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::Disabled => "disabled",
        }
    }
}

/// A session as its user may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// How it began.
    pub method: LoginMethod,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was refreshed last, or began.
    pub last_seen_at: Timestamp,
    /// When it ends if nothing happens before: the earlier of the absolute and the idle end.
    pub expires_at: Timestamp,
    /// From where it was seen last.
    pub address: Option<IpAddr>,
    /// What the client called itself.
    pub user_agent: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_read_by_the_name_that_is_stored_and_by_no_other() {
        for (method, name) in [
            (LoginMethod::Password, "password"),
            (LoginMethod::Exchange, "exchange"),
        ] {
            assert_eq!(method.as_str(), name);
            assert_eq!(LoginMethod::parse(name), Some(method));
        }
        for other in ["", "Password", "password ", "token"] {
            assert_eq!(LoginMethod::parse(other), None);
        }
    }

    #[test]
    fn every_reason_is_stored_under_the_name_that_operators_search_for() {
        let names = [
            (EndReason::Logout, "logout"),
            (EndReason::Revoked, "revoked"),
            (EndReason::Administrator, "administrator"),
            (EndReason::RefreshReuse, "refresh_reuse"),
            (EndReason::TooMany, "too_many"),
            (EndReason::PasswordChanged, "password_changed"),
            (EndReason::PasswordReset, "password_reset"),
            (EndReason::Disabled, "disabled"),
        ];
        for (reason, name) in names {
            assert_eq!(reason.as_str(), name);
        }
    }
}
