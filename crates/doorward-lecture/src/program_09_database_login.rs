//! Program 9: the login of program 5 against the table of program 8.

use std::sync::Arc;

use axum::{Router, extract::State, routing::post};
use doorward::{
    clock::Clock,
    password::{HashFormatError, HashPool, Password, PasswordHash},
    store::{Database, Sql, StoreError},
};
use doorward_axum::{ApiError, BearerRejection, Json, JsonRejection};
use serde::Serialize;
use serde_json::Value;
use subtle::ConstantTimeEq as _;

use crate::{
    answer::Token,
    login_form::LoginForm,
    program_07_sessions::SECRET_KEY,
    program_08_mysql_users::{CREATE_TABLE, insert_once},
    token_key::Issuer,
};

const FIND_USER: Sql =
    Sql::both("SELECT id, username, password, role FROM users WHERE username = ?");

/// bob's password `bobpassword` as Werkzeug hashes it, beside alice's plaintext: this program reads both.
const BOB_HASHED: &str = "scrypt:32768:8:1$NTlZ1YpQnSxPdQOj$3c5d72cd48f71b0a24b2cca1048bc3b664d74f386d0f424b06c423cc9a7a93036bcc6f74379082b8c6d72f52eaa4649c84b48f0248d69a471a80204758466d0e";

/// Two users, alice with her password in plaintext as program 8 leaves it, bob with a hash.
pub async fn initialize(database: &Database) -> Result<(), StoreError> {
    database.execute(CREATE_TABLE, &[]).await?;
    insert_once(database, "alice", "alice123", "admin").await?;
    insert_once(database, "bob", BOB_HASHED, "user").await
}

/// What the handlers of programs 9 to 11 work with.
#[derive(Clone)]
pub struct App {
    /// `mysql = MySQL(app)`
    pub database: Database,
    /// `jwt.encode` with the app's secret.
    pub issuer: Issuer,
    /// `check_password_hash`, on threads of its own: one check takes as long as thousands of requests.
    pub hashes: Arc<HashPool>,
}

impl App {
    /// The app with the secret of programs 9 to 11.
    pub fn new(database: Database, hashes: Arc<HashPool>, clock: Arc<dyn Clock>) -> Self {
        Self {
            database,
            issuer: Issuer::new(SECRET_KEY, clock),
            hashes,
        }
    }
}

/// The program's route.
pub fn router(app: App) -> Router {
    Router::new().route("/login", post(login)).with_state(app)
}

/// A row of the table, with the stored password.
#[derive(sqlx::FromRow)]
pub struct UserRow {
    /// The number.
    pub id: i64,
    /// The name as it is stored.
    pub username: String,
    /// A plaintext or a hash.
    pub password: String,
    /// `admin` or `user`.
    pub role: String,
}

impl UserRow {
    /// `SELECT … WHERE username=%s`, with a placeholder.
    pub async fn find(database: &Database, username: &str) -> Result<Option<Self>, StoreError> {
        database.fetch_optional(FIND_USER, &[username.into()]).await
    }

    /// The token that programs 9 to 11 answer with.
    pub(crate) fn token(&self, issuer: &Issuer) -> Result<Json<Token>, ApiError> {
        let payload = Payload {
            user_id: self.id,
            username: &self.username,
            role: &self.role,
        };
        Ok(Token::ok(&issuer.encode(payload)?))
    }
}

#[derive(Serialize)]
struct Payload<'a> {
    user_id: i64,
    username: &'a str,
    role: &'a str,
}

/// The same for an unknown user and a wrong password.
#[must_use]
pub fn invalid_login() -> ApiError {
    ApiError::unauthorized(
        "Invalid username or password",
        BearerRejection::Missing.challenge(),
    )
}

async fn login(
    State(app): State<App>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Json<Token>, ApiError> {
    let LoginForm { username, password } = LoginForm::read(body)?;
    let user = UserRow::find(&app.database, &username).await?;
    let stored = user.as_ref().map_or("", |user| user.password.as_str());

    // `stored_password == password or check_password_hash(stored_password, password)`. Both are done for everybody,
    // known or not, so that the time tells nothing. What is a hash is never a password: whoever reads the table could
    // log in with it.
    let hash = PasswordHash::parse(stored);
    let is_plaintext: bool = stored.as_bytes().ct_eq(password.expose().as_bytes()).into();
    let plaintext_matches = hash.as_ref().is_err_and(is_no_hash) && is_plaintext;
    let matches = plaintext_matches | check_password_hash(&app.hashes, hash.ok(), password).await?;

    match user {
        Some(user) if matches => user.token(&app.issuer),
        _ => Err(invalid_login()),
    }
}

/// Whether a stored text is in no hash format at all, a broken or refused one included.
fn is_no_hash(error: &HashFormatError) -> bool {
    *error == HashFormatError::Unknown
}

/// Werkzeug's `check_password_hash`; false, after the same work, for what is no hash.
pub async fn check_password_hash(
    hashes: &HashPool,
    hash: Option<PasswordHash>,
    password: Password,
) -> Result<bool, ApiError> {
    Ok(match hash {
        Some(hash) => hashes.verify(password, hash).await?,
        None => hashes.verify_unknown(password).await?,
    })
}
