//! The caller's own account: registering, logging in, and what the token says.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use doorward::{
    authenticator::{Authenticator, LoggedIn, LoginAttempt, NewUser},
    caller::Client,
    email::EmailAddress,
    password::Password,
    principal::Principal,
    role::Role,
    session::LoginMethod,
    username::Username,
};
use doorward_axum::{
    ApiError, Bearer, ClientAddress, Credential, Json, JsonRejection, RequestClient, SessionCookies,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{device, rate_limit, session::TokenPair};

const CREDENTIALS_REQUIRED: &str = "Username and password required";
const REGISTRATION_REQUIRED: &str = "Username, password, and role are required";

/// A body whose fields are not looked at yet: `{}` and `[]` are "fields missing", not "no JSON".
pub type Body = Result<Json<serde_json::Value>, JsonRejection>;

#[derive(Deserialize, ToSchema)]
struct Credentials {
    username: String,
    #[schema(format = Password)]
    password: String,
    /// What `Doorward-Device` said at an earlier login.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    device_token: serde_json::Value,
}

/// `POST /login` and `POST /auth/login` (lecture, programs 9 to 11).
///
/// # Errors
/// 400 for missing fields, 401 for wrong credentials, 429 after too many failures, 503 when no hashing thread is free.
//
// This is how a handler is documented. A status from 400 on needs no body: it has the two forms of an error. Those that any
// route may answer (400, 408, 413, 414, 415, 431, 500, 503, 505) need no line, unless there is more to say of them.
#[utoipa::path(
    post,
    path = "/auth/login",
    tag = "account",
    summary = "Log in",
    request_body = Credentials,
    responses(
        (status = 200, description = "A session: an access token and what the next one is asked with", body = TokenPair, headers(
            ("Doorward-Device" = String, description = "For `device_token` of the next login; also the cookie `doorward_device`"),
            ("RateLimit" = String, description = "How many failures are left"),
        )),
        (status = 401, description = "Unknown name, wrong password or disabled user: `invalid_credentials`"),
        (status = 429, description = "Too many failures: `login_throttled`"),
    ),
)]
pub async fn log_in(
    State(authenticator): State<Arc<Authenticator>>,
    State(cookies): State<SessionCookies>,
    ClientAddress(address): ClientAddress,
    RequestClient(client): RequestClient,
    headers: HeaderMap,
    body: Body,
) -> Result<(HeaderMap, Json<TokenPair>), ApiError> {
    let Credentials {
        username,
        password,
        device_token,
    } = fields(body, CREDENTIALS_REQUIRED)?;
    let login = Login {
        username,
        password,
        device_token,
        address,
        client,
    };
    let (logged_in, headers) = begin(&authenticator, &cookies, login, &headers).await?;
    Ok((headers, Json(logged_in.into())))
}

/// A login as a request brings it.
pub(super) struct Login {
    pub(super) username: String,
    pub(super) password: String,
    pub(super) device_token: serde_json::Value,
    pub(super) address: IpAddr,
    pub(super) client: Client,
}

/// Begins a session if the password is right: with what every answer to a login says in its header.
pub(super) async fn begin(
    authenticator: &Authenticator,
    cookies: &SessionCookies,
    login: Login,
    headers: &HeaderMap,
) -> Result<(LoggedIn, HeaderMap), ApiError> {
    if login.username.is_empty() || login.password.is_empty() {
        return Err(ApiError::bad_request(CREDENTIALS_REQUIRED));
    }
    let device = device::presented(&login.device_token, headers);
    let attempt = LoginAttempt {
        username: login.username.clone(),
        password: parse_password(login.password)?,
        client: login.client.clone(),
    };
    let outcome = authenticator.log_in_from(attempt, device.as_ref()).await;
    let limit = rate_limit::of_login(authenticator, &login.username, login.address).await;
    let user = outcome.map_err(|error| rate_limit::onto(error.into(), &limit))?;
    let mut headers = device::remembered(authenticator, cookies, user.id).await?;
    headers.extend(limit);
    let logged_in = authenticator
        .begin_session(&user, LoginMethod::Password, &login.client)
        .await?;
    Ok((logged_in, headers))
}

