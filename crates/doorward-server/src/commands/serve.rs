//! `doorward serve`: the server, and with `--demo` the lecture.

use std::sync::Arc;

use doorward::{
    authenticator::{Authenticator, SetupToken},
    password::Password,
    revocation,
    role::Role,
    store::{Database, Migrated, Store},
    username::Username,
};
use doorward_axum::HttpMeter;

use crate::{
    application::{self, Application},
    audit_keeper,
    config::{Config, DatabaseUrl, Loaded},
    failure::Failure,
    first_screen::{self, Started},
    http::metrics::{self, Metrics},
    listening,
    mail::{LetterTally, Mailer, Mailing},
    router::{self, router},
    secret_file::{self, KeySource},
    shutdown::Shutdown,
    telemetry::LostLines,
};

/// The demo's accounts: the lecture's alice, bob and the admin of its program 4.
const DEMO_ACCOUNTS: [(&str, &str, &str); 3] = [
    ("alice", "alice123", Role::ADMIN),
    ("bob", "bobpassword", Role::USER),
    ("admin", "secret123", Role::ADMIN),
];

/// Serves until a signal; `lost_lines` is told by the metrics.
///
/// # Errors
/// [`Failure`] when something it needs is not there.
pub async fn run(loaded: &Loaded, lost_lines: LostLines) -> Result<(), Failure> {
    let config = &loaded.config;
    let database = application::open_database(config).await?;
    let migrated = migrate(&database, config).await?;
    super::doctor::log_durability(&database).await;
    let store = Store::open(database.clone())
        .await
        .map_err(Failure::because("the database's users cannot be used"))?;
    // Before a secret or a key is made: a refused start leaves nothing behind.
    refuse_other_purposes(&store, config).await?;
    let KeySource { secret, origin } = secret_file::load_or_create(config)?;
    let mailer = Mailer::new(config)?;
    let application = Application::new(config, store, &secret)?;
    application
        .authenticator
        .follow_keys()
        .await
        .map_err(Failure::because("the keys of tokens cannot be used"))?;
    let setup = prepare_accounts(&application.authenticator, config).await?;
    let letters = Arc::new(LetterTally::default());
    // Spans say the route, which the meter knows.
    let meter = (config.metrics.listen.is_some() || config.traces.collector.is_some())
        .then(|| Arc::new(HttpMeter::new(router::patterns(config.demo))));
    let counted = config
        .metrics
        .listen
        .zip(meter.clone())
        .map(|(_, http)| Metrics {
            authenticator: application.authenticator.clone(),
            http,
            letters: mailer.is_some().then(|| letters.clone()),
            lost_lines,
            started_at: application.authenticator.now(),
        });
    let app = listening::wrap(router(&application, config), config, meter)?;
    let (listener, address) = listening::bind(config.listen).await?;
    let (metrics, metrics_task) = match config.metrics.listen.zip(counted) {
        None => (None, None),
        Some((wanted, counted)) => {
            let (listener, address) = listening::bind(wanted).await?;
            let app = listening::wrap(metrics::routes(counted), config, None)?;
            let task = tokio::spawn(listening::run_until_aborted(listener, app));
            (Some(address), Some(task))
        }
    };
    let shutdown = Shutdown::listen();
    first_screen::serving(
        loaded,
        &Started {
            address,
            metrics,
            migrated,
            key: origin,
            setup,
        },
    )?;
    // What was revoked before this start holds from the first request on.
    application.authenticator.follow_revocations().await;
    let purging = tokio::spawn(purge_now_and_then(application.clone()));
    let revoking = tokio::spawn(follow_revocations(application.clone()));
    let keying = tokio::spawn(follow_keys(application.clone()));
    let following = tokio::spawn(follow_the_application(application.clone()));
    let counting = tokio::spawn(write_counts_now_and_then(application.clone()));
    let mailing =
        mailer.map(|mailer| Mailing::start(application.authenticator.clone(), mailer, letters));
    let keeper = application.authenticator.clone();
    let retention = config.audit.retention;
    let keeping = tokio::spawn(async move { audit_keeper::keep(&keeper, retention).await });
    let working = tokio::spawn(work_on_jobs(application.clone()));
    let result = listening::run(listener, app, shutdown).await;
    working.abort();
    purging.abort();
    revoking.abort();
    keying.abort();
    following.abort();
    application.authenticator.finish_recoveries().await;
    if let Some(mailing) = mailing {
        mailing.stop().await;
    }
    keeping.abort();
    if let Some(task) = metrics_task {
        task.abort();
    }
    // The requests have been drained: what they counted is the last.
    in_time("counting foreign logins", write_counts(&application)).await;
    // Not before: cut off between the database and its own note of it, a write would be made once more.
    counting.abort();
    let sealed = audit_keeper::seal_and_tell(&application.authenticator);
    if let Some(Err(error)) = in_time("sealing the audit trail", sealed).await {
        tracing::warn!(%error, "the audit trail could not be sealed; the next start does it");
    }
    in_time("closing the database", database.close()).await;
    result
}

/// Whoever stops a server waits for its end; nothing that comes after the last request is worth more than this.
async fn in_time<T>(what: &str, closing: impl Future<Output = T>) -> Option<T> {
    const LONGEST: std::time::Duration = std::time::Duration::from_secs(10);
    let closed = tokio::time::timeout(LONGEST, closing).await;
    if closed.is_err() {
        tracing::error!("{what} took too long; the server stops without it");
    }
    closed.ok()
}

