//! Web origins (RFC 6454): `https://auth.example.org`, `http://127.0.0.1:5000`.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

/// Why a text is not a web origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WebOriginError {
    /// Neither `http://` nor `https://` in front.
    #[error("must start with https:// (or http:// on the machine itself)")]
    Scheme,
    /// A user name or password in the URL.
    #[error("must not contain a user name or password")]
    UserInfo,
    /// Anything after the port.
    #[error("must end after the host and port: no path, query or fragment")]
    Path,
    /// No host, or one with characters that no host has.
    #[error("has no valid host name (write an international name in its xn-- form)")]
    Host,
    /// A port that is not a number from 1 to 65535.
    #[error("has a port that is not a number from 1 to 65535")]
    Port,
}

/// Scheme, host and port of a web site. The host is lower case and a default
/// port is dropped, so two spellings of one origin compare equal and the text
/// is what a browser sends in `Origin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebOrigin {
    https: bool,
    host: String,
    port: u16,
}

impl WebOrigin {
    /// Whether the scheme is `https`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The host in lower case; an IPv6 address is in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, the scheme's default when the text named none.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the host is this machine: `localhost`, `*.localhost`
    /// (RFC 6761), 127.0.0.0/8 or `[::1]`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.ends_with(".localhost")
            || self.host.parse::<Ipv4Addr>().is_ok_and(|a| a.is_loopback())
            || self.host == "[::1]"
    }

    fn default_port(https: bool) -> u16 {
        if https { 443 } else { 80 }
    }
}

impl FromStr for WebOrigin {
    type Err = WebOriginError;

    fn from_str(text: &str) -> Result<Self, WebOriginError> {
        let (scheme, rest) = text
            .trim()
            .split_once("://")
            .ok_or(WebOriginError::Scheme)?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(WebOriginError::Scheme),
        };
        // RFC 3986 section 6.2.3: an empty path and `/` are the same.
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#', '\\']) {
            return Err(WebOriginError::Path);
        }
        if authority.contains('@') {
            return Err(WebOriginError::UserInfo);
        }
        let (host, port) = split_port(authority);
        let port = match port {
            None => Self::default_port(https),
            Some(digits) => parse_port(digits).ok_or(WebOriginError::Port)?,
        };
        let host = parse_host(host).ok_or(WebOriginError::Host)?;
        Ok(Self { https, host, port })
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(formatter, "{scheme}://{}", self.host)?;
        if self.port != Self::default_port(self.https) {
            write!(formatter, ":{}", self.port)?;
        }
        Ok(())
    }
}

/// Splits `host:port`; the colons of an IPv6 address in brackets stay.
pub(crate) fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// A port number from 1 to 65535, digits only.
pub(crate) fn parse_port(digits: &str) -> Option<u16> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u16>().ok().filter(|port| *port != 0)
}

/// A host name or address in lower case; IPv6 only in brackets.
pub(crate) fn parse_host(host: &str) -> Option<String> {
    if let Some(inner) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        return inner.parse::<Ipv6Addr>().ok().map(|a| format!("[{a}]"));
    }
    let is_name = !host.is_empty()
        && host.len() <= 253
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        });
    is_name.then(|| host.to_ascii_lowercase())
}

/// Where people and browsers reach the server: a [`WebOrigin`]. With `https`
/// the session cookie gets `Secure`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(WebOrigin);

impl PublicUrl {
    /// The origin.
    #[must_use]
    pub fn origin(&self) -> &WebOrigin {
        &self.0
    }

    /// Whether cookies may be marked `Secure`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.is_https()
    }
}

impl From<WebOrigin> for PublicUrl {
    fn from(origin: WebOrigin) -> Self {
        Self(origin)
    }
}

impl FromStr for PublicUrl {
    type Err = WebOriginError;

    fn from_str(text: &str) -> Result<Self, WebOriginError> {
        text.parse().map(Self)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests;
