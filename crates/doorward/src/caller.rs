//! Who asks for something, and from where.
//!
//! Every use case that changes an account takes a [`Caller`]: it goes into the audit trail (ASVS 16.2.1).

use std::net::IpAddr;

use crate::{api_key::ApiKeyId, principal::Principal, user::UserId};

/// The client that a request came from, as far as a server can tell.
///
/// The default is a client of which nothing is known: the command line, a job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// Its address.
    pub address: Option<IpAddr>,
    /// What it calls itself (`User-Agent`).
    pub user_agent: Option<UserAgent>,
    /// The id of the request, as it stands in the log and in the answer.
    pub request_id: Option<String>,
}

impl Client {
    /// A client of which nothing but its address is known.
    #[must_use]
    pub fn at(address: IpAddr) -> Self {
        Self {
            address: Some(address),
            ..Self::default()
        }
    }
}

/// A `User-Agent` as it is shown to people: at most [`UserAgent::MAX_CHARS`] characters, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserAgent(String);

impl UserAgent {
    /// The most characters that are kept.
    pub const MAX_CHARS: usize = 255;

    /// Takes what a client sent, and leaves out what would break a line or a terminal (LG-02). `None` when nothing is left.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let kept: String = text
            .chars()
            .filter(|c| !c.is_control())
            .take(Self::MAX_CHARS)
            .collect();
        let kept = kept.trim();
        (!kept.is_empty()).then(|| Self(kept.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who has not logged in.
    Anonymous,
    /// A user.
    User(UserId),
    /// Whoever can write the database: the command line.
    Operator,
    /// The server itself.
    System,
}

impl Actor {
    /// What the trail can call an actor.
    pub const NAMES: [&str; 4] = ["anonymous", "user", "operator", "system"];

    /// The name in the trail.
    #[must_use]
    pub const fn name(self) -> &'static str {
        let [anonymous, user, operator, system] = Self::NAMES;
        match self {
            Self::Anonymous => anonymous,
            Self::User(_) => user,
            Self::Operator => operator,
            Self::System => system,
        }
    }
}

/// Who acts, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// With which API key, if a program acts for the user: the trail has it.
    pub key: Option<ApiKeyId>,
    /// From where.
    pub client: Client,
}

impl Caller {
    /// Somebody at a client who has not logged in.
    #[must_use]
    pub fn anonymous(client: Client) -> Self {
        Self {
            actor: Actor::Anonymous,
            key: None,
            client,
        }
    }

    /// A user at a client.
    #[must_use]
    pub fn user(id: UserId, client: Client) -> Self {
        Self {
            actor: Actor::User(id),
            key: None,
            client,
        }
    }

    /// Whoever a request came from, at a client.
    #[must_use]
    pub fn acting(principal: &Principal, client: Client) -> Self {
        Self {
            key: principal.key.as_ref().map(|key| key.id),
            ..Self::user(principal.user_id, client)
        }
    }

    /// The command line.
    #[must_use]
    pub fn operator() -> Self {
        Self {
            actor: Actor::Operator,
            key: None,
            client: Client::default(),
        }
    }

    /// The server itself.
    #[must_use]
    pub fn system() -> Self {
        Self {
            actor: Actor::System,
            key: None,
            client: Client::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_is_one_short_line() {
        let text = format!("curl/8\r\n\u{1b}[31m{}", "x".repeat(500));
        let agent = UserAgent::new(&text).unwrap();
        assert!(agent.as_str().starts_with("curl/8[31mx"));
        assert_eq!(agent.as_str().chars().count(), UserAgent::MAX_CHARS);
        assert_eq!(UserAgent::new(" \t\r\n"), None);
    }
}
