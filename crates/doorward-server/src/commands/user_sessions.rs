//! `doorward user sessions` and `doorward user end-sessions`: where a user is logged in.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use doorward::{
    authenticator::Authenticator,
    caller::Caller,
    session::{EndReason, Session, SessionId},
    store::{EndSessions, StoreError},
    user::User,
};

use super::{accounts, print, terminal, timestamp::rfc3339};
use crate::{config::Config, failure::Failure};

/// Lists the sessions that go on, the one seen last first.
///
/// # Errors
/// [`Failure`] when the database fails.
pub async fn list(
    authenticator: &Authenticator,
    user: &User,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let sessions = authenticator.sessions_of(user.id).await;
    let sessions = sessions.map_err(|error| unusable(error, config))?;
    if sessions.is_empty() {
        let described = accounts::described(user);
        writeln!(
            io::stderr(),
            "{described} has no sessions in {}",
            config.db.url
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    let title = ["ID", "METHOD", "CREATED", "SEEN", "ADDRESS", "CLIENT"].map(str::to_owned);
    let mut rows = vec![title.to_vec()];
    rows.extend(sessions.iter().map(row));
    print(&terminal::columns(&rows))
}

/// What clients say of themselves is theirs, so it is made visible before it reaches a terminal.
fn row(session: &Session) -> Vec<String> {
    let address = session.address.map(|address| address.to_string());
    let client = session.user_agent.as_deref().map(terminal::visible);
    vec![
        session.id.to_string(),
        session.method.as_str().to_owned(),
        rfc3339(session.created_at),
        rfc3339(session.last_seen_at),
        address.unwrap_or_else(|| "-".to_owned()),
        client.unwrap_or_else(|| "-".to_owned()),
    ]
}

/// Ends all sessions and makes the access tokens void, on every node within a second.
///
/// # Errors
/// [`Failure`] when the database fails or the user has gone meanwhile.
pub async fn end_all(
    authenticator: &Authenticator,
    user: &User,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let all = EndSessions::All(EndReason::Administrator);
    let ended = authenticator
        .end_sessions(user.id, all, &Caller::operator())
        .await
        .map_err(|error| unusable(error, config))?;
    let described = accounts::described(user);
    if !ended {
        return Err(Failure::new(format!(
            "{described} is not in {} any more",
            config.db.url
        )));
    }
    print(&format!(
        "ended all sessions of {described} in {}\n",
        config.db.url
    ))
}

/// Ends one session and makes its access tokens void, on every node within a second. Another user's session is as unknown as
/// one that is not there (AZ-02).
///
/// # Errors
/// [`Failure`] when the database fails or there is no such session of the user that goes on.
pub async fn end_one(
    authenticator: &Authenticator,
    user: &User,
    id: &str,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let described = accounts::described(user);
    let url = &config.db.url;
    let ended = match SessionId::parse(id) {
        Ok(id) => authenticator
            .end_session(user.id, id, EndReason::Administrator, &Caller::operator())
            .await
            .map_err(|error| unusable(error, config))?,
        Err(_) => false,
    };
    if !ended {
        return Err(Failure::new(format!(
            "{described} has no such session that goes on in {url}"
        ))
        .fix("`doorward user sessions` lists them"));
    }
    print(&format!("ended a session of {described} in {url}\n"))
}

fn unusable(error: StoreError, config: &Config) -> Failure {
    Failure::new(format!("the sessions in {} cannot be used", config.db.url)).why(error)
}
