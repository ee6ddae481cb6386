//! Program 8: a users table in a database, and a route that lists it.

use axum::{Router, extract::State, routing::get};
use doorward::store::{Database, Sql, StoreError};
use doorward_axum::{ApiError, Json};
use serde::Serialize;

/// The table, written for each database. The password column is wider than the lecture's 100, which cut off the
/// hashes of its own program 11.
pub const CREATE_TABLE: Sql = Sql::each(
    "CREATE TABLE IF NOT EXISTS users (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        username VARCHAR(50) COLLATE NOCASE UNIQUE NOT NULL,
        password VARCHAR(255) NOT NULL,
        role VARCHAR(20) NOT NULL
    )",
    "CREATE TABLE IF NOT EXISTS users (
        id INT AUTO_INCREMENT PRIMARY KEY,
        username VARCHAR(50) UNIQUE NOT NULL,
        password VARCHAR(255) NOT NULL,
        role VARCHAR(20) NOT NULL
    ) DEFAULT CHARACTER SET utf8mb4",
);
const SELECT_USERS: Sql = Sql::both("SELECT id, username, role FROM users");
const INSERT_USER: Sql = Sql::both("INSERT INTO users (username, password, role) VALUES (?, ?, ?)");

/// `with app.app_context():` creates the table and the demo user "alice" once, however often the program starts.
pub async fn initialize(database: &Database) -> Result<(), StoreError> {
    database.execute(CREATE_TABLE, &[]).await?;
    insert_once(database, "alice", "alice123", "admin").await
}

/// Inserts a user if not exists. The UNIQUE constraint decides, so two starts at once insert one.
pub async fn insert_once(
    database: &Database,
    username: &str,
    password: &str,
    role: &str,
) -> Result<(), StoreError> {
    match database
        .execute(
            INSERT_USER,
            &[username.into(), password.into(), role.into()],
        )
        .await
    {
        Ok(_) | Err(StoreError::AlreadyExists) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The program's route.
pub fn router(database: Database) -> Router {
    Router::new()
        .route("/users", get(get_users))
        .with_state(database)
}

/// A row as a dict, by `DictCursor`. There is no password in it.
#[derive(Serialize, sqlx::FromRow)]
struct UserRow {
    id: i64,
    username: String,
    role: String,
}

async fn get_users(State(database): State<Database>) -> Result<Json<Vec<UserRow>>, ApiError> {
    Ok(Json(database.fetch_all(SELECT_USERS, &[]).await?))
}
