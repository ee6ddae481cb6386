//! A JSON body kept as its text.

use axum::extract::{FromRequest, Request};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::body;
use super::json::JsonRejection;

/// A JSON request body that passed the checks of [`crate::Json`] and stays the
/// text that it was, so that no number loses a digit. Only the white space
/// around the document is gone.
///
/// It serialises as that text: lecture program 2 puts it under `received`.
#[derive(Debug, Clone)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Whether the document is the literal `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.as_str() == "null"
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<S: Send + Sync> FromRequest<S> for RawJson {
    type Rejection = JsonRejection;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        let text = body::checked_json(request).await?;
        serde_json::from_slice(&text)
            .map(RawJson)
            .map_err(|_| JsonRejection::Syntax)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn numbers_keep_every_digit() {
        let text = r#"{"a": 1e400, "b": -1234567890123456789012345678901234567890, "c": 1.0}"#;
        let request = Request::builder()
            .header("content-type", "application/json")
            .body(format!(" {text}\n").into())
            .unwrap();
        let raw = RawJson::from_request(request, &()).await.unwrap();
        assert_eq!(raw.as_str(), text);
        assert_eq!(serde_json::to_string(&raw).unwrap(), text);
    }
}
