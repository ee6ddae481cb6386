//! Where a copy comes from.

use std::path::{Path, PathBuf};

use doorward::adoption::SourceAddress;

use crate::{
    application,
    config::{self, ADOPT_FROM_VARIABLE},
    failure::Failure,
};

/// Reads an address. It is never repeated in a message: it may hold a password.
///
/// # Errors
/// [`Failure`] says what an address looks like.
pub(super) fn parse(text: &str) -> Result<SourceAddress, Failure> {
    if let Some(url) = database(text)? {
        if let config::DatabaseUrl::Sqlite { path } = &url {
            there(path)?;
        }
        return Ok(SourceAddress::Database(application::database_url(&url)?));
    }
    let path = PathBuf::from(text);
    let extension = path.extension().and_then(|extension| extension.to_str());
    let address = match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => SourceAddress::Csv(path.clone()),
        Some("jsonl" | "ndjson") => SourceAddress::JsonLines(path.clone()),
        _ => return Err(neither()),
    };
    there(&path)?;
    Ok(address)
}

/// The database's address, when the text is one and not a path.
///
/// # Errors
/// [`Failure`] for the address of a database that cannot be used.
pub(super) fn database(text: &str) -> Result<Option<config::DatabaseUrl>, Failure> {
    let schemes = ["sqlite:", "mysql:", "mariadb:"];
    if !schemes.iter().any(|scheme| text.starts_with(scheme)) {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error| {
        Failure::new("the address of the source cannot be used")
            .because_text(format!("it {error}"))
            .usage()
    })
}

/// The text is no source.
pub(super) fn neither() -> Failure {
    Failure::new("the source cannot be used")
        .because_text("it is neither mysql://…, sqlite:PATH, PATH.csv nor PATH.jsonl")
        .usage()
}

fn there(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        return Ok(());
    }
    Err(Failure::new(format!("there is no file {}", path.display()))
        .fix(format!("name another with --from or {ADOPT_FROM_VARIABLE}"))
        .usage())
}

/// Whether an address on the command line shows a password to the machine's other users.
pub(super) fn shows_a_password(text: &str) -> bool {
    text.split_once("://")
        .and_then(|(_, rest)| rest.rsplit_once('@'))
        .is_some_and(|(account, _)| account.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_what_it_is_and_never_what_is_secret() {
        let failure = parse("mysql://root:hunter2@db").unwrap_err().to_string();
        assert!(!failure.contains("hunter2"), "{failure}");
        let failure = parse("users.xlsx").unwrap_err().to_string();
        assert!(failure.contains("PATH.csv"), "{failure}");
        let failure = parse("missing.csv").unwrap_err().to_string();
        assert!(failure.contains("no file missing.csv"), "{failure}");
        assert!(shows_a_password("mysql://root:hunter2@db/x"));
        assert!(!shows_a_password("mysql://root@db/x") && !shows_a_password("a@b:c.csv"));
    }
}
