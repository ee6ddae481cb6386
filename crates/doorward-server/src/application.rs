//! The parts of a running server, made from the configuration.

mod foreign;

use std::sync::Arc;

use axum::extract::FromRef;
use doorward::{
    access::{AccessTokenPolicy, AccessTokens, ClaimSource},
    authenticator::{Authenticator, KeyRules, LinkRules, Parts, RegistrationRule},
    clock::{Clock, SystemClock},
    flask_session::SessionSigner,
    foreign::FlaskKeys,
    key_ring::{KeyPolicy, KeySealer, SigningAlgorithm, Timetable, WantedAlgorithm, secret_key_id},
    one_time_link::LinkKey,
    password::{NewHashForm, PasswordPolicy},
    random::OsRandom,
    secret::Secret,
    session::{RefreshKeys, SessionPolicy},
    store::{Database, DatabaseUrl, Store},
    throttle::{Allowance, KnownDevices, Throttle, ThrottlePolicy},
    ticket::Tickets,
    token::{Hs256Key, PairAlgorithm},
};
use doorward_axum::{OwnOrigin, SessionCookies};

use crate::{
    config::{self, ClaimConstant, Config},
    failure::Failure,
    hashing,
    http::{forward_auth::ReturnOrigins, sign_in::BrowserCookies},
};

/// What the handlers work with.
#[derive(Debug, Clone, FromRef)]
pub struct Application {
    /// The use cases.
    pub authenticator: Arc<Authenticator>,
    /// Flask-compatible session cookies.
    pub cookies: SessionCookies,
    /// Where browsers reach the server.
    pub origin: OwnOrigin,
    /// Where clients reach the server.
    pub published_at: PublishedAt,
    /// The cookies of browsers that have signed in.
    pub browser_cookies: BrowserCookies,
    /// Where browsers may be sent back to.
    pub return_origins: ReturnOrigins,
}

/// The public URL without a slash at its end, if one is configured.
#[derive(Debug, Clone)]
pub struct PublishedAt(pub Option<String>);

/// The issuer of tokens when neither `token.issuer` nor `public_url` is set.
pub(crate) const DEFAULT_ISSUER: &str = "doorward";

impl Application {
    /// Puts the parts together over the tables of a migrated database.
    ///
    /// # Errors
    /// [`Failure`] when a setting does not fit, the hashing threads cannot start, or there is no randomness.
    pub fn new(config: &Config, store: Store, secret: &Secret) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let form = hashing::new_hash_form(config, hashing::form_of_table(&store, config))?;
        let parts = Parts {
            throttle: throttle(config, store.clone(), secret),
            store,
            hashes: hashing::pool(config, form)?,
            accepted_forms: hashing::accepted_forms(config),
            rehash: hashing::rehash(config),
            password_policy: password_policy(config, &form)?,
            registration: registration_rule(config),
            failure_quantum: config.login.failure_quantum,
            tokens: access_tokens(config, secret),
            sessions: session_policy(config),
            refresh_keys: {
                let keys = foreign::own_keys(config, secret);
                RefreshKeys::new(&keys.current, &keys.fallbacks)
            },
            clock: clock.clone(),
            random: Arc::new(OsRandom),
        };
        let foreign = foreign::sources(config, secret)?;
        let keys = foreign::own_keys(config, secret);
        let mut authenticator = Authenticator::new(parts)
            .map_err(Failure::because("the server could not start"))?
            .with_foreign(foreign)
            .with_links(link_rules(config, secret))
            .with_api_keys(config.api_keys)
            .with_tickets(Tickets::new(
                &keys.current,
                &keys.fallbacks,
                config.token.ttl,
            ));
        if !config.demo {
            let keys = foreign::own_keys(config, secret);
            authenticator = authenticator.with_keys(key_rules(config, keys)?);
        }
        let signer = SessionSigner::new(&keys.current, &keys.fallbacks, config.session.max_age);
        let origin = config
            .public_url
            .as_ref()
            .map(|url| url.origin().to_string());
        Ok(Self {
            authenticator: Arc::new(authenticator),
            cookies: SessionCookies::new(signer, clock, is_https(config)),
            origin: OwnOrigin::new(origin),
            browser_cookies: BrowserCookies {
                secure: is_https(config),
                domain: config.forward_auth.cookie_domain.clone(),
                ticket_ttl: config.token.ttl,
                session_lifetime: config.session.lifetime,
            },
            return_origins: ReturnOrigins::new(config.forward_auth.redirects.clone()),
            published_at: PublishedAt(
                config
                    .public_url
                    .as_ref()
                    .map(|url| url.to_string().trim_end_matches('/').to_owned()),
            ),
        })
    }
}

/// Opens the configured database.
///
/// # Errors
/// [`Failure`] names the database and what to check.
pub async fn open_database(config: &Config) -> Result<Database, Failure> {
    let url = database_url(&config.db.url)?;
    Database::connect(&url, config.db.max_connections).await.map_err(|error| {
        Failure::new(format!("the database {url} cannot be opened"))
            .why(error)
            .fix("check that it runs and that db.url (--db-url, DOORWARD_DB_URL) is right; `doorward config show --origin` says where the value comes from")
    })
}

/// The core's address of the database that the configuration names.
///
/// # Errors
/// [`Failure`] when the driver cannot read it.
pub fn database_url(url: &config::DatabaseUrl) -> Result<DatabaseUrl, Failure> {
    match url {
        config::DatabaseUrl::Sqlite { path } => Ok(DatabaseUrl::Sqlite(path.clone())),
        config::DatabaseUrl::MySql { url } => DatabaseUrl::parse(&url.expose())
            .map_err(Failure::because("the database's address cannot be used")),
    }
}

