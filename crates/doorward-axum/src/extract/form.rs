//! A form as a request body.

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use thiserror::Error;

use super::{
    body,
    json::JsonRejection,
    query::{Query, QueryRejection},
};
use crate::{ApiError, context::BodyRules};

/// The fields of an `application/x-www-form-urlencoded` body, each at most once.
///
/// Pages of other sites can send forms without asking first: take one only where what it says is all that counts, and no
/// cookie does.
#[derive(Debug, Clone)]
pub struct Form(Query);

/// Why a form was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FormRejection {
    /// It is sent as something else.
    #[error("content type is not application/x-www-form-urlencoded")]
    MediaType,
    /// A field comes twice (RFC 6749 §3.2).
    #[error("a field of the form comes twice")]
    Repeated,
    /// It is no text, or has too many fields.
    #[error(transparent)]
    Fields(#[from] QueryRejection),
    /// It did not arrive, or is too long; as for JSON.
    #[error(transparent)]
    Body(#[from] JsonRejection),
}

impl From<FormRejection> for ApiError {
    fn from(rejection: FormRejection) -> Self {
        match rejection {
            FormRejection::MediaType => Self::unsupported_media_type("Request body must be a form")
                .with_code("unsupported_media_type"),
            FormRejection::Repeated => {
                Self::bad_request("A field of the form comes twice").with_code("field_repeated")
            }
            FormRejection::Fields(rejection) => rejection.into(),
            FormRejection::Body(rejection) => rejection.into(),
        }
    }
}

impl IntoResponse for FormRejection {
    fn into_response(self) -> Response {
        ApiError::from(self).into_response()
    }
}

impl Form {
    fn parse(text: &str, max_pairs: usize) -> Result<Self, FormRejection> {
        let fields = Query::parse(text, max_pairs)?;
        let names: std::collections::BTreeSet<&str> = fields.iter().map(|(name, _)| name).collect();
        if names.len() < fields.iter().count() {
            return Err(FormRejection::Repeated);
        }
        Ok(Self(fields))
    }

    /// A field that is there and not empty.
    ///
    /// # Errors
    /// [`FormRejection::Fields`] when it is no text.
    pub fn get(&self, name: &str) -> Result<Option<&str>, FormRejection> {
        Ok(self.0.get(name)?.filter(|value| !value.is_empty()))
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = FormRejection;

    async fn from_request(request: Request, _: &S) -> Result<Self, FormRejection> {
        let mut types = request.headers().get_all(CONTENT_TYPE).iter();
        let media_type = types.next().and_then(|value| value.to_str().ok());
        let is_form = media_type
            .and_then(|value| value.split(';').next())
            .is_some_and(|name| {
                name.trim()
                    .eq_ignore_ascii_case("application/x-www-form-urlencoded")
            });
        if !is_form || types.next().is_some() {
            return Err(FormRejection::MediaType);
        }
        let rules = BodyRules::of(request.extensions());
        let bytes = body::collect(request.into_body(), rules.body_bytes).await?;
        let text = std::str::from_utf8(&bytes).map_err(|_| JsonRejection::NotUtf8)?;
        Self::parse(text, rules.query_pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_there_once_or_not_at_all() {
        let form = Form::parse("a=x+y&b=%26&c=&d", 10).unwrap();
        assert_eq!(form.get("a"), Ok(Some("x y")));
        assert_eq!(form.get("b"), Ok(Some("&")));
        for absent in ["c", "d", "e"] {
            assert_eq!(form.get(absent), Ok(None), "{absent}");
        }
        assert!(matches!(
            Form::parse("a=1&b=2&a=1", 10),
            Err(FormRejection::Repeated)
        ));
        assert!(matches!(
            Form::parse("a=1&b=2", 1),
            Err(FormRejection::Fields(_))
        ));
        assert!(Form::parse("a=%ff", 10).unwrap().get("a").is_err());
    }
}
