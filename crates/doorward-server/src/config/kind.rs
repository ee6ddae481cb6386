//! The kinds of values that settings take, and the one place that reads them.

use std::fmt::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use zeroize::Zeroizing;

use super::claim_source::{self, ExtraClaims};
use super::database_url::DatabaseUrl;
use super::duration::{format_duration, parse_duration};
use super::secret::{REDACTED, SecretText};
use super::web_origin::{PublicUrl, WebOrigin};
use doorward::password::FormGroup;
use doorward_axum::Network;

/// What values a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `ADDRESS:PORT`.
    Address,
    /// A directory.
    Directory,
    /// Text in one line.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A whole number within limits, both included.
    Integer {
        /// The least.
        min: u64,
        /// The greatest.
        max: u64,
    },
    /// A duration within limits, both included.
    Duration {
        /// The least, in milliseconds.
        min_ms: u64,
        /// The greatest, in milliseconds.
        max_ms: u64,
    },
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A database URL.
    Database,
    /// The server's own web origin.
    Public,
    /// A list of web origins.
    WebOrigins,
    /// A list of networks.
    Networks,
    /// A table from claim to fact.
    Claims,
    /// A list of groups of weak hashes.
    FormGroups,
    /// A secret text.
    Secret,
    /// A list of secret texts.
    SecretList,
}

/// A value as a layer gave it, before its kind is known. Every text is wiped
/// when dropped, secret or not.
#[derive(Clone)]
pub(crate) enum Raw {
    /// From a flag or a variable: lists are separated by commas.
    Text(Zeroizing<String>),
    /// The content of a file: lists have one item a line.
    File(Zeroizing<String>),
    /// A TOML string.
    TomlText(Zeroizing<String>),
    /// A TOML integer.
    Integer(i64),
    /// A TOML boolean.
    Boolean(bool),
    /// A TOML array of strings.
    List(Vec<Zeroizing<String>>),
    /// A TOML table of strings.
    Table(Vec<(String, Zeroizing<String>)>),
    /// Any other TOML value; the text names its type.
    Other(&'static str),
}

/// A value that its setting can take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// See [`Kind::Address`].
    Address(SocketAddr),
    /// See [`Kind::Directory`].
    Directory(PathBuf),
    /// See [`Kind::Text`] and [`Kind::Choice`].
    Text(String),
    /// See [`Kind::Boolean`].
    Boolean(bool),
    /// See [`Kind::Integer`].
    Integer(u64),
    /// See [`Kind::Duration`].
    Duration(Duration),
    /// See [`Kind::Database`].
    Database(DatabaseUrl),
    /// See [`Kind::Public`].
    Public(PublicUrl),
    /// See [`Kind::WebOrigins`].
    WebOrigins(Vec<WebOrigin>),
    /// See [`Kind::Networks`].
    Networks(Vec<Network>),
    /// See [`Kind::Claims`].
    Claims(ExtraClaims),
    /// See [`Kind::FormGroups`].
    FormGroups(Vec<FormGroup>),
    /// See [`Kind::Secret`].
    Secret(SecretText),
    /// See [`Kind::SecretList`].
    SecretList(Vec<SecretText>),
}