/// SQLite brings itself up to date; MySQL only when told to, since other nodes may still run the old version.
async fn migrate(database: &Database, config: &Config) -> Result<Migrated, Failure> {
    let failed = Failure::because("the database's schema cannot be used");
    let may_migrate = config.db.migrate || matches!(config.db.url, DatabaseUrl::Sqlite { .. });
    if !may_migrate {
        let status = database.schema_status().await.map_err(&failed)?;
        if !status.is_current() {
            let pending = status.pending.len();
            return Err(Failure::new(format!(
                "the database {} is {pending} migrations behind",
                config.db.url
            ))
            .fix("run `doorward db migrate` once, or start with --migrate"));
        }
    }
    database.migrate().await.map_err(&failed)
}

/// The demo's database is for the demo alone, and the demo is not for an application's users.
async fn refuse_other_purposes(store: &Store, config: &Config) -> Result<(), Failure> {
    if config.demo {
        if store.in_place().is_some() {
            return Err(Failure::new(format!("{} holds an application's own users", config.db.url))
                .because_text("the demo would add accounts with public passwords to them")
                .fix("run the demo with a database of its own, for example with --data-dir ./demo --db-url sqlite:./demo/doorward.db")
                .usage());
        }
    } else if store
        .is_marked_as_demo()
        .await
        .map_err(Failure::because("the database cannot be read"))?
    {
        return Err(
            Failure::new(format!("{} is the demo's database", config.db.url))
                .because_text(
                    "its accounts have public passwords, and anybody may have registered as admin",
                )
                .fix("start with a database of its own, for example with --data-dir ./production")
                .usage(),
        );
    }
    Ok(())
}

/// The demo's accounts, or a link for the first administrator.
async fn prepare_accounts(
    authenticator: &Authenticator,
    config: &Config,
) -> Result<Option<SetupToken>, Failure> {
    if !config.demo {
        return authenticator
            .offer_setup(config.admin_setup_ttl)
            .await
            .map_err(Failure::because("no setup link could be made"));
    }
    authenticator
        .store()
        .mark_as_demo(authenticator.now())
        .await
        .map_err(Failure::because(
            "the database cannot be marked as the demo's",
        ))?;
    let failed = "the demo's accounts could not be made";
    for (name, password, role) in DEMO_ACCOUNTS {
        let username = Username::parse(name).map_err(Failure::because(failed))?;
        let password = Password::parse(password).map_err(Failure::because(failed))?;
        let role = Role::parse_assignable(role).map_err(Failure::because(failed))?;
        authenticator
            .seed_demo_user(&username, password, role)
            .await
            .map_err(Failure::because(failed))?;
    }
    Ok(None)
}

/// Works on jobs, one after the other. Being stopped in the middle costs nothing that was done.
async fn work_on_jobs(application: Application) {
    let mut every = tokio::time::interval(std::time::Duration::from_secs(1));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        if let Err(error) = application.authenticator.work_on_a_job(|_| {}).await {
            tracing::warn!(%error, "a job could not be worked on; it goes on later");
        }
    }
}

/// Forgets what is of no use any more, so that no table grows with every stranger and every login.
async fn purge_now_and_then(application: Application) {
    let mut every = tokio::time::interval(std::time::Duration::from_mins(10));
    loop {
        every.tick().await;
        if let Err(error) = application.authenticator.purge_failures().await {
            tracing::warn!(%error, "old login failures could not be deleted");
        }
        if let Err(error) = application.authenticator.purge_ended().await {
            tracing::warn!(%error, "what ended long ago could not be deleted");
        }
    }
}

/// Learns what other nodes and commands have revoked.
async fn follow_revocations(application: Application) {
    let mut every = tokio::time::interval(revocation::POLL);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        application.authenticator.follow_revocations().await;
    }
}

/// Learns what other nodes and commands did to the keys of tokens, and rotates them when that is due.
async fn follow_keys(application: Application) {
    let mut every = tokio::time::interval(std::time::Duration::from_secs(1));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut told = String::new();
    loop {
        every.tick().await;
        match application.authenticator.follow_keys().await {
            Ok(()) => told.clear(),
            Err(error) => {
                // Once for each reason, not every second.
                let why = error.to_string();
                if why != told {
                    tracing::error!(target: "doorward::keys", error = %why, "the keys of tokens could not be followed; those known are used");
                    told = why;
                }
            }
        }
    }
}

/// Makes accounts for users that the application beside us has added, so that lists are complete. A login does not wait
/// for this: it looks for newcomers itself.
async fn follow_the_application(application: Application) {
    let authenticator = &application.authenticator;
    if !authenticator
        .store()
        .in_place()
        .is_some_and(|in_place| in_place.coexisting)
    {
        return;
    }
    let mut every = tokio::time::interval(std::time::Duration::from_secs(10));
    loop {
        every.tick().await;
        if let Err(error) = authenticator
            .store()
            .adopt_newcomers(authenticator.now())
            .await
        {
            tracing::warn!(%error, "users that the application has added could not be adopted");
        }
    }
}

/// Writes down what arrived from other applications, so that all nodes' counts are in one place.
async fn write_counts_now_and_then(application: Application) {
    let mut every = tokio::time::interval(std::time::Duration::from_secs(5));
    loop {
        every.tick().await;
        write_counts(&application).await;
    }
}

async fn write_counts(application: &Application) {
    if let Err(error) = application.authenticator.flush_foreign_logins().await {
        tracing::warn!(%error, "the counts of other applications' logins could not be written; they are kept");
    }
}
