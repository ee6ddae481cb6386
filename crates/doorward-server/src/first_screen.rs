//! What a person reads after the start: where it is, what it has, what to type next.

use std::{
    io::{self, Write},
    net::SocketAddr,
};

use doorward::{authenticator::SetupToken, foreign::SourceName, store::Migrated};
use doorward_lecture::Program;

use crate::{
    commands::timestamp::rfc3339,
    config::{Config, Loaded, LogFormat, duration::format_duration},
    secret_file::KeyOrigin,
};

/// What the start did, for the first screen.
#[derive(Debug)]
pub struct Started {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it answers `/metrics`, if it does.
    pub metrics: Option<SocketAddr>,
    /// What was done to the schema.
    pub migrated: Migrated,
    /// Where the secret is.
    pub key: KeyOrigin,
    /// The link for the first administrator, when there is none yet.
    pub setup: Option<SetupToken>,
}

/// Prints the first screen of `serve` to standard output. With `--log-format json` it is one log record instead, without
/// the setup link, which would be a secret in a log.
///
/// # Errors
/// When standard output cannot be written.
pub fn serving(loaded: &Loaded, started: &Started) -> io::Result<()> {
    let config = &loaded.config;
    if config.log.format == LogFormat::Json {
        tracing::info!(address = %started.address, metrics = started.metrics.map(tracing::field::display), database = %config.db.url, demo = config.demo, needs_administrator = started.setup.is_some(), "listening");
        return Ok(());
    }
    let mut screen = io::stdout().lock();
    write_serving(&mut screen, loaded, started)?;
    screen.flush()
}

fn write_serving(screen: &mut impl Write, loaded: &Loaded, started: &Started) -> io::Result<()> {
    let config = &loaded.config;
    let url = format!("http://{}", started.address);
    let file = loaded
        .config_file
        .as_ref()
        .map_or_else(|| "none".to_owned(), |path| path.display().to_string());
    writeln!(
        screen,
        "doorward {}  (data: {}  db: {}  config: {file})",
        env!("CARGO_PKG_VERSION"),
        config.data_dir.display(),
        config.db.url
    )?;
    let migrated = &started.migrated;
    if !migrated.applied.is_empty() {
        writeln!(
            screen,
            "  schema     {} migrations applied, {} ms",
            migrated.applied.len(),
            migrated.took.as_millis()
        )?;
    }
    if let Some(copy) = &migrated.copy {
        writeln!(screen, "  copy       the database as it was is in {copy}")?;
    }
    match &started.key {
        KeyOrigin::Created(path) => writeln!(
            screen,
            "  secret     made {} (0600): keep it, all tokens depend on it",
            path.display()
        )?,
        KeyOrigin::Kept(path) => writeln!(screen, "  secret     {}", path.display())?,
        KeyOrigin::Configured => writeln!(screen, "  secret     from the configuration")?,
    }
    let from_flask: Vec<_> = loaded
        .taken_from_flask()
        .map(|effective| format!("{} ({})", effective.setting.key, effective.origin))
        .collect();
    if !from_flask.is_empty() {
        writeln!(
            screen,
            "  flask      taken from the Flask application's variables: {}",
            from_flask.join(", ")
        )?;
    }
    if let Some(address) = started.metrics {
        writeln!(screen, "  metrics    http://{address}/metrics")?;
    }
    for (kind, name, until) in foreign_sources(config) {
        writeln!(screen, "  {kind:<9}  those of {name} count until {until}")?;
    }
    writeln!(screen, "  listening  {url}")?;
    if config.demo {
        write_demo(screen, &url)
    } else {
        write_production(screen, &url, started, config)
    }
}

/// What counts here of other applications, and until when.
fn foreign_sources(config: &Config) -> impl Iterator<Item = (&'static str, &SourceName, String)> {
    let foreign = &config.foreign;
    let tokens = foreign.tokens.iter();
    let sessions = foreign.sessions.iter();
    tokens
        .map(|source| ("tokens", &source.name, rfc3339(source.until)))
        .chain(sessions.map(|source| ("sessions", &source.name, rfc3339(source.until))))
}

fn write_demo(screen: &mut impl Write, url: &str) -> io::Result<()> {
    writeln!(
        screen,
        "  mounted    the lecture's eleven programs, and the server's own routes:"
    )?;
    for number in 1..=11 {
        if let Ok(program) = Program::new(number) {
            writeln!(
                screen,
                "  {} {number:>2}  {}",
                if number == 11 { "└─" } else { "├─" },
                program.routes().join("   ")
            )?;
        }
    }
    writeln!(
        screen,
        "
Log in (alice/alice123 is an admin, bob/bobpassword a user; admin/secret123 is for Basic):
  curl -s {url}/login -H 'Content-Type: application/json' -d '{{\"username\": \"alice\", \"password\": \"alice123\"}}'
Use the token:
  curl -s {url}/protected -H 'Authorization: Bearer PASTE_THE_TOKEN_HERE'

! This is the demo, not for production: its passwords are public, anybody can register as admin, and /users is open
  to all. `doorward serve` is the same server without these holes. Ctrl-C stops it."
    )
}

fn write_production(
    screen: &mut impl Write,
    url: &str,
    started: &Started,
    config: &Config,
) -> io::Result<()> {
    let register = if config.registration.enabled {
        "POST /register   "
    } else {
        ""
    };
    writeln!(
        screen,
        "  mounted    {register}POST /login   GET /profile   GET /users   GET /healthz   GET /readyz"
    )?;
    // Where people reach it, which behind a proxy is not where it listens.
    let public = config
        .public_url
        .as_ref()
        .map_or_else(|| url.to_owned(), ToString::to_string);
    match &started.setup {
        Some(token) => writeln!(
            screen,
            "
! No administrator yet. Open this link once, within {}:  {}/setup#{}
  or run:  doorward admin create",
            format_duration(config.admin_setup_ttl),
            public,
            token.expose()
        ),
        None => writeln!(
            screen,
            "
Log in:
  curl -s {url}/login -H 'Content-Type: application/json' -d '{{\"username\": \"NAME\", \"password\": \"PASSWORD\"}}'"
        ),
    }
}

/// Prints the first screen of `lecture N`.
///
/// # Errors
/// When standard output cannot be written.
pub fn lecturing(program: Program, address: SocketAddr, database: Option<&str>) -> io::Result<()> {
    let mut screen = io::stdout().lock();
    let url = format!("http://{address}");
    writeln!(
        screen,
        "doorward {}  lecture program {}: {}",
        env!("CARGO_PKG_VERSION"),
        program.number(),
        program.title()
    )?;
    if let Some(database) = database {
        writeln!(screen, "  database   {database}")?;
    }
    writeln!(screen, "  listening  {url}")?;
    writeln!(screen, "  routes     {}", program.routes().join("   "))?;
    writeln!(
        screen,
        "\n! For learning: the accounts and the secret are the lecture's, and public. Ctrl-C stops it."
    )?;
    screen.flush()
}