impl Kind {
    /// What the reference page calls the kind.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::Address => "address:port".to_owned(),
            Self::Directory => "directory".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Boolean => "`true` or `false`".to_owned(),
            Self::Integer { min, max } => format!("number, {min} to {max}"),
            Self::Duration { min_ms, max_ms } => {
                let shown = |ms| format_duration(Duration::from_millis(ms));
                format!("duration, {} to {}", shown(min_ms), shown(max_ms))
            }
            Self::Choice(words) => format!("`{}`", words.join("`, `")),
            Self::Database => "database URL".to_owned(),
            Self::Public => "URL of scheme, host and port".to_owned(),
            Self::WebOrigins => "list of web origins".to_owned(),
            Self::Networks => "list of networks (CIDR)".to_owned(),
            Self::Claims => "table: claim = `username`, `user_id`, `role` or a constant".to_owned(),
            Self::FormGroups => {
                let names = FormGroup::ALL.map(FormGroup::as_str);
                format!("list of `{}`", names.join("`, `"))
            }
            Self::Secret => "secret".to_owned(),
            Self::SecretList => "list of secrets".to_owned(),
        }
    }

    /// The value in TOML, from its environment spelling.
    pub(crate) fn toml_example(self, example: &str) -> String {
        match (
            self,
            self.read(&Raw::Text(Zeroizing::new(example.to_owned()))),
        ) {
            // The examples of secrets are paths of files, not values.
            (Self::Secret, _) => "\"…\"".to_owned(),
            (Self::SecretList, _) => "[\"…\"]".to_owned(),
            // A placeholder, not a password: show it.
            (Self::Database, _) | (_, Err(_)) => quote(example),
            (_, Ok(value)) => value.to_string(),
        }
    }

    /// Reads a value. The error completes the sentence "`key` …" and never
    /// quotes a secret.
    pub(crate) fn read(self, raw: &Raw) -> Result<Value, String> {
        match self {
            Self::Boolean => read_boolean(raw).map(Value::Boolean),
            Self::Integer { min, max } => read_integer(raw, min, max).map(Value::Integer),
            Self::WebOrigins => read_items(raw).map(Value::WebOrigins),
            Self::Networks => read_items(raw).map(Value::Networks),
            Self::Claims => read_claims(raw).map(Value::Claims),
            Self::FormGroups => read_items(raw).map(Value::FormGroups),
            Self::SecretList => read_secrets(raw).map(Value::SecretList),
            Self::Secret => match text_of(raw)? {
                "" => Err("is empty".to_owned()),
                text => Ok(Value::Secret(SecretText::from(text))),
            },
            _ => match text_of(raw)?.trim() {
                "" => Err("is empty; leave it out to get the default".to_owned()),
                text => self.read_text(text),
            },
        }
    }

    fn read_text(self, text: &str) -> Result<Value, String> {
        let shown = |error: &dyn fmt::Display| format!("{error} (it is `{}`)", shorten(text));
        match self {
            Self::Address => match text.parse() {
                Ok(address) => Ok(Value::Address(address)),
                Err(_) => Err(shown(&"is not a numeric address with a port")),
            },
            Self::Directory => Ok(Value::Directory(PathBuf::from(text))),
            Self::Duration { min_ms, max_ms } => {
                let duration = parse_duration(text).map_err(|error| shown(&error))?;
                let range = Duration::from_millis(min_ms)..=Duration::from_millis(max_ms);
                if range.contains(&duration) {
                    return Ok(Value::Duration(duration));
                }
                let (min, max) = (
                    format_duration(*range.start()),
                    format_duration(*range.end()),
                );
                Err(shown(&format_args!("must be from {min} to {max}")))
            }
            Self::Choice(words) if words.contains(&text) => Ok(Value::Text(text.to_owned())),
            Self::Choice(words) => Err(shown(&format_args!("must be one of {}", words.join(", ")))),
            // Never quoted: it may hold a password.
            Self::Database => text.parse().map(Value::Database).map_err(|e| e.to_string()),
            // Never quoted either, for a URL with a password pasted here.
            Self::Public => text.parse().map(Value::Public).map_err(|e| e.to_string()),
            _ if text.chars().any(char::is_control) => {
                Err("must be one line without control characters".to_owned())
            }
            _ => Ok(Value::Text(text.to_owned())),
        }
    }
}

fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().nth(60).is_some() {
        short.push('…');
    }
    short
}

fn text_of(raw: &Raw) -> Result<&str, String> {
    match raw {
        Raw::Text(text) | Raw::File(text) | Raw::TomlText(text) => Ok(text),
        // Not quoted: it may be a secret whose quotes were forgotten.
        Raw::Integer(_) => Err("must be text in quotes, not a number".to_owned()),
        Raw::Boolean(_) => Err("must be text in quotes, not true or false".to_owned()),
        Raw::List(_) => Err("must be one text, not a list".to_owned()),
        Raw::Table(_) => Err("must be text, not a table".to_owned()),
        Raw::Other(name) => Err(format!("must be text in quotes, not {name}")),
    }
}

fn read_boolean(raw: &Raw) -> Result<bool, String> {
    match raw {
        Raw::Boolean(value) => Ok(*value),
        Raw::Text(text) | Raw::File(text) if text.trim() == "true" => Ok(true),
        Raw::Text(text) | Raw::File(text) if text.trim() == "false" => Ok(false),
        _ => Err("must be true or false, without quotes".to_owned()),
    }
}

