//! A change of many users at once, which goes on after a restart.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    caller::Actor,
    clock::Timestamp,
    role::Role,
    store::{UserChange, UserDeed, UserFilter, UserState},
    user::UserId,
    username::UsernameKey,
};

/// The number of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct JobId(i64);

impl JobId {
    /// The job with this number.
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

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a job does to each user. Doing it twice is like doing it once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobDeed {
    /// The user cannot log in any more.
    Disable,
    /// The user can log in again.
    Enable,
    /// The user goes.
    Delete,
    /// All sessions of the user end.
    EndSessions,
    /// The user has this role.
    SetRole(Role),
}

impl JobDeed {
    /// The name of its kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Delete => "delete",
            Self::EndSessions => "end_sessions",
            Self::SetRole(_) => "set_role",
        }
    }

    /// The deed of this kind; `role` belongs to `set_role` alone.
    #[must_use]
    pub fn parse(kind: &str, role: Option<Role>) -> Option<Self> {
        match (kind, role) {
            ("disable", None) => Some(Self::Disable),
            ("enable", None) => Some(Self::Enable),
            ("delete", None) => Some(Self::Delete),
            ("end_sessions", None) => Some(Self::EndSessions),
            ("set_role", Some(role)) => Some(Self::SetRole(role)),
            _ => None,
        }
    }

    /// Whether an administrator to whom it is done is none any more.
    pub(crate) fn takes_administration(&self) -> bool {
        match self {
            Self::Disable | Self::Delete => true,
            Self::SetRole(role) => !role.is_admin(),
            Self::Enable | Self::EndSessions => false,
        }
    }

    /// As it is stored.
    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::SetRole(role) => format!("{}:{role}", self.kind()),
            _ => self.kind().to_owned(),
        }
    }

    pub(crate) fn from_text(text: &str) -> Option<Self> {
        match text.split_once(':') {
            Some((kind, role)) => Self::parse(kind, Some(Role::parse(role).ok()?)),
            None => Self::parse(text, None),
        }
    }

    pub(crate) fn for_a_user(&self) -> UserDeed {
        let disabled = |disabled| {
            UserDeed::Change(UserChange {
                disabled: Some(disabled),
                ..UserChange::default()
            })
        };
        match self {
            Self::Disable => disabled(true),
            Self::Enable => disabled(false),
            Self::Delete => UserDeed::Delete,
            Self::EndSessions => UserDeed::EndSessions,
            Self::SetRole(role) => UserDeed::Change(UserChange {
                role: Some(role.clone()),
                ..UserChange::default()
            }),
        }
    }
}

/// Which users a job is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// These.
    Ids(BTreeSet<i64>),
    /// Those who fit when their turn comes, and were there when the job was made.
    Filter {
        /// Those with this role.
        role: Option<String>,
        /// Those who cannot log in, or those who can.
        disabled: Option<bool>,
        /// Those whose names begin so.
        search: Option<String>,
        /// Those who were added then or later, in milliseconds since 1970.
        created_since_ms: Option<i64>,
    },
}

impl Selection {
    /// The most users that can be named one by one.
    pub const MAX_IDS: usize = 1_000;

    /// Whether this selects by anything at all: a job about everybody is asked for by saying so.
    #[must_use]
    pub fn selects(&self) -> bool {
        match self {
            Self::Ids(ids) => {
                (1..=Self::MAX_IDS).contains(&ids.len()) && ids.iter().all(|id| *id > 0)
            }
            Self::Filter { .. } => self
                .filter()
                .is_some_and(|filter| filter != UserFilter::default()),
        }
    }

    /// The filter; `None` for a list of numbers, and for parts that are none.
    #[must_use]
    pub fn filter(&self) -> Option<UserFilter> {
        let Self::Filter {
            role,
            disabled,
            search,
            created_since_ms,
        } = self
        else {
            return None;
        };
        let role = role.as_deref().map(Role::parse).transpose().ok()?;
        let prefix = match search {
            Some(text) => Some(UsernameKey::prefix(text)?),
            None => None,
        };
        Some(UserFilter {
            role,
            prefix,
            state: disabled.map(|disabled| {
                if disabled {
                    UserState::Disabled
                } else {
                    UserState::Active
                }
            }),
            created_since: created_since_ms.map(Timestamp::from_millis),
        })
    }
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// It is worked on, or waits for that.
    Running,
    /// Every user had their turn.
    Done,
    /// Somebody stopped it, or its maker may not do such things any more.
    Cancelled,
}

impl JobState {
    /// The name, as stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Running, Self::Done, Self::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

/// A user to whom it was not done, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobReject {
    /// Who.
    pub user_id: i64,
    /// `last_administrator`, `own_account`, `out_of_reach`, `not_found` or `changed_meanwhile`.
    pub reason: String,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// What it does.
    pub deed: JobDeed,
    /// To whom.
    pub selection: Selection,
    /// How far it is.
    pub state: JobState,
    /// Who made it.
    pub actor: Actor,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it came to its end.
    pub finished_at: Option<Timestamp>,
    /// The last user who had their turn.
    pub position: i64,
    /// Users with a higher number came after the job.
    pub last_id: UserId,
    /// How many users there were when it was made.
    pub total: u64,
    /// To how many it was done.
    pub done: u64,
    /// To how many not.
    pub failed: u64,
    /// The first of those.
    pub rejects: Vec<JobReject>,
}

impl Job {
    /// The most rejects that are kept; all are counted.
    pub const MAX_REJECTS: usize = 100;
}
