//! Program 5: a login that answers with a JSON Web Token.

use std::sync::Arc;

use axum::{Router, extract::State, routing::post};
use doorward::clock::Clock;
use doorward_axum::{ApiError, BearerRejection, Json, JsonRejection};
use serde::Serialize;
use serde_json::Value;
use subtle::ConstantTimeEq as _;

use crate::{answer::Token, login_form::LoginForm, token_key::Issuer};

/// The secret of programs 5 and 6, as short as the lecture has it. Never use it elsewhere.
pub const SECRET_KEY: &str = "supersecretkey";

/// Dummy user data. (In real life, you would query a database: program 9.)
const USER_DATA: [(&str, &str); 2] = [("alice", "alice123"), ("bob", "bobpassword")];

/// The program's route.
pub fn router(clock: Arc<dyn Clock>) -> Router {
    Router::new()
        .route("/login", post(login))
        .with_state(Issuer::new(SECRET_KEY, clock))
}

#[derive(Serialize)]
struct Payload<'a> {
    user: &'a str,
}

async fn login(
    State(issuer): State<Issuer>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Json<Token>, ApiError> {
    let LoginForm { username, password } = LoginForm::read(body)?;
    let user = USER_DATA.iter().find(|(name, _)| *name == username);
    // Compared for unknown users too, and in constant time: the answer's time tells nothing.
    let (_, stored) = user.unwrap_or(&("", ""));
    let matches: bool = stored.as_bytes().ct_eq(password.expose().as_bytes()).into();
    if user.is_none() || !matches {
        return Err(ApiError::unauthorized(
            "Invalid username or password",
            BearerRejection::Missing.challenge(),
        ));
    }
    Ok(Token::ok(&issuer.encode(Payload { user: &username })?))
}
