//! Signing in with a browser, for the applications behind a reverse proxy ([`super::forward_auth`]).
//!
//! Two cookies: the ticket, which every application of the domain gets, opens nothing but their proxy and ends soon; the session,
//! which this server alone gets, brings the next ticket.

mod cookies;

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header::SET_COOKIE},
    response::{AppendHeaders, IntoResponse, Response},
};
use doorward::authenticator::{Authenticator, LoggedIn, RefreshError};
use doorward_axum::{
    ApiError, ClientAddress, Json, OwnOrigin, RequestClient, SessionCookies, only_cookie,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::cookies::BrowserCookies;
use self::cookies::SESSION;
pub(super) use self::cookies::TICKET;
use super::{
    account::{self, Body, Login, fields},
    forward_auth::ReturnOrigins,
    page,
};

const PAGE: &str = include_str!("sign_in/page.html");
const SIGN_OUT_PAGE: &str = include_str!("sign_in/sign_out.html");
const CREDENTIALS_REQUIRED: &str = "Username and password required";

#[derive(Deserialize, ToSchema)]
struct SignIn {
    username: String,
    #[schema(format = Password)]
    password: String,
    /// Where the browser wants to go.
    #[serde(default)]
    rd: Option<String>,
}

#[derive(Deserialize, Default, ToSchema)]
struct Renewal {
    /// Where the browser wants to go.
    #[serde(default)]
    rd: Option<String>,
}

/// The answer to signing in.
#[derive(Serialize, ToSchema)]
pub struct SignedIn {
    /// Where the browser may go now; `null` when it named no place, or none that is configured.
    location: Option<String>,
}

/// `GET /signin`: a form, or nothing to see for a browser that has signed in: it goes on to `rd`.
#[utoipa::path(
    get,
    path = "/signin",
    tag = "forward-auth",
    summary = "The form to sign in with a browser",
    params(("rd" = Option<String>, Query, description = "Where the browser goes afterwards")),
    responses((status = 200, description = "A page", body = String, content_type = "text/html")),
)]
pub async fn show_sign_in() -> Response {
    page::answer(PAGE)
}

/// `GET /signout`: a button that ends this browser's session.
#[utoipa::path(
    get,
    path = "/signout",
    tag = "forward-auth",
    summary = "The page to sign out with a browser",
    responses((status = 200, description = "A page", body = String, content_type = "text/html")),
)]
pub async fn show_sign_out() -> Response {
    page::answer(SIGN_OUT_PAGE)
}

/// `POST /signin`: a login whose tokens are cookies. From this server's own page alone (SE-12).
///
/// # Errors
/// As a login; 403 from elsewhere.
#[utoipa::path(
    post,
    path = "/signin",
    tag = "forward-auth",
    summary = "Sign in with a browser",
    request_body = SignIn,
    responses(
        (status = 200, description = "Signed in", body = SignedIn,
            headers(("Set-Cookie" = String, description = "`doorward_ticket` and `doorward_session`"))),
        (status = 401, description = "Unknown name, wrong password or disabled user: `invalid_credentials`"),
        (status = 403, description = "Another page sent it: `cross_site`"),
        (status = 429, description = "Too many failures: `login_throttled`"),
    ),
)]
#[expect(clippy::too_many_arguments, reason = "axum's extractors")]
pub async fn sign_in(
    State(authenticator): State<Arc<Authenticator>>,
    State(cookies): State<SessionCookies>,
    State(browser): State<BrowserCookies>,
    State(origins): State<ReturnOrigins>,
    State(origin): State<OwnOrigin>,
    ClientAddress(address): ClientAddress,
    RequestClient(client): RequestClient,
    headers: HeaderMap,
    body: Body,
) -> Result<(HeaderMap, Json<SignedIn>), ApiError> {
    origin.check(&headers)?;
    let SignIn {
        username,
        password,
        rd,
    } = fields(body, CREDENTIALS_REQUIRED)?;
    let login = Login {
        username,
        password,
        device_token: serde_json::Value::Null,
        address,
        client,
    };
    let (logged_in, mut answer) = account::begin(&authenticator, &cookies, login, &headers).await?;
    set_cookies(&mut answer, &authenticator, &browser, &logged_in).await?;
    Ok((answer, Json(signed_in(&origins, rd))))
}

/// `POST /signin/renew`: the next ticket for a browser whose session goes on.
///
/// # Errors
/// 401 without one; 403 from elsewhere.
#[utoipa::path(
    post,
    path = "/signin/renew",
    tag = "forward-auth",
    summary = "The next ticket of a browser",
    request_body = Option<Renewal>,
    params(("Cookie" = Option<String>, Header, description = "`doorward_session`")),
    responses(
        (status = 200, description = "Still signed in", body = SignedIn,
            headers(("Set-Cookie" = String, description = "`doorward_ticket` and `doorward_session`"))),
        (status = 401, description = "Not signed in (any more): `refresh_token_…`"),
        (status = 403, description = "Another page sent it: `cross_site`"),
    ),
)]
pub async fn renew(
    State(authenticator): State<Arc<Authenticator>>,
    State(browser): State<BrowserCookies>,
    State(origins): State<ReturnOrigins>,
    State(origin): State<OwnOrigin>,
    RequestClient(client): RequestClient,
    headers: HeaderMap,
    body: Body,
) -> Result<(HeaderMap, Json<SignedIn>), ApiError> {
    origin.check(&headers)?;
    let Renewal { rd } = fields(body, "Body must be JSON").unwrap_or_default();
    let token = only_cookie(&headers, SESSION).ok_or(RefreshError::Invalid)?;
    let logged_in = authenticator.refresh(token, &client).await?;
    let mut answer = HeaderMap::new();
    set_cookies(&mut answer, &authenticator, &browser, &logged_in).await?;
    Ok((answer, Json(signed_in(&origins, rd))))
}

/// `POST /signin/end`: ends the browser's session, its ticket with it. 204 also when there is none.
///
/// # Errors
/// 403 from elsewhere; 503 when the database is away.
#[utoipa::path(
    post,
    path = "/signin/end",
    tag = "forward-auth",
    summary = "Sign out with a browser",
    params(("Cookie" = Option<String>, Header, description = "`doorward_session`")),
    responses(
        (status = 204, description = "Signed out",
            headers(("Set-Cookie" = String, description = "Deletes both cookies"))),
        (status = 403, description = "Another page sent it: `cross_site`"),
    ),
)]
pub async fn sign_out(
    State(authenticator): State<Arc<Authenticator>>,
    State(browser): State<BrowserCookies>,
    State(origin): State<OwnOrigin>,
    RequestClient(client): RequestClient,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    origin.check(&headers)?;
    if let Some(token) = only_cookie(&headers, SESSION) {
        authenticator
            .log_out_by_refresh_token(token, &client)
            .await?;
    }
    let fields = browser.cleared()?.map(|field| (SET_COOKIE, field));
    Ok((StatusCode::NO_CONTENT, AppendHeaders(fields)))
}

/// Beside the cookies that are in `answer` already.
async fn set_cookies(
    answer: &mut HeaderMap,
    authenticator: &Authenticator,
    browser: &BrowserCookies,
    logged_in: &LoggedIn,
) -> Result<(), ApiError> {
    let ticket = authenticator.issue_ticket(logged_in).await?;
    for field in browser.of(ticket.as_ref(), &logged_in.refresh)? {
        answer.append(SET_COOKIE, field);
    }
    Ok(())
}

fn signed_in(origins: &ReturnOrigins, rd: Option<String>) -> SignedIn {
    SignedIn {
        location: rd.and_then(|rd| origins.target(&rd)),
    }
}
