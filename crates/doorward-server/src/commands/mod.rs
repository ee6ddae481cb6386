//! What each command does, a file per command.

pub mod lecture;
pub mod serve;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::CommandFactory as _;
use doorward_lecture::Program;

use crate::{
    cli::{Cli, Command, ConfigCommand, DocsCommand, cli_reference},
    config::{self, Environment, Loaded},
    failure::Failure,
    telemetry,
};

/// Runs the command.
///
/// # Errors
/// [`Failure`] with the exit code for it.
pub fn run(cli: &Cli) -> Result<ExitCode, Failure> {
    match &cli.command {
        Command::Docs(DocsCommand::Cli) => print(&cli_reference()),
        Command::Docs(DocsCommand::Configuration) => print(&config::reference()),
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
        Command::Serve(_) => block_on(serve::run(&load(cli)?)),
        Command::Lecture(arguments) => {
            let program = Program::new(arguments.program)
                .map_err(|error| Failure::new(error.to_string()).usage())?;
            block_on(lecture::run(&load(cli)?, program))
        }
        _ => Err(Failure::new("not yet")),
    }
}

/// The configuration, with its warnings on standard error; logging starts with it.
fn load(cli: &Cli) -> Result<Loaded, Failure> {
    let loaded = config::load(&cli.sources(Environment::from_process()?))?;
    for warning in &loaded.warnings {
        let _ = writeln!(io::stderr(), "warning: {warning}");
    }
    telemetry::start(loaded.config.log);
    Ok(loaded)
}

fn print(text: &str) -> Result<ExitCode, Failure> {
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::because("the runtime could not be started"))?;
    runtime.block_on(work)?;
    Ok(ExitCode::SUCCESS)
}
