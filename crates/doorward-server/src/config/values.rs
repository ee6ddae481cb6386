//! From values by key to fields by type.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::claim_source::ExtraClaims;
use super::database_url::DatabaseUrl;
use super::error::{ConfigError, ConfigErrorKind};
use super::kind::Value;
use super::observability::{LogFormat, LogLevel};
use super::secret::SecretText;
use super::typed::HashWrite;
use super::web_origin::{PublicUrl, WebOrigin};
use doorward::password::{BcryptPrehash, FormGroup, FormGroups};
use doorward_axum::Network;

/// The value of every setting; `None` for one without value and default. Each
/// is taken once, so that a setting that nothing uses is noticed.
pub(crate) struct Values(pub(crate) BTreeMap<&'static str, Option<Value>>);

impl Values {
    /// The value of a setting that always has one.
    pub(crate) fn take<T: FromValue>(&mut self, key: &str) -> Result<T, ConfigError> {
        self.take_optional(key)?.ok_or_else(|| defect(key))
    }

    /// The value of a setting that may have none.
    pub(crate) fn take_optional<T: FromValue>(
        &mut self,
        key: &str,
    ) -> Result<Option<T>, ConfigError> {
        match self.0.remove(key) {
            None => Err(defect(key)),
            Some(None) => Ok(None),
            Some(Some(value)) => T::from_value(value).map(Some).ok_or_else(|| defect(key)),
        }
    }

    /// Fails when the table has a setting that the typed configuration ignores.
    pub(crate) fn all_taken(&self) -> Result<(), ConfigError> {
        self.0.keys().next().map_or(Ok(()), |key| Err(defect(key)))
    }
}

fn defect(key: &str) -> ConfigError {
    ConfigError::new(
        ConfigErrorKind::Table,
        format!("the setting `{key}` is not wired"),
        "the table of settings and the typed configuration disagree, which is a defect of doorward",
        "leave the setting out and report this message",
    )
}

/// A field's type that a [`Value`] can become.
pub(crate) trait FromValue: Sized {
    /// `None` when the value is of another kind.
    fn from_value(value: Value) -> Option<Self>;
}

macro_rules! from_value {
    ($($variant:ident => $type:ty),+ $(,)?) => {$(
        impl FromValue for $type {
            fn from_value(value: Value) -> Option<Self> {
                match value {
                    Value::$variant(inner) => Some(inner),
                    _ => None,
                }
            }
        }
    )+};
}

from_value! {
    Address => SocketAddr,
    Directory => PathBuf,
    Text => String,
    Boolean => bool,
    Integer => u64,
    Duration => Duration,
    Database => DatabaseUrl,
    Public => PublicUrl,
    WebOrigins => Vec<WebOrigin>,
    Networks => Vec<Network>,
    Claims => ExtraClaims,
    FormGroups => Vec<FormGroup>,
    Secret => SecretText,
    SecretList => Vec<SecretText>,
}

impl FromValue for u32 {
    fn from_value(value: Value) -> Option<Self> {
        u64::from_value(value)?.try_into().ok()
    }
}

impl FromValue for u16 {
    fn from_value(value: Value) -> Option<Self> {
        u64::from_value(value)?.try_into().ok()
    }
}

impl FromValue for usize {
    fn from_value(value: Value) -> Option<Self> {
        u64::from_value(value)?.try_into().ok()
    }
}

impl FromValue for FormGroups {
    fn from_value(value: Value) -> Option<Self> {
        Vec::from_value(value).map(|groups: Vec<FormGroup>| groups.into_iter().collect())
    }
}

impl FromValue for HashWrite {
    fn from_value(value: Value) -> Option<Self> {
        Some(match String::from_value(value)?.as_str() {
            "auto" => Self::Auto,
            "argon2id" => Self::Argon2id,
            "werkzeug-scrypt" => Self::WerkzeugScrypt,
            "werkzeug-pbkdf2" => Self::WerkzeugPbkdf2,
            "bcrypt" => Self::Bcrypt,
            _ => return None,
        })
    }
}

impl FromValue for BcryptPrehash {
    fn from_value(value: Value) -> Option<Self> {
        Some(match String::from_value(value)?.as_str() {
            "off" => Self::Off,
            "on" => Self::On,
            "either" => Self::Either,
            _ => return None,
        })
    }
}

impl FromValue for LogFormat {
    fn from_value(value: Value) -> Option<Self> {
        match String::from_value(value)?.as_str() {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

impl FromValue for LogLevel {
    fn from_value(value: Value) -> Option<Self> {
        use LogLevel::{Debug, Error, Info, Off, Trace, Warn};
        let name = String::from_value(value)?;
        [Off, Error, Warn, Info, Debug, Trace]
            .into_iter()
            .find(|level| level.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_another_kind_a_missing_and_a_left_over_one_are_defects() {
        let mut values = Values(BTreeMap::from([("listen", Some(Value::Boolean(true)))]));
        assert!(values.all_taken().is_err());
        assert!(values.take::<SocketAddr>("listen").is_err());
        assert!(values.take::<SocketAddr>("listen").is_err());
        assert!(values.all_taken().is_ok());
    }
}
