//! One event, and what of it is kept.

use std::{fmt::Display, sync::LazyLock};

use super::{EventKind, Outcome};
use crate::{
    caller::{Actor, Caller},
    random::{self, OsRandom},
    user::UserId,
};

/// The most characters of one value of the detail.
const MAX_VALUE_CHARS: usize = 200;
/// The most characters of the detail as JSON: the width of the column.
const MAX_DETAIL_CHARS: usize = 1_000;

/// Something that happened to an account, by whom and from where (ASVS 16.2.1; LG-01).
///
/// It must contain no password, token or hash, and no name that nobody has: people type passwords there (LG-03). Text is
/// bounded, and characters that would break a line or a terminal are replaced (LG-02).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    kind: EventKind,
    outcome: Outcome,
    caller: Caller,
    subject: Option<UserId>,
    detail: Vec<(&'static str, String)>,
}

impl Event {
    /// What happened, how it ended, and who did it.
    #[must_use]
    pub fn new(kind: EventKind, outcome: Outcome, caller: &Caller) -> Self {
        let event = Self {
            kind,
            outcome,
            caller: caller.clone(),
            subject: None,
            detail: Vec::new(),
        };
        match caller.key {
            Some(key) => event.detail("by_key", key),
            None => event,
        }
    }

    /// Something that was done.
    #[must_use]
    pub fn success(kind: EventKind, caller: &Caller) -> Self {
        Self::new(kind, Outcome::Success, caller)
    }

    /// Something that was tried and did not succeed.
    #[must_use]
    pub fn failure(kind: EventKind, caller: &Caller) -> Self {
        Self::new(kind, Outcome::Failure, caller)
    }

    /// Something that was not allowed.
    #[must_use]
    pub fn denied(kind: EventKind, caller: &Caller) -> Self {
        Self::new(kind, Outcome::Denied, caller)
    }

    /// Whose account it was about.
    #[must_use]
    pub fn subject(mut self, user: UserId) -> Self {
        self.subject = Some(user);
        self
    }

    /// A known fact under a fixed key. What does not fit into the detail any more is left out.
    #[must_use]
    pub fn detail(mut self, key: &'static str, value: impl Display) -> Self {
        let value = one_line(&value.to_string(), MAX_VALUE_CHARS);
        self.detail.push((key, value));
        if detail_json(&self.detail).is_some_and(|json| json.chars().count() > MAX_DETAIL_CHARS) {
            self.detail.pop();
        }
        self
    }

    /// What happened.
    #[must_use]
    pub fn kind(&self) -> EventKind {
        self.kind
    }

    /// How it ended.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Who did it, and from where.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The columns.
    pub(crate) fn columns(&self) -> Columns {
        let actor = self.caller.actor.name();
        let actor_id = match self.caller.actor {
            Actor::User(id) => Some(id.get()),
            Actor::Anonymous | Actor::Operator | Actor::System => None,
        };
        let client = &self.caller.client;
        Columns {
            kind: self.kind,
            outcome: self.outcome,
            actor,
            actor_id,
            subject_id: self.subject.map(UserId::get),
            address: client
                .address
                .map(|address| address.to_canonical().to_string()),
            request_id: client.request_id.as_deref().map(|id| one_line(id, 64)),
            user_agent: client
                .user_agent
                .as_ref()
                .map(|agent| one_line(agent.as_str(), 255)),
            detail: detail_json(&self.detail),
        }
    }
}

/// An event as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    pub(crate) kind: EventKind,
    pub(crate) outcome: Outcome,
    pub(crate) actor: &'static str,
    pub(crate) actor_id: Option<i64>,
    pub(crate) subject_id: Option<i64>,
    pub(crate) address: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) detail: Option<String>,
}

/// The process that records, as 16 hexadecimal digits chosen at its start: it tells nodes apart, and is no secret.
pub(crate) fn node() -> &'static str {
    static NODE: LazyLock<String> = LazyLock::new(|| {
        let number = random::bytes::<8>(&OsRandom)
            .map_or_else(|_| u64::from(std::process::id()), u64::from_be_bytes);
        format!("{number:016x}")
    });
    &NODE
}

fn detail_json(detail: &[(&'static str, String)]) -> Option<String> {
    if detail.is_empty() {
        return None;
    }
    let object: serde_json::Map<String, serde_json::Value> = detail
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.as_str().into()))
        .collect();
    serde_json::to_string(&object).ok()
}

/// At most `max` characters of `text`, with a replacement character for each that would start a line, move a cursor or
/// turn the direction of writing (LG-02).
fn one_line(text: &str, max: usize) -> String {
    text.chars()
        .take(max)
        .map(|c| if breaks_a_line(c) { '\u{fffd}' } else { c })
        .collect()
}

fn breaks_a_line(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::{Client, UserAgent};

    #[test]
    fn what_a_client_sent_stays_on_one_short_line() {
        let hostile = format!(
            "a\r\nb\u{1b}[2J\u{2028}\u{202e}c\u{85}{}",
            "x".repeat(65_536)
        );
        let client = Client {
            user_agent: UserAgent::new(&hostile),
            request_id: Some(hostile.clone()),
            address: None,
        };
        let columns = Event::failure(EventKind::LoginFailed, &Caller::anonymous(client))
            .detail("reason", &hostile)
            .columns();
        for text in [columns.request_id, columns.user_agent, columns.detail] {
            let text = text.expect("is kept");
            assert!(!text.chars().any(breaks_a_line), "{text:?}");
            assert!(text.chars().count() <= 255, "{text:?}");
        }
    }

    #[test]
    fn a_detail_that_does_not_fit_is_left_out_and_the_rest_is_json() {
        let quotes = "\"".repeat(MAX_VALUE_CHARS);
        let event = Event::success(EventKind::RoleChanged, &Caller::operator())
            .detail("first", &quotes)
            .detail("second", &quotes)
            .detail("third", &quotes)
            .detail("last", "short");
        let json = event.columns().detail.expect("is kept");
        assert!(json.chars().count() <= MAX_DETAIL_CHARS);
        let value: serde_json::Value = serde_json::from_str(&json).expect("is JSON");
        assert_eq!(value["second"], quotes.as_str());
        assert_eq!(value.get("third"), None);
        assert_eq!(value["last"], "short");
    }
}
