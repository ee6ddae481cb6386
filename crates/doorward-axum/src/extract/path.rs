//! Path parameters.

use std::fmt;

use axum::extract::FromRequestParts;
use axum::extract::rejection::PathRejection;
use http::request::Parts;
use serde::de::{DeserializeOwned, Error as _, Visitor};
use serde::{Deserialize, Deserializer};

use crate::error::ApiError;

/// Path parameters as a type, percent-decoded once.
///
/// A segment that doesn't convert means that there is no such resource: 404,
/// like Flask's converters (lecture program 3). A type that can't fit the route
/// is a mistake in the program: 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        #[expect(
            clippy::disallowed_types,
            reason = "this is the wrapper that everybody else uses"
        )]
        let path = axum::extract::Path::from_request_parts(parts, state);
        path.await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(refuse)
    }
}

fn refuse(rejection: PathRejection) -> ApiError {
    if rejection.status().is_server_error() {
        ApiError::internal().with_source(rejection)
    } else {
        ApiError::not_found()
    }
}

/// A whole number in a path, as Flask's `<int:…>` takes it: ASCII digits only,
/// no sign. What exceeds 64 bits is no resource either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathInt(pub u64);

impl<'de> Deserialize<'de> for PathInt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = PathInt;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("digits")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<PathInt, E> {
                if !text.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(E::custom("not digits"));
                }
                text.parse().map(PathInt).map_err(E::custom)
            }
        }
        deserializer
            .deserialize_str(Digits)
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::routing::get;
    use http::Request;
    use tower::ServiceExt;

    async fn status(path: &str) -> u16 {
        let router = Router::new()
            .route(
                "/item/{id}",
                get(|Path(PathInt(_)): Path<PathInt>| async {}),
            )
            .route("/name/{name}", get(|Path(_): Path<String>| async {}))
            .route("/wrong/{id}", get(|Path(_): Path<(u8, u8)>| async {}));
        let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
        router.oneshot(request).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn what_does_not_convert_is_not_found() {
        for found in ["/item/1", "/item/%31", "/item/0001", "/name/a%2Fb"] {
            assert_eq!(status(found).await, 200, "{found}");
        }
        for missing in [
            "/item/-1",
            "/item/+1",
            "/item/1.0",
            "/item/x",
            "/item/%D9%A3",
            "/item/99999999999999999999",
            "/name/%FF",
        ] {
            assert_eq!(status(missing).await, 404, "{missing}");
        }
    }

    #[tokio::test]
    async fn a_type_that_cannot_fit_is_our_mistake() {
        assert_eq!(status("/wrong/1").await, 500);
    }
}
