//! Program 7: a session in a signed cookie.

use axum::{Router, response::IntoResponse, routing::get};
use doorward_axum::{Json, Session, SessionCookies};
use serde::Serialize;

use crate::answer::Message;

/// The secret of programs 7 to 11. It looks random to the lecture; ours refuses it outside the demo.
pub const SECRET_KEY: &str = "myverystrongsecretkey";

/// The program's routes. `cookies` says how the session cookie is signed.
pub fn router(cookies: SessionCookies) -> Router {
    Router::new()
        .route("/set-session", get(set_session))
        .route("/get-session", get(get_session))
        .with_state(cookies)
}

/// `session['framework'] = 'Flask'`; returning the session with the answer sends the cookie.
async fn set_session(mut session: Session) -> impl IntoResponse {
    session.insert("framework", "Flask");
    (
        session,
        Message::ok("Session value set. (Check /get-session)"),
    )
}

#[derive(Serialize)]
struct Framework {
    framework: Option<String>,
}

/// `session.get('framework')`: null without a cookie, and with one that was tampered with.
async fn get_session(session: Session) -> impl IntoResponse {
    let framework = session
        .get("framework")
        .and_then(|value| value.as_str())
        .map(str::to_owned);
    (session, Json(Framework { framework }))
}
