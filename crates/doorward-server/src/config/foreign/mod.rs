//! What the file says of other applications: whose tokens and sessions count here, and until when.
//!
//! These are tables that may stand in the file several times, so they have no flags and no variables of their own. The keys
//! can come from variables (`key_env`) and files (`key_file`).

pub mod columns;
mod key;
mod row;
mod shown;

use std::time::Duration;

use doorward::{
    clock::Timestamp,
    foreign::{SourceName, SubjectKind, SubjectRule},
    secret::Secret,
    token::{Algorithm, Family, KeyError, KeyId, KeyVerifier, Validation},
};

pub use columns::{ARRAY_TABLES, ArrayTable, Column};
pub(crate) use key::variable;
pub use key::{KeyPlace, SourceKey};
pub(crate) use row::Row;
pub(crate) use shown::{reference, template};

use super::Environment;
use super::error::{ConfigError, ConfigErrorKind, Warning};
use super::secret::SecretText;

/// More sources of a kind are refused: each costs every bad token one more look.
const MOST_SOURCES: usize = 16;

/// All foreign sources.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ForeignConfig {
    /// `[[foreign_tokens]]`
    pub tokens: Vec<ForeignTokenConfig>,
    /// `[[flask_sessions]]`
    pub sessions: Vec<FlaskSessionConfig>,
}

/// One `[[foreign_tokens]]`. What each field means is said in [`columns::FOREIGN_TOKENS`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each field is the key of the same name, which has its text in the table of keys"
)]
pub struct ForeignTokenConfig {
    pub name: SourceName,
    pub key: SourceKey,
    pub algorithms: Vec<Algorithm>,
    pub subject: SubjectRule,
    pub until: Timestamp,
    pub issuer: Option<String>,
    pub audience: Option<String>,
    pub kid: Option<KeyId>,
    pub leeway: Duration,
    pub require_expiry: bool,
    pub allow_weak_key: bool,
    /// Where the table stands.
    pub place: String,
}

/// One `[[flask_sessions]]`. What each field means is said in [`columns::FLASK_SESSIONS`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each field is the key of the same name, which has its text in the table of keys"
)]
pub struct FlaskSessionConfig {
    pub name: SourceName,
    pub key: SourceKey,
    pub fallbacks: Vec<SecretText>,
    pub subject: SubjectRule,
    pub until: Timestamp,
    pub max_age: Option<Duration>,
    pub salt: String,
    pub cookie: String,
    pub allow_weak_key: bool,
    /// Where the table stands.
    pub place: String,
}

impl ForeignTokenConfig {
    /// The verifier that the table describes.
    ///
    /// # Errors
    /// [`KeyError`] when the key does not fit the algorithms.
    pub fn verifier(&self) -> Result<KeyVerifier, KeyError> {
        let mut validation = Validation::new()
            .leeway(self.leeway)
            .allow_integer_subject(true)
            .allow_missing_expiry(!self.require_expiry);
        if let Some(issuer) = &self.issuer {
            validation = validation.issuer(issuer);
        }
        if let Some(audience) = &self.audience {
            validation = validation.audience(audience);
        }
        let text = self.key.text.expose();
        let verifier = if is_hmac(&self.algorithms) {
            let secret = Secret::from_text(text.to_owned());
            KeyVerifier::with_secret(&secret, &self.algorithms, validation)?
        } else {
            KeyVerifier::with_public_key(text, &self.algorithms, validation)?
        };
        Ok(match &self.kid {
            Some(kid) => verifier.with_key_id(kid.clone()),
            None => verifier,
        })
    }
}

/// Reads every table; the first fault refuses the start.
pub(crate) fn build(
    rows: &[Row],
    environment: &Environment,
    demo: bool,
    warnings: &mut Vec<Warning>,
) -> Result<ForeignConfig, ConfigError> {
    let mut config = ForeignConfig::default();
    for row in rows {
        if row.table.name == columns::FOREIGN_TOKENS.name {
            let source = token_source(row, environment, demo, warnings)?;
            let names = config.tokens.iter().map(|known| &known.name);
            refuse_second_name(row, &source.name, names)?;
            config.tokens.push(source);
        } else {
            let source = session_source(row, environment, demo, warnings)?;
            let names = config.sessions.iter().map(|known| &known.name);
            refuse_second_name(row, &source.name, names)?;
            refuse_second_meaning(row, &source, &config.sessions)?;
            config.sessions.push(source);
        }
        if config.tokens.len().max(config.sessions.len()) > MOST_SOURCES {
            let reason = format!(
                "is source {}, and {MOST_SOURCES} are the most",
                MOST_SOURCES + 1
            );
            return Err(row.refuse_as(
                ConfigErrorKind::InvalidValue,
                "name",
                &reason,
                "delete those that have ended",
            ));
        }
    }
    Ok(config)
}

