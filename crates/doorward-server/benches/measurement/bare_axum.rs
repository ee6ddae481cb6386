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

/// The argument that turns the benchmark into this server.
pub(crate) const MODE: &str = "bare-axum";
/// The setting with the key that tokens are signed with.
pub(crate) const SECRET: &str = "BARE_AXUM_SECRET";
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
    let router = Router::new()
        .route("/hello/{name}", get(hello))
        .route("/protected", get(protected))
        .with_state(tokens.verifier());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("listening http://{}", listener.local_addr().unwrap());
        axum::serve(listener, router).await.unwrap();
    });
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
