//! Commands that listen: `serve` and `lecture`.

use clap::Args;

use crate::config::setting::flag_help;

/// Arguments of `serve`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct ServeArgs {
    /// Run the lecture's API as written, with its public accounts and passwords; for learning, on this machine only
    #[arg(long)]
    pub demo: bool,
    /// Let --demo listen on addresses that others can reach
    #[arg(long, requires = "demo")]
    pub allow_remote_demo: bool,
    /// `db.migrate`
    #[arg(long, help = flag_help("db.migrate"))]
    pub migrate: bool,
    /// `listen`
    #[arg(long, value_name = "ADDRESS:PORT", help = flag_help("listen"))]
    pub listen: Option<String>,
    /// `public_url`
    #[arg(long, value_name = "URL", help = flag_help("public_url"))]
    pub public_url: Option<String>,
}

/// Arguments of `lecture`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct LectureArgs {
    /// The number of the program, 1 to 11
    #[arg(value_name = "PROGRAM", value_parser = clap::value_parser!(u8).range(1..=11))]
    pub program: u8,
    /// `listen`
    #[arg(long, value_name = "ADDRESS:PORT", help = flag_help("listen"))]
    pub listen: Option<String>,
}
