//! What others verify our tokens with, and where they find it.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward::{authenticator::Authenticator, key_ring::KeyState, token::PublicJwk};
use doorward_axum::{ApiError, Path};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::application::PublishedAt;

/// As long as `PyJWT` and Envoy keep a set by themselves; a new key is published for longer than that before it signs.
const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=300");
/// Public keys are for everybody, also for a page of another origin.
const ANY_ORIGIN: HeaderValue = HeaderValue::from_static("*");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PEM: HeaderValue = HeaderValue::from_static("application/x-pem-file");

/// The public halves of the keys that count, the one that signs first.
fn counting(authenticator: &Authenticator) -> Vec<PublicJwk> {
    let now = authenticator.now();
    let mut keys: Vec<_> = authenticator
        .known_keys()
        .into_iter()
        .filter(|key| key.times.state(now) != KeyState::Retired)
        .collect();
    keys.sort_by_key(|key| key.times.state(now) != KeyState::Active);
    keys.into_iter().filter_map(|key| key.public).collect()
}

/// `GET /.well-known/jwks.json`: the keys that verify our tokens (RFC 7517 §5), pending ones included. A shared secret is
/// never among them: a server that signs with HS256 has an empty set.
///
/// # Errors
/// None; the type is that of every handler.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "keys",
    operation_id = "list_public_keys",
    summary = "The keys that verify access tokens",
    params(("If-None-Match" = Option<String>, Header, description = "The entity tag of the copy at hand")),
    responses(
        (status = 200, description = "A JSON Web Key Set", body = serde_json::Map<String, serde_json::Value>,
            headers(("ETag" = String, description = "The copy's entity tag"))),
        (status = 304, description = "The copy at hand is the same"),
    ),
)]
pub async fn list_keys(
    State(authenticator): State<Arc<Authenticator>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let set = json!({ "keys": counting(&authenticator) });
    cacheable(&headers, JSON, set.to_string())
}

/// `GET /.well-known/keys/{kid}`: one of these keys as `PUBLIC KEY` in PEM (RFC 7468 §13), for what reads no JSON.
///
/// # Errors
/// 404 for a key that is not published.
#[utoipa::path(
    get,
    path = "/.well-known/keys/{kid}",
    tag = "keys",
    operation_id = "show_public_key",
    summary = "One of the keys, in PEM",
    params(
        ("kid" = String, Path, description = "The `kid` of tokens, and of the key in the set"),
        ("If-None-Match" = Option<String>, Header, description = "The entity tag of the copy at hand"),
    ),
    responses(
        (status = 200, description = "`PUBLIC KEY` in PEM", body = String, content_type = "application/x-pem-file"),
        (status = 304, description = "The copy at hand is the same"),
        (status = 404, description = "No such key is published: `not_found`"),
    ),
)]
pub async fn show_key(
    State(authenticator): State<Arc<Authenticator>>,
    Path(kid): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let key = counting(&authenticator)
        .into_iter()
        .find(|key| key.id().as_str() == kid)
        .ok_or_else(ApiError::not_found)?;
    let pem = key
        .to_pem()
        .map_err(|error| ApiError::internal().with_source(error))?;
    cacheable(&headers, PEM, pem)
}

/// `GET /.well-known/oauth-authorization-server` (RFC 8414 §3): where things are and what they take.
///
/// # Errors
/// 404 without a public URL: then nothing here could be told.
#[utoipa::path(
    get,
    path = "/.well-known/oauth-authorization-server",
    tag = "keys",
    operation_id = "show_metadata",
    summary = "Where clients and verifiers find things",
    params(("If-None-Match" = Option<String>, Header, description = "The entity tag of the copy at hand")),
    responses(
        (status = 200, description = "Metadata of an authorization server", body = serde_json::Map<String, serde_json::Value>),
        (status = 304, description = "The copy at hand is the same"),
        (status = 404, description = "No public URL is configured: `not_found`"),
    ),
)]
pub async fn show_metadata(
    State(authenticator): State<Arc<Authenticator>>,
    State(published): State<PublishedAt>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    metadata(&authenticator, &published, &headers)
}

/// `GET /.well-known/openid-configuration`: the same, where verifiers made for `OpenID` Connect look. No ID tokens are issued;
/// the algorithms are those of access tokens.
///
/// # Errors
/// 404 without a public URL.
#[utoipa::path(
    get,
    path = "/.well-known/openid-configuration",
    tag = "keys",
    operation_id = "show_openid_configuration",
    summary = "The same, where verifiers made for OpenID Connect look",
    params(("If-None-Match" = Option<String>, Header, description = "The entity tag of the copy at hand")),
    responses(
        (status = 200, description = "Metadata of an authorization server", body = serde_json::Map<String, serde_json::Value>),
        (status = 304, description = "The copy at hand is the same"),
        (status = 404, description = "No public URL is configured: `not_found`"),
    ),
)]
pub async fn show_openid_configuration(
    State(authenticator): State<Arc<Authenticator>>,
    State(published): State<PublishedAt>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    metadata(&authenticator, &published, &headers)
}

fn metadata(
    authenticator: &Authenticator,
    PublishedAt(base): &PublishedAt,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let base = base.as_deref().ok_or_else(ApiError::not_found)?;
    let now = authenticator.now();
    let mut algorithms: Vec<&str> = authenticator
        .known_keys()
        .iter()
        .filter(|key| key.times.state(now) != KeyState::Retired)
        .map(|key| key.algorithm.algorithm().as_str())
        .collect();
    algorithms.sort_unstable();
    algorithms.dedup();
    let at = |path: &str| format!("{base}{path}");
    let client_authentication = ["client_secret_basic", "client_secret_post"];
    let metadata = json!({
        "issuer": authenticator.tokens().issuer(),
        "jwks_uri": at("/.well-known/jwks.json"),
        "token_endpoint": at("/auth/token"),
        "token_endpoint_auth_methods_supported": client_authentication,
        "introspection_endpoint": at("/auth/introspect"),
        "introspection_endpoint_auth_methods_supported": client_authentication,
        "revocation_endpoint": at("/auth/revoke"),
        "revocation_endpoint_auth_methods_supported": client_authentication,
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
        "claims_supported": [
            "iss", "sub", "iat", "exp", "jti", "sid", "epoch", "user_id", "username", "role", "roles", "scope",
        ],
        "service_documentation": at("/docs"),
    });
    cacheable(headers, JSON, metadata.to_string())
}

fn cacheable(
    headers: &HeaderMap,
    content_type: HeaderValue,
    body: String,
) -> Result<Response, ApiError> {
    let digest = Sha256::digest(&body);
    let tag = digest.get(..12).unwrap_or_default();
    let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(tag));
    let value =
        HeaderValue::from_str(&etag).map_err(|error| ApiError::internal().with_source(error))?;
    let fields: [(HeaderName, HeaderValue); 3] = [
        (ETAG, value),
        (CACHE_CONTROL, CACHED),
        (ACCESS_CONTROL_ALLOW_ORIGIN, ANY_ORIGIN),
    ];
    let known = headers.get_all(IF_NONE_MATCH).iter();
    if known
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|tag| tag.trim() == etag))
    {
        return Ok((StatusCode::NOT_MODIFIED, fields).into_response());
    }
    Ok((fields, [(CONTENT_TYPE, content_type)], body).into_response())
}
