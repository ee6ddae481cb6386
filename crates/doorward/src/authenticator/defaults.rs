//! An authenticator in one call, for an application that has no wishes of its own.

use std::{sync::Arc, time::Duration};

use super::{Authenticator, Parts, RegistrationRule};
use crate::{
    access::{AccessTokenPolicy, AccessTokens},
    clock::SystemClock,
    password::{
        AcceptedForms, HashPool, HashPoolConfig, HashPoolStartError, PasswordPolicy, Rehash,
    },
    random::{OsRandom, RandomError},
    secret::{Secret, WeakSecret},
    session::{RefreshKeys, SessionPolicy},
    store::{Database, DatabaseUrl, InvalidDatabaseUrl, Store, StoreError},
    throttle::{KnownDevices, Throttle, ThrottlePolicy},
    token::Hs256Key,
};

/// The most connections to the database that are open at once.
const CONNECTIONS: u32 = 10;

/// Why [`Authenticator::open`] gave up.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The text is no address of a database.
    #[error(transparent)]
    Url(#[from] InvalidDatabaseUrl),
    /// The secret could be guessed.
    #[error(transparent)]
    Secret(#[from] WeakSecret),
    /// The database failed, or its schema is not one that this version knows.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A MySQL or MariaDB schema is behind. It is not changed unasked: other nodes may run an older version.
    #[error(
        "the database is {pending} migrations behind; call Database::migrate once, while no older version runs"
    )]
    SchemaBehind {
        /// How many migrations are missing.
        pending: usize,
    },
    /// The hashing threads could not be started.
    #[error(transparent)]
    Hashes(#[from] HashPoolStartError),
    /// The operating system gave no random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl Authenticator {
    /// The issuer of tokens made with the defaults; also what `doorward serve` writes when nothing else is configured.
    pub const DEFAULT_ISSUER: &str = "doorward";
    /// The time that all failed logins take a multiple of, with the defaults.
    pub const DEFAULT_FAILURE_QUANTUM: Duration = Duration::from_millis(250);

    /// An authenticator over the database at `database_url`, with defaults that are safe on the internet.
    ///
    /// - Anybody may register as a `user`; administrators make administrators ([`RegistrationRule::Users`]).
    /// - New hashes are Argon2id with 19 MiB and two passes ([`HashPoolConfig::default`]), on as many threads as there
    ///   are cores; new passwords have 8 to 256 characters and are no common ones ([`PasswordPolicy::default`]).
    /// - On a table that is adopted in place, and until the adoption is finished, hashes are written in the form of the
    ///   plan instead.
    /// - Failed logins are slowed down ([`ThrottlePolicy::default`]) and answered on a quantum of 250 ms.
    /// - Tokens are HS256 JWTs keyed by `secret`, valid for an hour ([`AccessTokenPolicy::new`]); sessions last 30 days, 14 of
    ///   them idle ([`SessionPolicy::default`]). Call [`Authenticator::follow_revocations`] now and then, so that what other
    ///   processes over the same database revoke holds here too.
    ///
    /// A SQLite file is created and migrated. A MySQL or MariaDB schema must be current. For other choices fill in
    /// [`Parts`] yourself. Must run inside a tokio runtime with I/O and time enabled.
    ///
    /// # Errors
    /// [`OpenError`]. A secret that [`Secret::check_strength`] refuses is refused here (RFC 7518 §3.2).
    pub async fn open(database_url: &str, secret: &Secret) -> Result<Self, OpenError> {
        secret.check_strength()?;
        let url = DatabaseUrl::parse(database_url)?;
        let database = Database::connect(&url, CONNECTIONS).await?;
        match url {
            DatabaseUrl::Sqlite(_) => drop(database.migrate().await?),
            DatabaseUrl::MySql(_) => {
                let status = database.schema_status().await?;
                if !status.is_current() {
                    let pending = status.pending.len();
                    return Err(OpenError::SchemaBehind { pending });
                }
            }
        }
        let store = Store::open(database).await?;
        let mut pool = HashPoolConfig::default();
        // An application that shares the table has to read what we write.
        let shared = store.in_place().filter(|in_place| in_place.coexisting);
        if let Some(form) = shared.and_then(|in_place| in_place.passwords.write.to_write(false)) {
            pool.form = form;
        }
        Ok(Self::new(Parts {
            throttle: Throttle::new(store.clone(), Some(ThrottlePolicy::default()))
                .with_known_devices(KnownDevices::new(secret, KnownDevices::DEFAULT_TTL)),
            store,
            hashes: HashPool::start(pool)?,
            accepted_forms: AcceptedForms::default(),
            rehash: Rehash::default(),
            password_policy: PasswordPolicy::default(),
            registration: RegistrationRule::Users,
            failure_quantum: Self::DEFAULT_FAILURE_QUANTUM,
            tokens: AccessTokens::new(
                Hs256Key::new(secret, None),
                AccessTokenPolicy::new(Self::DEFAULT_ISSUER),
            ),
            sessions: SessionPolicy::default(),
            refresh_keys: RefreshKeys::new(secret, &[]),
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
        })?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authenticator::{LoginAttempt, LoginError, NewUser, RegistrationError},
        caller::Client,
        password::Password,
        role::Role,
        session::LoginMethod,
        username::Username,
    };

    const PASSWORD: &str = "correct horse battery staple";

    fn secret() -> Secret {
        Secret::from_text("192b9bdd22ab9ed4d12e236c78afcb9a".to_owned())
    }

    fn new_user(name: &str, password: &str, role: Role) -> NewUser {
        NewUser {
            username: Username::parse(name).unwrap(),
            password: Password::parse(password).unwrap(),
            role,
        }
    }

    fn attempt(name: &str, password: &str) -> LoginAttempt {
        LoginAttempt {
            username: name.to_owned(),
            password: Password::parse(password).unwrap(),
            client: Client::at([192, 0, 2, 1].into()),
        }
    }

    #[tokio::test]
    async fn an_opened_database_registers_and_logs_in_and_is_there_at_the_next_opening() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("app.db").display());
        let first = Authenticator::open(&url, &secret()).await.unwrap();
        let new = new_user("alice", PASSWORD, Role::user());
        first.register(new, None, Client::default()).await.unwrap();
        first.store().database().close().await;
        let second = Authenticator::open(&url, &secret()).await.unwrap();
        let user = second.log_in(attempt("Alice", PASSWORD)).await.unwrap();
        let logged_in = second
            .begin_session(&user, LoginMethod::Password, &Client::default())
            .await
            .unwrap();
        let token = logged_in.issued.token.as_str();
        let principal = second.verify_token(token).unwrap();
        assert_eq!(principal.username, "alice");
        assert!(matches!(
            second.log_in(attempt("alice", "wrong")).await,
            Err(LoginError::InvalidCredentials)
        ));
    }

    #[tokio::test]
    async fn the_defaults_refuse_a_weak_secret_a_weak_password_and_a_stranger_as_administrator() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("app.db").display());
        let weak = Secret::from_text("supersecretkey".to_owned());
        assert!(matches!(
            Authenticator::open(&url, &weak).await,
            Err(OpenError::Secret(WeakSecret::WellKnown))
        ));
        let authenticator = Authenticator::open(&url, &secret()).await.unwrap();
        let weak = new_user("alice", "password", Role::user());
        assert!(matches!(
            authenticator.register(weak, None, Client::default()).await,
            Err(RegistrationError::Password(_))
        ));
        let administrator = new_user("alice", PASSWORD, Role::admin());
        assert!(matches!(
            authenticator
                .register(administrator, None, Client::default())
                .await,
            Err(RegistrationError::AdministratorRequired)
        ));
    }

    #[tokio::test]
    async fn an_address_of_no_database_is_refused() {
        assert!(matches!(
            Authenticator::open("data.db", &secret()).await,
            Err(OpenError::Url(InvalidDatabaseUrl::Scheme))
        ));
    }
}
