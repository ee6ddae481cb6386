//! Reading the audit trail.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header::LINK},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward::{audit::StoredEvent, authenticator::Authenticator};
use doorward_axum::{ApiError, AuditRead, Json, Query, RequirePermission};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    audit_filter::{self, FilterTexts},
    commands::timestamp::rfc3339_ms,
};

/// Events per page when none is asked for, and at most.
const MAX_PAGE: u32 = 1_000;
/// The parameters that name events, as the link to the next page repeats them.
const FILTERS: [&str; 7] = [
    "kind", "outcome", "actor", "subject", "address", "since", "until",
];

/// An event of the audit trail.
#[derive(Serialize, ToSchema)]
pub struct AuditEvent {
    /// Its number.
    id: i64,
    /// When it happened (RFC 3339, UTC).
    at: String,
    /// What happened.
    kind: String,
    /// `success`, `failure` or `denied`.
    outcome: String,
    /// `anonymous`, `user`, `operator` or `system`.
    actor: String,
    /// The number of the user who acted; a program with an API key acts as its user, and `detail.by_key` names the key.
    actor_id: Option<i64>,
    /// The number of the user it was about.
    subject_id: Option<i64>,
    /// The client's address.
    address: Option<String>,
    /// The request's id, as in `X-Request-Id` and the log.
    request_id: Option<String>,
    /// What the client calls itself.
    user_agent: Option<String>,
    /// The process that recorded it.
    node: Option<String>,
    /// Further facts, each a text.
    #[schema(value_type = Object)]
    detail: serde_json::Map<String, serde_json::Value>,
}

impl From<StoredEvent> for AuditEvent {
    fn from(event: StoredEvent) -> Self {
        Self {
            detail: event.detail_object(),
            id: event.id,
            at: rfc3339_ms(event.at),
            kind: event.kind,
            outcome: event.outcome,
            actor: event.actor,
            actor_id: event.actor_id,
            subject_id: event.subject_id,
            address: event.address,
            request_id: event.request_id,
            user_agent: event.user_agent,
            node: event.node,
        }
    }
}

/// `GET /audit` with `audit:read`: events, newest first.
///
/// `limit` (1 to 1000) and an opaque `cursor` page through them; the next page is in a `Link` header (RFC 8288). They are
/// not counted: that would read the whole trail.
///
/// # Errors
/// 401 and 403 for callers without the permission, 400 for a filter that names nothing or a cursor that is none of ours.
#[utoipa::path(
    get,
    path = "/audit",
    tag = "audit",
    summary = "Read the audit trail",
    params(
        ("kind" = Option<String>, Query, description = "What happened, such as `login_failed`"),
        ("outcome" = Option<String>, Query, description = "`success`, `failure` or `denied`"),
        ("actor" = Option<String>, Query, description = "The number of the user who acted, or `anonymous`, `user`, `operator`, `system`"),
        ("subject" = Option<i64>, Query, minimum = 1, description = "The number of the user it was about"),
        ("address" = Option<String>, Query, description = "The client's address"),
        ("since" = Option<String>, Query, description = "Then or later: `2027-03-31` or `2027-03-31T18:00:00Z`"),
        ("until" = Option<String>, Query, description = "Before then; a date alone is its end"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Events per page; 1000 when left out"),
        ("cursor" = Option<String>, Query, description = "Where to go on; take it from `Link`"),
    ),
    responses(
        (status = 200, description = "The events, newest first", body = Vec<AuditEvent>, headers(
            ("Link" = String, description = "The next page, with `rel=\"next\"` (RFC 8288)"),
        )),
        (status = 400, description = "`limit_invalid`, `filter_invalid`, or `bad_request` for a cursor that is none of ours"),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Without `audit:read`: `insufficient_scope`"),
    ),
    security(("bearer" = [])),
)]
pub async fn list_events(
    _: RequirePermission<AuditRead>,
    State(authenticator): State<Arc<Authenticator>>,
    query: Query,
) -> Result<(HeaderMap, Json<Vec<AuditEvent>>), ApiError> {
    let limit = match query.get("limit")? {
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=MAX_PAGE).contains(limit))
            .ok_or_else(|| {
                ApiError::bad_request(format!(
                    "Parameter 'limit' must be a number from 1 to {MAX_PAGE}"
                ))
                .with_code("limit_invalid")
            })?,
        None => MAX_PAGE,
    };
    let before = query
        .get("cursor")?
        .map(|text| {
            decode_cursor(text)
                .ok_or_else(|| ApiError::bad_request("Parameter 'cursor' is not valid"))
        })
        .transpose()?;
    let filter = audit_filter::parse(FilterTexts {
        kind: query.get("kind")?,
        outcome: query.get("outcome")?,
        actor: query.get("actor")?,
        subject: query.get("subject")?,
        address: query.get("address")?,
        since: query.get("since")?,
        until: query.get("until")?,
    })
    .map_err(|error| {
        ApiError::bad_request(format!("Parameter {error}")).with_code("filter_invalid")
    })?;
    // One more than asked for tells whether there is a next page.
    let mut events = authenticator
        .store()
        .list_audit_events(&filter, before, limit.saturating_add(1))
        .await?;
    let has_more = events.len() > limit as usize;
    events.truncate(limit as usize);
    let mut headers = HeaderMap::new();
    if let Some(last) = events.last().filter(|_| has_more) {
        let link = format!(
            "</audit?limit={limit}{}&cursor={}>; rel=\"next\"",
            repeated(&query)?,
            URL_SAFE_NO_PAD.encode(last.id.to_be_bytes())
        );
        headers.insert(
            LINK,
            HeaderValue::try_from(link).map_err(|error| ApiError::internal().with_source(error))?,
        );
    }
    let events = events.into_iter().map(AuditEvent::from).collect();
    Ok((headers, Json(events)))
}

fn repeated(query: &Query) -> Result<String, ApiError> {
    let mut text = String::new();
    for name in FILTERS {
        if let Some(value) = query.get(name)? {
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            // Writing to a String cannot fail.
            let _ = write!(text, "&{name}={value}");
        }
    }
    Ok(text)
}

fn decode_cursor(text: &str) -> Option<i64> {
    let bytes: [u8; 8] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    Some(i64::from_be_bytes(bytes))
}
