//! How often what happened since the process started, for its metrics.

use super::{LoginError, RefreshError};
use crate::{
    meter::{Counters, Label},
    token::TokenError,
};

/// The counts of an [`super::Authenticator`]. None of them has a name, an address or a token in it.
#[derive(Debug, Default)]
pub struct Tallies {
    /// Access tokens and API keys that came with requests.
    pub tokens: Counters<TokenOutcome, 4>,
    /// Logins with a name and a password.
    pub logins: Counters<LoginOutcome, 5>,
    /// Exchanges of a refresh token.
    pub refreshes: Counters<RefreshOutcome, 5>,
}

/// What became of an access token or API key that came with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenOutcome {
    /// It let its bearer in.
    Valid,
    /// Its time was over.
    Expired,
    /// It was good in itself and counts no more.
    Revoked,
    /// It was none.
    Invalid,
}

impl Label for TokenOutcome {
    const ALL: &'static [Self] = &[Self::Valid, Self::Expired, Self::Revoked, Self::Invalid];

    fn place(self) -> usize {
        self as usize
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Invalid => "invalid",
        }
    }
}

impl From<TokenError> for TokenOutcome {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Expired => Self::Expired,
            TokenError::Revoked => Self::Revoked,
            TokenError::Invalid(_) => Self::Invalid,
        }
    }
}

/// How a login ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginOutcome {
    /// The user is in.
    Success,
    /// Whatever was wrong with the name, the password or the account.
    InvalidCredentials,
    /// Too many failures from there.
    Throttled,
    /// The queue of hashes was full.
    Busy,
    /// The hashing or the database failed.
    Error,
}

impl Label for LoginOutcome {
    const ALL: &'static [Self] = &[
        Self::Success,
        Self::InvalidCredentials,
        Self::Throttled,
        Self::Busy,
        Self::Error,
    ];

    fn place(self) -> usize {
        self as usize
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::InvalidCredentials => "invalid_credentials",
            Self::Throttled => "throttled",
            Self::Busy => "busy",
            Self::Error => "error",
        }
    }
}

impl<T> From<&Result<T, LoginError>> for LoginOutcome {
    fn from(result: &Result<T, LoginError>) -> Self {
        match result {
            Ok(_) => Self::Success,
            Err(LoginError::InvalidCredentials) => Self::InvalidCredentials,
            Err(LoginError::Throttled(_)) => Self::Throttled,
            Err(LoginError::Busy { .. }) => Self::Busy,
            Err(LoginError::Hash(_) | LoginError::Store(_)) => Self::Error,
        }
    }
}

/// How an exchange of a refresh token ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshOutcome {
    /// There is a next pair.
    Success,
    /// It was none, or its session has ended.
    Invalid,
    /// It had been used before, and its session has ended with that.
    Reused,
    /// Others refreshed the session at the same time.
    Contended,
    /// No token could be made, or the database failed.
    Error,
}

impl Label for RefreshOutcome {
    const ALL: &'static [Self] = &[
        Self::Success,
        Self::Invalid,
        Self::Reused,
        Self::Contended,
        Self::Error,
    ];

    fn place(self) -> usize {
        self as usize
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Invalid => "invalid",
            Self::Reused => "reused",
            Self::Contended => "contended",
            Self::Error => "error",
        }
    }
}

impl<T> From<&Result<T, RefreshError>> for RefreshOutcome {
    fn from(result: &Result<T, RefreshError>) -> Self {
        match result {
            Ok(_) => Self::Success,
            Err(RefreshError::Invalid) => Self::Invalid,
            Err(RefreshError::Reused) => Self::Reused,
            Err(RefreshError::Contended) => Self::Contended,
            Err(RefreshError::Issue(_) | RefreshError::Store(_)) => Self::Error,
        }
    }
}