#[derive(Deserialize, ToSchema)]
struct Registration {
    /// 1 to 50 characters.
    username: String,
    /// 8 to 256 characters, unless configured otherwise.
    #[schema(format = Password)]
    password: String,
    /// `user`, or with an administrator's token `admin`.
    role: String,
    /// A link that proves it is sent there, where letters are sent.
    email: Option<String>,
}

/// The answer to a registration.
#[derive(Serialize, ToSchema)]
pub struct Registered {
    message: String,
}

/// `POST /register` and `POST /auth/register` (lecture, program 11). An administrator's token is needed for the role
/// `admin`, unless this is the demo.
///
/// # Errors
/// 400 for missing fields, another role, a name or password that may not be; 403 for the role `admin` without an
/// administrator's token; 409 for a taken name; 429 after too many from one network; 503 when no hashing thread is free.
#[utoipa::path(
    post,
    path = "/auth/register",
    tag = "account",
    summary = "Register",
    request_body = Registration,
    responses(
        (status = 201, description = "The user was made", body = Registered),
        (status = 400, description = "A missing field, or one that breaks a rule: `fields_required`, `role_invalid`, `username_invalid`, `email_invalid`, `password_…`"),
        (status = 401, description = "A token was sent that is not good: `token_…`"),
        (status = 403, description = "Needs an administrator's token: `insufficient_role`"),
        (status = 409, description = "The name is taken: `username_taken`"),
        (status = 429, description = "Too many from one network: `throttled`"),
    ),
    security((), ("bearer" = [])),
)]
pub async fn register(
    State(authenticator): State<Arc<Authenticator>>,
    RequestClient(client): RequestClient,
    caller: Option<Bearer>,
    body: Body,
) -> Result<(StatusCode, Json<Registered>), ApiError> {
    let Registration {
        username,
        password,
        role,
        email,
    } = fields(body, REGISTRATION_REQUIRED)?;
    let email = email.as_deref().map(EmailAddress::parse).transpose()?;
    let role = Role::parse_assignable(&role)
        .map_err(|error| ApiError::bad_request(error.to_string()).with_code("role_invalid"))?;
    let new = NewUser {
        username: Username::parse(&username)?,
        password: parse_password(password)?,
        role,
    };
    let caller = caller.map(|Bearer(principal)| principal);
    authenticator
        .admit_registration(caller.as_ref(), &client)
        .await?;
    let user = authenticator
        .register_with_email(new, email.as_ref(), caller.as_ref(), client)
        .await?;
    let message = format!("User {} registered successfully", user.username);
    Ok((StatusCode::CREATED, Json(Registered { message })))
}

/// What the token says of its user.
#[derive(Serialize, ToSchema)]
pub struct Profile {
    user_id: i64,
    username: String,
    /// Not of an API key, which may do less than its user.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    /// Of an API key: what it may be used for, with a space between two.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

impl From<Principal> for Profile {
    fn from(principal: Principal) -> Self {
        let role = principal.key.is_none().then(|| principal.role.to_string());
        Self {
            user_id: principal.user_id.get(),
            username: principal.username,
            role,
            scope: principal.key.map(|key| key.scope.scope()),
        }
    }
}

/// `GET /profile` and `GET /auth/me` (lecture, program 11).
#[utoipa::path(
    get,
    path = "/auth/me",
    tag = "account",
    summary = "What the token says of its user, or whose the API key is",
    responses(
        (status = 200, description = "The user", body = Profile),
        (status = 401, description = "No token, or one that is not good: `token_…`"),
    ),
    security(("bearer" = [])),
)]
pub async fn show_profile(Credential(principal): Credential) -> Json<Profile> {
    Json(principal.into())
}

/// The body's fields: one 400 for no JSON, a missing field, or one that is no string.
pub(crate) fn fields<T: serde::de::DeserializeOwned>(
    body: Body,
    required: &'static str,
) -> Result<T, ApiError> {
    let Json(body) = body.map_err(|rejection| rejection.or_bad_request(required))?;
    // serde would read a list as the fields in their order.
    let body = Some(body)
        .filter(serde_json::Value::is_object)
        .unwrap_or_default();
    serde_json::from_value(body)
        .map_err(|_| ApiError::bad_request(required).with_code("fields_required"))
}

pub(crate) fn parse_password(text: String) -> Result<Password, ApiError> {
    Ok(Password::parse(text)?)
}
