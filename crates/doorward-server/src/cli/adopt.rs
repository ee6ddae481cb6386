//! Commands about taking over an application's users: `adopt`.

use std::{convert::Infallible, fmt, path::PathBuf, str::FromStr};

use clap::{Args, Subcommand};

use crate::config::secret::REDACTED;

/// `adopt …`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum AdoptCommand {
    /// Look at an application's users and propose a plan; changes nothing there
    ///
    /// It finds the users table and its columns, counts the forms of the stored passwords, and names what stands in the
    /// way. The plan is a file to read and to edit before `doorward adopt run`.
    Inspect(AdoptInspectArgs),
    /// Carry out a plan: copy the users of an application, or work on its own table
    ///
    /// It commits in batches and can be interrupted at any moment: the same command goes on where it stopped, and does
    /// nothing when everything is done. Exit code 3 when some rows were rejected; the report names them.
    Run(AdoptRunArgs),
    /// Show each adoption: how far it is, and which forms of hashes are left
    Status,
    /// End the coexistence with the application: doorward alone uses the table from then on
    ///
    /// It checks that nothing of the application's is lost, and asks whether the application still writes the table.
    Finish {
        /// Leave rows that were rejected without an account
        #[arg(long)]
        accept_rejects: bool,
        /// Do not ask: the application does not write the table any more
        #[arg(long)]
        yes: bool,
    },
    /// Take doorward's tables out of an application's database again; the application's table stays as it is
    Undo {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// `adopt run`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct AdoptRunArgs {
    /// The plan, a TOML file
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Where a copy comes from: `mysql://…`, `sqlite:PATH`, `PATH.csv` or `PATH.jsonl`; an address with a password
    /// belongs into the environment, since every user of this machine can read a command line
    /// [env: `DOORWARD_ADOPT_FROM`]
    #[arg(long, value_name = "SOURCE")]
    pub from: Option<SourceText>,
    /// Do all but the writing: change nothing, hash nothing, lock nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The report of rejected rows, one JSON object a line [default: the plan's name with .rejects.jsonl]
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
}

/// `adopt inspect`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct AdoptInspectArgs {
    /// `mysql://…`, `sqlite:PATH`, `PATH.csv` or `PATH.jsonl`; an address with a password belongs into the environment,
    /// since every user of this machine can read a command line [env: `DOORWARD_ADOPT_FROM`] [default: the configured
    /// database]
    #[arg(value_name = "SOURCE")]
    pub source: Option<SourceText>,
    /// The users table, when the guess is wrong
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
    /// Where the plan is written
    #[arg(long, value_name = "FILE", default_value = "adopt.toml")]
    pub plan: PathBuf,
    /// Replace a plan that is there
    #[arg(long)]
    pub force: bool,
}

/// Where users come from, as given: it may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceText(String);

impl SourceText {
    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for SourceText {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for SourceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}
