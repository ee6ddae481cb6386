//! `doorward adopt …`: taking over the users of an application.

mod finish;
mod inspect;
mod plan_file;
mod progress;
mod run;
mod source;
mod status;
mod undo;

use std::process::ExitCode;

use doorward::{
    adoption::AdoptionError,
    store::{AdoptionRecord, Database, StoreError},
};

use super::{accounts, block_on, load_quietly, operated};
use crate::{
    cli::{AdoptCommand, Cli},
    config::{ADOPT_FROM_VARIABLE, Config, Environment},
    failure::Failure,
};

/// Does what was asked.
///
/// # Errors
/// [`Failure`] with the exit code for it.
pub fn run(cli: &Cli, command: &AdoptCommand) -> Result<ExitCode, Failure> {
    let config = || load_quietly(cli).map(|loaded| loaded.config);
    match command {
        // It looks also where the configuration would not let a server start.
        AdoptCommand::Inspect(arguments) => inspect::run(cli, arguments),
        AdoptCommand::Run(arguments) => {
            let environment = Environment::from_process()?;
            let from = environment.get(ADOPT_FROM_VARIABLE);
            block_on(run::run(arguments, &config()?, from))
        }
        AdoptCommand::Status => block_on(status::run(&config()?)),
        AdoptCommand::Finish {
            accept_rejects,
            yes,
        } => block_on(finish::run(&config()?, *accept_rejects, *yes)),
        AdoptCommand::Undo { yes } => block_on(undo::run(&config()?, *yes)),
    }
}

/// The adoption in place that a command is about.
async fn in_place(database: &Database, config: &Config) -> Result<AdoptionRecord, Failure> {
    let found = database
        .in_place_adoption()
        .await
        .map_err(operated::unusable(config))?;
    found.ok_or_else(|| {
        Failure::new(format!("{} is not adopted in place", config.db.url))
            .fix("`doorward adopt status` shows what is adopted")
    })
}

/// For `map_err`: an adoption stopped.
fn stopped(config: &Config) -> impl Fn(AdoptionError) -> Failure {
    let what = format!("the adoption into {} stopped", config.db.url);
    move |error| {
        let failure = Failure::new(what.clone());
        match &error {
            AdoptionError::Plan(_)
            | AdoptionError::TableNotNamed
            | AdoptionError::NoColumn { .. }
            | AdoptionError::NoTable(_)
            | AdoptionError::NotAKey(_)
            | AdoptionError::TooNarrow { .. }
            | AdoptionError::NoSource => {
                Failure::new("the plan cannot be carried out").why(error).usage()
            }
            AdoptionError::Source(StoreError::Unreachable(_))
            | AdoptionError::Store(StoreError::Unreachable(_)) => failure.why(error).fix(
                "what was done is kept; when the database answers again, the same command goes on from there",
            ),
            AdoptionError::Source(_) | AdoptionError::Store(_) | AdoptionError::Hash(_) => failure
                .why(error)
                .fix("what was done is kept; when the cause is mended, the same command goes on from there"),
            _ => failure.why(error),
        }
    }
}

/// Asks a question that is answered with yes or no.
///
/// # Errors
/// [`Failure`] when the answer is no, or there is nobody to ask.
fn confirm(question: &str, yes: bool, kept: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let answer = accounts::asked(&format!("{question} [y/N] "))?.ok_or_else(|| {
        Failure::new(format!("{kept}: there is no terminal to ask on"))
            .fix("add --yes to do it without a question")
            .usage()
    })?;
    if ["y", "yes"].contains(&answer.to_lowercase().as_str()) {
        Ok(())
    } else {
        Err(Failure::new(kept))
    }
}
