//! `smtp.*` and `mail.*`: whether and how letters are sent.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::error::{ConfigError, ConfigErrorKind};
use super::secret::SecretText;
use super::values::Values;

/// `smtp.*` and `mail.*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailConfig {
    /// `smtp.*`; `None` without `smtp.host`: no letters are sent.
    pub smtp: Option<SmtpConfig>,
    /// `mail.template_dir`.
    pub template_dir: Option<PathBuf>,
    /// `mail.reset_ttl`.
    pub reset_ttl: Duration,
    /// `mail.verify_ttl`.
    pub verify_ttl: Duration,
}

/// The mail server, and who writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpConfig {
    /// `smtp.host`.
    pub host: String,
    /// `smtp.port`.
    pub port: u16,
    /// `smtp.security`.
    pub security: SmtpSecurity,
    /// `smtp.trusted_certificates`.
    pub trusted_certificates: Option<PathBuf>,
    /// `smtp.username` and `smtp.password`.
    pub credentials: Option<(String, SecretText)>,
    /// `mail.from`.
    pub from: String,
}

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// TLS after `STARTTLS`, which the server must offer (RFC 3207).
    StartTls,
    /// TLS from the start (RFC 8314).
    Tls,
    /// Nothing; to this machine alone.
    None,
}

impl MailConfig {
    pub(crate) fn build(v: &mut Values, has_public_url: bool) -> Result<Self, ConfigError> {
        let host: Option<String> = v.take_optional("smtp.host")?;
        let port = v.take("smtp.port")?;
        let security: String = v.take("smtp.security")?;
        let trusted: Option<String> = v.take_optional("smtp.trusted_certificates")?;
        let username: Option<String> = v.take_optional("smtp.username")?;
        let password: Option<SecretText> = v.take_optional("smtp.password")?;
        let from: Option<String> = v.take_optional("mail.from")?;
        let security = match security.as_str() {
            "tls" => SmtpSecurity::Tls,
            "none" => SmtpSecurity::None,
            _ => SmtpSecurity::StartTls,
        };
        let smtp = match host {
            None => None,
            Some(host) => {
                if security == SmtpSecurity::None && !is_this_machine(&host) {
                    return Err(refused(
                        "`smtp.security` is none, but the mail server is not on this machine",
                        "links that set passwords would cross the network in clear",
                        "set smtp.security to starttls or tls",
                    ));
                }
                if !has_public_url {
                    return Err(refused(
                        "`smtp.host` is set, but `public_url` is not",
                        "the links in letters lead there; they are never made from what a request says",
                        "set public_url to where browsers reach the server, for example: export DOORWARD_PUBLIC_URL='https://auth.example.org'",
                    ));
                }
                let credentials = match (username, password) {
                    (Some(username), Some(password)) => Some((username, password)),
                    (None, None) => None,
                    _ => {
                        return Err(refused(
                            "`smtp.username` and `smtp.password` belong together",
                            "one of them is set and the other is not",
                            "set both or neither",
                        ));
                    }
                };
                let from = from.ok_or_else(|| {
                    refused(
                        "`smtp.host` is set, but `mail.from` is not",
                        "every letter has a sender",
                        "for example: export DOORWARD_MAIL_FROM='Accounts <accounts@example.org>'",
                    )
                })?;
                Some(SmtpConfig {
                    host,
                    port,
                    security,
                    trusted_certificates: trusted.map(PathBuf::from),
                    credentials,
                    from,
                })
            }
        };
        Ok(Self {
            smtp,
            template_dir: v.take_optional("mail.template_dir")?,
            reset_ttl: v.take("mail.reset_ttl")?,
            verify_ttl: v.take("mail.verify_ttl")?,
        })
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

fn refused(what: &str, why: &str, fix: &str) -> ConfigError {
    ConfigError::new(ConfigErrorKind::InvalidValue, what, why, fix)
}
