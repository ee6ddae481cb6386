//! The keys of a server's tokens and the timetable by which they follow each other.
//!
//! A key is *pending* while it is published and does not sign, *active* while it signs, *retiring* while its last tokens are
//! still accepted, *retired* after that. Each step is a moment that is written down when the change is decided, so nothing
//! has to happen at that moment: every node reads the same times, and a node that is killed leaves nothing half done.

pub mod plan;
mod sealing;
mod timetable;

use std::{fmt, str::FromStr, time::Duration};

use sha2::{Digest as _, Sha256};

pub use plan::{KeyPlan, NewKey, PlanError};
pub use sealing::{KeySealer, SealError, Unsealed};
pub use timetable::{KeyState, KeyTimes, Timetable};

use crate::{
    secret::Secret,
    token::{Algorithm, KeyError, KeyId, PairAlgorithm, PublicJwk},
};

/// What tokens are signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SigningAlgorithm {
    /// HS256 with the server's secret, which whoever verifies has too.
    Secret,
    /// The private half of a pair.
    Pair(PairAlgorithm),
}

impl SigningAlgorithm {
    /// Among all algorithms.
    #[must_use]
    pub fn algorithm(self) -> Algorithm {
        match self {
            Self::Secret => Algorithm::Hs256,
            Self::Pair(pair) => pair.algorithm(),
        }
    }
}

impl FromStr for SigningAlgorithm {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        if text == Algorithm::Hs256.as_str() {
            return Ok(Self::Secret);
        }
        text.parse().map(Self::Pair)
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.algorithm().fmt(f)
    }
}

/// Which algorithm a server wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WantedAlgorithm {
    /// This one: a server that signs with another moves over on the timetable.
    This(SigningAlgorithm),
    /// Whatever the server signs with already, and this when it signs with nothing yet.
    First(SigningAlgorithm),
}

impl WantedAlgorithm {
    /// The algorithm of the first key.
    #[must_use]
    pub fn first(self) -> SigningAlgorithm {
        match self {
            Self::This(algorithm) | Self::First(algorithm) => algorithm,
        }
    }
}

/// How keys follow each other.
#[derive(Debug, Clone, Copy)]
pub struct KeyPolicy {
    /// The algorithm.
    pub algorithm: WantedAlgorithm,
    /// The times of a rotation.
    pub timetable: Timetable,
    /// How long a pair signs before another takes over by itself; `None` leaves it to the operator. A shared secret is
    /// changed in the configuration alone.
    pub rotate_after: Option<Duration>,
}

/// A key as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Its `kid`.
    pub id: KeyId,
    /// Its algorithm.
    pub algorithm: SigningAlgorithm,
    /// The half that is published; a shared secret has none.
    pub public: Option<PublicJwk>,
    /// The private half, encrypted; gone when the key has ceased to sign.
    pub sealed: Option<Vec<u8>>,
    /// The `kid` of the key before it; `None` for the first.
    pub follows: Option<KeyId>,
    /// Its times.
    pub times: KeyTimes,
    /// Raised by each change.
    pub version: i64,
}

/// The `kid` of a secret: a fingerprint, so that a verifier with several keys finds the right one. A hash of 32 random bytes
/// tells nothing about them.
///
/// # Panics
/// Never: hexadecimal digits make a key id.
#[must_use]
#[expect(clippy::expect_used, reason = "hexadecimal digits make a key id")]
pub fn secret_key_id(secret: &Secret) -> KeyId {
    let digest = Sha256::new_with_prefix(b"doorward key id\0")
        .chain_update(secret.expose())
        .finalize();
    let id = digest
        .iter()
        .take(6)
        .fold(String::new(), |id, byte| id + &format!("{byte:02x}"));
    KeyId::parse(&id).expect("hexadecimal digits make a key id")
}
