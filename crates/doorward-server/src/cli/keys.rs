//! `key …`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use doorward::key_ring::SigningAlgorithm;
use doorward::token::PairAlgorithm;

/// `key …`.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum KeyCommand {
    /// List the keys with their states and times
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Let a new key take over on the timetable: published now, signing after `keys.lead`
    Rotate(RotateArgs),
    /// Refuse the tokens of a key from now on, because others may have its private half; another signs at once
    Retire {
        /// The key, as the list has it
        #[arg(value_name = "KID", allow_hyphen_values = true)]
        id: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Print what would happen, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Let a private key of your own take over on the timetable
    Import {
        /// A file with one `PRIVATE KEY` in PEM: P-256, Ed25519, or RSA from 2048 bits
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print the timetable, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Print the public halves of the keys that count
    Export(ExportKeysArgs),
}

/// `key rotate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct RotateArgs {
    /// Sign with this algorithm from then on; the one that signs now when left out
    #[arg(long, value_name = "ALGORITHM")]
    pub algorithm: Option<AlgorithmArg>,
    /// Print the timetable, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `key export`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ExportKeysArgs {
    /// Say so: private halves are never printed
    #[arg(long, required = true)]
    pub public: bool,
    /// `jwks` is what `/.well-known/jwks.json` answers, `pem` one block for each key
    #[arg(long, value_name = "FORMAT", default_value = "jwks")]
    pub format: KeyFormat,
    /// One key alone
    #[arg(value_name = "KID", allow_hyphen_values = true)]
    pub id: Option<String>,
}

/// The algorithms that sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AlgorithmArg {
    /// The secret key
    #[value(name = "HS256")]
    Hs256,
    /// P-256
    #[value(name = "ES256")]
    Es256,
    /// Ed25519
    #[value(name = "EdDSA")]
    EdDsa,
    /// RSA with 2048 bits
    #[value(name = "RS256")]
    Rs256,
}

impl From<AlgorithmArg> for SigningAlgorithm {
    fn from(algorithm: AlgorithmArg) -> Self {
        match algorithm {
            AlgorithmArg::Hs256 => Self::Secret,
            AlgorithmArg::Es256 => Self::Pair(PairAlgorithm::Es256),
            AlgorithmArg::EdDsa => Self::Pair(PairAlgorithm::EdDsa),
            AlgorithmArg::Rs256 => Self::Pair(PairAlgorithm::Rs256),
        }
    }
}

/// How public keys are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeyFormat {
    /// A JSON Web Key Set (RFC 7517)
    Jwks,
    /// `PUBLIC KEY` in PEM (RFC 7468)
    Pem,
}
