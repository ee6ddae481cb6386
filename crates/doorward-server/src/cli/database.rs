//! Commands about the whole database: `db`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::SourceText;

/// `db …`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum DbCommand {
    /// Show which database is meant, its version and what is pending; exit code 1 when something is
    Status,
    /// Bring the schema up to date
    Migrate {
        /// Print the statements and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Write everything into a file while servers go on, as it is at this moment
    Backup(BackupArgs),
    /// Fill an empty database from a backup of either engine: all of it or nothing
    Restore(RestoreArgs),
    /// Fill another, empty database with everything that is in this one; for moving between engines
    Copy(CopyArgs),
}

/// Arguments of `db backup`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct BackupArgs {
    /// The file, which nobody else can read; `-` is standard output
    pub file: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `db restore`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct RestoreArgs {
    /// The backup; `-` is standard input
    pub file: PathBuf,
    /// Read it to its end, say what is in it, and touch no database
    #[arg(long, conflicts_with = "end_sessions")]
    pub check: bool,
    /// End all sessions and make every token void that was given out so far
    #[arg(long)]
    pub end_sessions: bool,
}

/// Arguments of `db copy`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct CopyArgs {
    /// The database to fill, as for db.url; an address with a password belongs into the environment, since every user of
    /// this machine can read a command line [env: `DOORWARD_COPY_TO`]
    #[arg(long, value_name = "URL")]
    pub to: Option<SourceText>,
    /// End all sessions there and make every token void that was given out so far
    #[arg(long)]
    pub end_sessions: bool,
}
