//! The configuration as the server uses it: typed, validated, complete.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use super::api_keys;
use super::claim_source::ExtraClaims;
use super::database_url::DatabaseUrl;
use super::error::ConfigError;
use super::foreign::ForeignConfig;
use super::forward_auth::ForwardAuthConfig;
use super::keys::{self, KeysConfig};
use super::mail::MailConfig;
use super::observability::{AuditConfig, LogConfig, MetricsConfig, TracesConfig};
use super::secret::SecretText;
use super::values::Values;
use super::web_origin::{PublicUrl, WebOrigin};
use doorward::api_key::ApiKeyPolicy;
use doorward::password::{BcryptPrehash, FormGroups};
use doorward_axum::Network;

/// Everything that can be configured. What each field means is said once, in
/// [`super::table::SETTINGS`], under the key with the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Whether this is `serve --demo`.
    pub demo: bool,
    /// `listen`.
    pub listen: SocketAddr,
    /// `data_dir`.
    pub data_dir: PathBuf,
    /// `public_url`.
    pub public_url: Option<PublicUrl>,
    /// `admin_setup_ttl`.
    pub admin_setup_ttl: Duration,
    /// `secret_key`; `None` means the generated one in the data directory.
    pub secret_key: Option<SecretText>,
    /// `secret_key_fallbacks`.
    pub secret_key_fallbacks: Vec<SecretText>,
    /// `db.*`.
    pub db: DbConfig,
    /// `token.*`.
    pub token: TokenConfig,
    /// `password.*`.
    pub password: PasswordConfig,
    /// `hash.*`.
    pub hash: HashConfig,
    /// `login.*`.
    pub login: LoginConfig,
    /// `throttle.*`.
    pub throttle: ThrottleConfig,
    /// `http.*`.
    pub http: HttpConfig,
    /// `session.*`.
    pub session: SessionConfig,
    /// `token.algorithm` and `keys.*`.
    pub keys: KeysConfig,
    /// `api_keys.*`.
    pub api_keys: ApiKeyPolicy,
    /// `registration.*`.
    pub registration: RegistrationConfig,
    /// `smtp.*` and `mail.*`.
    pub mail: MailConfig,
    /// `forward_auth.*`.
    pub forward_auth: ForwardAuthConfig,
    /// `log.*`.
    pub log: LogConfig,
    /// `audit.*`.
    pub audit: AuditConfig,
    /// `metrics.*`.
    pub metrics: MetricsConfig,
    /// `traces.*`.
    pub traces: TracesConfig,
    /// The tables for other applications.
    pub foreign: ForeignConfig,
}

/// `db.*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DbConfig {
    /// `db.url`; `doorward.db` in the data directory when unset.
    pub url: DatabaseUrl,
    /// `db.max_connections`.
    pub max_connections: u32,
    /// `db.migrate`.
    pub migrate: bool,
}

/// `token.*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenConfig {
    /// `token.issuer`; the public URL when unset, and `doorward` without one.
    pub issuer: Option<String>,
    /// `token.audience`.
    pub audience: Option<String>,
    /// `token.ttl`.
    pub ttl: Duration,
    /// `token.extra_claims`.
    pub extra_claims: ExtraClaims,
}

/// `password.*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordConfig {
    /// `password.min_length`, in characters.
    pub min_length: usize,
    /// `password.blocklist`.
    pub blocklist: bool,
}

/// `hash.*`. Where zero means automatic, the field is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashConfig {
    /// `hash.memory_kib`.
    pub memory_kib: u32,
    /// `hash.iterations`.
    pub iterations: u32,
    /// `hash.lanes`.
    pub lanes: u32,
    /// `hash.threads`.
    pub threads: Option<usize>,
    /// `hash.memory_budget_mib`.
    pub memory_budget_mib: Option<u32>,
    /// `hash.max_queue`.
    pub max_queue: Option<usize>,
    /// `hash.queue_deadline`.
    pub queue_deadline: Duration,
    /// `hash.write`.
    pub write: HashWrite,
    /// `hash.rehash`.
    pub rehash: bool,
    /// `hash.accept`.
    pub accept: FormGroups,
    /// `hash.pbkdf2_default_iterations`; `None` refuses such hashes.
    pub pbkdf2_default_iterations: Option<NonZeroU32>,
    /// `hash.flask_bcrypt_prehash`.
    pub flask_bcrypt_prehash: BcryptPrehash,
    /// `hash.flask_security_salt`.
    pub flask_security_salt: Option<SecretText>,
}

/// Which form new hashes have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashWrite {
    /// What fits the table: Argon2id, unless the caller knows that another program reads it.
    Auto,
    /// Argon2id with `hash.memory_kib`, `hash.iterations` and `hash.lanes`.
    Argon2id,
    /// Werkzeug's scrypt.
    WerkzeugScrypt,
    /// Werkzeug's PBKDF2.
    WerkzeugPbkdf2,
    /// bcrypt as Flask-Bcrypt writes it.
    Bcrypt,
}

/// `login.*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginConfig {
    /// `login.failure_quantum`; zero turns the common time off.
    pub failure_quantum: Duration,
}

/// `throttle.*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrottleConfig {
    /// `throttle.enabled`.
    pub enabled: bool,
    /// `throttle.free_attempts`.
    pub free_attempts: u32,
    /// `throttle.max_delay`.
    pub max_delay: Duration,
    /// `throttle.network_burst`.
    pub network_burst: u32,
    /// `throttle.network_per_minute`.
    pub network_per_minute: u32,
    /// `throttle.known_device_ttl`.
    pub known_device_ttl: Duration,
    /// `throttle.registrations_per_hour`.
    pub registrations_per_hour: u32,
}

