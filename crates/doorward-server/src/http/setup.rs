//! Making the first administrator by the one-time link.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use doorward::{
    authenticator::{Authenticator, NewUser, RegistrationError, SetupToken},
    role::Role,
    username::Username,
};
use doorward_axum::{ApiError, Json};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::account::{Body, fields, parse_password};

/// The page. Its style and script are inline, and its policy names them by their hashes: nothing else can run or load.
const PAGE: &str = include_str!("setup.html");

#[derive(Deserialize)]
struct Setup {
    token: String,
    username: String,
    password: String,
}

/// The answer: who was made.
#[derive(Serialize)]
pub struct SetUp {
    message: String,
}

/// `GET /setup`: a form. The link's token is in the fragment, which browsers do not send, so it is in no log.
pub async fn show_setup() -> Response {
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
        inline_hash("<style>", "</style>"),
        inline_hash("<script>", "</script>"),
    );
    let mut response = (
        [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        )],
        PAGE,
    )
        .into_response();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The CSP source of what stands between two marks of the page.
fn inline_hash(start: &str, end: &str) -> String {
    let inside = PAGE
        .split_once(start)
        .and_then(|(_, rest)| rest.split_once(end))
        .map_or("", |(inside, _)| inside);
    format!("sha256-{}", STANDARD.encode(Sha256::digest(inside)))
}

/// `POST /setup` `{"token", "username", "password"}`: 201 and the link is used up.
///
/// # Errors
/// 400 for missing fields, or a name or password that may not be; 404 for a link that is not valid (any more), like a
/// route that is not there; 409 for a taken name.
pub async fn complete_setup(
    State(authenticator): State<Arc<Authenticator>>,
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
        .complete_setup(&SetupToken::presented(token), new)
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
