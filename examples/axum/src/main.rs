//! A service that verifies doorward's tokens itself: by its published keys, and by its list of revocations.

use std::{env, error::Error, sync::Arc};

use axum::{Router, routing::get};
use doorward_axum::{
    Json, PermissionName, ShellConfig, app,
    remote::{RemoteBearer, RemoteConfig, RemoteKeys, RequireScope},
    serve,
};
use serde_json::{Value, json};

/// A permission that a role of doorward gives: `doorward role set editor notes:write`.
struct NotesWrite;

impl PermissionName for NotesWrite {
    const NAME: &str = "notes:write";
    const REFUSAL: &'static str = "Only editors may do this";
}

async fn whoami(RemoteBearer(user): RemoteBearer) -> Json<Value> {
    Json(json!({"user": user.username, "role": user.role.as_str()}))
}

async fn edit(_: RequireScope<NotesWrite>) -> Json<Value> {
    Json(json!({"edited": true}))
}

#[expect(clippy::disallowed_methods, reason = "settings are read once, here")]
fn setting(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("set {name}; README.md says to what"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = setting("DOORWARD_URL")?;
    let config = RemoteConfig::new(&url, url.clone())?.audience("notes");
    let keys: Arc<RemoteKeys> = RemoteKeys::start(config)?;
    keys.ready().await;
    let routes = Router::new()
        .route("/whoami", get(whoami))
        .route("/edit", get(edit))
        .with_state(keys);
    let address = format!("127.0.0.1:{}", setting("PORT")?);
    let listener = tokio::net::TcpListener::bind(address).await?;
    Ok(serve(
        listener,
        app(routes, ShellConfig::default()),
        std::future::pending(),
    )
    .await?)
}
