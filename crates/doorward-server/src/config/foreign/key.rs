//! A source's key: in the file, in a file of its own, or in a variable.

use std::path::{Path, PathBuf};

use super::row::Row;
use crate::config::Environment;
use crate::config::error::{ConfigError, ConfigErrorKind, Warning};
use crate::config::file::{read_text, strip_newline};
use crate::config::secret::SecretText;
use crate::config::secret_policy::{Weakness, weakness};

/// PEM keys of 8192 bits and long secrets are far shorter.
const LONGEST_KEY: usize = 16 * 1024;
const KEY: &str = "key";
const KEY_FILE: &str = "key_file";
const KEY_ENV: &str = "key_env";

/// Where a key was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// In the configuration file.
    Inline,
    /// In this file.
    File(PathBuf),
    /// In this environment variable.
    Variable(String),
}

/// A source's key, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceKey {
    /// The secret text, or a public key in PEM.
    pub text: SecretText,
    /// Where it was found.
    pub place: KeyPlace,
}

/// The variable that holds the key, when a table names one: it need be no setting.
pub(crate) fn variable(row: &Row) -> Option<&str> {
    row.text(KEY_ENV).ok().flatten()
}

/// Reads the one key of a table.
pub(super) fn read(
    row: &Row,
    environment: &Environment,
    is_secret: bool,
    warnings: &mut Vec<Warning>,
) -> Result<SourceKey, ConfigError> {
    let given: Vec<&str> = [KEY, KEY_FILE, KEY_ENV]
        .into_iter()
        .filter(|name| row.has(name))
        .collect();
    match given.as_slice() {
        [] => Err(row.refuse_as(
            ConfigErrorKind::InvalidValue,
            KEY,
            "is missing",
            format!("add {KEY_FILE} = \"FILE\" or {KEY_ENV} = \"VARIABLE\""),
        )),
        [first, second, ..] => Err(row.refuse_as(
            ConfigErrorKind::SecretTwice,
            second,
            &format!("is a second key beside `{first}`"),
            format!("delete one of the two: {first} or {second}"),
        )),
        [KEY] => inline(row, is_secret, warnings),
        [KEY_FILE] => from_file(row, is_secret, warnings),
        _ => from_variable(row, environment),
    }
}

fn inline(
    row: &Row,
    is_secret: bool,
    warnings: &mut Vec<Warning>,
) -> Result<SourceKey, ConfigError> {
    let text = SecretText::from(row.needed(KEY)?);
    if is_secret {
        warnings.push(Warning::new(
            format!(
                "{} holds the secret `{}.{KEY}`",
                row.place(),
                row.table.name
            ),
            format!("move it into a file (mode 600) and: {KEY_FILE} = \"FILE\""),
        ));
    }
    Ok(SourceKey {
        text,
        place: KeyPlace::Inline,
    })
}

fn from_file(
    row: &Row,
    is_secret: bool,
    warnings: &mut Vec<Warning>,
) -> Result<SourceKey, ConfigError> {
    let path = Path::new(row.needed(KEY_FILE)?);
    let file = read_text(path, LONGEST_KEY).map_err(|error| {
        row.refuse_as(
            ConfigErrorKind::UnreadableFile,
            KEY_FILE,
            &format!("names {}, which cannot be read: {error}", path.display()),
            "create the file, or correct its name",
        )
    })?;
    let text = strip_newline(&file.text);
    if text.is_empty() {
        return Err(row.refuse(KEY_FILE, "names an empty file"));
    }
    if is_secret && file.open_to_others {
        let shown = path.display();
        warnings.push(Warning::new(
            format!("{shown} holds a secret, and others than its owner have rights to it"),
            format!("chmod 600 {shown}"),
        ));
    }
    Ok(SourceKey {
        text: SecretText::from(text),
        place: KeyPlace::File(path.to_owned()),
    })
}

fn from_variable(row: &Row, environment: &Environment) -> Result<SourceKey, ConfigError> {
    let name = row.needed(KEY_ENV)?;
    let text = environment
        .any(name)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| {
            row.refuse_as(
                ConfigErrorKind::InvalidValue,
                KEY_ENV,
                &format!(
                    "names the variable {}, which is not set",
                    name.escape_debug()
                ),
                format!("export {}=…", name.escape_debug()),
            )
        })?;
    Ok(SourceKey {
        text: SecretText::from(text),
        place: KeyPlace::Variable(name.to_owned()),
    })
}

/// Refuses a secret that everybody knows, unless that is accepted knowingly; warns of it at each start all the same, and of
/// one that can be guessed. The key is the application's, so a short one cannot be refused: it is what is being left.
pub(super) fn check_strength(
    row: &Row,
    secret: &SecretText,
    demo: bool,
    warnings: &mut Vec<Warning>,
) -> Result<(), ConfigError> {
    let Some(weakness) = weakness(secret) else {
        return Ok(());
    };
    let described = weakness.describe();
    if weakness == Weakness::Sample && !demo && !row.boolean("allow_weak_key")? {
        return Err(row.refuse_as(
            ConfigErrorKind::WeakSecret,
            KEY,
            &format!("{described}: anyone who knows it too could be everybody here"),
            "give the application a key of its own first (people log in once more), or accept it knowingly: allow_weak_key = true",
        ));
    }
    warnings.push(Warning::new(
        format!(
            "a key of [[{}]] ({}) {described}: whoever guesses it can be anybody until the source ends",
            row.table.name,
            row.place()
        ),
        "give the application a key of its own, or bring `until` forward",
    ));
    Ok(())
}
