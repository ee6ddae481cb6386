//! Program 4: HTTP Basic authentication, the `Authorization` header taken apart by hand.

use axum::{Router, routing::get};
use doorward::authorization::{self, BasicError};
use doorward_axum::{ApiError, Json};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use subtle::ConstantTimeEq as _;

use crate::answer::Message;

// For demonstration, a single valid username and password.
const VALID_USERNAME: &str = "admin";
const VALID_PASSWORD: &str = "secret123";

const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"Login Required\"");

/// The program's route.
pub fn router() -> Router {
    Router::new().route("/protected-basic", get(protected_basic))
}

async fn protected_basic(headers: HeaderMap) -> Result<Json<Message>, ApiError> {
    let auth_header = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);

    // "Basic <base64 of username:password>", split at the first colon.
    let credentials = authorization::basic(auth_header).map_err(refused)?;
    let (username, password) = (credentials.username(), credentials.password());

    // Both are compared whole, in constant time: `==` would tell by its time how much was right.
    let right = username.as_bytes().ct_eq(VALID_USERNAME.as_bytes())
        & password.as_bytes().ct_eq(VALID_PASSWORD.as_bytes());
    if right.into() {
        Ok(Message::ok(format!(
            "Welcome, {username}! You have accessed a protected resource."
        )))
    } else {
        Err(ApiError::unauthorized(
            "Invalid username or password",
            CHALLENGE,
        ))
    }
}

fn refused(error: BasicError) -> ApiError {
    ApiError::bad_request(match error {
        // The challenge makes a browser ask for credentials.
        BasicError::Missing => return ApiError::unauthorized("Authentication required", CHALLENGE),
        BasicError::MalformedHeader => "Invalid Authorization header format",
        BasicError::InvalidBase64 | BasicError::ControlCharacter => "Invalid Base64 credentials",
        BasicError::MissingColon => "Invalid credential format",
    })
}
