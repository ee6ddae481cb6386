//! What the audit trail hears of a caller who asked for too much (ASVS 16.3.2).

use std::fmt;

use axum::extract::MatchedPath;
use doorward::{
    audit::{Event, EventKind},
    authenticator::Authenticator,
    caller::Caller,
    principal::Principal,
};
use http::request::Parts;

use super::RequestClient;

/// Records that `principal` was turned away for want of `needs`.
pub(super) async fn record<S: Send + Sync>(
    authenticator: &Authenticator,
    principal: &Principal,
    needs: &str,
    parts: &mut Parts,
    state: &S,
) {
    let client = RequestClient::of(parts, state).await;
    let caller = Caller::acting(principal, client);
    let mut event = Event::denied(EventKind::Forbidden, &caller)
        .subject(principal.user_id)
        .detail("needs", needs);
    // The route's pattern, not the path: a path may hold anything.
    if let Some(route) = parts.extensions.get::<MatchedPath>() {
        let route: fmt::Arguments<'_> = format_args!("{} {}", parts.method, route.as_str());
        event = event.detail("route", route);
    }
    authenticator.audit_refusal(event).await;
}
