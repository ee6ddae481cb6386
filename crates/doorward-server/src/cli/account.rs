//! Commands about accounts: `admin` and `user`.

use std::fmt;

use clap::{Args, Subcommand, ValueEnum};
use doorward::clock::Timestamp;

use crate::config::parse_since;

/// `admin …`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum AdminCommand {
    /// Create an administrator; asks for what is not given
    Create {
        /// The user name
        #[arg(long, value_name = "NAME")]
        username: Option<String>,
        /// Read the password from standard input, one line
        #[arg(long)]
        password_stdin: bool,
    },
    /// Set a user's password and let them log in again; for when nobody can log in
    ResetPassword {
        /// The user name
        #[arg(value_name = "NAME")]
        username: String,
        /// Read the password from standard input, one line
        #[arg(long)]
        password_stdin: bool,
    },
    /// List the administrators
    List,
}

/// `user …`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum UserCommand {
    /// List users by id
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
        /// The most users to print
        #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        #[command(flatten)]
        filter: UserFilterArgs,
    },
    /// Show one user
    Show {
        /// The user name
        #[arg(value_name = "NAME")]
        username: String,
    },
    /// Create a user; asks for the password
    Create {
        /// The user name
        #[arg(value_name = "NAME")]
        username: String,
        /// The role
        #[arg(long, value_enum, default_value_t = RoleArg::User)]
        role: RoleArg,
        /// Read the password from standard input, one line
        #[arg(long)]
        password_stdin: bool,
        /// Set no password: nobody can log in until `set-password` or `reset-link`
        #[arg(long, conflicts_with = "password_stdin")]
        no_password: bool,
    },
    /// Stop a user from logging in
    Disable {
        /// The user name
        #[arg(value_name = "NAME")]
        username: String,
    },
    /// Let a disabled user log in again
    Enable {
        /// The user name
        #[arg(value_name = "NAME")]
        username: String,
    },
    /// Give a user another role
    SetRole {
        /// The user name
        #[arg(value_name = "NAME")]
        username: String,
        /// The role
        #[arg(value_name = "ROLE", value_enum)]
        role: RoleArg,
    },
    /// Show a user's roles and what they allow, or give the user others beside admin or user
    Roles {
        /// The user name
        #[arg(value_name = "NAME")]
        username: String,
        /// The roles that the user shall have, and no others, separated by commas; '' for none
        #[arg(long, value_name = "ROLES", value_delimiter = ',')]
        set: Option<Vec<String>>,
    },
    /// Set a user's password; a disabled user stays disabled
    SetPassword {
        /// The user name
        #[arg(value_name = "NAME")]
        username: String,
        /// Read the password from standard input, one line
        #[arg(long)]
        password_stdin: bool,
    },
    /// Make a link with which a user sets a new password; it works once
    ResetLink {
        /// The user name
        #[arg(value_name = "NAME")]
        username: String,
    },
    /// List where a user is logged in
    Sessions {
        /// The user name
        #[arg(value_name = "NAME")]
        username: String,
    },
    /// End all sessions of a user; the user can log in again
    EndSessions {
        /// The user name
        #[arg(value_name = "NAME")]
        username: String,
    },
    /// End one session of a user; the others go on
    EndSession {
        /// The user name
        #[arg(value_name = "NAME")]
        username: String,
        /// The session, as `doorward user sessions` lists it
        // One of 64 begins with a hyphen.
        #[arg(value_name = "ID", allow_hyphen_values = true)]
        id: String,
    },
    /// Delete a user; asks first
    Delete {
        /// The user name
        #[arg(value_name = "NAME")]
        username: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// Which users are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct UserFilterArgs {
    /// Only those with this role
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,
    /// Only those who can or cannot log in
    #[arg(long, value_enum)]
    pub state: Option<StateArg>,
    /// Only those whose names begin so, in any spelling
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Only those who were added then or later, such as 2027-03-31 or 2027-03-31T18:00:00Z
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    pub created_since: Option<Timestamp>,
}

fn moment(text: &str) -> Result<Timestamp, &'static str> {
    parse_since(text).ok_or("it must be a date such as 2027-03-31 or 2027-03-31T18:00:00Z")
}

/// Whether a user can log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StateArg {
    /// Can log in
    Active,
    /// Cannot log in
    Disabled,
}

/// The role of a new user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum RoleArg {
    /// May use their own account
    #[default]
    User,
    /// May also manage other accounts
    Admin,
}

impl RoleArg {
    /// The role's name, as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for RoleArg {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// `job …`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum JobCommand {
    /// Change many users; goes on after an interruption, by this command's next run or by a server
    ///
    /// Exit code 3 when it was not done to some of them: `doorward job show` names these.
    Start(JobStartArgs),
    /// List the newest jobs
    List,
    /// Show how far a job is, and to whom it was not done
    Show {
        /// The number of the job
        #[arg(value_name = "ID")]
        id: i64,
    },
    /// Stop a job; what was done stays done
    Cancel {
        /// The number of the job
        #[arg(value_name = "ID")]
        id: i64,
    },
}

/// Arguments of `job start`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct JobStartArgs {
    /// What is done to each user
    #[arg(value_enum, value_name = "KIND")]
    pub kind: JobKindArg,
    /// The role to give, for set-role
    #[arg(long, value_enum, value_name = "ROLE")]
    pub to: Option<RoleArg>,
    /// Which users; at least one part is required
    #[command(flatten)]
    pub filter: UserFilterArgs,
    /// The users with these numbers, separated by commas, at most 1000; instead of a filter
    #[arg(long, value_name = "IDS", value_delimiter = ',', conflicts_with_all = ["role", "state", "search", "created_since"])]
    pub ids: Option<Vec<i64>>,
    /// Only say how many users it would be done to
    #[arg(long)]
    pub dry_run: bool,
}

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum JobKindArg {
    /// Stop users from logging in
    Disable,
    /// Let disabled users log in again
    Enable,
    /// Delete users
    Delete,
    /// End all sessions of users
    EndSessions,
    /// Give users another role
    SetRole,
}

impl JobKindArg {
    /// The kind's name, as the server has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Delete => "delete",
            Self::EndSessions => "end_sessions",
            Self::SetRole => "set_role",
        }
    }
}
