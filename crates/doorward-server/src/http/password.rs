//! A new password: with the current one, or with a link that was sent.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use doorward::{
    authenticator::{Authenticator, Forgetful, PasswordChange},
    caller::Caller,
    one_time_link::LinkToken,
};
use doorward_axum::{ApiError, Bearer, Json, RequestClient};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    account::{Body, fields, parse_password},
    page, rate_limit,
    session::TokenPair,
};

const PAGE: &str = include_str!("reset.html");

/// What is said to everybody who asks for a link (RC-01).
const ASKED: &str =
    "If there is such an account and it has an e-mail address, a link is on its way";

/// An answer in words.
#[derive(Serialize, ToSchema)]
pub struct Said {
    pub(super) message: &'static str,
}

#[derive(Deserialize, ToSchema)]
struct OwnPassword {
    #[schema(format = Password)]
    current_password: String,
    #[schema(format = Password)]
    new_password: String,
    /// Whether the caller's other sessions end.
    #[serde(default = "yes")]
    end_other_sessions: bool,
}

fn yes() -> bool {
    true
}

/// `POST /auth/password` `{"current_password", "new_password", "end_other_sessions"?}` (PW-15): the next pair of tokens, in a
/// session of its own. Those from before are void.
///
/// # Errors
/// 400 for missing fields or a password that may not be; 401 without a token; 403 for a wrong current password; 429 after
/// too many failures.
#[utoipa::path(
    post,
    path = "/auth/password",
    tag = "account",
    operation_id = "change_password",
    summary = "Change the password",
    request_body = OwnPassword,
    responses(
        (status = 200, description = "Changed; the tokens from before are void", body = TokenPair),
        (status = 400, description = "A missing field, or a password that may not be: `fields_required`, `password_…`"),
        (status = 401, description = "No good token: `token_…`"),
        (status = 403, description = "The current password is wrong: `current_password_wrong`"),
        (status = 429, description = "Too many failures: `login_throttled`"),
    ),
    security(("bearer" = [])),
)]
pub async fn change(
    State(authenticator): State<Arc<Authenticator>>,
    Bearer(principal): Bearer,
    RequestClient(client): RequestClient,
    body: Body,
) -> Result<Json<TokenPair>, ApiError> {
    let OwnPassword {
        current_password,
        new_password,
        end_other_sessions,
    } = fields(body, "Current password and new password are required")?;
    let change = PasswordChange {
        current: parse_password(current_password)?,
        new: parse_password(new_password)?,
        ends_other_sessions: end_other_sessions,
    };
    // Boxed as every login is, since it holds one.
    let changed = Box::pin(authenticator.change_password(&principal, change, &client)).await?;
    Ok(Json(changed.into()))
}

#[derive(Deserialize, ToSchema)]
struct ForgottenPassword {
    username: Option<String>,
    email: Option<String>,
}

/// `POST /auth/password/forgot` `{"username"}` or `{"email"}`: the same 202 whoever is asked for (RC-01).
///
/// # Errors
/// 400 for neither or both; 429 after too many from one network, whoever was asked for; 503 where no letters are sent.
#[utoipa::path(
    post,
    path = "/auth/password/forgot",
    tag = "account",
    operation_id = "ask_for_reset_link",
    summary = "Ask for a link to set a new password",
    request_body = ForgottenPassword,
    responses(
        (status = 202, description = "The same whoever is asked for", body = Said, headers(
            ("RateLimit" = String, description = "How many the network may ask for"),
        )),
        (status = 400, description = "Neither or both: `fields_required`"),
        (status = 429, description = "Too many from one network: `throttled`"),
        (status = 503, description = "No letters are sent: `mail_not_configured`"),
    ),
)]
pub async fn forgot(
    State(authenticator): State<Arc<Authenticator>>,
    RequestClient(client): RequestClient,
    body: Body,
) -> Result<(StatusCode, HeaderMap, Json<Said>), ApiError> {
    const REQUIRED: &str = "Username or email required";
    let who = match fields(body, REQUIRED)? {
        ForgottenPassword {
            username: Some(name),
            email: None,
        } => Forgetful::Username(name),
        ForgottenPassword {
            username: None,
            email: Some(email),
        } => Forgetful::Email(email),
        _ => return Err(ApiError::bad_request(REQUIRED).with_code("fields_required")),
    };
    let asked = authenticator.ask_for_reset(who, client.clone()).await;
    let limit = rate_limit::of_recovery(&authenticator, &client).await;
    asked.map_err(|error| rate_limit::onto(error.into(), &limit))?;
    let headers = limit.into_iter().collect();
    Ok((StatusCode::ACCEPTED, headers, Json(Said { message: ASKED })))
}

#[derive(Deserialize, ToSchema)]
struct PasswordByLink {
    token: String,
    #[schema(format = Password)]
    new_password: String,
}

/// `POST /auth/password/reset` `{"token", "new_password"}`: the link is used up. Nobody is logged in (RC-05).
///
/// # Errors
/// 400 for missing fields or a password that may not be; 404 for a link that is not valid (any more).
#[utoipa::path(
    post,
    path = "/auth/password/reset",
    tag = "account",
    operation_id = "reset_password",
    summary = "Set a new password by a link",
    request_body = PasswordByLink,
    responses(
        (status = 200, description = "Set; nobody is logged in", body = Said),
        (status = 400, description = "A missing field, or a password that may not be: `fields_required`, `password_…`"),
        (status = 404, description = "The link is not valid (any more): `link_invalid`"),
    ),
)]
pub async fn reset(
    State(authenticator): State<Arc<Authenticator>>,
    RequestClient(client): RequestClient,
    body: Body,
) -> Result<Json<Said>, ApiError> {
    let PasswordByLink {
        token,
        new_password,
    } = fields(body, "Token and new password are required")?;
    let new = parse_password(new_password)?;
    authenticator
        .reset_by_link(
            &LinkToken::presented(token),
            new,
            &Caller::anonymous(client),
        )
        .await?;
    Ok(Json(Said {
        message: "Password changed. You can log in with it now",
    }))
}

/// `GET /reset`: a form. The link's token is in the fragment, which browsers do not send, so it is in no log.
#[utoipa::path(
    get,
    path = "/reset",
    tag = "account",
    summary = "The form for a new password",
    responses(
        (status = 200, description = "A page", body = String, content_type = "text/html"),
    ),
)]
pub async fn show_reset() -> Response {
    page::answer(PAGE)
}
