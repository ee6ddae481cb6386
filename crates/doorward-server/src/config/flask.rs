//! The variables of a Flask deployment, as the lecture and Flask-MySQLdb name
//! them: the weakest layer above the defaults.

use super::database_url::MySqlUrl;
use super::environment::Environment;
use super::error::{ConfigError, ConfigErrorKind, Warning};
use super::kind::Raw;
use super::origin::Origin;
use super::web_origin::parse_port;

/// The variable of Flask's secret.
pub(crate) const SECRET_VARIABLE: &str = "SECRET_KEY";

/// Flask-MySQLdb's settings.
const DATABASE_VARIABLES: [&str; 5] = [
    "MYSQL_HOST",
    "MYSQL_PORT",
    "MYSQL_USER",
    "MYSQL_PASSWORD",
    "MYSQL_DB",
];

/// Every variable of Flask that is understood.
pub(crate) const VARIABLES: [&str; 6] = [
    SECRET_VARIABLE,
    "MYSQL_HOST",
    "MYSQL_PORT",
    "MYSQL_USER",
    "MYSQL_PASSWORD",
    "MYSQL_DB",
];

/// Flask-MySQLdb's default host.
const DEFAULT_HOST: &str = "localhost";

/// A variable with a value; an empty one counts as not set, as in Flask.
fn given<'e>(environment: &'e Environment, name: &str) -> Option<&'e str> {
    environment.get(name).filter(|value| !value.is_empty())
}

/// Flask's secret.
pub(crate) fn secret_key(environment: &Environment) -> Option<(Raw, Origin)> {
    given(environment, SECRET_VARIABLE).map(|text| {
        let text = zeroize::Zeroizing::new(text.to_owned());
        (Raw::Text(text), Origin::Flask(vec![SECRET_VARIABLE]))
    })
}

/// What Flask's database variables amount to.
pub(crate) enum FlaskDatabase {
    /// None is set.
    Absent,
    /// Some are set, but not both user and database: not used.
    Incomplete(Warning),
    /// A database URL.
    Complete(Raw, Origin),
}

/// Composes `db.url` from `MYSQL_HOST`, `MYSQL_PORT`, `MYSQL_USER`,
/// `MYSQL_PASSWORD` and `MYSQL_DB`. User and database must be there; host and
/// port default to `localhost` and 3306.
pub(crate) fn database(environment: &Environment) -> Result<FlaskDatabase, ConfigError> {
    let present: Vec<&'static str> = DATABASE_VARIABLES
        .into_iter()
        .filter(|name| given(environment, name).is_some())
        .collect();
    if present.is_empty() {
        return Ok(FlaskDatabase::Absent);
    }
    let (user, database) = match (
        given(environment, "MYSQL_USER"),
        given(environment, "MYSQL_DB"),
    ) {
        (Some(user), Some(database)) => (user, database),
        (user, _) => {
            let missing = if user.is_none() {
                "MYSQL_USER"
            } else {
                "MYSQL_DB"
            };
            return Ok(FlaskDatabase::Incomplete(Warning::new(
                format!(
                    "{} is set but {missing} is not: not used",
                    present.join(", ")
                ),
                format!("to use that server: export {missing}=…; otherwise set DOORWARD_DB_URL"),
            )));
        }
    };
    let invalid = |name: &str, reason: &str| {
        ConfigError::new(
            ConfigErrorKind::InvalidValue,
            format!("the database of Flask's variables cannot be used: {name} {reason}"),
            format!(
                "`db.url` comes from Flask environment {}",
                present.join(", ")
            ),
            "correct it, or: export DOORWARD_DB_URL='mysql://USER:PASSWORD@HOST/DATABASE'",
        )
    };
    let port = match given(environment, "MYSQL_PORT") {
        None => MySqlUrl::DEFAULT_PORT,
        Some(digits) => parse_port(digits.trim())
            .ok_or_else(|| invalid("MYSQL_PORT", "is not a number from 1 to 65535"))?,
    };
    let host = given(environment, "MYSQL_HOST").unwrap_or(DEFAULT_HOST);
    let password = given(environment, "MYSQL_PASSWORD");
    let url = MySqlUrl::from_parts(user, password, host.trim(), port, database).map_err(|_| {
        invalid(
            "MYSQL_HOST",
            "is not a host name or address (the port goes into MYSQL_PORT)",
        )
    })?;
    Ok(FlaskDatabase::Complete(
        Raw::Text(url.expose()),
        Origin::Flask(present),
    ))
}
