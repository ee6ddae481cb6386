//! Events that go with no change of their own.

use super::{Authenticator, flood::Source, login::network_of};
use crate::{audit::Event, caller::Actor};

impl Authenticator {
    /// Adds an event to the audit trail. When the database does not take it, it is in the log all the same and counts as
    /// lost: what the caller does goes on (ASVS 16.5.2; LG-04). An event that goes with a change belongs into its
    /// transaction: [`crate::store::Store::record`].
    pub async fn audit(&self, event: Event) {
        let store = &self.parts.store;
        if let Err(error) = store.record_alone(&event, self.now()).await {
            tracing::warn!(target: "doorward::audit", %error, "an event could not be written to the audit trail");
            store.announce_lost(&event);
        }
    }

    /// [`Self::audit`] of what anybody can make happen as often as they like: a refusal. It is counted each time and recorded
    /// so often that nobody fills the trail: per user, or per network for whoever is not logged in.
    pub async fn audit_refusal(&self, event: Event) {
        let source = match event.caller().actor {
            Actor::User(user) => Source::User(user),
            _ => Source::Network(network_of(&event.caller().client)),
        };
        let kind = event.kind();
        match self.refusals.admit(kind, source, self.now()) {
            Some(0) => self.audit(event).await,
            Some(unrecorded) => self.audit(event.detail("unrecorded", unrecorded)).await,
            None => self.parts.store.audit_tally().add(kind, event.outcome()),
        }
    }
}
