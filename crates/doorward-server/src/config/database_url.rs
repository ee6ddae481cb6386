//! Where the data lives: `sqlite:`, `mysql://` or `mariadb://`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;
use zeroize::Zeroizing;

use super::percent;
use super::secret::{REDACTED, SecretText};
use super::web_origin::{parse_host, parse_port, split_port};

/// Query parameters whose values are safe to show.
const SHOWN_PARAMETERS: [&str; 6] = [
    "charset",
    "collation",
    "ssl-ca",
    "ssl-mode",
    "sslmode",
    "timezone",
];

/// Why a text is not a database URL. The text is never quoted: it may hold a
/// password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DatabaseUrlError {
    /// Not one of the schemes we store in.
    #[error("must start with sqlite:, mysql:// or mariadb:// (PostgreSQL is not supported)")]
    Scheme,
    /// `sqlite:` without a file name.
    #[error("names no file after sqlite:")]
    MissingPath,
    /// An in-memory database.
    #[error("is an in-memory database, which forgets every account on exit; name a file")]
    InMemory,
    /// A `?` in a `sqlite:` URL.
    #[error("has parameters after `?`; a SQLite URL is a path only (write %3F for a `?` in it)")]
    SqliteQuery,
    /// A `%` that is not an escape, or escapes that are not UTF-8.
    #[error("has a `%` that is not followed by two hexadecimal digits; write %25 for `%`")]
    Escape,
    /// An `@` after the first `/`, `?` or `#`: part of a password would pass for
    /// a host or a database and be shown.
    #[error("has an `@` after a `/`, `?` or `#`; in a password write these as %2F, %3F, %23")]
    Unencoded,
    /// No host, or one that no host can be.
    #[error("has no valid host")]
    Host,
    /// A bad port.
    #[error("has a port that is not a number from 1 to 65535")]
    Port,
    /// No user name.
    #[error("names no user; write mysql://USER:PASSWORD@HOST/DATABASE")]
    MissingUser,
    /// No database name, or more than one path segment.
    #[error("must name one database after the host: mysql://USER:PASSWORD@HOST/DATABASE")]
    Database,
}

/// A validated database URL. `Display` and `Debug` show the password as `***`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite:PATH` or `sqlite://PATH`; a relative path starts at the working
    /// directory.
    Sqlite {
        /// The database file.
        path: PathBuf,
    },
    /// `mysql://` or `mariadb://`.
    MySql {
        /// The server, account and database.
        url: MySqlUrl,
    },
}

/// The parts of a `mysql://` URL, decoded.
#[derive(Clone, PartialEq, Eq)]
pub struct MySqlUrl {
    username: String,
    password: Option<SecretText>,
    host: String,
    port: u16,
    database: String,
    query: Option<String>,
}

impl MySqlUrl {
    /// The port when none is named.
    pub const DEFAULT_PORT: u16 = 3306;

    /// Builds a URL from its parts, as a Flask deployment names them one by
    /// one. An empty password is no password.
    ///
    /// # Errors
    /// [`DatabaseUrlError`] when host, user or database cannot be in a URL.
    pub fn from_parts(
        username: &str,
        password: Option<&str>,
        host: &str,
        port: u16,
        database: &str,
    ) -> Result<Self, DatabaseUrlError> {
        let bracketed = format!("[{host}]");
        let host = parse_host(host)
            .or_else(|| parse_host(&bracketed))
            .ok_or(DatabaseUrlError::Host)?;
        if username.is_empty() {
            return Err(DatabaseUrlError::MissingUser);
        }
        if database.is_empty() {
            return Err(DatabaseUrlError::Database);
        }
        Ok(Self {
            username: username.to_owned(),
            password: password.filter(|p| !p.is_empty()).map(SecretText::from),
            host,
            port,
            database: database.to_owned(),
            query: None,
        })
    }

    /// The account's name, decoded.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The password, decoded.
    #[must_use]
    pub fn password(&self) -> Option<&SecretText> {
        self.password.as_ref()
    }

