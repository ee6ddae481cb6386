//! Making the first administrator by the one-time link.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use doorward::{
    authenticator::{Authenticator, NewUser, RegistrationError, SetupToken},
    role::Role,
    username::Username,
};
use doorward_axum::{ApiError, Json, RequestClient};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    account::{Body, fields, parse_password},
    page,
};

/// The page.
const PAGE: &str = include_str!("setup.html");

#[derive(Deserialize, ToSchema)]
struct Setup {
    /// What stands behind `#` in the link.
    token: String,
    username: String,
    #[schema(format = Password)]
    password: String,
}

/// The answer: who was made.
#[derive(Serialize, ToSchema)]
pub struct SetUp {
    message: String,
}

/// `GET /setup`: a form. The link's token is in the fragment, which browsers do not send, so it is in no log.
#[utoipa::path(
    get,
    path = "/setup",
    tag = "setup",
    summary = "The form for the first administrator",
    responses((status = 200, description = "A page", body = String, content_type = "text/html")),
)]
pub async fn show_setup() -> Response {
    page::answer(PAGE)
}

/// `POST /setup` `{"token", "username", "password"}`: 201 and the link is used up.
///
/// # Errors
/// 400 for missing fields, or a name or password that may not be; 404 for a link that is not valid (any more), like a
/// route that is not there; 409 for a taken name.
#[utoipa::path(
    post,
    path = "/setup",
    tag = "setup",
    summary = "Make the first administrator",
    request_body = Setup,
    responses(
        (status = 201, description = "The administrator was made, and the link is used up", body = SetUp),
        (status = 404, description = "The link is not valid (any more): `setup_link_invalid`"),
        (status = 409, description = "The name is taken: `username_taken`"),
    ),
)]
pub async fn complete_setup(
    State(authenticator): State<Arc<Authenticator>>,
    RequestClient(client): RequestClient,
    body: Body,
) -> Result<(StatusCode, Json<SetUp>), ApiError> {
    let Setup {
        token,
        username,
        password,
    } = fields(body, "Token, username and password are required")?;
    let new = NewUser {
        username: Username::parse(&username)?,
        password: parse_password(password)?,
        role: Role::admin(),
    };
    match authenticator
        .complete_setup(&SetupToken::presented(token), new, client)
        .await
    {
        Ok(user) => Ok((
            StatusCode::CREATED,
            Json(SetUp {
                message: format!("Administrator {} created", user.username),
            }),
        )),
        Err(RegistrationError::AdministratorRequired) => Err(ApiError::not_found()
            .with_message("This setup link is not valid any more")
            .with_code("setup_link_invalid")),
        Err(error) => Err(error.into()),
    }
}