/// `http.*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// `http.body_limit`, in bytes.
    pub body_limit: usize,
    /// `http.header_timeout`.
    pub header_timeout: Duration,
    /// `http.body_timeout`.
    pub body_timeout: Duration,
    /// `http.request_timeout`.
    pub request_timeout: Duration,
    /// `http.idle_timeout`.
    pub idle_timeout: Duration,
    /// `http.max_connections`.
    pub max_connections: usize,
    /// `http.max_connections_per_address`.
    pub max_connections_per_address: usize,
    /// `http.drain_timeout`.
    pub drain_timeout: Duration,
    /// `http.cors_origins`.
    pub cors_origins: Vec<WebOrigin>,
    /// `http.trusted_proxies`.
    pub trusted_proxies: Vec<Network>,
    /// `http.access_log`.
    pub access_log: bool,
}

/// `session.*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionConfig {
    /// `session.max_age`.
    pub max_age: Duration,
    /// `session.lifetime`.
    pub lifetime: Duration,
    /// `session.idle`.
    pub idle: Duration,
    /// `session.refresh_grace`.
    pub refresh_grace: Duration,
    /// `session.max_per_user`.
    pub max_per_user: u32,
}

/// `registration.*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegistrationConfig {
    /// `registration.enabled`.
    pub enabled: bool,
}

impl Config {
    /// Takes every setting out of the values, once. The tables for other
    /// applications are not among them.
    pub(crate) fn build(mut v: Values, demo: bool) -> Result<Self, ConfigError> {
        let data_dir: PathBuf = v.take("data_dir")?;
        let public_url: Option<PublicUrl> = v.take_optional("public_url")?;
        let default_db = DatabaseUrl::Sqlite {
            path: data_dir.join("doorward.db"),
        };
        let config = Self {
            demo,
            listen: v.take("listen")?,
            admin_setup_ttl: v.take("admin_setup_ttl")?,
            secret_key: v.take_optional("secret_key")?,
            secret_key_fallbacks: v.take("secret_key_fallbacks")?,
            db: DbConfig {
                url: v.take_optional("db.url")?.unwrap_or(default_db),
                max_connections: v.take("db.max_connections")?,
                migrate: v.take("db.migrate")?,
            },
            token: TokenConfig {
                issuer: v
                    .take_optional("token.issuer")?
                    .or_else(|| public_url.as_ref().map(PublicUrl::to_string)),
                audience: v.take_optional("token.audience")?,
                ttl: v.take("token.ttl")?,
                extra_claims: v.take("token.extra_claims")?,
            },
            password: PasswordConfig {
                min_length: v.take("password.min_length")?,
                blocklist: v.take("password.blocklist")?,
            },
            hash: HashConfig {
                memory_kib: v.take("hash.memory_kib")?,
                iterations: v.take("hash.iterations")?,
                lanes: v.take("hash.lanes")?,
                threads: Some(v.take("hash.threads")?).filter(|n| *n != 0),
                memory_budget_mib: Some(v.take("hash.memory_budget_mib")?).filter(|n| *n != 0),
                max_queue: Some(v.take("hash.max_queue")?).filter(|n| *n != 0),
                queue_deadline: v.take("hash.queue_deadline")?,
                write: v.take("hash.write")?,
                rehash: v.take("hash.rehash")?,
                accept: v.take("hash.accept")?,
                pbkdf2_default_iterations: NonZeroU32::new(
                    v.take("hash.pbkdf2_default_iterations")?,
                ),
                flask_bcrypt_prehash: v.take("hash.flask_bcrypt_prehash")?,
                flask_security_salt: v.take_optional("hash.flask_security_salt")?,
            },
            login: LoginConfig {
                failure_quantum: v.take("login.failure_quantum")?,
            },
            throttle: ThrottleConfig {
                enabled: v.take("throttle.enabled")?,
                free_attempts: v.take("throttle.free_attempts")?,
                max_delay: v.take("throttle.max_delay")?,
                network_burst: v.take("throttle.network_burst")?,
                network_per_minute: v.take("throttle.network_per_minute")?,
                known_device_ttl: v.take("throttle.known_device_ttl")?,
                registrations_per_hour: v.take("throttle.registrations_per_hour")?,
            },
            http: HttpConfig {
                body_limit: v.take("http.body_limit")?,
                header_timeout: v.take("http.header_timeout")?,
                body_timeout: v.take("http.body_timeout")?,
                request_timeout: v.take("http.request_timeout")?,
                idle_timeout: v.take("http.idle_timeout")?,
                max_connections: v.take("http.max_connections")?,
                max_connections_per_address: v.take("http.max_connections_per_address")?,
                drain_timeout: v.take("http.drain_timeout")?,
                cors_origins: v.take("http.cors_origins")?,
                trusted_proxies: v.take("http.trusted_proxies")?,
                access_log: v.take("http.access_log")?,
            },
            keys: keys::read(&mut v)?,
            api_keys: api_keys::read(&mut v)?,
            session: SessionConfig {
                max_age: v.take("session.max_age")?,
                lifetime: v.take("session.lifetime")?,
                idle: v.take("session.idle")?,
                refresh_grace: v.take("session.refresh_grace")?,
                max_per_user: v.take("session.max_per_user")?,
            },
            registration: RegistrationConfig {
                enabled: v.take("registration.enabled")?,
            },
            mail: MailConfig::build(&mut v, public_url.is_some())?,
            forward_auth: ForwardAuthConfig::build(&mut v, public_url.as_ref())?,
            log: LogConfig::build(&mut v)?,
            audit: AuditConfig::build(&mut v)?,
            metrics: MetricsConfig::build(&mut v)?,
            traces: TracesConfig::build(&mut v)?,
            foreign: ForeignConfig::default(),
            data_dir,
            public_url,
        };
        v.all_taken()?;
        Ok(config)
    }
}
