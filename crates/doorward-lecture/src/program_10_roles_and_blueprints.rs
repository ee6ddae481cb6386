//! Program 10: two blueprints, `/auth` and `/api`, and a route for one role.

use axum::{
    Router,
    extract::{FromRef, FromRequestParts, State},
    http::request::Parts,
    routing::{get, post},
};
use doorward::{
    role::Role,
    store::{Database, StoreError},
};
use doorward_axum::{ApiError, BearerRejection, Json, JsonRejection};
use serde::Deserialize;
use serde_json::Value;
use subtle::ConstantTimeEq as _;

use crate::{
    answer::{Message, Token},
    login_form::LoginForm,
    program_08_mysql_users::{CREATE_TABLE, insert_once},
    program_09_database_login::{App, UserRow, invalid_login},
    token_key::TokenDecoder,
};

/// alice and bob, in plaintext: this program compares nothing else.
pub async fn initialize(database: &Database) -> Result<(), StoreError> {
    database.execute(CREATE_TABLE, &[]).await?;
    insert_once(database, "alice", "alice123", "admin").await?;
    insert_once(database, "bob", "bobpassword", "user").await
}

/// The program: both blueprints registered.
pub fn router(app: App) -> Router {
    let tokens = app.issuer.decoder();
    Router::new()
        .merge(auth_blueprint(app))
        .merge(api_blueprint(tokens))
}

/// `Blueprint('auth', …, url_prefix='/auth')`
fn auth_blueprint(app: App) -> Router {
    Router::new()
        .route("/auth/login", post(login))
        .with_state(app)
}

/// `Blueprint('api', …, url_prefix='/api')`. `tokens` says which tokens are good.
pub fn api_blueprint(tokens: TokenDecoder) -> Router {
    Router::new()
        .route("/api/data", get(get_data))
        .route("/api/admin", get(admin_area))
        .with_state(tokens)
}

async fn login(
    State(app): State<App>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Json<Token>, ApiError> {
    let LoginForm { username, password } = LoginForm::read(body)?;
    let user = UserRow::find(&app.database, &username).await?;
    // `user['password'] != password`: plaintext, as the lecture has it here, compared in constant time.
    let stored = user.as_ref().map_or("", |user| user.password.as_str());
    let matches: bool = stored.as_bytes().ct_eq(password.expose().as_bytes()).into();
    match user {
        Some(user) if matches => user.token(&app.issuer),
        _ => Err(invalid_login()),
    }
}

/// The lecture's `@token_required` and its `token_payload`.
#[derive(Deserialize)]
pub struct TokenPayload {
    /// The user's name.
    pub username: String,
    /// The user's role; a token without one is nobody's who may be refused or let in by role.
    pub role: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for TokenPayload
where
    TokenDecoder: FromRef<S>,
{
    type Rejection = BearerRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, BearerRejection> {
        let payload: Self = TokenDecoder::from_ref(state).payload(&parts.headers)?;
        if payload.username.is_empty() {
            Err(BearerRejection::Invalid)
        } else {
            Ok(payload)
        }
    }
}

/// A protected route accessible to any logged-in user, regardless of role.
async fn get_data(token: TokenPayload) -> Json<Message> {
    Message::ok(format!(
        "Hello, {}. Here is the confidential data.",
        token.username
    ))
}

/// A protected route accessible only to admins.
async fn admin_area(token: TokenPayload) -> Result<Json<Message>, ApiError> {
    if token.role.as_deref() != Some(Role::ADMIN) {
        return Err(ApiError::forbidden("Admin access required"));
    }
    Ok(Message::ok(format!(
        "Welcome to the admin panel, {}.",
        token.username
    )))
}
