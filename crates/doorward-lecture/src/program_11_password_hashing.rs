//! Program 11: registration, and passwords stored as hashes only.

use axum::{
    Router,
    extract::{FromRef, FromRequestParts, State},
    http::{StatusCode, request::Parts},
    routing::{get, post},
};
use doorward::{
    password::{Password, PasswordHash},
    role::Role,
    store::{Database, Sql, StoreError},
    username::Username,
};
use doorward_axum::{ApiError, BearerRejection, Json, JsonRejection};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    answer::{Message, Token},
    login_form::{LoginForm, fields},
    program_08_mysql_users::CREATE_TABLE,
    program_09_database_login::{App, UserRow, check_password_hash, invalid_login},
    token_key::TokenDecoder,
};

const FIND_ID: Sql = Sql::both("SELECT id FROM users WHERE username = ?");
const INSERT_USER: Sql = Sql::both("INSERT INTO users (username, password, role) VALUES (?, ?, ?)");

/// The table of program 8, without its plaintext user.
pub async fn initialize(database: &Database) -> Result<(), StoreError> {
    database.execute(CREATE_TABLE, &[]).await.map(drop)
}

/// The program's routes.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/register", post(register))
        .route("/login", post(login))
        .route("/profile", get(profile))
        .with_state(app)
}

impl FromRef<App> for TokenDecoder {
    fn from_ref(app: &App) -> Self {
        app.issuer.decoder()
    }
}

#[derive(Deserialize)]
struct Registration {
    username: String,
    password: String,
    role: String,
}

async fn register(
    State(app): State<App>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<(StatusCode, Json<Message>), ApiError> {
    const REQUIRED: &str = "Username, password, and role are required";
    let Json(body) = body.map_err(|rejection| rejection.or_bad_request(REQUIRED))?;
    let Registration {
        username,
        password,
        role,
    } = fields(body, REQUIRED)?;
    // Ensure role is either 'admin' or 'user'.
    let role =
        Role::parse_assignable(&role).map_err(|error| ApiError::bad_request(error.to_string()))?;
    // What the column would cut off, and names that cannot be seen, are refused.
    let username = Username::parse(&username)?;
    let password = Password::parse(password)?;

    // Check if the username exists. Somebody may take it while we hash: then the UNIQUE constraint says so below.
    if app
        .database
        .fetch_optional::<(i64,)>(FIND_ID, &[username.as_str().into()])
        .await?
        .is_some()
    {
        return Err(taken());
    }
    // `generate_password_hash(password)`: salted, so the same password gives another hash each time.
    let hashed_password = app.hashes.hash(password).await?;
    let row = [
        username.as_str().into(),
        hashed_password.as_str().into(),
        role.as_str().into(),
    ];
    match app.database.execute(INSERT_USER, &row).await {
        Ok(_) => Ok((
            StatusCode::CREATED,
            Message::ok(format!("User {username} registered successfully")),
        )),
        Err(StoreError::AlreadyExists) => Err(taken()),
        Err(error) => Err(error.into()),
    }
}

fn taken() -> ApiError {
    ApiError::conflict("Username already exists")
}

async fn login(
    State(app): State<App>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Json<Token>, ApiError> {
    let LoginForm { username, password } = LoginForm::read(body)?;
    let user = UserRow::find(&app.database, &username).await?;
    // A plaintext row, such as program 8's alice, is no hash: it matches no password.
    let hash = user
        .as_ref()
        .and_then(|user| PasswordHash::parse(&user.password).ok());
    let matches = check_password_hash(&app.hashes, hash, password).await?;
    match user {
        Some(user) if matches => user.token(&app.issuer),
        _ => Err(invalid_login()),
    }
}

/// What the token says of its user.
#[derive(Serialize, Deserialize)]
struct Profile {
    user_id: i64,
    username: String,
    role: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Profile
where
    TokenDecoder: FromRef<S>,
{
    type Rejection = BearerRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, BearerRejection> {
        TokenDecoder::from_ref(state).payload(&parts.headers)
    }
}

/// Example protected route: any logged-in user.
async fn profile(profile: Profile) -> Json<Profile> {
    Json(profile)
}
