//! Commands that look at things: `config`, `token`, `hash`, `healthcheck`,
//! `completions`, `docs`.

use clap::{Args, Subcommand};
use clap_complete::Shell;

/// `config …`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Check the configuration without starting; exit code 2 when it is refused
    Check,
    /// Print every setting as it holds, secrets as ***
    Show {
        /// Say where each value comes from and what it overrides
        #[arg(long)]
        origin: bool,
    },
    /// Print a doorward.toml with every setting at its default
    Template,
}

/// `token …`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum TokenCommand {
    /// Print a token's header and claims without checking anything
    Decode(TokenInput),
    /// Check a token as the server would
    Verify(TokenInput),
}

/// The token to look at.
#[derive(Clone, PartialEq, Eq, Args)]
pub struct TokenInput {
    /// The token; read from standard input when left out, which keeps a valid one out of the shell's history
    #[arg(value_name = "TOKEN")]
    pub token: Option<String>,
}

/// A token is as good as a password until it expires.
impl std::fmt::Debug for TokenInput {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = self.token.as_ref().map(|_| crate::config::secret::REDACTED);
        formatter
            .debug_struct("TokenInput")
            .field("token", &shown)
            .finish()
    }
}

/// Arguments of `hash`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Args)]
pub struct HashArgs {
    /// Read the password from standard input, one line
    #[arg(long, conflicts_with = "calibrate")]
    pub password_stdin: bool,
    /// Measure hashing on this machine and recommend settings, instead of hashing
    #[arg(long)]
    pub calibrate: bool,
}

/// Arguments of `healthcheck`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct HealthcheckArgs {
    /// The server's base URL [default: http at the configured listen address]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
}

/// Arguments of `completions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// `docs …`, hidden: the pages that are checked in and must not go stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum DocsCommand {
    /// The command line reference in Markdown
    Cli,
    /// The configuration reference in Markdown
    Configuration,
    /// The HTTP API as an OpenAPI document in JSON
    Openapi,
}