fn token_source(
    row: &Row,
    environment: &Environment,
    demo: bool,
    warnings: &mut Vec<Warning>,
) -> Result<ForeignTokenConfig, ConfigError> {
    let algorithms = algorithms(row)?;
    let is_secret = is_hmac(&algorithms);
    let source = ForeignTokenConfig {
        name: row.parsed("name")?,
        key: key::read(row, environment, is_secret, warnings)?,
        algorithms,
        subject: subject(row)?,
        until: row.end("until")?,
        issuer: row.text("issuer")?.map(str::to_owned),
        audience: row.text("audience")?.map(str::to_owned),
        kid: match row.text("kid")? {
            Some(_) => Some(row.parsed("kid")?),
            None => None,
        },
        leeway: row.duration("leeway")?.unwrap_or_default(),
        require_expiry: row.boolean("require_expiry")?,
        allow_weak_key: row.boolean("allow_weak_key")?,
        place: row.place(),
    };
    source
        .verifier()
        .map_err(|error| row.refuse("key", &error.to_string()))?;
    if is_secret {
        key::check_strength(row, &source.key.text, demo, warnings)?;
    }
    Ok(source)
}

fn session_source(
    row: &Row,
    environment: &Environment,
    demo: bool,
    warnings: &mut Vec<Warning>,
) -> Result<FlaskSessionConfig, ConfigError> {
    let source = FlaskSessionConfig {
        name: row.parsed("name")?,
        key: key::read(row, environment, true, warnings)?,
        fallbacks: row
            .list("fallbacks")?
            .into_iter()
            .map(SecretText::from)
            .collect(),
        subject: subject(row)?,
        until: row.end("until")?,
        max_age: row.duration("max_age")?,
        salt: row.needed("salt")?.to_owned(),
        cookie: cookie_name(row)?,
        allow_weak_key: row.boolean("allow_weak_key")?,
        place: row.place(),
    };
    for secret in std::iter::once(&source.key.text).chain(&source.fallbacks) {
        key::check_strength(row, secret, demo, warnings)?;
    }
    Ok(source)
}

fn algorithms(row: &Row) -> Result<Vec<Algorithm>, ConfigError> {
    let names = row.list("algorithms")?;
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let algorithm: Algorithm = name.parse().map_err(|error| {
            row.refuse(
                "algorithms",
                &format!("has `{}`, which {error}", name.escape_debug()),
            )
        })?;
        if found.contains(&algorithm) {
            return Err(row.refuse("algorithms", &format!("names {algorithm} twice")));
        }
        found.push(algorithm);
    }
    if found.is_empty() {
        return Err(row.refuse("algorithms", "is empty; a token must not choose by itself"));
    }
    Ok(found)
}

fn is_hmac(algorithms: &[Algorithm]) -> bool {
    algorithms
        .first()
        .is_some_and(|algorithm| algorithm.family() == Family::Hmac)
}

fn subject(row: &Row) -> Result<SubjectRule, ConfigError> {
    let kind = match row.needed("subject_is")? {
        "id" => SubjectKind::Id,
        "username" => SubjectKind::Username,
        _ => return Err(row.refuse("subject_is", "must be \"id\" or \"username\"")),
    };
    Ok(SubjectRule {
        claim: row.needed("subject_claim")?.to_owned(),
        kind,
    })
}

/// A token of RFC 9110 §5.6.2, so that it can stand in a header.
fn cookie_name(row: &Row) -> Result<String, ConfigError> {
    let name = row.needed("cookie")?;
    let permitted = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.len() <= 64 && name.bytes().all(permitted) {
        Ok(name.to_owned())
    } else {
        Err(row.refuse("cookie", "is no name that a cookie can have"))
    }
}

fn refuse_second_name<'n>(
    row: &Row,
    name: &SourceName,
    mut known: impl Iterator<Item = &'n SourceName>,
) -> Result<(), ConfigError> {
    if known.any(|known| known == name) {
        let reason = format!("is `{name}` a second time; each source has a name of its own");
        return Err(row.refuse("name", &reason));
    }
    Ok(())
}

/// What we signed in an exchange does not say which source it came from, so two sources with one form must agree on whom a
/// session means.
fn refuse_second_meaning(
    row: &Row,
    source: &FlaskSessionConfig,
    known: &[FlaskSessionConfig],
) -> Result<(), ConfigError> {
    let other = known.iter().find(|known| {
        known.cookie == source.cookie
            && known.salt == source.salt
            && known.subject != source.subject
    });
    match other {
        None => Ok(()),
        Some(other) => Err(row.refuse_as(
            ConfigErrorKind::InvalidValue,
            "subject_claim",
            &format!(
                "reads the same cookie in another way than the source `{}`",
                other.name
            ),
            "give both the same subject_claim and subject_is, or one of them another cookie",
        )),
    }
}
