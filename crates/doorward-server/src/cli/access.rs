//! Commands about what users and programs may do: `role` and `api-key`.

use clap::{Args, Subcommand};

/// `role …`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum RoleCommand {
    /// List the roles and what they allow
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Define a role, or replace what it says
    Set {
        /// The role: a-z, 0-9, '_', '.' and '-', at most 20
        #[arg(value_name = "ROLE")]
        role: String,
        /// What it allows, such as users:read or shop:*; repeat it, or separate with commas
        #[arg(long = "permission", value_name = "PERMISSION", value_delimiter = ',')]
        permissions: Vec<String>,
        /// What it is for
        #[arg(long, value_name = "TEXT", default_value = "")]
        description: String,
    },
    /// Delete a role that nobody has
    Delete {
        /// The role
        #[arg(value_name = "ROLE")]
        role: String,
    },
}

/// `api-key …`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ApiKeyCommand {
    /// Make a key for programs that act for a user; it is shown once
    Create(ApiKeyArgs),
    /// List a user's keys
    List {
        /// The user name
        #[arg(value_name = "NAME")]
        username: String,
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key of a user
    Revoke {
        /// The user name
        #[arg(value_name = "NAME")]
        username: String,
        /// The key's id, as the list has it
        #[arg(value_name = "ID", allow_hyphen_values = true)]
        id: String,
    },
}

/// `api-key create`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ApiKeyArgs {
    /// The user name
    #[arg(value_name = "NAME")]
    pub username: String,
    /// What the key is called, at most 64 characters
    #[arg(long, value_name = "TEXT")]
    pub label: String,
    /// What it may be used for, such as users:read; repeat it, or separate with commas
    #[arg(long = "permission", value_name = "PERMISSION", value_delimiter = ',')]
    pub permissions: Vec<String>,
    /// How many days it lasts; 90, or the most allowed when that is less
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub days: Option<u32>,
}
