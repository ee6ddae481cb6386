//! The command line: one tree, from which help, completions and the reference
//! page follow. What the commands do is elsewhere.

pub mod access;
pub mod account;
pub mod adopt;
pub mod audit;
pub mod database;
pub mod diagnosis;
pub mod export;
pub mod flags;
pub mod keys;
pub mod reference;
pub mod run;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::config::secret::REDACTED;
use crate::config::setting::flag_help;

pub use access::{ApiKeyArgs, ApiKeyCommand, RoleCommand};
pub use account::{
    AdminCommand, JobCommand, JobStartArgs, RoleArg, StateArg, UserCommand, UserFilterArgs,
};
pub use adopt::{AdoptCommand, AdoptInspectArgs, AdoptRunArgs, SourceText};
pub use audit::{AuditCommand, AuditFilterArgs};
pub use database::{BackupArgs, CopyArgs, DbCommand, RestoreArgs};
pub use diagnosis::{
    CompletionsArgs, ConfigCommand, DocsCommand, HashArgs, HealthcheckArgs, TokenCommand,
    TokenInput,
};
pub use export::{ExportArgs, ExportFormat};
pub use keys::{ExportKeysArgs, KeyCommand, KeyFormat, RotateArgs};
pub use reference::cli_reference;
pub use run::{LectureArgs, ServeArgs};

/// Accounts, logins, tokens, sessions and roles for an HTTP API
///
/// Every setting can be given by flag, by environment variable `DOORWARD_…`, by
/// a file named in `DOORWARD_…_FILE`, or in `doorward.toml`; `doorward config
/// show --origin` prints what holds and why. Secrets and passwords are never
/// arguments. Exit codes: 0 ok, 1 failed, 2 usage or configuration, 3 partial.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(
    name = "doorward",
    version,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    /// The flags that every command understands.
    #[command(flatten)]
    pub global: GlobalFlags,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The file is not a setting, so it has no row in the table to take this from.
const CONFIG_HELP: &str =
    "The configuration file [env: DOORWARD_CONFIG] [default: ./doorward.toml if it exists]";

/// Flags that every command understands.
#[derive(Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalFlags {
    /// The configuration file.
    #[arg(long, global = true, value_name = "FILE", help = CONFIG_HELP)]
    pub config: Option<PathBuf>,
    /// `data_dir`
    #[arg(long, global = true, value_name = "DIR", help = flag_help("data_dir"))]
    pub data_dir: Option<String>,
    /// `db.url`
    #[arg(long, global = true, value_name = "URL", help = flag_help("db.url"))]
    pub db_url: Option<String>,
    /// `log.format`
    #[arg(long, global = true, value_name = "FORMAT", help = flag_help("log.format"))]
    pub log_format: Option<String>,
    /// `log.level`
    #[arg(long, global = true, value_name = "LEVEL", help = flag_help("log.level"))]
    pub log_level: Option<String>,
}

/// A database URL may hold a password.
impl fmt::Debug for GlobalFlags {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("GlobalFlags")
            .field("config", &self.config)
            .field("data_dir", &self.data_dir)
            .field("db_url", &self.db_url.as_ref().map(|_| REDACTED))
            .field("log_format", &self.log_format)
            .field("log_level", &self.log_level)
            .finish()
    }
}

/// The commands.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Run the server
    ///
    /// Without an administrator it prints a one-time setup link; `doorward admin
    /// create` is the same without a browser.
    Serve(ServeArgs),
    /// Run one program of the Flask lecture, exactly as written
    Lecture(LectureArgs),
    /// Manage administrators
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Manage users
    #[command(subcommand)]
    User(UserCommand),
    /// Manage roles
    #[command(subcommand)]
    Role(RoleCommand),
    /// Manage API keys
    #[command(subcommand)]
    ApiKey(ApiKeyCommand),
    /// Manage the keys that sign tokens
    #[command(subcommand)]
    Key(KeyCommand),
    /// Change many users at once
    #[command(subcommand)]
    Job(JobCommand),
    /// Take over the users of an application that is already there
    #[command(subcommand)]
    Adopt(AdoptCommand),
    /// Write every user with the stored password, for another system or for a new doorward
    ///
    /// Exit code 3 when some stored passwords cannot be said in the format: these users are written without one, and
    /// FILE.rejects.jsonl names them.
    Export(ExportArgs),
    /// Read and check the audit trail: what happened to accounts, by whom and from where
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Look after the database: its schema, backups
    #[command(subcommand)]
    Db(DbCommand),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Hash a password as the server would, or measure what hashing costs here
    Hash(HashArgs),
    /// Ask a running server whether it is ready; exit code 0 when it is
    Healthcheck(HealthcheckArgs),
    /// Check this installation: configuration, files, database, keys, clock
    Doctor,
    /// Print a shell's completion script
    Completions(CompletionsArgs),
    /// Print pages generated from the program itself
    #[command(subcommand, hide = true)]
    Docs(DocsCommand),
}

/// Flags that people expect and that do not exist, because every user of the
/// machine can read a command line; with what to do instead.
const NEVER_FLAGS: [(&str, &str); 3] = [
    (
        "--secret-key",
        "set DOORWARD_SECRET_KEY, or DOORWARD_SECRET_KEY_FILE to a file that holds it",
    ),
    (
        "--secret-key-fallbacks",
        "set DOORWARD_SECRET_KEY_FALLBACKS_FILE to a file that holds them, one per line",
    ),
    (
        "--password",
        "leave it out to be asked for the password, or pipe it in with --password-stdin",
    ),
];

impl Cli {
    /// Reads a command line, program name first.
    ///
    /// # Errors
    /// Wrong usage, or a request for help or version: `clap::Error::exit` prints
    /// it and ends with code 2 or 0.
    pub fn read<I, T>(arguments: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator<Item = T>,
        T: Into<OsString>,
    {
        let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        refuse_secrets(&arguments)?;
        Self::try_parse_from(arguments)
    }
}

/// Looked for before clap sees the arguments: its own error would quote
/// `--secret-key=VALUE`.
fn refuse_secrets(arguments: &[OsString]) -> Result<(), clap::Error> {
    let texts = arguments
        .iter()
        .skip(1)
        .map(|argument| argument.to_string_lossy())
        .take_while(|text| text != "--");
    for text in texts {
        let name = text.split('=').next().unwrap_or_default();
        if let Some((flag, instead)) = NEVER_FLAGS.iter().find(|(flag, _)| *flag == name) {
            return Err(Cli::command().error(
                ErrorKind::UnknownArgument,
                format!(
                    "there is no {flag}\nevery user of this machine can read a command line, and shells keep it in their history\ninstead: {instead}"
                ),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
