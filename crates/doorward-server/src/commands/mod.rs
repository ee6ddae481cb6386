//! What each command does, a file per command.

pub mod accounts;
pub mod admin;
pub mod adopt;
pub mod api_key;
pub mod audit;
pub mod db;
pub mod doctor;
pub mod export;
pub mod hash;
pub mod healthcheck;
pub mod job;
pub mod key;
pub mod lecture;
pub mod operated;
mod output;
pub mod progress;
pub mod role;
pub mod serve;
pub mod terminal;
pub mod timestamp;
pub mod token;
pub mod user;
pub mod user_sessions;

use std::{
    io::{self, ErrorKind, Write as _},
    process::ExitCode,
};

use clap::CommandFactory as _;
use doorward_lecture::Program;

use crate::{
    cli::{Cli, Command, ConfigCommand, DocsCommand, TokenCommand, cli_reference},
    config::{self, Environment, Loaded, LogLevel},
    failure::Failure,
    router,
    telemetry::{self, Telemetry},
};

/// Runs the command.
///
/// # Errors
/// [`Failure`] with the exit code for it.
pub fn run(cli: &Cli) -> Result<ExitCode, Failure> {
    match &cli.command {
        Command::Docs(DocsCommand::Cli) => print(&cli_reference()),
        Command::Docs(DocsCommand::Configuration) => print(&config::reference()),
        Command::Docs(DocsCommand::Openapi) => print(&router::document(false).json),
        Command::Config(ConfigCommand::Template) => print(&config::template()),
        Command::Config(ConfigCommand::Show { origin }) => print(&load(cli)?.show(*origin)),
        Command::Config(ConfigCommand::Check) => {
            load(cli)?;
            print("the configuration is valid\n")
        }
        Command::Completions(arguments) => {
            let mut script = Vec::new();
            clap_complete::generate(
                arguments.shell,
                &mut Cli::command(),
                "doorward",
                &mut script,
            );
            print(&String::from_utf8_lossy(&script))
        }
        Command::Serve(_) => {
            let loaded = read(cli)?;
            // Until the end, which sends and writes what is left.
            let telemetry = Telemetry::start(&loaded.config)?;
            block_on(serve::run(&loaded, telemetry.lost_lines()))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Lecture(arguments) => {
            let program = Program::new(arguments.program)
                .map_err(|error| Failure::new(error.to_string()).usage())?;
            block_on(lecture::run(&load(cli)?, program))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Admin(command) => block_on(admin::run(command, &load_quietly(cli)?.config)),
        Command::User(command) => block_on(user::run(command, &load_quietly(cli)?.config)),
        Command::Role(command) => block_on(role::run(command, &load_quietly(cli)?.config)),
        Command::ApiKey(command) => block_on(api_key::run(command, &load_quietly(cli)?.config)),
        Command::Key(command) => block_on(key::run(command, &load_quietly(cli)?.config)),
        Command::Job(command) => block_on(job::run(command, &load_quietly(cli)?.config)),
        Command::Adopt(command) => adopt::run(cli, command),
        Command::Export(arguments) => block_on(export::run(arguments, &load_quietly(cli)?.config)),
        Command::Audit(command) => block_on(audit::run(command, &load_quietly(cli)?.config)),
        Command::Db(command) => block_on(db::run(command, &load_quietly(cli)?.config)),
        Command::Token(TokenCommand::Decode(input)) => token::decode(input),
        Command::Token(TokenCommand::Verify(input)) => {
            block_on(token::verify(input, &load_quietly(cli)?.config))
        }
        Command::Hash(arguments) => block_on(hash::run(*arguments, &load_quietly(cli)?.config)),
        Command::Healthcheck(arguments) => {
            let target = match &arguments.url {
                Some(url) => healthcheck::Target::parse(url)?,
                None => healthcheck::Target::listening(load_quietly(cli)?.config.listen)?,
            };
            block_on(healthcheck::run(&target))
        }
        Command::Doctor => doctor::run(cli),
    }
}

/// The configuration, with its warnings on standard error; logging starts with it.
fn load(cli: &Cli) -> Result<Loaded, Failure> {
    let loaded = read(cli)?;
    telemetry::start(loaded.config.log);
    Ok(loaded)
}

fn read(cli: &Cli) -> Result<Loaded, Failure> {
    let loaded = config::load(&cli.sources(Environment::from_process()?))?;
    for warning in &loaded.warnings {
        let _ = writeln!(io::stderr(), "warning: {warning}");
    }
    Ok(loaded)
}

/// The configuration for a command that does one thing and ends. The server says the configuration's warnings, and what
/// the command did is its output, so only what was asked for is logged below a warning.
fn load_quietly(cli: &Cli) -> Result<Loaded, Failure> {
    Ok(quietly(config::load(
        &cli.sources(Environment::from_process()?),
    )?))
}

fn quietly(mut loaded: Loaded) -> Loaded {
    if loaded
        .origin("log.level")
        .is_none_or(config::Origin::is_default)
    {
        loaded.config.log.level = LogLevel::Warn;
    }
    telemetry::start(loaded.config.log);
    loaded
}

/// A reader that has seen enough (`doorward user list | head`) is no failure.
fn print(text: &str) -> Result<ExitCode, Failure> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::because("the runtime could not be started"))?;
    let result = runtime.block_on(work);
    // A thread that waits for a disk or a name server is not waited for.
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    result
}
