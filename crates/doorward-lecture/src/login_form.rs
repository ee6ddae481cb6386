//! What programs 5, 9, 10 and 11 expect in the body of a login.

use doorward::password::Password;
use doorward_axum::{ApiError, Json, JsonRejection};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

const REQUIRED: &str = "Username and password required";

/// `data['username']` and `data['password']`; anything else in the body is ignored.
#[derive(Deserialize)]
struct Login {
    username: String,
    password: String,
}

/// Credentials as typed.
#[derive(Debug)]
pub(crate) struct LoginForm {
    /// The name.
    pub(crate) username: String,
    /// The password.
    pub(crate) password: Password,
}

impl LoginForm {
    /// No JSON, a missing field, or a field that is no string: one 400 for all.
    pub(crate) fn read(body: Result<Json<Value>, JsonRejection>) -> Result<Self, ApiError> {
        let Json(body) = body.map_err(|rejection| rejection.or_bad_request(REQUIRED))?;
        let Login { username, password } = fields(body, REQUIRED)?;
        if username.is_empty() {
            return Err(ApiError::bad_request(REQUIRED));
        }
        let password = Password::parse(password)?;
        Ok(Self { username, password })
    }
}

/// `data['…']` for each field of `T`: a missing one, one of another type and a body that is no object are one 400.
pub(crate) fn fields<T: DeserializeOwned>(
    body: Value,
    required: &'static str,
) -> Result<T, ApiError> {
    // serde would read a list as the fields in their order.
    let body = Some(body).filter(Value::is_object).unwrap_or_default();
    serde_json::from_value(body).map_err(|_| ApiError::bad_request(required))
}
