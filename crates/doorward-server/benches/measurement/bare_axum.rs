//! The alternative: axum as its documentation starts it, without anything around the routes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use axum::{Json, Router, routing::get};
use doorward::access::{AccessTokenPolicy, AccessTokens};
use doorward::secret::Secret;
use doorward::token::{Hs256Key, KeyId, Verifier};
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

/// The argument that turns the benchmark into this server.
pub(crate) const MODE: &str = "bare-axum";
/// The setting with the key that tokens are signed with.
pub(crate) const SECRET: &str = "BARE_AXUM_SECRET";
/// The setting with the SQLite file that `GET /sessions` reads.
pub(crate) const DATABASE: &str = "BARE_AXUM_DATABASE";
/// The setting with the key's id, as tokens name it.
pub(crate) const KEY_ID: &str = "BARE_AXUM_KEY_ID";

#[derive(Deserialize)]
struct Payload {
    user: Option<String>,
    username: Option<String>,
}

#[derive(Serialize)]
struct Message {
    message: String,
}

/// What `GET /sessions` reads and tells.
#[derive(sqlx::FromRow, Serialize)]
struct Session {
    method: String,
    created_at_ms: i64,
    last_seen_at_ms: i64,
    expires_at_ms: i64,
    address: Option<String>,
    user_agent: Option<String>,
}

#[derive(Deserialize)]
struct Subject {
    user_id: i64,
}

/// Serves if this process was started for that.
pub(crate) fn serve_if_asked() -> bool {
    let is_asked = std::env::args().any(|argument| argument == MODE);
    if is_asked {
        serve();
    }
    is_asked
}

fn serve() {
    let secret = Secret::from_text(std::env::var(SECRET).unwrap());
    let id = std::env::var(KEY_ID)
        .ok()
        .map(|id| KeyId::parse(&id).unwrap());
    let policy = AccessTokenPolicy {
        extra_claims: BTreeMap::new(),
        ..AccessTokenPolicy::new("doorward")
    };
    let tokens = AccessTokens::new(Hs256Key::new(&secret, id), policy);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let router = Router::new()
            .route("/hello/{name}", get(hello))
            .route("/protected", get(protected))
            .with_state(tokens.verifier());
        let router = match std::env::var(DATABASE) {
            Ok(file) => router.merge(
                Router::new()
                    .route("/sessions", get(sessions))
                    .with_state((tokens.verifier(), pool(&file))),
            ),
            Err(_) => router,
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("listening http://{}", listener.local_addr().unwrap());
        axum::serve(listener, router).await.unwrap();
    });
}

/// As sqlx's documentation opens one, with the write-ahead log that the file has.
fn pool(file: &str) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(10)
        .connect_lazy_with(SqliteConnectOptions::new().filename(file))
}

async fn sessions(
    State((verifier, pool)): State<(Arc<Verifier>, SqlitePool)>,
    headers: HeaderMap,
) -> Result<Json<Vec<Session>>, StatusCode> {
    let subject: Subject = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .and_then(|token| verifier.verify(token, now_ms()).ok())
        .ok_or(StatusCode::UNAUTHORIZED)?;
    let query = "SELECT method, created_at_ms, last_seen_at_ms, expires_at_ms, address, user_agent FROM login_sessions WHERE user_id = ?";
    let rows = sqlx::query_as(query).bind(subject.user_id).fetch_all(&pool);
    let rows = rows.await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(Json(rows))
}

async fn hello(Path(name): Path<String>) -> String {
    format!("Hello, {name}!")
}

async fn protected(
    State(verifier): State<Arc<Verifier>>,
    headers: HeaderMap,
) -> Result<Json<Message>, StatusCode> {
    let payload: Payload = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .and_then(|token| verifier.verify(token, now_ms()).ok())
        .ok_or(StatusCode::UNAUTHORIZED)?;
    let name = payload
        .username
        .or(payload.user)
        .ok_or(StatusCode::UNAUTHORIZED)?;
    Ok(Json(Message {
        message: format!("Hello, {name}. This is a protected route."),
    }))
}

fn now_ms() -> i64 {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    i64::try_from(now.as_millis()).unwrap()
}
