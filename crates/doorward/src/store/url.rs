//! Where the database is.

use std::{fmt, path::PathBuf, str::FromStr};

use sqlx::mysql::MySqlConnectOptions;

/// The address of a database: a SQLite file, or a MySQL-protocol server.
///
/// `Debug` and `Display` never show the password.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// A SQLite file; it is created when it does not exist.
    Sqlite(PathBuf),
    /// MySQL, MariaDB, Galera or `TiDB`.
    MySql(Box<MySqlUrl>),
}

/// A parsed `mysql://` address.
#[derive(Clone)]
pub struct MySqlUrl {
    pub(super) options: MySqlConnectOptions,
    shown: String,
}

impl DatabaseUrl {
    /// Takes `sqlite://path`, `sqlite:path`, `mysql://user:password@host:port/name` or the same with `mariadb://`.
    ///
    /// # Errors
    /// [`InvalidDatabaseUrl`] says what is missing, without repeating the text, which may hold a password.
    pub fn parse(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        let (scheme, rest) = text.split_once(':').ok_or(InvalidDatabaseUrl::Scheme)?;
        match scheme {
            "sqlite" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if path.is_empty() || path.contains(['?', '\0']) || path == ":memory:" {
                    return Err(InvalidDatabaseUrl::SqlitePath);
                }
                Ok(Self::Sqlite(PathBuf::from(path)))
            }
            "mysql" | "mariadb" => {
                let options = MySqlConnectOptions::from_str(&format!("mysql:{rest}"))
                    .map_err(|_| InvalidDatabaseUrl::MySql)?;
                if options.get_database().is_none_or(str::is_empty) {
                    return Err(InvalidDatabaseUrl::MySqlDatabase);
                }
                let shown = without_password(text);
                Ok(Self::MySql(Box::new(MySqlUrl { options, shown })))
            }
            _ => Err(InvalidDatabaseUrl::Scheme),
        }
    }

    /// `sqlite` or `mysql`.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::MySql(_) => "mysql",
        }
    }
}

fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return "mysql://…".to_owned();
    };
    // The parameters can hold secrets too (client keys), so they are left out.
    let rest = rest.split_once('?').map_or(rest, |(before, _)| before);
    match rest.rsplit_once('@') {
        Some((account, place)) => {
            let user = account.split_once(':').map_or(account, |(user, _)| user);
            format!("{scheme}://{user}:***@{place}")
        }
        None => format!("{scheme}://{rest}"),
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::MySql(url) => f.write_str(&url.shown),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

impl PartialEq for DatabaseUrl {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for DatabaseUrl {}

/// The text is no address of a database we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDatabaseUrl {
    /// Neither SQLite nor MySQL.
    #[error(
        "a database address starts with sqlite:// or mysql:// (for example sqlite://./data/doorward.db)"
    )]
    Scheme,
    /// No file is named.
    #[error(
        "a SQLite address names a file (for example sqlite://./data/doorward.db); there is no database in memory"
    )]
    SqlitePath,
    /// The address of the server cannot be read.
    #[error(
        "this is not a MySQL address: write mysql://user:password@host:3306/name, with special characters in the password percent-encoded"
    )]
    MySql,
    /// No database is named.
    #[error(
        "a MySQL address names its database at the end (for example mysql://user:password@host:3306/flaskapi)"
    )]
    MySqlDatabase,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_never_shown() {
        let url =
            DatabaseUrl::parse("mysql://app:p%40ss@db.example:3307/flaskapi?ssl-mode=REQUIRED")
                .unwrap();
        assert_eq!(url.to_string(), "mysql://app:***@db.example:3307/flaskapi");
        assert!(!format!("{url:?}").contains("p%40ss"));
        // An '@' that was not encoded must not push the rest of the password into the open.
        let odd = DatabaseUrl::parse("mysql://app:hun@ter@db/flaskapi").map(|url| url.to_string());
        assert!(odd.is_err() || !odd.unwrap_or_default().contains("hun"));
    }

    #[test]
    fn an_address_says_its_engine() {
        assert_eq!(
            DatabaseUrl::parse("sqlite://./data/x.db").unwrap().engine(),
            "sqlite"
        );
        assert_eq!(
            DatabaseUrl::parse("mariadb://u@h/d").unwrap().engine(),
            "mysql"
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(
            DatabaseUrl::parse("postgres://h/d"),
            Err(InvalidDatabaseUrl::Scheme)
        );
        assert_eq!(
            DatabaseUrl::parse("data.db"),
            Err(InvalidDatabaseUrl::Scheme)
        );
        assert_eq!(
            DatabaseUrl::parse("sqlite:"),
            Err(InvalidDatabaseUrl::SqlitePath)
        );
        assert_eq!(
            DatabaseUrl::parse("sqlite::memory:"),
            Err(InvalidDatabaseUrl::SqlitePath)
        );
        assert_eq!(
            DatabaseUrl::parse("mysql://u@h"),
            Err(InvalidDatabaseUrl::MySqlDatabase)
        );
    }
}
