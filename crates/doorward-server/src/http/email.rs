//! The caller's e-mail address.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use doorward::{
    authenticator::Authenticator, caller::Caller, email::EmailAddress, one_time_link::LinkToken,
};
use doorward_axum::{ApiError, Bearer, Json, RequestClient};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    account::{Body, fields, parse_password},
    page,
    password::Said,
};

const PAGE: &str = include_str!("verify.html");

#[derive(Deserialize, ToSchema)]
struct EmailChange {
    email: String,
    #[schema(format = Password)]
    password: String,
}

/// `PUT /auth/email` `{"email", "password"}`: sends a link to the new address and tells the old one (RC-08).
///
/// # Errors
/// 400 for missing fields or no address; 401 without a token; 403 for a wrong password; 429 after too many failures or letters; 503
/// where no letters are sent.
#[utoipa::path(
    put,
    path = "/auth/email",
    tag = "account",
    operation_id = "change_email",
    summary = "Give another e-mail address",
    request_body = EmailChange,
    responses(
        (status = 202, description = "A link was sent to the new address", body = Said),
        (status = 400, description = "A missing field, or no address: `fields_required`, `email_invalid`"),
        (status = 401, description = "No good token: `token_…`"),
        (status = 403, description = "The current password is wrong: `current_password_wrong`"),
        (status = 429, description = "Too many failures: `login_throttled`; too many letters: `throttled`"),
        (status = 503, description = "No letters are sent: `mail_not_configured`"),
    ),
    security(("bearer" = [])),
)]
pub async fn change(
    State(authenticator): State<Arc<Authenticator>>,
    Bearer(principal): Bearer,
    RequestClient(client): RequestClient,
    body: Body,
) -> Result<(StatusCode, Json<Said>), ApiError> {
    let EmailChange { email, password } = fields(body, "Email and password are required")?;
    let email = EmailAddress::parse(&email)?;
    let password = parse_password(password)?;
    // Boxed as every login is, since it holds one.
    Box::pin(authenticator.change_email(principal.user_id, &email, password, &client)).await?;
    Ok((
        StatusCode::ACCEPTED,
        Json(Said {
            message: "Open the link that was sent to the new address",
        }),
    ))
}

#[derive(Deserialize, ToSchema)]
struct EmailProof {
    token: String,
}

/// `POST /auth/email/verify` `{"token"}`: the link is used up, and the address is the account's.
///
/// # Errors
/// 400 for a missing token; 404 for a link that is not valid (any more).
#[utoipa::path(
    post,
    path = "/auth/email/verify",
    tag = "account",
    operation_id = "verify_email",
    summary = "Prove an e-mail address by a link",
    request_body = EmailProof,
    responses(
        (status = 200, description = "Proved", body = Said),
        (status = 404, description = "The link is not valid (any more): `link_invalid`"),
    ),
)]
pub async fn verify(
    State(authenticator): State<Arc<Authenticator>>,
    RequestClient(client): RequestClient,
    body: Body,
) -> Result<Json<Said>, ApiError> {
    let EmailProof { token } = fields(body, "Token required")?;
    authenticator
        .verify_email(&LinkToken::presented(token), &Caller::anonymous(client))
        .await?;
    Ok(Json(Said {
        message: "E-mail address confirmed",
    }))
}

/// `GET /verify`: a page with one button, so that a program that only opens the links in letters does not use them up.
#[utoipa::path(
    get,
    path = "/verify",
    tag = "account",
    summary = "The page that proves an e-mail address",
    responses(
        (status = 200, description = "A page", body = String, content_type = "text/html"),
    ),
)]
pub async fn show_verify() -> Response {
    page::answer(PAGE)
}
