//! Letters: what they say, and the task that sends them.

mod tally;
mod template;
mod worker;

use std::time::Duration;

use doorward::letter::LetterKind;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, MultiPart},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};

use crate::{
    config::{Config, MailConfig, SmtpConfig, SmtpSecurity},
    failure::Failure,
};
pub use tally::{LetterOutcome, LetterTally};
use template::{LetterTemplate, LetterText, LetterValues};
pub use worker::Mailing;

/// How long one letter may take. Well below the lease of a letter, so that no two nodes send it.
const PATIENCE: Duration = Duration::from_mins(1);
const STEP_PATIENCE: Duration = Duration::from_secs(20);
/// What a certificate in PEM begins with (RFC 7468 §2).
const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Sends letters through the configured mail server.
#[derive(Debug)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    site: String,
    templates: Vec<(LetterKind, LetterTemplate)>,
    reset_ttl: String,
    verify_ttl: String,
}

/// A letter could not be sent this time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    #[error("the recipient's address cannot be used: {0}")]
    Address(#[from] lettre::address::AddressError),
    #[error("the letter cannot be written: {0}")]
    Letter(#[from] lettre::error::Error),
    #[error("{0}")]
    Smtp(#[from] lettre::transport::smtp::Error),
    #[error("the mail server did not answer in time")]
    Late,
    #[error("there is no template for this letter")]
    Template,
}

fn tls_parameters(smtp: &SmtpConfig) -> Result<TlsParameters, Failure> {
    let unusable = |error: lettre::transport::smtp::Error| {
        Failure::new("the settings smtp.host and smtp.trusted_certificates cannot be used")
            .why(error)
            .usage()
    };
    let mut parameters = TlsParameters::builder(smtp.host.clone());
    if let Some(file) = &smtp.trusted_certificates {
        let pem = std::fs::read(file).map_err(|error| {
            Failure::new(format!("{} cannot be read", file.display()))
                .why(error)
                .usage()
        })?;
        if !pem
            .windows(CERTIFICATE.len())
            .any(|part| part == CERTIFICATE)
        {
            return Err(
                Failure::new(format!("{} holds no certificate", file.display()))
                    .because_text("smtp.trusted_certificates names a file in PEM")
                    .usage(),
            );
        }
        let authorities = Certificate::from_pem(&pem).map_err(unusable)?;
        parameters = parameters.add_root_certificate(authorities);
    }
    parameters.build().map_err(unusable)
}

/// For people: `30 minutes`, `24 hours`, `7 days`; rounded down to whole minutes.
fn in_words(duration: Duration) -> String {
    let minutes = duration.as_secs() / 60;
    let (count, unit) = match minutes {
        m if m >= 2 * 24 * 60 && m.is_multiple_of(24 * 60) => (m / (24 * 60), "day"),
        m if m >= 60 && m.is_multiple_of(60) => (m / 60, "hour"),
        m => (m, "minute"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

impl Mailer {
    /// The configured mailer; `None` when no mail server is configured.
    ///
    /// # Errors
    /// [`Failure`] names the setting or the template that cannot be used.
    pub fn new(config: &Config) -> Result<Option<Self>, Failure> {
        let MailConfig {
            smtp,
            template_dir,
            reset_ttl,
            verify_ttl,
        } = &config.mail;
        let (Some(smtp), Some(site)) = (smtp, &config.public_url) else {
            return Ok(None);
        };
        let from = smtp
            .from
            .parse()
            .map_err(|error: lettre::address::AddressError| {
                Failure::new("the setting mail.from is no address")
                    .why(error)
                    .fix("for example: Accounts <accounts@example.org>")
                    .usage()
            })?;
        // Every connection is a new one, and one that cannot be protected is none.
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host).tls(
            match smtp.security {
                SmtpSecurity::StartTls => Tls::Required(tls_parameters(smtp)?),
                SmtpSecurity::Tls => Tls::Wrapper(tls_parameters(smtp)?),
                // The configuration has seen to it that this is the machine itself.
                SmtpSecurity::None => Tls::None,
            },
        );
        let builder = builder.port(smtp.port).timeout(Some(STEP_PATIENCE));
        let builder = match &smtp.credentials {
            Some((username, password)) => builder.credentials(Credentials::new(
                username.clone(),
                password.expose().to_owned(),
            )),
            None => builder,
        };
        let templates = LetterKind::ALL
            .into_iter()
            .map(|kind| Ok((kind, LetterTemplate::load(kind, template_dir.as_deref())?)))
            .collect::<Result<_, Failure>>()?;
        Ok(Some(Self {
            transport: builder.build(),
            from,
            site: site.to_string(),
            templates,
            reset_ttl: in_words(*reset_ttl),
            verify_ttl: in_words(*verify_ttl),
        }))
    }

    /// Sends one letter. `number` is the same however often it is tried, so that a mail server can tell a repetition.
    pub(crate) async fn send(
        &self,
        number: &str,
        recipient: &str,
        kind: LetterKind,
        username: &str,
        link: &str,
    ) -> Result<(), SendError> {
        let (_, template) = self
            .templates
            .iter()
            .find(|(of, _)| *of == kind)
            .ok_or(SendError::Template)?;
        let LetterText {
            subject,
            text,
            html,
        } = template.fill(&LetterValues {
            username,
            site: &self.site,
            link,
            valid_for: match kind {
                LetterKind::VerifyEmail => &self.verify_ttl,
                _ => &self.reset_ttl,
            },
        });
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, recipient.parse()?))
            .message_id(Some(format!("<{number}@{}>", self.from.email.domain())))
            .subject(subject)
            .multipart(MultiPart::alternative_plain_html(text, html))?;
        tokio::time::timeout(PATIENCE, self.transport.send(message))
            .await
            .map_err(|_| SendError::Late)??;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_a_link_is_good_is_said_in_words() {
        for (seconds, words) in [
            (60, "1 minute"),
            (119, "1 minute"),
            (1_800, "30 minutes"),
            (3_600, "1 hour"),
            (5_400, "90 minutes"),
            (86_400, "24 hours"),
            (604_800, "7 days"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
    }
}
