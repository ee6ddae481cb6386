//! What services need that verify our tokens themselves: which of them count no more.

use std::sync::Arc;

use axum::{extract::State, response::IntoResponse};
use doorward::authenticator::{Authenticator, RevocationList};
use doorward_axum::{ApiError, Query};
use http::{
    HeaderValue,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};

/// Clients and caches may keep it as long as a node may not know of a revocation.
const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=2");
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/jwt");

/// `GET /auth/revocations?after=CURSOR`: a signed list of the sessions and users whose tokens count no more, until those have
/// expired anyway. `after` is the `cursor` of the list before: only what is new since comes then. Not secret: it names
/// sessions and numbers of users.
///
/// # Errors
/// 400 for a cursor that is no number; 503 when the database is away.
#[utoipa::path(
    get,
    path = "/auth/revocations",
    tag = "session",
    summary = "Which access tokens count no more, for services that verify them themselves",
    params(("after" = Option<i64>, Query, minimum = 0, description = "The `cursor` of the list before")),
    responses(
        (status = 200, description = "A signed list (JWS, `typ` `revocations+jwt`)", body = String, content_type = "application/jwt"),
    ),
)]
pub async fn list_revocations(
    State(authenticator): State<Arc<Authenticator>>,
    query: Query,
) -> Result<impl IntoResponse, ApiError> {
    let after = match query.get("after")? {
        None => 0,
        Some(text) => text
            .parse::<i64>()
            .ok()
            .filter(|cursor| *cursor >= 0)
            .ok_or_else(|| {
                ApiError::bad_request("Parameter 'after' is not valid").with_code("cursor_invalid")
            })?,
    };
    let RevocationList { document } = authenticator.list_revocations(after).await?;
    Ok((
        [(CACHE_CONTROL, CACHED), (CONTENT_TYPE, MEDIA_TYPE)],
        document.to_string(),
    ))
}
