//! Cross-origin resource sharing, by an exact list of origins.

use std::time::Duration;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ALLOW, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Uri};
use thiserror::Error;

const REQUEST_HEADERS: HeaderValue =
    HeaderValue::from_static("Authorization, Content-Type, X-Request-Id");
const EXPOSED_HEADERS: HeaderValue = HeaderValue::from_static(
    "Link, Location, Retry-After, WWW-Authenticate, X-Request-Id, X-Total-Count",
);
const PREFLIGHT_AGE: Duration = Duration::from_mins(10);

/// The origins whose pages may read our answers (ASVS 3.4.2). An origin is
/// compared as a whole, never by prefix or suffix.
#[derive(Debug, Clone)]
pub struct Cors {
    origins: Vec<HeaderValue>,
    credentials: bool,
}

/// An origin that can't stand in the list.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "'{origin}' is not an origin; write scheme://host or scheme://host:port in lower case, \
     without a path and without the scheme's usual port"
)]
pub struct CorsError {
    /// What was given.
    pub origin: String,
}

impl Cors {
    /// A list of origins such as `https://app.example`.
    ///
    /// # Errors
    /// [`CorsError`] for what no browser sends as an origin, for `null` (which
    /// any sandboxed page sends) and for `*`.
    pub fn new<'a>(origins: impl IntoIterator<Item = &'a str>) -> Result<Self, CorsError> {
        let origins = origins
            .into_iter()
            .map(|origin| {
                parse(origin).ok_or_else(|| CorsError {
                    origin: origin.to_owned(),
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            origins,
            credentials: false,
        })
    }

    /// Lets pages of these origins send cookies along.
    #[must_use]
    pub fn with_credentials(mut self) -> Self {
        self.credentials = true;
        self
    }

    /// What a request asks for; `None` without exactly one `Origin`.
    pub(crate) fn asked(&self, method: &Method, headers: &HeaderMap) -> Option<CorsRequest> {
        let mut origins = headers.get_all(ORIGIN).iter();
        let origin = origins.next().filter(|_| origins.next().is_none())?;
        let allowed = self.origins.contains(origin);
        Some(CorsRequest {
            origin: allowed.then(|| origin.clone()),
            is_preflight: *method == Method::OPTIONS
                && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD),
        })
    }

    /// Adds the headers of the answer. Caches must know in any case that the
    /// answer depends on the origin.
    pub(crate) fn decorate(&self, asked: Option<CorsRequest>, headers: &mut HeaderMap) {
        headers.append(VARY, HeaderValue::from_static("Origin"));
        let Some(CorsRequest {
            origin: Some(origin),
            is_preflight,
        }) = asked
        else {
            return;
        };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.credentials {
            let yes = HeaderValue::from_static("true");
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
        if !is_preflight {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
        } else if let Some(methods) = headers.get(ALLOW).cloned() {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
            let age = HeaderValue::from(PREFLIGHT_AGE.as_secs());
            headers.insert(ACCESS_CONTROL_MAX_AGE, age);
        }
    }
}

/// What one request asks for.
#[derive(Debug)]
pub(crate) struct CorsRequest {
    /// The origin, if it is in the list.
    origin: Option<HeaderValue>,
    is_preflight: bool,
}

/// Takes an origin only in the form in which browsers send it, for anything
/// else would never match and leave the operator wondering.
fn parse(origin: &str) -> Option<HeaderValue> {
    let uri: Uri = origin.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    let usual_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let canonical = format!("{scheme}://{authority}");
    let fits = canonical == origin
        && !origin.bytes().any(|b| b.is_ascii_uppercase())
        && !origin.contains(['@', '*'])
        && !authority.as_str().ends_with(':')
        && authority.port_u16() != Some(usual_port)
        && !authority.host().is_empty();
    fits.then(|| HeaderValue::from_str(origin).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_that_browsers_send_are_taken() {
        for good in [
            "https://app.example",
            "http://localhost:3000",
            "http://[::1]:3000",
        ] {
            assert!(Cors::new([good]).is_ok(), "{good}");
        }
        for bad in [
            "*",
            "null",
            "",
            "app.example",
            "https://",
            "https://app.example/",
            "https://App.example",
            "https://app.example:443",
            "https://*.example",
            "https://user@app.example",
            "file:///x",
        ] {
            let refused = Cors::new([bad]).unwrap_err();
            assert_eq!(refused.origin, bad);
        }
    }

    /// Answers kanidm-1.10.
    #[test]
    fn suffix_prefix_and_null_origins_do_not_match() {
        let cors = Cors::new(["https://app.example"]).unwrap();
        for other in [
            "null",
            "https://app.example.evil.test",
            "https://evilapp.example",
            "http://app.example",
            "https://app.example:8443",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ORIGIN, HeaderValue::from_static(other));
            let asked = cors.asked(&Method::GET, &headers).unwrap();
            assert!(asked.origin.is_none(), "{other}");
        }
    }
}
