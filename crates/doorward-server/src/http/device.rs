//! Devices that have logged in before: a cookie for browsers, a header and a field for everybody else.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header::SET_COOKIE};
use doorward::{authenticator::Authenticator, throttle::DeviceToken, user::UserId};
use doorward_axum::{ApiError, SessionCookies, only_cookie};

const COOKIE: &str = "doorward_device";
const HEADER: HeaderName = HeaderName::from_static("doorward-device");

/// The token that a login brings: in the field `device_token` of its body, else in the cookie. What is no text is none.
pub(super) fn presented(field: &serde_json::Value, headers: &HeaderMap) -> Option<DeviceToken> {
    field
        .as_str()
        .or_else(|| only_cookie(headers, COOKIE))
        .map(|text| DeviceToken::presented(text.to_owned()))
}

/// The headers that make a device known, after a login on it. A failure is logged and does not fail the login.
pub(super) async fn remembered(
    authenticator: &Authenticator,
    cookies: &SessionCookies,
    user: UserId,
) -> Result<HeaderMap, ApiError> {
    let mut headers = HeaderMap::new();
    let token = match authenticator.remember_device(user).await {
        Ok(token) => token,
        Err(error) => {
            tracing::warn!(target: "doorward::auth", event = "device_not_remembered", user_id = user.get(), %error);
            None
        }
    };
    let devices = authenticator.throttle().devices();
    if let (Some(token), Some(devices)) = (token, devices) {
        let value = HeaderValue::try_from(token.expose())
            .map_err(|error| ApiError::internal().with_source(error))?;
        let cookie = format!("{}; Max-Age={}", token.expose(), devices.ttl().as_secs());
        headers.insert(HEADER, value);
        headers.insert(SET_COOKIE, cookies.header(COOKIE, &cookie)?);
    }
    Ok(headers)
}
