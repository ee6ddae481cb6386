//! Whether a reverse proxy may let a request pass, and whose it is.

mod requirement;
mod return_url;

use std::borrow::Cow;

use axum::{
    extract::{FromRequestParts as _, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, LOCATION},
        request::Parts,
    },
    response::{IntoResponse as _, Response},
};
use doorward::{
    api_key::ApiKey,
    authenticator::{TokenOutcome, Visitor},
    authorization,
    role::Role,
};
use doorward_axum::{
    ApiError, BearerRejection, Credential, Path, PeerAddr, TrustedProxies, bearer_token,
    only_cookie,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use self::{
    requirement::{Missing, Requirement, RequirementError},
    return_url::only,
};
use super::sign_in::TICKET;
use crate::application::Application;

pub use return_url::ReturnOrigins;

/// All of them stand in every answer that lets somebody pass, so that a proxy replaces what its client has sent.
const REMOTE: [HeaderName; 4] = [
    HeaderName::from_static("remote-user"),
    HeaderName::from_static("remote-groups"),
    HeaderName::from_static("remote-name"),
    HeaderName::from_static("remote-email"),
];
const FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");
/// Stays as it is in a `Remote-*` header; anything else, a `,` and a `%` too, is percent-encoded (RFC 3986 §2.1).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'@')
    .remove(b'.')
    .remove(b'_')
    .remove(b'+')
    .remove(b'-');
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// `/forward-auth`: 200 when the credentials of the request are good and what the query asks for is held, with who it is in
/// `Remote-User`, `Remote-Groups`, `Remote-Name` and `Remote-Email`. Any method; no body is read. For nginx `auth_request` and Traefik `forwardAuth`.
///
/// Credentials are a ticket, an access token, or an API key; the first two need no query of the database. A `Bearer`, and a key as
/// the name of `Basic`, come before the ticket; any other `Authorization` is the application's own.
///
/// # Errors
/// 400 for a requirement that is none; 401 without good credentials; 403 without the role or permission; 503 when a key cannot be
/// looked up.
#[utoipa::path(
    get,
    path = "/forward-auth",
    tag = "forward-auth",
    operation_id = "forward_auth",
    summary = "Whether a reverse proxy may let a request pass",
    description = "Answers every method.",
    params(
        ("role" = Option<String>, Query, description = "One of these is needed; `,` between two"),
        ("permission" = Option<String>, Query, description = "All of these are needed; `,` between two"),
        ("unauthenticated" = Option<String>, Query, description = "`401`: browsers get 401 with `Location` in place of 302"),
    ),
    responses(
        (status = 200, description = "It may pass", headers(
            ("Remote-User" = String, description = "The user's name"),
            ("Remote-Groups" = String, description = "The roles, with `,` between two"),
            ("Remote-Name" = String, description = "The user's name"),
            ("Remote-Email" = String, description = "The user's proved address, or empty"),
        )),
        (status = 302, description = "A browser may not: to the page to sign in"),
        (status = 401, description = "It may not: `token_…`, `ticket_…`"),
        (status = 403, description = "Its user may not: `insufficient_role`, `insufficient_scope`"),
    ),
    security((), ("bearer" = [])),
)]
pub async fn check(
    State(application): State<Application>,
    request: Request,
) -> Result<Response, ApiError> {
    let (mut parts, _) = request.into_parts();
    let requirement = Requirement::parse(parts.uri.query().unwrap_or_default())?;
    decide(&application, &mut parts, &requirement).await
}

/// `/ext-authz/{requirement}` and whatever path follows: the same for Envoy, which puts the client's path and query behind the
/// configured one, and for Caddy, which adds the query. So the requirement is in the path, `any` for none, and the query is not
/// looked at.
///
/// # Errors
/// As [`check`].
#[utoipa::path(
    get,
    path = "/ext-authz/{requirement}",
    tag = "forward-auth",
    operation_id = "ext_authz",
    summary = "The same for Envoy and Caddy",
    description = "Answers every method, and every path below.",
    params(("requirement" = String, Path, description = "`any`, or what stands in the query of `/forward-auth`")),
    responses(
        (status = 200, description = "It may pass, with the headers of `/forward-auth`"),
        (status = 302, description = "A browser may not: to the page to sign in"),
        (status = 401, description = "It may not: `token_…`, `ticket_…`"),
        (status = 403, description = "Its user may not: `insufficient_role`, `insufficient_scope`"),
    ),
    security((), ("bearer" = [])),
)]
pub async fn check_for_envoy(
    State(application): State<Application>,
    Path(requirement): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let (mut parts, _) = request.into_parts();
    let requirement = match requirement.as_str() {
        "any" => Requirement::default(),
        text => Requirement::parse(text)?,
    };
    decide(&application, &mut parts, &requirement).await
}

/// The same below the segment.
///
/// # Errors
/// As [`check`].
pub async fn check_below(
    state: State<Application>,
    Path((requirement, _)): Path<(String, String)>,
    request: Request,
) -> Result<Response, ApiError> {
    check_for_envoy(state, Path(requirement), request).await
}

