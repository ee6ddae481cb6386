use std::sync::Arc;
use std::time::Duration;

use super::name::SourceName;
use super::subject::{Subject, SubjectRule};
use super::tally::{ForeignKind, Outcome, Tally};
use crate::clock::Timestamp;
use crate::flask_session::{EncodeError, SessionData, SessionError, SessionSigner, SignedSession};
use crate::secret::Secret;

/// What signs the cookies of an application: Flask's `SECRET_KEY` and `SECRET_KEY_FALLBACKS`.
#[derive(Debug, Clone)]
pub struct FlaskKeys {
    /// The key that signs.
    pub current: Secret,
    /// Keys that signed before, in whatever order.
    pub fallbacks: Vec<Secret>,
}

/// The sessions of one Flask application.
#[derive(Debug)]
pub struct FlaskSessionSource {
    theirs: SessionSigner,
    ours: SessionSigner,
    cookie: String,
    subject: SubjectRule,
    until: Timestamp,
    tally: Arc<Tally>,
}

/// How an application writes its sessions, and until when they count.
#[derive(Debug, Clone)]
pub struct FlaskSessionRules {
    /// Where a session names its user.
    pub subject: SubjectRule,
    /// From this moment on, what the application signed is refused.
    pub until: Timestamp,
    /// How old a cookie may become, in whole seconds: Flask's `PERMANENT_SESSION_LIFETIME`.
    pub max_age: Duration,
    /// The salt of the session interface; [`SessionSigner::SALT`] in Flask.
    pub salt: String,
    /// The cookie's name: Flask's `SESSION_COOKIE_NAME`.
    pub cookie: String,
}

impl FlaskSessionSource {
    /// A source of cookies that `theirs` signed, or that `ours` signed in an exchange, in the same form. Only those that
    /// `theirs` signed end at the date. Where one key is both, it counts as theirs: nobody could tell the cookies apart.
    #[must_use]
    pub fn new(
        name: SourceName,
        theirs: &FlaskKeys,
        ours: &FlaskKeys,
        rules: FlaskSessionRules,
    ) -> Self {
        let signer = |keys: &FlaskKeys| {
            SessionSigner::with_salt(&keys.current, &keys.fallbacks, rules.max_age, &rules.salt)
        };
        Self {
            theirs: signer(theirs),
            ours: signer(ours),
            cookie: rules.cookie,
            subject: rules.subject,
            until: rules.until,
            tally: Arc::new(Tally::new(ForeignKind::Session, name)),
        }
    }

    fn read(&self, value: &str, now: Timestamp) -> Result<Read, SessionRefusal> {
        let seconds = u64::try_from(now.as_seconds()).unwrap_or(0);
        let (signed, by) = match self.theirs.open(value, seconds) {
            Ok(signed) => (signed, Signer::Theirs),
            Err(SessionError::Expired) => return Err(SessionRefusal::Expired),
            Err(_) => match self.ours.open(value, seconds) {
                Ok(signed) => (signed, Signer::Ours),
                Err(SessionError::Expired) => return Err(SessionRefusal::OwnExpired),
                Err(error) => return Err(SessionRefusal::Invalid(Some(error))),
            },
        };
        let subject = self
            .subject
            .in_session(&signed.data)
            .ok_or(SessionRefusal::Invalid(None))?;
        if by == Signer::Theirs && now >= self.until {
            return Err(SessionRefusal::Retired);
        }
        Ok((subject, signed, by))
    }
}

type Read = (Subject, SignedSession, Signer);

/// Whose key signed a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// A key of ours alone: the session has been exchanged before.
    Ours,
    /// A key of the application.
    Theirs,
}

/// A session that a source accepts.
#[derive(Debug)]
pub struct VerifiedSession {
    /// Whom it means.
    pub subject: Subject,
    /// Whose key signed it.
    pub signer: Signer,
    /// Where to count what becomes of it.
    pub tally: Arc<Tally>,
    data: SessionData,
    signed_at: u64,
    source: usize,
}

/// Why no source accepts a request's cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionRefusal {
    /// There is none, or there are two of one name.
    #[error("no session cookie, or two of one name")]
    Missing,
    /// Altered, signed by nobody known, or without a subject.
    #[error("the session is not accepted{}", .0.map(|error| format!(" ({error})")).unwrap_or_default())]
    Invalid(Option<SessionError>),
    /// Signed by the application, and too old.
    #[error("the application's session is too old")]
    Expired,
    /// Signed by us, and too old.
    #[error("the session is too old")]
    OwnExpired,
    /// The application's session, but the source has ended.
    #[error("the session is good, but its source has ended; log in again")]
    Retired,
}

/// The sources of Flask sessions, tried in their order.
#[derive(Debug, Default)]
pub struct FlaskSessions {
    sources: Vec<FlaskSessionSource>,
}

impl FlaskSessions {
    /// These sources.
    #[must_use]
    pub fn new(sources: impl IntoIterator<Item = FlaskSessionSource>) -> Self {
        Self {
            sources: sources.into_iter().collect(),
        }
    }

    /// Whom the session of a request means, if a source accepts it at `now`. `find` answers the only cookie of a name, and
    /// none when there are two. Counts as [`super::ForeignTokens::verify`] does.
    ///
    /// # Errors
    /// [`SessionRefusal`]: of several sources' reasons the one that comes nearest to acceptance.
    pub fn verify<'c>(
        &self,
        find: impl Fn(&str) -> Option<&'c str>,
        now: Timestamp,
    ) -> Result<VerifiedSession, SessionRefusal> {
        let mut nearest = (SessionRefusal::Missing, None);
        for (place, source) in self.sources.iter().enumerate() {
            let Some(value) = find(&source.cookie) else {
                continue;
            };
            match source.read(value, now) {
                Ok((subject, signed, by)) => {
                    return Ok(VerifiedSession {
                        subject,
                        signer: by,
                        tally: Arc::clone(&source.tally),
                        data: signed.data,
                        signed_at: signed.signed_at,
                        source: place,
                    });
                }
                Err(refusal) if rank(refusal) > rank(nearest.0) => {
                    nearest = (refusal, Some(source));
                }
                Err(_) => {}
            }
        }
        match nearest {
            (SessionRefusal::Expired, Some(source)) => source.tally.count(Outcome::Expired, now),
            (SessionRefusal::Retired, Some(source)) => source.tally.count(Outcome::Retired, now),
            _ => {}
        }
        Err(nearest.0)
    }

    /// The name and value of a cookie with the same session under our own key, so that an application with our key goes
    /// on with it. Everything in it is kept, its age too: an exchange makes no session last longer.
    ///
    /// # Errors
    /// [`EncodeError`] when the cookie would be one that browsers drop.
    pub fn resign(&self, session: &VerifiedSession) -> Result<(&str, String), EncodeError> {
        let source = self.sources.get(session.source);
        match source {
            Some(source) => Ok((
                &source.cookie,
                source.ours.encode(&session.data, session.signed_at)?,
            )),
            // A session of other sources than these.
            None => Err(EncodeError::TooLarge),
        }
    }

    /// The counters of the sources, in their order.
    pub fn tallies(&self) -> impl Iterator<Item = &Arc<Tally>> {
        self.sources.iter().map(|source| &source.tally)
    }
}

fn rank(refusal: SessionRefusal) -> u8 {
    match refusal {
        SessionRefusal::Missing => 0,
        SessionRefusal::Invalid(_) => 1,
        SessionRefusal::OwnExpired => 2,
        SessionRefusal::Expired => 3,
        SessionRefusal::Retired => 4,
    }
}

#[cfg(test)]
mod tests;
