//! The query string, read as Werkzeug's `request.args` reads it.

use std::borrow::Cow;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use percent_encoding::percent_decode;
use thiserror::Error;

use crate::context::BodyRules;
use crate::error::ApiError;

/// A parsed query string (`application/x-www-form-urlencoded`): `+` is a space,
/// names are case-sensitive, empty pairs are skipped, a name without `=` has an
/// empty value, and of a repeated name the first counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    pairs: Vec<Pair>,
}

/// `None` stands for bytes that are not UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pair {
    name: Option<Box<str>>,
    value: Option<Box<str>>,
}

/// Why a query string or a parameter was refused. Each is a 400.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum QueryRejection {
    /// More pairs than [`crate::HttpLimits::query_pairs`].
    #[error("query string has more than {limit} parameters")]
    TooManyPairs {
        /// The limit.
        limit: usize,
    },
    /// The value of this parameter isn't UTF-8.
    #[error("query parameter '{name}' is not UTF-8")]
    NotUtf8 {
        /// The name that the handler asked for.
        name: String,
    },
}

impl Query {
    /// Parses a query string without its `?`.
    ///
    /// # Errors
    /// [`QueryRejection::TooManyPairs`] beyond `max_pairs`.
    pub fn parse(text: &str, max_pairs: usize) -> Result<Self, QueryRejection> {
        let mut pairs = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            if pairs.len() == max_pairs {
                return Err(QueryRejection::TooManyPairs { limit: max_pairs });
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            pairs.push(Pair {
                name: decode(name),
                value: decode(value),
            });
        }
        Ok(Self { pairs })
    }

    /// The first value of a parameter; `None` when it isn't there.
    ///
    /// # Errors
    /// [`QueryRejection::NotUtf8`] when its bytes are no text: that is neither a
    /// value nor the same as an absent parameter.
    pub fn get(&self, name: &str) -> Result<Option<&str>, QueryRejection> {
        let Some(pair) = self
            .pairs
            .iter()
            .find(|pair| pair.name.as_deref() == Some(name))
        else {
            return Ok(None);
        };
        match &pair.value {
            Some(value) => Ok(Some(value)),
            None => Err(QueryRejection::NotUtf8 {
                name: name.to_owned(),
            }),
        }
    }

    /// The first value of a parameter that must be there.
    ///
    /// # Errors
    /// 400 with `message` when it isn't, 400 when it is no text.
    pub fn require(
        &self,
        name: &str,
        message: impl Into<Cow<'static, str>>,
    ) -> Result<&str, ApiError> {
        self.get(name)?
            .ok_or_else(|| ApiError::bad_request(message).with_code("missing_parameter"))
    }

    /// All pairs that are text, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs
            .iter()
            .filter_map(|pair| Some((pair.name.as_deref()?, pair.value.as_deref()?)))
    }
}

fn decode(text: &str) -> Option<Box<str>> {
    let spaced: Cow<'_, str> = if text.contains('+') {
        text.replace('+', " ").into()
    } else {
        text.into()
    };
    let decoded = percent_decode(spaced.as_bytes()).decode_utf8().ok()?;
    Some(decoded.into())
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        match rejection {
            QueryRejection::TooManyPairs { .. } => {
                Self::bad_request("Too many query parameters").with_code("too_many_parameters")
            }
            QueryRejection::NotUtf8 { name } => {
                Self::bad_request(format!("Query parameter '{name}' must be UTF-8"))
                    .with_code("parameter_not_utf8")
            }
        }
    }
}

impl IntoResponse for QueryRejection {
    fn into_response(self) -> Response {
        ApiError::from(self).into_response()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = QueryRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let rules = BodyRules::of(&parts.extensions);
        Self::parse(parts.uri.query().unwrap_or_default(), rules.query_pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Query {
        Query::parse(text, 100).unwrap()
    }

    #[test]
    fn the_first_of_repeated_names_counts() {
        assert_eq!(parse("a=1&a=2").get("a"), Ok(Some("1")));
    }

    #[test]
    fn names_and_values_are_decoded_once_and_plus_is_a_space() {
        let query = parse("&&%6Eumber=%2B1+%2541&x&=y&b=1=2&");
        assert_eq!(query.get("number"), Ok(Some("+1 %41")));
        assert_eq!(query.get("x"), Ok(Some("")));
        assert_eq!(query.get(""), Ok(Some("y")));
        assert_eq!(query.get("b"), Ok(Some("1=2")));
        assert_eq!(query.get("Number"), Ok(None));
    }

    #[test]
    fn bytes_that_are_no_text_are_neither_a_value_nor_absent() {
        let query = parse("a=%FF&a=1&%FF=2");
        let refused = query.get("a").unwrap_err();
        assert_eq!(ApiError::from(refused).status(), 400);
        assert_eq!(query.get("\u{fffd}"), Ok(None));
        let missing = query.require("b", "Missing 'b'").unwrap_err();
        assert_eq!(missing.message(), "Missing 'b'");
    }

    #[test]
    fn pairs_are_limited() {
        assert!(Query::parse(&"a=1&".repeat(100), 100).is_ok());
        let refused = Query::parse(&"a=1&".repeat(101), 100).unwrap_err();
        assert_eq!(refused, QueryRejection::TooManyPairs { limit: 100 });
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in "\\PC{0,300}") {
            let _ = Query::parse(&text, 20);
        }

        #[test]
        fn texts_agree_with_form_urlencoded(
            pairs in prop::collection::vec(("\\PC{0,8}", "\\PC{0,8}"), 0..20)
        ) {
            let text = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(&pairs)
                .finish();
            let query = Query::parse(&text, 100).unwrap();
            let ours: Vec<(&str, &str)> = query.iter().collect();
            let theirs: Vec<_> = form_urlencoded::parse(text.as_bytes()).collect();
            let theirs: Vec<(&str, &str)> =
                theirs.iter().map(|(name, value)| (&**name, &**value)).collect();
            prop_assert_eq!(ours, theirs);
        }

        #[test]
        fn loose_text_agrees_with_form_urlencoded(text in "[a-c%=&+0-9A-F;]{0,60}") {
            let query = Query::parse(&text, 100).unwrap();
            for pair in &query.pairs {
                let (Some(name), Some(value)) = (&pair.name, &pair.value) else { continue };
                let found = form_urlencoded::parse(text.as_bytes())
                    .any(|(n, v)| *n == **name && *v == **value);
                prop_assert!(found);
            }
        }
    }
}
