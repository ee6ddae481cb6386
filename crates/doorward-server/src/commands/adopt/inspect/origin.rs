//! Where the users are.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use doorward::{adoption::inspect::SourceFile, store::DatabaseUrl};

use super::super::source;
use crate::{
    application,
    config::{self, ADOPT_FROM_VARIABLE},
    failure::Failure,
};

/// A database or a file. `Display` shows no password.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    Database {
        url: DatabaseUrl,
        shown: String,
        is_configured: bool,
    },
    File {
        file: SourceFile,
        path: PathBuf,
    },
}

impl Origin {
    /// The source that was given, or the configured database.
    ///
    /// # Errors
    /// [`Failure`] says what an address looks like; it is never repeated, since it may hold a password.
    pub(super) fn new(
        given: Option<&str>,
        configured: &config::DatabaseUrl,
    ) -> Result<Self, Failure> {
        let Some(text) = given else {
            return Self::database(configured, true);
        };
        if let Some(url) = source::database(text)? {
            return Self::database(&url, url == *configured);
        }
        let path = PathBuf::from(text);
        let file = SourceFile::new(&path).ok_or_else(source::neither)?;
        if !path.exists() {
            return Err(missing(&path, false));
        }
        Ok(Self::File { file, path })
    }

    fn database(url: &config::DatabaseUrl, is_configured: bool) -> Result<Self, Failure> {
        if let config::DatabaseUrl::Sqlite { path } = url
            && !path.exists()
        {
            return Err(missing(path, is_configured));
        }
        Ok(Self::Database {
            url: application::database_url(url)?,
            shown: url.to_string(),
            is_configured,
        })
    }

    pub(super) fn is_configured(&self) -> bool {
        matches!(
            self,
            Self::Database {
                is_configured: true,
                ..
            }
        )
    }

    /// The source as an argument of the next command; none where it is configured, or holds a password.
    pub(super) fn argument(&self) -> Option<String> {
        match self {
            Self::Database {
                is_configured: true,
                ..
            } => None,
            Self::Database { shown, .. } if shown.contains(":***@") => None,
            Self::Database { shown, .. } => Some(shown.clone()),
            Self::File { path, .. } => Some(path.display().to_string()),
        }
    }
}

fn missing(path: &Path, is_configured: bool) -> Failure {
    let failure = Failure::new(format!("there is no file {}", path.display())).usage();
    if !is_configured {
        return failure.fix("name the file that holds the users");
    }
    failure
        .because_text("no source is given, and this is the configured database")
        .fix(format!(
            "name the source: `doorward adopt inspect users.csv`, or its address in {ADOPT_FROM_VARIABLE}; MYSQL_HOST, MYSQL_USER, MYSQL_PASSWORD and MYSQL_DB of the Flask application are understood too"
        ))
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database { shown, .. } => f.write_str(shown),
            Self::File { path, .. } => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_address_is_not_repeated() {
        let configured: config::DatabaseUrl = "sqlite:x.db".parse().unwrap();
        for text in [
            "mysql://root:hunter2@db",
            "postgres://root:hunter2@db/x",
            "root:hunter2",
        ] {
            let failure = Origin::new(Some(text), &configured)
                .unwrap_err()
                .to_string();
            assert!(!failure.contains("hunter2"), "{failure}");
        }
    }

    #[test]
    fn the_configured_database_is_known_by_its_address() {
        let configured: config::DatabaseUrl = "mysql://app:x@db/flask".parse().unwrap();
        let same = Origin::new(Some("mysql://app:x@db:3306/flask"), &configured).unwrap();
        assert!(same.is_configured());
        let other = Origin::new(Some("mysql://app:x@db/other"), &configured).unwrap();
        assert!(!other.is_configured() && other.argument().is_none());
    }
}