/// The access tokens, as configured: the demo's have one key for ever, others come from the table of keys.
fn access_tokens(config: &Config, secret: &Secret) -> AccessTokens {
    if config.demo {
        let key = Hs256Key::new(secret, Some(secret_key_id(secret)));
        AccessTokens::new(key, token_policy(config))
    } else {
        AccessTokens::without_keys(token_policy(config))
    }
}

/// Whether clients reach the server by https.
#[must_use]
pub fn is_https(config: &Config) -> bool {
    config
        .public_url
        .as_ref()
        .is_some_and(config::PublicUrl::is_https)
}

/// Which passwords may be set, as configured, where new hashes have this form.
///
/// # Errors
/// [`Failure`] when the shortest length is not one that the policy takes.
pub fn password_policy(config: &Config, form: &NewHashForm) -> Result<PasswordPolicy, Failure> {
    let longest = PasswordPolicy::default().max_chars();
    let policy = PasswordPolicy::new(config.password.min_length, longest).map_err(|error| {
        Failure::new("the setting password.min_length does not fit")
            .why(error)
            .usage()
    })?;
    let policy = match form.most_password_bytes() {
        Some(most) => policy.with_max_bytes(most),
        None => policy,
    };
    Ok(if config.password.blocklist {
        policy
    } else {
        policy.without_blocklist()
    })
}

fn registration_rule(config: &Config) -> RegistrationRule {
    match (config.demo, config.registration.enabled) {
        (true, _) => RegistrationRule::AsInTheLecture,
        (false, true) => RegistrationRule::Users,
        (false, false) => RegistrationRule::AdministratorsOnly,
    }
}

fn throttle(config: &Config, store: Store, secret: &Secret) -> Throttle {
    let limits = &config.throttle;
    Throttle::new(store, throttle_policy(config))
        .with_known_devices(KnownDevices::new(secret, limits.known_device_ttl))
        .with_registrations(Allowance::per_hour(limits.registrations_per_hour))
}

fn session_policy(config: &Config) -> SessionPolicy {
    let session = &config.session;
    SessionPolicy {
        lifetime: session.lifetime,
        idle: session.idle,
        grace: session.refresh_grace,
        max_per_user: session.max_per_user,
    }
}

fn link_rules(config: &Config, secret: &Secret) -> LinkRules {
    LinkRules {
        key: LinkKey::derive(secret),
        public_url: config.public_url.as_ref().map(ToString::to_string),
        sends_letters: config.mail.smtp.is_some(),
        reset_ttl: config.mail.reset_ttl,
        verify_ttl: config.mail.verify_ttl,
    }
}

fn throttle_policy(config: &Config) -> Option<ThrottlePolicy> {
    let throttle = &config.throttle;
    throttle.enabled.then_some(ThrottlePolicy {
        free_attempts: throttle.free_attempts,
        max_delay: throttle.max_delay,
        network_burst: throttle.network_burst,
        network_per_minute: throttle.network_per_minute,
    })
}

/// What access tokens say, as configured.
#[must_use]
pub fn token_policy(config: &Config) -> AccessTokenPolicy {
    let token = &config.token;
    let mut policy = AccessTokenPolicy::new(
        token
            .issuer
            .clone()
            .unwrap_or_else(|| DEFAULT_ISSUER.to_owned()),
    );
    policy.audience.clone_from(&token.audience);
    policy.ttl = token.ttl;
    policy.extra_claims = token
        .extra_claims
        .iter()
        .map(|(name, source)| {
            let source = match source {
                config::ClaimSource::Username => ClaimSource::Username,
                config::ClaimSource::UserId => ClaimSource::UserId,
                config::ClaimSource::Role => ClaimSource::Role,
                config::ClaimSource::Constant(value) => ClaimSource::Constant(match value {
                    ClaimConstant::Text(text) => text.as_str().into(),
                    ClaimConstant::Integer(number) => (*number).into(),
                    ClaimConstant::Boolean(value) => (*value).into(),
                }),
            };
            (name.clone(), source)
        })
        .collect();
    if config.demo {
        // Program 6 greets `user`.
        policy
            .extra_claims
            .entry("user".to_owned())
            .or_insert(ClaimSource::Username);
    }
    policy
}

/// How keys of tokens are made and kept.
fn key_rules(config: &Config, keys: FlaskKeys) -> Result<KeyRules, Failure> {
    let sealer = KeySealer::new(&keys.current, &keys.fallbacks).map_err(Failure::because(
        "the key that encrypts private keys could not be made",
    ))?;
    Ok(KeyRules {
        sealer,
        policy: key_policy(config),
        secret: keys.current,
        former_secrets: keys.fallbacks,
    })
}

/// How keys follow each other, as configured.
#[must_use]
pub fn key_policy(config: &Config) -> KeyPolicy {
    let first = match config.secret_key {
        // An application that has it verifies by it.
        Some(_) => SigningAlgorithm::Secret,
        None => SigningAlgorithm::Pair(PairAlgorithm::Es256),
    };
    KeyPolicy {
        algorithm: match config.keys.algorithm {
            Some(algorithm) => WantedAlgorithm::This(algorithm),
            None => WantedAlgorithm::First(first),
        },
        timetable: Timetable {
            lead: config.keys.lead,
            token_life: config.token.ttl.max(config.api_keys.token_ttl),
        },
        rotate_after: config.keys.rotate_after,
    }
}
