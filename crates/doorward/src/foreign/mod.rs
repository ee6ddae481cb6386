//! What another application issued and still counts here for a while: its tokens and its Flask sessions.
//!
//! A [`ForeignTokenSource`] verifies the tokens of one key, a [`FlaskSessionSource`] the cookies of one; both end at a
//! date. They answer a [`Subject`], which says whom the other application meant. Who that is now, with which role, and
//! whether still at all, only the database says: [`crate::authenticator::Authenticator::foreign_principal`]. Nothing here
//! does I/O. What arrives is counted in a [`Tally`] per source, until nothing comes any more and the source can go.
//! Sources: RFC 7519, RFC 8725; `PyJWT`, Flask-JWT-Extended, Flask-Login; CVE-2016-10555, CVE-2022-29217, CVE-2025-47278.

mod name;
mod sessions;
mod subject;
mod tally;
mod tokens;

pub use name::{InvalidSourceName, SourceName};
pub use sessions::{
    FlaskKeys, FlaskSessionRules, FlaskSessionSource, FlaskSessions, SessionRefusal, Signer,
    VerifiedSession,
};
pub use subject::{Subject, SubjectKind, SubjectRule};
pub use tally::{ForeignKind, Outcome, Tally, TallyReading};
pub use tokens::{ForeignRefusal, ForeignSubject, ForeignTokenSource, ForeignTokens};

use std::sync::Arc;

/// All foreign sources of an installation. The default has none.
#[derive(Debug, Default)]
pub struct Foreign {
    /// Who else's tokens are accepted.
    pub tokens: ForeignTokens,
    /// Whose session cookies are accepted.
    pub sessions: FlaskSessions,
}

impl Foreign {
    /// The counters of every source, tokens first, in the order of the sources.
    pub fn tallies(&self) -> impl Iterator<Item = &Arc<Tally>> {
        self.tokens.tallies().chain(self.sessions.tallies())
    }
}
