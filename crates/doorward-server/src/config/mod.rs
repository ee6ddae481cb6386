//! The configuration: flags, environment, files and defaults become one typed
//! [`Config`], with the origin of every value.
//!
//! Strongest layer first: flags, `DOORWARD_…` variables, files named by
//! `DOORWARD_…_FILE`, the configuration file, a Flask deployment's own
//! variables, defaults. Every setting is one row of [`table::SETTINGS`].

mod api_keys;
mod checks;
pub mod claim_source;
pub mod database_url;
pub mod duration;
mod end_date;
pub mod environment;
pub mod error;
mod file;
mod flask;
pub mod foreign;
pub mod forward_auth;
mod keys;
pub mod kind;
pub mod layers;
pub mod mail;
pub mod observability;
pub mod origin;
mod percent;
pub mod reference;
pub mod secret;
mod secret_policy;
pub mod setting;
mod suggest;
pub mod table;
mod toml_file;
pub mod typed;
mod values;
pub mod web_origin;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use claim_source::{ClaimConstant, ClaimSource, ExtraClaims};
pub use database_url::{DatabaseUrl, MySqlUrl};
pub use doorward_axum::{Network, NetworkError};
pub use end_date::{EndDateError, parse_end_date, parse_since};
pub use environment::{ADOPT_FROM_VARIABLE, COPY_TO_VARIABLE, Environment};
pub use error::{ConfigError, ConfigErrorKind, Warning};
pub use foreign::{FlaskSessionConfig, ForeignConfig, ForeignTokenConfig};
pub use forward_auth::ForwardAuthConfig;
pub use keys::KeysConfig;
pub use layers::{Demo, Effective, Flags, Sources};
pub use mail::{MailConfig, SmtpConfig, SmtpSecurity};
pub use observability::{AuditConfig, LogConfig, LogFormat, LogLevel, MetricsConfig, TracesConfig};
pub use origin::Origin;
pub use reference::{reference, template};
pub use secret::SecretText;
pub use setting::{Setting, find_setting};
pub use table::SETTINGS;
pub use typed::{
    Config, DbConfig, HashConfig, HashWrite, HttpConfig, LoginConfig, PasswordConfig,
    RegistrationConfig, SessionConfig, ThrottleConfig, TokenConfig,
};
pub use web_origin::{PublicUrl, WebOrigin};

/// A configuration that may start, and where it comes from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The typed configuration.
    pub config: Config,
    /// Every setting with its value and origin, in the order of the table.
    pub settings: Vec<Effective>,
    /// The configuration file that was read.
    pub config_file: Option<PathBuf>,
    /// What the operator should know.
    pub warnings: Vec<Warning>,
}

/// Reads every layer, validates every value and checks them together.
///
/// # Errors
/// The first [`ConfigError`] found.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let layers::Resolved {
        settings,
        rows,
        config_file,
        mut warnings,
    } = layers::resolve(sources)?;
    let values: BTreeMap<_, _> = settings
        .iter()
        .map(|effective| (effective.setting.key, effective.value.clone()))
        .collect();
    let mut config = Config::build(values::Values(values), sources.demo.is_some())?;
    config.foreign = foreign::build(&rows, &sources.environment, config.demo, &mut warnings)?;
    checks::check(&config, &settings, sources.demo, &mut warnings)?;
    Ok(Loaded {
        config,
        settings,
        config_file,
        warnings,
    })
}

impl Loaded {
    /// Where the value of a setting comes from.
    #[must_use]
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        let found = self.settings.iter().find(|e| e.setting.key == key)?;
        Some(&found.origin)
    }

    /// The settings that Flask's variables gave, for the start-up report.
    pub fn taken_from_flask(&self) -> impl Iterator<Item = &Effective> {
        self.settings
            .iter()
            .filter(|effective| matches!(effective.origin, Origin::Flask(_)))
    }
}

#[cfg(test)]
mod tests;
