//! The two shapes of a good answer that most programs share.

use doorward::token::AccessToken;
use doorward_axum::Json;
use serde::Serialize;

/// `{"message": "…"}`
#[derive(Serialize)]
pub(crate) struct Message {
    message: String,
}

impl Message {
    /// `jsonify({"message": text}), 200`
    pub(crate) fn ok(text: impl Into<String>) -> Json<Self> {
        Json(Self {
            message: text.into(),
        })
    }
}

/// `{"token": "…"}`
#[derive(Serialize)]
pub(crate) struct Token {
    token: String,
}

impl Token {
    /// `jsonify({"token": token}), 200`
    pub(crate) fn ok(token: &AccessToken) -> Json<Self> {
        Json(Self {
            token: token.as_str().to_owned(),
        })
    }
}
