use std::time::Duration;

use super::compact::MAX_TOKEN_BYTES;

/// A registered claim that a [`Validation`] can demand (RFC 7519 §4.1). `exp` is demanded unless
/// [`Validation::allow_missing_expiry`] says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequiredClaim {
    /// `iss`
    Issuer,
    /// `sub`
    Subject,
    /// `aud`
    Audience,
    /// `nbf`
    NotBefore,
    /// `iat`
    IssuedAt,
    /// `jti`
    TokenId,
}

/// What a token must say to be accepted, beyond its signature.
///
/// The default accepts what the lecture's programs sign: `exp` required and refused at that very
/// millisecond, no leeway, any issuer, no audience, `typ` absent or `JWT`.
#[derive(Debug, Clone)]
pub struct Validation {
    pub(super) issuer: Option<String>,
    pub(super) audience: Option<String>,
    pub(super) ignore_foreign_audience: bool,
    pub(super) leeway_ms: i64,
    pub(super) future_iat_ms: Option<i64>,
    pub(super) max_lifetime_ms: Option<i64>,
    pub(super) required: Vec<RequiredClaim>,
    pub(super) integer_subject: bool,
    pub(super) types: Vec<String>,
    pub(super) require_type: bool,
    pub(super) expiry: Expiry,
    pub(super) max_bytes: usize,
}

/// Whether a token must have `exp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expiry {
    Required,
    Optional,
}

impl Default for Validation {
    fn default() -> Self {
        Self {
            issuer: None,
            audience: None,
            ignore_foreign_audience: false,
            leeway_ms: 0,
            future_iat_ms: None,
            max_lifetime_ms: None,
            required: Vec::new(),
            integer_subject: false,
            types: vec!["JWT".to_owned()],
            require_type: false,
            expiry: Expiry::Required,
            max_bytes: MAX_TOKEN_BYTES,
        }
    }
}

impl Validation {
    /// The default rules; see the type.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Demands this `iss`, compared byte by byte (RFC 8725 §3.8).
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Demands that `aud` is, or contains, this text (RFC 8725 §3.9).
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Accepts tokens that carry an `aud` although no audience is configured. Off by default: such
    /// a token is meant for someone else (RFC 7519 §4.1.3).
    #[must_use]
    pub fn ignore_foreign_audience(mut self, ignore: bool) -> Self {
        self.ignore_foreign_audience = ignore;
        self
    }

    /// Clock difference granted to `exp`, `nbf` and `iat`, zero by default. A minute is
    /// the most that anyone should need (RFC 7519 §4.1.4 says a few minutes).
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway_ms = milliseconds(leeway);
        self
    }

    /// How far ahead `iat` may lie, where it differs from [`Validation::leeway`]: an issuer whose
    /// clock runs ahead makes good tokens that are dated a little into the future.
    #[must_use]
    pub fn future_issue_leeway(mut self, leeway: Duration) -> Self {
        self.future_iat_ms = Some(milliseconds(leeway));
        self
    }

    /// Longest accepted life: `exp - iat`, or what is left of it when the token has no `iat`.
    #[must_use]
    pub fn max_lifetime(mut self, lifetime: Duration) -> Self {
        self.max_lifetime_ms = Some(milliseconds(lifetime));
        self
    }

    /// Demands these claims, none of them empty text. Replaces an earlier list.
    #[must_use]
    pub fn require(mut self, claims: impl IntoIterator<Item = RequiredClaim>) -> Self {
        self.required = claims.into_iter().collect();
        self
    }

    /// Accepts an integer as `sub`, as applications with `PyJWT` before 2.10 issued it. Off by
    /// default: RFC 7519 §4.1.2 has text.
    #[must_use]
    pub fn allow_integer_subject(mut self, allow: bool) -> Self {
        self.integer_subject = allow;
        self
    }

    /// The values of `typ` accepted here, compared without ASCII case, instead of `JWT`.
    #[must_use]
    pub fn types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.types = types.into_iter().map(Into::into).collect();
        self
    }

    /// Refuses tokens without `typ`, which keeps token kinds apart (RFC 8725 §3.11). Off by default:
    /// `typ` is optional in RFC 7519 §5.1.
    #[must_use]
    pub fn require_type(mut self, require: bool) -> Self {
        self.require_type = require;
        self
    }

    /// How long a token may be, in bytes, instead of [`MAX_TOKEN_BYTES`]: for signed documents, which no client sends.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Accepts tokens without `exp`, which are good for ever: only for a verifier that ends by another rule. Off by
    /// default (ASVS 9.2.1).
    #[must_use]
    pub fn allow_missing_expiry(mut self, allow: bool) -> Self {
        self.expiry = if allow {
            Expiry::Optional
        } else {
            Expiry::Required
        };
        self
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
