use std::time::Duration;

use axum::http::HeaderValue;
use doorward::{session::RefreshToken, token::AccessToken};
use doorward_axum::ApiError;
use zeroize::Zeroizing;

/// The ticket.
pub(in crate::http) const TICKET: &str = "doorward_ticket";
/// The refresh token of a browser's session.
pub(super) const SESSION: &str = "doorward_session";

/// The cookies of browsers that have signed in (ASVS 3.3).
#[derive(Debug, Clone)]
pub struct BrowserCookies {
    /// Clients reach the server by https.
    pub secure: bool,
    /// The domain of tickets; `None` for the server's own host alone.
    pub domain: Option<String>,
    /// How long a ticket is good.
    pub ticket_ttl: Duration,
    /// How long a session lasts.
    pub session_lifetime: Duration,
}

impl BrowserCookies {
    /// The `Set-Cookie` values that set both.
    pub(super) fn of(
        &self,
        ticket: Option<&AccessToken>,
        refresh: &RefreshToken,
    ) -> Result<Vec<HeaderValue>, ApiError> {
        let ticket = ticket.map(|ticket| self.ticket(ticket.as_str(), self.ticket_ttl));
        let session = self.session(&refresh.expose(), self.session_lifetime);
        ticket.into_iter().chain([session]).collect()
    }

    /// Those that delete both.
    pub(super) fn cleared(&self) -> Result<[HeaderValue; 2], ApiError> {
        Ok([
            self.ticket("", Duration::ZERO)?,
            self.session("", Duration::ZERO)?,
        ])
    }

    /// `Lax`: it comes along when a link leads to an application.
    fn ticket(&self, value: &str, age: Duration) -> Result<HeaderValue, ApiError> {
        let domain = self
            .domain
            .as_deref()
            .map(|domain| format!("; Domain={domain}"));
        let scope = format!("{}; Path=/; SameSite=Lax", domain.unwrap_or_default());
        self.field(TICKET, value, age, &scope)
    }

    /// Only our own page sends it, and only where it is used.
    fn session(&self, value: &str, age: Duration) -> Result<HeaderValue, ApiError> {
        self.field(SESSION, value, age, "; Path=/signin; SameSite=Strict")
    }

    fn field(
        &self,
        name: &str,
        value: &str,
        age: Duration,
        scope: &str,
    ) -> Result<HeaderValue, ApiError> {
        let secure = if self.secure { "; Secure" } else { "" };
        let text = Zeroizing::new(format!(
            "{name}={value}; Max-Age={}{scope}; HttpOnly{secure}",
            age.as_secs()
        ));
        let mut field = HeaderValue::from_str(&text)
            .map_err(|error| ApiError::internal().with_source(error))?;
        field.set_sensitive(true);
        Ok(field)
    }
}
