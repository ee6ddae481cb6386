//! A new password: with the current one, or with a link that was sent.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use doorward::{
    authenticator::{Authenticator, Forgetful},
    caller::Caller,
    one_time_link::LinkToken,
};
use doorward_axum::{ApiError, Bearer, ClientAddress, Json, RequestClient};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    account::{Body, fields, parse_password},
    page,
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
struct PasswordChange {
    #[schema(format = Password)]
    current_password: String,
    #[schema(format = Password)]
    new_password: String,
}

/// The answer to a change of the password.
#[derive(Serialize, ToSchema)]
pub struct PasswordChanged {
    message: &'static str,
    token: String,
    token_type: &'static str,
    expires_in: u64,
}

/// `POST /auth/password` `{"current_password", "new_password"}` (PW-15).
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
    request_body = PasswordChange,
    responses(
        (status = 200, description = "Changed, and a fresh token", body = PasswordChanged),
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
    ClientAddress(address): ClientAddress,
    body: Body,
) -> Result<Json<PasswordChanged>, ApiError> {
    let PasswordChange {
        current_password,
        new_password,
    } = fields(body, "Current password and new password are required")?;
    let current = parse_password(current_password)?;
    let new = parse_password(new_password)?;
    let user = authenticator
        .change_password(principal.user_id, current, new, address)
        .await?;
    let issued = authenticator.issue_token(&user)?;
    Ok(Json(PasswordChanged {
        message: "Password changed",
        token: issued.token.as_str().to_owned(),
        token_type: "Bearer",
        expires_in: issued.expires_in.as_secs(),
    }))
}

#[derive(Deserialize, ToSchema)]
struct ForgottenPassword {
    username: Option<String>,
    email: Option<String>,
}

/// `POST /auth/password/forgot` `{"username"}` or `{"email"}`: the same 202 whoever is asked for (RC-01).
///
/// # Errors
/// 400 for neither or both; 503 where no letters are sent.
#[utoipa::path(
    post,
    path = "/auth/password/forgot",
    tag = "account",
    operation_id = "ask_for_reset_link",
    summary = "Ask for a link to set a new password",
    request_body = ForgottenPassword,
    responses(
        (status = 202, description = "The same whoever is asked for", body = Said),
        (status = 400, description = "Neither or both: `fields_required`"),
        (status = 503, description = "No letters are sent: `mail_not_configured`"),
    ),
)]
pub async fn forgot(
    State(authenticator): State<Arc<Authenticator>>,
    ClientAddress(address): ClientAddress,
    body: Body,
) -> Result<(StatusCode, Json<Said>), ApiError> {
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
    authenticator.ask_for_reset(&who, address).await?;
    Ok((StatusCode::ACCEPTED, Json(Said { message: ASKED })))
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
