//! Where a browser may be sent back to.

use axum::http::{HeaderMap, HeaderName};

use crate::config::WebOrigin;

/// The origins of the applications that take part. Nothing else is ever a target (an open redirect, CVE-2021-32618).
#[derive(Debug, Clone, Default)]
pub struct ReturnOrigins(Vec<WebOrigin>);

/// The longest target.
const MAX: usize = 2_048;
const ORIGINAL_URL: HeaderName = HeaderName::from_static("x-original-url");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const URI: HeaderName = HeaderName::from_static("x-forwarded-uri");

impl ReturnOrigins {
    /// These origins.
    #[must_use]
    pub fn new(origins: Vec<WebOrigin>) -> Self {
        Self(origins)
    }

    /// The target as it may stand in `Location`, if it is in one of the origins. The origin is written anew; what follows it
    /// begins with `/`, `?` or `#`, so that no reader takes a part of it for the host.
    #[must_use]
    pub fn target(&self, url: &str) -> Option<String> {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
        if url.len() > MAX || !url.bytes().all(is_plain) {
            return None;
        }
        let (scheme, rest) = url.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end)?;
        let origin: WebOrigin = format!("{scheme}://{authority}").parse().ok()?;
        self.0.contains(&origin).then(|| format!("{origin}{path}"))
    }

    /// The target that a proxy's request is about: `X-Original-URL`, or `X-Forwarded-Proto`, `-Host` and `-Uri`. A header that
    /// is there twice is one that somebody else has added.
    pub(super) fn asked_for(&self, headers: &HeaderMap) -> Option<String> {
        if headers.contains_key(&ORIGINAL_URL) {
            return self.target(only(headers, &ORIGINAL_URL)?);
        }
        let (proto, host) = (only(headers, &PROTO)?, only(headers, &HOST)?);
        let uri = only(headers, &URI)?;
        self.target(&format!("{proto}://{host}{uri}"))
    }
}

/// The only value of a header.
pub(super) fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn origins() -> ReturnOrigins {
        let origins = ["https://wiki.example.org", "https://ci.example.org:8443"];
        ReturnOrigins::new(origins.iter().map(|text| text.parse().unwrap()).collect())
    }

    #[test]
    fn a_target_in_an_origin_is_written_as_it_is() {
        for (url, target) in [
            ("https://wiki.example.org", "https://wiki.example.org"),
            (
                "https://wiki.example.org/a?b=c#d",
                "https://wiki.example.org/a?b=c#d",
            ),
            (
                "HTTPS://Wiki.Example.Org:443/a",
                "https://wiki.example.org/a",
            ),
            (
                "https://ci.example.org:8443/@evil.org",
                "https://ci.example.org:8443/@evil.org",
            ),
            (
                "https://wiki.example.org?x=//evil.org",
                "https://wiki.example.org?x=//evil.org",
            ),
        ] {
            assert_eq!(origins().target(url).as_deref(), Some(target));
        }
    }

    #[test]
    fn any_other_target_is_none() {
        for url in [
            "",
            "/",
            "//evil.org",
            "//wiki.example.org/",
            "https:/wiki.example.org/",
            "javascript://wiki.example.org/%0aalert(1)",
            "http://wiki.example.org/",
            "https://evil.org/",
            "https://wiki.example.org.evil.org/",
            "https://badwiki.example.org/",
            "https://example.org/",
            "https://ci.example.org/",
            "https://wiki.example.org:8443/",
            "https://user@wiki.example.org/",
            "https://wiki.example.org@evil.org/",
            "https://wiki.example.org:443@evil.org/",
            "https://evil.org\\@wiki.example.org/",
            "https://wiki.example.org\\.evil.org/",
            "https://wiki.example.org/\r\nSet-Cookie: a=b",
            "https://wiki.example.org/ x",
            "https://wiki.example.org\t/",
            "https://wiki.example.org%2fevil.org/",
            "https://wiki\u{ff0e}example.org/",
            " https://wiki.example.org/",
            "https://wiki.example.org./",
        ] {
            assert_eq!(origins().target(url), None, "{url:?}");
        }
        let long = format!("https://wiki.example.org/{}", "a".repeat(MAX));
        assert_eq!(origins().target(&long), None);
        assert_eq!(
            ReturnOrigins::default().target("https://wiki.example.org/"),
            None
        );
    }

    #[test]
    fn a_header_that_is_there_twice_or_not_at_all_names_no_target() {
        let asked = |fields: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(*name, value.parse().unwrap());
            }
            origins().asked_for(&headers)
        };
        let three = [
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "wiki.example.org"),
            ("x-forwarded-uri", "/a?b"),
        ];
        let target = Some("https://wiki.example.org/a?b".to_owned());
        assert_eq!(asked(&three), target);
        assert_eq!(
            asked(&[("x-original-url", "https://wiki.example.org/a?b")]),
            target
        );
        for (at, field) in three.iter().enumerate() {
            let mut fields = three.to_vec();
            fields.push(*field);
            assert_eq!(asked(&fields), None, "{field:?} twice");
            fields = three.to_vec();
            fields.remove(at);
            assert_eq!(asked(&fields), None, "no {field:?}");
        }
        let with = |at: usize, value: &'static str| {
            let mut fields = three.to_vec();
            fields[at].1 = value;
            asked(&fields)
        };
        assert_eq!(with(1, "evil.org"), None);
        assert_eq!(with(1, "wiki.example.org, evil.org"), None);
        assert_eq!(with(2, ".evil.org/"), None);
        assert_eq!(with(2, "@evil.org/"), None);
    }

    proptest! {
        #[test]
        fn a_target_always_begins_with_an_origin_that_is_listed(url in "[a-z:/.@\\\\?#%\r\n \t-]{0,60}") {
            for url in [url.clone(), format!("https://wiki.example.org{url}")] {
                if let Some(target) = origins().target(&url) {
                    let rest = target.strip_prefix("https://wiki.example.org").unwrap();
                    prop_assert!(rest.is_empty() || rest.starts_with(['/', '?', '#']), "{target}");
                }
            }
        }
    }
}