    /// Host name or address; an IPv6 address is in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The database's name, decoded.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The text after `?`, as given.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// The whole URL with the password, percent-encoded, scheme `mysql`: for
    /// the driver, never for a log.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        let password = self.password.as_ref().map(|p| percent::encode(p.expose()));
        self.write(password.as_deref().map(String::as_str), self.query.clone())
    }

    fn write(&self, password: Option<&str>, query: Option<String>) -> Zeroizing<String> {
        let user = percent::encode(&self.username);
        let database = percent::encode(&self.database);
        let colon = if password.is_some() { ":" } else { "" };
        let mark = if query.is_some() { "?" } else { "" };
        Zeroizing::new(
            [
                "mysql://",
                &user,
                colon,
                password.unwrap_or_default(),
                "@",
                &self.host,
                ":",
                &self.port.to_string(),
                "/",
                &database,
                mark,
                &query.unwrap_or_default(),
            ]
            .concat(),
        )
    }

    fn parse(rest: &str) -> Result<Self, DatabaseUrlError> {
        let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path_and_query) = rest.split_at(authority_end);
        if path_and_query.contains('@') {
            return Err(DatabaseUrlError::Unencoded);
        }
        let (path, query) = match path_and_query.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (path_and_query, None),
        };
        // The last `@` ends the user's part, so a password with a raw `@` works.
        let (user_info, host_and_port) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = match user_info.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (user_info, None),
        };
        let (host, port) = split_port(host_and_port);
        let host = parse_host(host).ok_or(DatabaseUrlError::Host)?;
        let port = match port {
            None => Self::DEFAULT_PORT,
            Some(digits) => parse_port(digits).ok_or(DatabaseUrlError::Port)?,
        };
        let username = decode(user)?.to_string();
        if username.is_empty() {
            return Err(DatabaseUrlError::MissingUser);
        }
        let database = path.strip_prefix('/').unwrap_or(path);
        if database.is_empty() || database.contains(['/', '#']) {
            return Err(DatabaseUrlError::Database);
        }
        let password = match password {
            None | Some("") => None,
            Some(encoded) => Some(SecretText::new(decode(encoded)?)),
        };
        Ok(Self {
            username,
            password,
            host,
            port,
            database: decode(database)?.to_string(),
            query: query.filter(|q| !q.is_empty()),
        })
    }
}

impl fmt::Display for MySqlUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let query = self.query.as_deref().map(|query| {
            let parameters: Vec<String> = query.split('&').map(shown_parameter).collect();
            parameters.join("&")
        });
        let shown = self.write(self.password.as_ref().map(|_| REDACTED), query);
        formatter.write_str(&shown)
    }
}

impl fmt::Debug for MySqlUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\"{self}\"")
    }
}

fn shown_parameter(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((name, _)) if SHOWN_PARAMETERS.contains(&name) => parameter.to_owned(),
        Some((name, _)) => format!("{name}={REDACTED}"),
        None => REDACTED.to_owned(),
    }
}

fn decode(text: &str) -> Result<Zeroizing<String>, DatabaseUrlError> {
    percent::decode(text).ok_or(DatabaseUrlError::Escape)
}

impl DatabaseUrl {
    /// Whether the URL holds a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        matches!(self, Self::MySql { url } if url.password.is_some())
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, DatabaseUrlError> {
        let text = text.trim();
        let (scheme, rest) = text.split_once(':').ok_or(DatabaseUrlError::Scheme)?;
        match scheme.to_ascii_lowercase().as_str() {
            "sqlite" => parse_sqlite(rest.strip_prefix("//").unwrap_or(rest)),
            "mysql" | "mariadb" => {
                let rest = rest.strip_prefix("//").ok_or(DatabaseUrlError::Scheme)?;
                MySqlUrl::parse(rest).map(|url| Self::MySql { url })
            }
            _ => Err(DatabaseUrlError::Scheme),
        }
    }
}

fn parse_sqlite(path: &str) -> Result<DatabaseUrl, DatabaseUrlError> {
    if path.contains('?') {
        return Err(DatabaseUrlError::SqliteQuery);
    }
    let path = decode(path)?;
    if path.is_empty() {
        return Err(DatabaseUrlError::MissingPath);
    }
    if path.eq_ignore_ascii_case(":memory:") {
        return Err(DatabaseUrlError::InMemory);
    }
    Ok(DatabaseUrl::Sqlite {
        path: PathBuf::from(path.as_str()),
    })
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path } => {
                // `%` and `?` have a meaning in the URL; the rest of a path has not.
                let path = path.to_string_lossy();
                let path = path.replace('%', "%25").replace('?', "%3F");
                write!(formatter, "sqlite://{path}")
            }
            Self::MySql { url } => url.fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests;
