//! Letters to users. What they say is up to the server that sends them.

use crate::{clock::Timestamp, one_time_link::LinkId, user::UserId};

/// What a letter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterKind {
    /// The link to set a new password.
    ResetPassword,
    /// The link that proves the address.
    VerifyEmail,
    /// The password is another now (RC-05).
    PasswordChanged,
    /// The account is to have another address; told to the old one (RC-08).
    EmailChanged,
}

impl LetterKind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::ResetPassword,
        Self::VerifyEmail,
        Self::PasswordChanged,
        Self::EmailChanged,
    ];

    /// As the database, and the name of a template, have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ResetPassword => "reset_password",
            Self::VerifyEmail => "verify_email",
            Self::PasswordChanged => "password_changed",
            Self::EmailChanged => "email_changed",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A letter whose turn it is, leased by who sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueLetter {
    /// Its number.
    pub id: i64,
    /// To whom.
    pub user_id: UserId,
    /// Where to.
    pub recipient: String,
    /// What it says.
    pub kind: LetterKind,
    /// The link in it.
    pub link_id: Option<LinkId>,
    /// Since when it waits.
    pub created_at: Timestamp,
    /// How often it was tried, this time included.
    pub attempts: u32,
    /// The lease.
    pub lease: [u8; 16],
}
