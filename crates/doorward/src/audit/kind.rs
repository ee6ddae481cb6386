//! The names of what can happen.

use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal,)+) => {
        /// What happened. The names are stable: they are in the database, in logs and in metrics.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventKind {
            $($(#[$doc])+ $variant,)+
        }

        impl EventKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name: lower case with underscores.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

kinds! {
    /// A user logged in.
    LoginSucceeded = "login_succeeded",
    /// A name and a password did not fit, whatever the reason (AU-01).
    LoginFailed = "login_failed",
    /// A login was turned away because of the failures before it.
    LoginThrottled = "login_throttled",
    /// A stored hash is of a form that is not accepted (PW-05).
    LegacyHashRefused = "legacy_hash_refused",
    /// A stored hash cannot be read (PW-07).
    CorruptHash = "corrupt_hash",
    /// A stored hash was replaced by a better one of the same password.
    HashUpgraded = "hash_upgraded",
    /// Somebody made an account.
    Registered = "registered",
    /// A registration was turned away because of how many its network asked for.
    RegistrationThrottled = "registration_throttled",
    /// An administrator or an operator made an account for somebody.
    UserCreated = "user_created",
    /// The first administrator was made by the setup link.
    SetupCompleted = "setup_completed",
    /// A user was disabled.
    UserDisabled = "user_disabled",
    /// A disabled user may log in again.
    UserEnabled = "user_enabled",
    /// A user was deleted.
    UserDeleted = "user_deleted",
    /// An application's users were taken over.
    UsersAdopted = "users_adopted",
    /// All users were handed out, with their password hashes.
    UsersExported = "users_exported",
    /// The whole database was handed out, with password hashes and encrypted keys.
    DatabaseBackedUp = "database_backed_up",
    /// The database was filled from a backup, or from another database.
    DatabaseRestored = "database_restored",
    /// A user set a new password, knowing the old one.
    PasswordChanged = "password_changed",
    /// A password was set by a link or by an operator.
    PasswordReset = "password_reset",
    /// A link for setting a password was asked for.
    ResetRequested = "reset_requested",
    /// A link to set a password or to prove a mail address is not good, or no more (LG-01).
    LinkRefused = "link_refused",
    /// Another mail address was asked for.
    EmailChangeRequested = "email_change_requested",
    /// A mail address was shown to be its user's.
    EmailVerified = "email_verified",
    /// A message could not be delivered.
    MailFailed = "mail_failed",
    /// One session was ended.
    SessionEnded = "session_ended",
    /// All sessions of a user were ended.
    SessionsEnded = "sessions_ended",
    /// A user logged out.
    Logout = "logout",
    /// A used refresh token was used again: its family is revoked (TK-22).
    RefreshReused = "refresh_reused",
    /// A refresh token is none, or its session has ended (LG-01).
    RefreshRefused = "refresh_refused",
    /// The role of a user was changed.
    RoleChanged = "role_changed",
    /// The set of roles of a user was changed.
    RolesChanged = "roles_changed",
    /// A role was defined, or its permissions were changed.
    RoleDefined = "role_defined",
    /// A role was removed.
    RoleRemoved = "role_removed",
    /// An API key was made.
    ApiKeyCreated = "api_key_created",
    /// An API key was revoked.
    ApiKeyRevoked = "api_key_revoked",
    /// An API key was refused, or gave no token.
    ApiKeyRefused = "api_key_refused",
    /// An API key was exchanged for an access token.
    ApiKeyExchanged = "api_key_exchanged",
    /// A token of another application was exchanged for one of ours.
    ForeignTokenExchanged = "foreign_token_exchanged",
    /// A session cookie of another application was exchanged.
    ForeignSessionExchanged = "foreign_session_exchanged",
    /// Somebody asked for what they may not (ASVS 16.3.2).
    Forbidden = "forbidden",
    /// A job over many users began.
    JobStarted = "job_started",
    /// A job over many users ended.
    JobFinished = "job_finished",
    /// A job over many users was stopped, by somebody or because its maker may do such things no more.
    JobCancelled = "job_cancelled",
    /// A key of tokens was made or imported, and when it signs was decided.
    KeyAdded = "key_added",
    /// A key of tokens was retired before its time.
    KeyRetired = "key_retired",
    /// Old events were deleted.
    AuditPurged = "audit_purged",
}

impl EventKind {
    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was tried and did not succeed.
    Failure,
    /// It was not allowed.
    Denied,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Success, Self::Failure, Self::Denied];

    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Denied => "denied",
        }
    }

    /// The outcome with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
