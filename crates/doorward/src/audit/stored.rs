//! Events as they are read back.

use crate::clock::Timestamp;

/// An event of the trail. Words are text, for a newer version may have written ones that this one does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its number: later events mostly have higher ones.
    pub id: i64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened: [`super::EventKind`].
    pub kind: String,
    /// How it ended: [`super::Outcome`].
    pub outcome: String,
    /// What kind of actor: [`crate::caller::Actor::NAMES`].
    pub actor: String,
    /// The number of the user who acted.
    pub actor_id: Option<i64>,
    /// The number of the user whose account it was about.
    pub subject_id: Option<i64>,
    /// The client's address.
    pub address: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// The process that recorded it.
    pub node: Option<String>,
    /// Further facts: a JSON object of texts.
    pub detail: Option<String>,
}

impl StoredEvent {
    /// The detail's object.
    #[must_use]
    pub fn detail_object(&self) -> serde_json::Map<String, serde_json::Value> {
        let parsed = self.detail.as_deref().map(serde_json::from_str);
        parsed.and_then(Result::ok).unwrap_or_default()
    }

    pub(super) fn detail_value(&self, key: &str) -> Option<String> {
        let object = self.detail_object();
        object
            .get(key)
            .and_then(|value| value.as_str())
            .map(str::to_owned)
    }

    /// Hands each column to `field`, in the order of the table. This order is what hashes are made over: never change it.
    pub(super) fn canonical(&self, mut field: impl FnMut(Option<&[u8]>)) {
        fn text(value: Option<&String>) -> Option<&[u8]> {
            value.map(String::as_bytes)
        }
        field(Some(&self.id.to_be_bytes()));
        field(Some(&self.at.as_millis().to_be_bytes()));
        field(Some(self.kind.as_bytes()));
        field(Some(self.outcome.as_bytes()));
        field(Some(self.actor.as_bytes()));
        field(
            self.actor_id
                .map(i64::to_be_bytes)
                .as_ref()
                .map(<[u8; 8]>::as_slice),
        );
        field(
            self.subject_id
                .map(i64::to_be_bytes)
                .as_ref()
                .map(<[u8; 8]>::as_slice),
        );
        field(text(self.address.as_ref()));
        field(text(self.request_id.as_ref()));
        field(text(self.user_agent.as_ref()));
        field(text(self.node.as_ref()));
        field(text(self.detail.as_ref()));
    }
}

/// Which events to list; what is not set matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// The name of what happened.
    pub kind: Option<String>,
    /// The name of how it ended.
    pub outcome: Option<String>,
    /// The kind of actor.
    pub actor: Option<String>,
    /// The number of the user who acted.
    pub actor_id: Option<i64>,
    /// The number of the user it was about.
    pub subject_id: Option<i64>,
    /// The client's address.
    pub address: Option<String>,
    /// Not before this moment.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}
