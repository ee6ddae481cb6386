//! `forward_auth.*`: applications behind a reverse proxy that asks us.

use super::error::{ConfigError, ConfigErrorKind};
use super::values::Values;
use super::web_origin::{PublicUrl, WebOrigin};

/// `forward_auth.*`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ForwardAuthConfig {
    /// `forward_auth.redirects`.
    pub redirects: Vec<WebOrigin>,
    /// `forward_auth.cookie_domain`.
    pub cookie_domain: Option<String>,
}

impl ForwardAuthConfig {
    pub(crate) fn build(
        v: &mut Values,
        public_url: Option<&PublicUrl>,
    ) -> Result<Self, ConfigError> {
        let config = Self {
            redirects: v.take("forward_auth.redirects")?,
            cookie_domain: v.take_optional("forward_auth.cookie_domain")?,
        };
        if config == Self::default() {
            return Ok(config);
        }
        let Some(public_url) = public_url else {
            return Err(refused(
                "`forward_auth` is set, but `public_url` is not",
                "browsers are sent there to sign in",
                "set public_url to where browsers reach the server, for example: export DOORWARD_PUBLIC_URL='https://auth.example.org'",
            ));
        };
        let host = public_url.origin().host();
        if let Some(domain) = &config.cookie_domain
            && !(is_domain(domain) && is_within(host, domain))
        {
            return Err(refused(
                format!("`forward_auth.cookie_domain` is {domain}, which is no parent of {host}"),
                "a server can set cookies for its own domain and those above it alone",
                "set it to the domain that the server and the applications share, for example: export DOORWARD_FORWARD_AUTH_COOKIE_DOMAIN='example.org'",
            ));
        }
        let reached = config.cookie_domain.as_deref().unwrap_or(host);
        for origin in &config.redirects {
            if !is_within(origin.host(), reached)
                || config.cookie_domain.is_none() && origin.host() != host
            {
                return Err(refused(
                    format!(
                        "`forward_auth.redirects` has {origin}, which no cookie of {reached} reaches"
                    ),
                    "browsers would be sent back and forth without end",
                    "set forward_auth.cookie_domain to the domain that the server and the applications share",
                ));
            }
            if public_url.is_https() && !origin.is_https() {
                return Err(refused(
                    format!("`forward_auth.redirects` has {origin}, but `public_url` is https"),
                    "cookies that are marked `Secure` do not go there",
                    "serve the application by https too",
                ));
            }
        }
        Ok(config)
    }
}

/// Lower case, with a dot inside: nobody can set cookies for `org`, and an address has no domain.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        let mut bytes = label.bytes();
        !label.is_empty()
            && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let has_letter = |label: &str| label.bytes().any(|b| b.is_ascii_lowercase());
    text.contains('.')
        && text.split('.').all(is_label)
        && text.rsplit('.').next().is_some_and(has_letter)
}

fn is_within(host: &str, domain: &str) -> bool {
    host == domain
        || host
            .strip_suffix(domain)
            .is_some_and(|front| front.ends_with('.'))
}

fn refused(what: impl Into<String>, why: &str, fix: &str) -> ConfigError {
    ConfigError::new(ConfigErrorKind::InvalidValue, what.into(), why, fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_within_its_own_domain_and_those_above_and_no_other() {
        for (host, domain, within) in [
            ("example.org", "example.org", true),
            ("auth.example.org", "example.org", true),
            ("badexample.org", "example.org", false),
            ("example.org.evil", "example.org", false),
            ("example.org", "auth.example.org", false),
        ] {
            assert_eq!(is_within(host, domain), within, "{host} {domain}");
        }
    }

    #[test]
    fn what_no_cookie_can_have_is_no_domain() {
        for text in [
            "",
            "org",
            ".example.org",
            "example.org.",
            "Example.org",
            "127.0.0.1",
            "a..b",
            "a;b.c",
        ] {
            assert!(!is_domain(text), "{text:?}");
        }
        assert!(is_domain("example.org") && is_domain("xn--bcher-kva.example"));
    }
}
