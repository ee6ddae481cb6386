//! Commands about the audit trail: `audit`.

use clap::{Args, Subcommand};
use doorward::audit::chain::Head;

/// `audit …`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum AuditCommand {
    /// List events, newest first
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
        /// The most events to print
        #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        #[command(flatten)]
        filter: AuditFilterArgs,
    },
    /// Check that no event was changed or removed; exit code 1 when one was
    ///
    /// Prints the end of the chain as SEQ:HASH. Kept elsewhere, it proves later that the trail was not cut or written anew.
    Verify {
        /// An end that was printed before: the chain must lead through it
        #[arg(long, value_name = "SEQ:HASH")]
        expect: Option<Head>,
    },
}

/// Which events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct AuditFilterArgs {
    /// Only these, such as `login_failed`
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Only those that ended so: success, failure or denied
    #[arg(long, value_name = "OUTCOME")]
    pub outcome: Option<String>,
    /// Only those of this user (a number), or of anonymous, user, operator or system
    #[arg(long, value_name = "ACTOR")]
    pub actor: Option<String>,
    /// Only those about this user (a number)
    #[arg(long, value_name = "USER")]
    pub subject: Option<String>,
    /// Only those from this address
    #[arg(long, value_name = "ADDRESS")]
    pub address: Option<String>,
    /// Only those of then or later, such as 2027-03-31 or 2027-03-31T18:00:00Z
    #[arg(long, value_name = "MOMENT")]
    pub since: Option<String>,
    /// Only those before then; a date alone is its end
    #[arg(long, value_name = "MOMENT")]
    pub until: Option<String>,
}
