//! Commands about the database's schema: `db`.

use clap::Subcommand;

/// `db …`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum DbCommand {
    /// Show which database is meant, its version and what is pending; exit code 1 when something is
    Status,
    /// Bring the schema up to date
    Migrate {
        /// Print the statements and change nothing
        #[arg(long)]
        dry_run: bool,
    },
}
