//! Requests that another web page made a browser send (CSRF).

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{HOST, ORIGIN},
};

use crate::ApiError;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Where browsers reach this service: tells whether a request comes from one of its own pages.
///
/// For routes that believe a cookie: a browser sends it whoever made the request (SE-12). A cookie with `SameSite=Lax` stays
/// at home in a POST from elsewhere, but not every application's cookie has that, and two applications of one site share it.
/// Sources: Fetch Metadata §2.3, RFC 6454 §7, OWASP CSRF Prevention Cheat Sheet.
#[derive(Debug, Clone)]
pub struct OwnOrigin(Option<String>);

/// The request does not come from a page of this service, or does not say where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("A cookie is accepted from this site's own pages only")]
pub struct CrossSite;

impl OwnOrigin {
    /// The public origin, such as `https://auth.example.org`. Without one the request's own `Host` is it.
    #[must_use]
    pub fn new(origin: Option<String>) -> Self {
        Self(origin)
    }

    /// Whether a request that brings a cookie comes from here: `Sec-Fetch-Site` must be `same-origin` where it is sent,
    /// `Origin` must be ours where it is sent, and one of them must be. A browser sends one with every POST; a program
    /// without them says `Origin`.
    ///
    /// # Errors
    /// [`CrossSite`].
    pub fn check(&self, headers: &HeaderMap) -> Result<(), CrossSite> {
        let site = only(headers, &SEC_FETCH_SITE)?;
        let origin = only(headers, &ORIGIN)?;
        if site.is_none() && origin.is_none() {
            return Err(CrossSite);
        }
        if site.is_some_and(|site| site != "same-origin") {
            return Err(CrossSite);
        }
        match origin {
            Some(origin) if !self.is(origin, headers) => Err(CrossSite),
            _ => Ok(()),
        }
    }

    fn is(&self, origin: &str, headers: &HeaderMap) -> bool {
        if let Some(own) = &self.0 {
            return own.eq_ignore_ascii_case(origin);
        }
        let host = headers.get(HOST).and_then(|value| value.to_str().ok());
        let authority = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        matches!((host, authority), (Some(host), Some(authority)) if host.eq_ignore_ascii_case(authority))
    }
}

/// The only value of a header; two are one too many to believe.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, CrossSite> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(CrossSite);
    }
    first
        .map(|value: &HeaderValue| value.to_str().map_err(|_| CrossSite))
        .transpose()
}

impl From<CrossSite> for ApiError {
    fn from(error: CrossSite) -> Self {
        Self::forbidden(error.to_string()).with_code("cross_site")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(public: Option<&str>, headers: &[(&'static str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        map.insert(HOST, HeaderValue::from_static("auth.example:8080"));
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        OwnOrigin::new(public.map(str::to_owned))
            .check(&map)
            .is_ok()
    }

    #[test]
    fn a_page_of_ours_may_use_a_cookie() {
        let public = Some("https://auth.example");
        for headers in [
            &[("sec-fetch-site", "same-origin")][..],
            &[("origin", "https://auth.example")],
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://auth.example"),
            ],
        ] {
            assert!(verdict(public, headers), "{headers:?}");
        }
        for origin in ["http://auth.example:8080", "https://AUTH.example:8080"] {
            assert!(verdict(None, &[("origin", origin)]), "{origin}");
        }
    }

    #[test]
    fn another_page_and_a_request_that_does_not_say_may_not() {
        for headers in [
            &[][..],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "")],
            &[("sec-fetch-site", "same-origin, cross-site")],
            &[
                ("sec-fetch-site", "same-origin"),
                ("sec-fetch-site", "same-origin"),
            ],
            &[("origin", "null")],
            &[("origin", "https://auth.example.evil")],
            &[("origin", "https://evil.auth.example")],
            &[("origin", "http://auth.example")],
            &[("origin", "https://auth.example:8080")],
            &[("origin", "https://auth.example/")],
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://evil"),
            ],
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://auth.example"),
            ],
        ] {
            assert!(
                !verdict(Some("https://auth.example"), headers),
                "{headers:?}"
            );
        }
        for origin in [
            "http://auth.example",
            "auth.example:8080",
            "ftp://auth.example:8080",
        ] {
            assert!(!verdict(None, &[("origin", origin)]), "{origin}");
        }
    }
}
