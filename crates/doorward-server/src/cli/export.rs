//! The way out: `export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of `export`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ExportArgs {
    /// How users are written
    #[arg(long, value_enum)]
    pub format: ExportFormat,
    /// The file, which nobody else can read; it holds the stored passwords [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long)]
    pub force: bool,
    /// Zitadel's id of the organisation that gets the users
    #[arg(long, value_name = "ID", required_if_eq("format", "zitadel"))]
    pub organisation: Option<String>,
}

/// How users are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One JSON object a line; `doorward adopt` reads it
    Jsonl,
    /// CSV with a header line; `doorward adopt` reads it
    Csv,
    /// Identities for `kratos import identities`
    Kratos,
    /// A partial import of a Keycloak realm
    Keycloak,
    /// The body of Zitadel's import
    Zitadel,
    /// CSV with hashes that Werkzeug verifies, for a Flask application
    Werkzeug,
}