fn read_integer(raw: &Raw, min: u64, max: u64) -> Result<u64, String> {
    let number = match raw {
        Raw::Integer(number) => u64::try_from(*number).ok(),
        Raw::Text(text) | Raw::File(text) => {
            let digits = text.trim();
            let plain = digits.bytes().all(|b| b.is_ascii_digit());
            digits.parse().ok().filter(|_| plain)
        }
        _ => None,
    };
    number
        .filter(|number| (min..=max).contains(number))
        .ok_or_else(|| format!("must be a whole number from {min} to {max}, without quotes"))
}

/// The items of a list, trimmed, empty ones dropped.
fn items(raw: &Raw) -> Result<Vec<&str>, String> {
    let found: Vec<&str> = match raw {
        Raw::Text(text) | Raw::File(text) => text.split([',', '\n']).map(str::trim).collect(),
        Raw::List(list) => list.iter().map(|item| item.trim()).collect(),
        _ => return Err("must be a list of texts".to_owned()),
    };
    Ok(found.into_iter().filter(|item| !item.is_empty()).collect())
}

fn read_items<T>(raw: &Raw) -> Result<Vec<T>, String>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    let parse = |(index, item): (usize, &str)| {
        item.parse()
            .map_err(|error: T::Err| format!("has an item (number {}) that {error}", index + 1))
    };
    items(raw)?.into_iter().enumerate().map(parse).collect()
}

fn read_claims(raw: &Raw) -> Result<ExtraClaims, String> {
    let claims = match raw {
        Raw::Text(text) | Raw::File(text) => claim_source::parse_pairs(text),
        Raw::Table(pairs) => claim_source::from_pairs(
            pairs
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str())),
        ),
        _ => return Err("must be a table of texts".to_owned()),
    };
    claims.map_err(|error| error.to_string())
}

/// Secrets are taken as they are: not trimmed, and in a file only a line's end
/// separates them.
fn read_secrets(raw: &Raw) -> Result<Vec<SecretText>, String> {
    let secrets: Vec<&str> = match raw {
        Raw::Text(text) | Raw::File(text) if text.is_empty() => Vec::new(),
        Raw::Text(text) => text.split([',', '\n']).collect(),
        Raw::File(text) => text.lines().collect(),
        Raw::List(list) => list.iter().map(|item| item.as_str()).collect(),
        _ => return Err("must be a list of texts".to_owned()),
    };
    if secrets.iter().any(|secret| secret.is_empty()) {
        return Err("has an empty item".to_owned());
    }
    Ok(secrets.into_iter().map(SecretText::from).collect())
}

/// Text as a TOML basic string.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            control if control.is_control() => {
                // Writing to a String cannot fail.
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

fn list(items: impl Iterator<Item = String>) -> String {
    let quoted: Vec<String> = items.map(|item| quote(&item)).collect();
    format!("[{}]", quoted.join(", "))
}

/// The value in TOML, secrets and passwords as `***`.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Address(address) => quote(&address.to_string()),
            Self::Directory(path) => quote(&path.to_string_lossy()),
            Self::Text(text) => quote(text),
            Self::Boolean(value) => value.to_string(),
            Self::Integer(number) => number.to_string(),
            Self::Duration(duration) => quote(&format_duration(*duration)),
            Self::Database(url) => quote(&url.to_string()),
            Self::Public(url) => quote(&url.to_string()),
            Self::WebOrigins(origins) => list(origins.iter().map(WebOrigin::to_string)),
            Self::Networks(networks) => list(networks.iter().map(Network::to_string)),
            Self::Claims(claims) => {
                let pairs: Vec<String> = claims
                    .iter()
                    .map(|(name, source)| format!("{} = {}", quote(name), source.toml()))
                    .collect();
                format!("{{ {} }}", pairs.join(", ")).replace("{  }", "{}")
            }
            Self::FormGroups(groups) => list(groups.iter().map(FormGroup::to_string)),
            Self::Secret(_) => quote(REDACTED),
            Self::SecretList(secrets) => list(secrets.iter().map(|_| REDACTED.to_owned())),
        };
        formatter.write_str(&text)
    }
}