async fn decide(
    application: &Application,
    parts: &mut Parts,
    requirement: &Requirement,
) -> Result<Response, ApiError> {
    match visitor(application, parts).await {
        Ok(visitor) => match requirement.missing_of(&visitor) {
            None => pass(&visitor),
            Some(missing) => Err(lacking(&missing)),
        },
        Err(BearerRejection::Unavailable) => Err(BearerRejection::Unavailable.into()),
        Err(rejection) => turn_away(application, parts, requirement, rejection).await,
    }
}

/// Who asks to pass.
async fn visitor(application: &Application, parts: &mut Parts) -> Result<Visitor, BearerRejection> {
    let authenticator = &application.authenticator;
    if brings_own_credentials(&parts.headers) {
        let token = bearer_token(&parts.headers);
        if let Ok(visitor) = token.and_then(|token| Ok(authenticator.visitor_with_token(token)?)) {
            authenticator.tallies().tokens.count(TokenOutcome::Valid);
            return Ok(visitor);
        }
        let Credential(principal) =
            Box::pin(Credential::from_request_parts(parts, application)).await?;
        let visitor = Box::pin(authenticator.visitor_with(&principal)).await;
        return visitor.map_err(|error| {
            tracing::error!(target: "doorward::auth", event = "visitor_unknown", %error);
            BearerRejection::Unavailable
        });
    }
    let ticket = only_cookie(&parts.headers, TICKET).ok_or(BearerRejection::Missing)?;
    Ok(authenticator.visitor_with_ticket(ticket)?)
}

/// Whether `Authorization` is meant for us. `Basic` with anything but a key is the application's.
fn brings_own_credentials(headers: &HeaderMap) -> bool {
    let field = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
    let is_bearer = field
        .and_then(|field| field.get(..6))
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"));
    is_bearer
        || authorization::basic(field).is_ok_and(|basic| ApiKey::is_meant_by(basic.username()))
}

fn pass(visitor: &Visitor) -> Result<Response, ApiError> {
    let groups: Vec<&str> = visitor.roles.iter().map(Role::as_str).collect();
    let name = written(&visitor.username);
    let email = visitor.email.as_deref().unwrap_or_default();
    let values = [
        name.clone(),
        Cow::from(groups.join(",")),
        name,
        written(email),
    ];
    let mut headers = HeaderMap::new();
    for (header, value) in REMOTE.into_iter().zip(values) {
        let value = HeaderValue::from_str(&value)
            .map_err(|error| ApiError::internal().with_source(error))?;
        headers.insert(header, value);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok((StatusCode::OK, headers).into_response())
}

/// In visible ASCII, whatever the name is, and never two names written alike.
fn written(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, PLAIN).into()
}

fn lacking(missing: &Missing<'_>) -> ApiError {
    let (code, text) = match missing {
        Missing::Role => ("insufficient_role", "Access denied".to_owned()),
        Missing::Permission(permission) => (
            "insufficient_scope",
            format!("Permission '{permission}' required"),
        ),
    };
    ApiError::forbidden(text).with_code(code)
}

/// A browser that asks for a page is shown where to sign in, if what it asks for is known and may be returned to.
async fn turn_away(
    application: &Application,
    parts: &mut Parts,
    requirement: &Requirement,
    rejection: BearerRejection,
) -> Result<Response, ApiError> {
    let refusal = ApiError::from(rejection);
    let Some(sign_in) = sign_in_url(application, parts).await? else {
        return Err(refusal);
    };
    let location =
        HeaderValue::from_str(&sign_in).map_err(|error| ApiError::internal().with_source(error))?;
    if requirement.unauthenticated_is_401 {
        return Err(refusal.with_header(LOCATION, location));
    }
    let fields = [
        (LOCATION, location),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((StatusCode::FOUND, fields).into_response())
}

async fn sign_in_url(
    application: &Application,
    parts: &mut Parts,
) -> Result<Option<String>, ApiError> {
    let Some(base) = application.published_at.0.as_deref() else {
        return Ok(None);
    };
    let peer = PeerAddr::from_request_parts(parts, application).await?;
    let proxies = parts.extensions.get::<TrustedProxies>();
    let is_proxy = proxies.is_some_and(|proxies| proxies.trusts(peer.0.ip().to_canonical()));
    if !is_proxy || !is_for_a_page(parts) {
        return Ok(None);
    }
    let target = application.return_origins.asked_for(&parts.headers);
    Ok(target.map(|target| {
        let target = utf8_percent_encode(&target, IN_QUERY);
        format!("{base}/signin?rd={target}")
    }))
}

/// Whether the proxied request is a browser's for a page: it can be repeated, and HTML is an answer.
fn is_for_a_page(parts: &Parts) -> bool {
    let headers = &parts.headers;
    let method = [FORWARDED_METHOD, ORIGINAL_METHOD]
        .iter()
        .find_map(|name| only(headers, name));
    let method = method.unwrap_or(parts.method.as_str());
    let accepts_html = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/html"));
    [Method::GET.as_str(), Method::HEAD.as_str()].contains(&method) && accepts_html
}

impl From<RequirementError> for ApiError {
    fn from(error: RequirementError) -> Self {
        Self::bad_request(error.to_string()).with_code("requirement_invalid")
    }
}
