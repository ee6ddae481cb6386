//! The API's own description: for programs, and for people.

use std::sync::Arc;

use axum::{
    extract::Extension,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
};
use doorward_axum::ApiError;

use super::page;
use crate::openapi::Document;

/// The page, which reads `/openapi.json`.
const PAGE: &str = include_str!("documentation.html");

/// `GET /openapi.json`: the document of this server's routes (OpenAPI 3.1). A copy may be kept, and is asked about by its
/// entity tag.
///
/// # Errors
/// None; the type is that of every handler.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "documentation",
    summary = "This description",
    params(("If-None-Match" = Option<String>, Header, description = "The entity tag of the copy at hand")),
    responses(
        (status = 200, description = "An OpenAPI 3.1 document", body = serde_json::Map<String, serde_json::Value>,
            headers(("ETag" = String, description = "The copy's entity tag"))),
        (status = 304, description = "The copy at hand is the same"),
    ),
)]
pub async fn show_openapi(
    Extension(document): Extension<Arc<Document>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let etag = HeaderValue::from_str(&document.etag)
        .map_err(|error| ApiError::internal().with_source(error))?;
    let fields = [
        (ETAG, etag),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    if is_known(&headers, &document.etag) {
        return Ok((StatusCode::NOT_MODIFIED, fields).into_response());
    }
    let json = HeaderValue::from_static("application/json");
    Ok((fields, [(CONTENT_TYPE, json)], document.json.clone()).into_response())
}

/// Whether the client has this version (RFC 9110 §13.1.2, weak comparison).
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag)
}

/// `GET /docs`: the same for people. The page needs nothing from elsewhere.
#[utoipa::path(
    get,
    path = "/docs",
    tag = "documentation",
    summary = "This description as a page",
    responses((status = 200, description = "A page", body = String, content_type = "text/html")),
)]
pub async fn show_docs() -> Response {
    page::answer(PAGE)
}
