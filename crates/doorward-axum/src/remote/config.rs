use std::{net::IpAddr, time::Duration};

use doorward::access::AccessTokenPolicy;
use reqwest::Url;

/// Where the server is, and what its tokens must say.
#[derive(Debug, Clone)]
pub struct RemoteConfig {
    pub(super) base: Url,
    pub(super) issuer: String,
    pub(super) audience: Option<String>,
    pub(super) max_age: Duration,
    pub(super) cool_down: Duration,
    pub(super) poll: Duration,
    pub(super) leeway: Duration,
    pub(super) max_lifetime: Duration,
    pub(super) stale: StaleRevocations,
    plain_http: bool,
}

/// What becomes of good tokens while nobody can say which of them were revoked: the server has sent no list for five minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StaleRevocations {
    /// They are answered with a 503, until there is a list again.
    #[default]
    Refuse,
    /// They pass until they expire: a service that goes on while the server is down.
    Accept,
}

/// A [`RemoteConfig`] that can't work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteConfigError {
    /// Not an address that keys can be fetched from.
    #[error(
        "{0:?} is no http or https URL; give the address of the server, such as https://auth.example.org"
    )]
    Address(String),
    /// Whoever is on the way could send keys of their own.
    #[error(
        "keys would come from {0} unencrypted; use https, or allow_plain_http() on a network that you trust"
    )]
    PlainHttp(String),
    /// The client for HTTPS could not be made.
    #[error("no HTTPS client: {0}")]
    Client(String),
}

impl RemoteConfig {
    /// How old the keys may become before they are fetched again: five minutes, as the server's `Cache-Control` says.
    pub const MAX_AGE: Duration = Duration::from_mins(5);
    /// The shortest time between two fetches for tokens that name an unknown key: ten seconds.
    pub const COOL_DOWN: Duration = Duration::from_secs(10);
    /// How often the list of revocations is asked for: every second.
    pub const POLL: Duration = Duration::from_secs(1);
    /// The clock difference that is granted: ten seconds.
    pub const LEEWAY: Duration = Duration::from_secs(10);

    /// The server at `base`, whose tokens have `issuer` as `iss`: its `token.issuer`, which is its public URL unless it was
    /// set. Any audience is refused until [`RemoteConfig::audience`] names one.
    ///
    /// # Errors
    /// [`RemoteConfigError::Address`].
    pub fn new(base: &str, issuer: impl Into<String>) -> Result<Self, RemoteConfigError> {
        let refused = || RemoteConfigError::Address(base.to_owned());
        let mut url = Url::parse(base).map_err(|_| refused())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(refused());
        }
        url.set_query(None);
        url.set_fragment(None);
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self {
            base: url,
            issuer: issuer.into(),
            audience: None,
            max_age: Self::MAX_AGE,
            cool_down: Self::COOL_DOWN,
            poll: Self::POLL,
            leeway: Self::LEEWAY,
            max_lifetime: AccessTokenPolicy::MAX_LIFETIME,
            stale: StaleRevocations::default(),
            plain_http: false,
        })
    }

    /// Demands that `aud` names this service: the server's `token.audience`.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// How old the keys may become, instead of [`RemoteConfig::MAX_AGE`]. When the list of revocations names other keys, they are
    /// fetched at once: one that was retired in an emergency counts no more within seconds.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// The shortest time between two fetches for unknown keys, instead of [`RemoteConfig::COOL_DOWN`].
    #[must_use]
    pub fn cool_down(mut self, time: Duration) -> Self {
        self.cool_down = time;
        self
    }

    /// How often the list of revocations is asked for, instead of [`RemoteConfig::POLL`]. A revocation holds here after this
    /// time and the two seconds that the server states, at the latest.
    #[must_use]
    pub fn poll(mut self, every: Duration) -> Self {
        self.poll = every;
        self
    }

    /// The clock difference that is granted to `exp`, `nbf` and `iat`, instead of [`RemoteConfig::LEEWAY`].
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// The longest life of a token, instead of 24 hours: for a server whose `token.ttl` is longer. Revocations are
    /// remembered for so long.
    #[must_use]
    pub fn max_lifetime(mut self, lifetime: Duration) -> Self {
        self.max_lifetime = lifetime;
        self
    }

    /// What becomes of tokens when the list of revocations is too old.
    #[must_use]
    pub fn stale_revocations(mut self, stale: StaleRevocations) -> Self {
        self.stale = stale;
        self
    }

    /// Fetches keys over `http` from another host too: on a network where nobody else can answer.
    #[must_use]
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// # Errors
    /// [`RemoteConfigError::PlainHttp`].
    pub(super) fn check_transport(&self) -> Result<(), RemoteConfigError> {
        let host = self.base.host_str().unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        let loopback = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
        if self.base.scheme() == "https" || loopback || self.plain_http {
            return Ok(());
        }
        Err(RemoteConfigError::PlainHttp(host.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_over_https_from_loopback_or_where_it_was_allowed() {
        let config = |base| RemoteConfig::new(base, "i").unwrap();
        for good in [
            "https://auth.example.org",
            "http://127.0.0.1:5000",
            "http://[::1]:5000/",
            "http://localhost:5000/auth",
        ] {
            assert_eq!(config(good).check_transport(), Ok(()), "{good}");
        }
        let plain = config("http://auth.example.org");
        let refused = RemoteConfigError::PlainHttp("auth.example.org".to_owned());
        assert_eq!(plain.check_transport(), Err(refused));
        assert_eq!(plain.allow_plain_http().check_transport(), Ok(()));
    }

    #[test]
    fn an_address_is_taken_with_its_path_and_without_the_rest() {
        let base = |text| RemoteConfig::new(text, "i").map(|config| config.base.to_string());
        for (given, taken) in [
            ("https://auth.example.org", "https://auth.example.org/"),
            (
                "https://example.org/auth?x=1#y",
                "https://example.org/auth/",
            ),
        ] {
            assert_eq!(base(given).as_deref(), Ok(taken));
        }
        for bad in ["", "auth.example.org", "file:///etc/passwd", "ftp://a/"] {
            let refused = RemoteConfigError::Address(bad.to_owned());
            assert_eq!(base(bad), Err(refused));
        }
    }
}
