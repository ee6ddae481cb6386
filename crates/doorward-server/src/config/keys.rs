//! `token.algorithm` and `keys.*`.

use std::time::Duration;

use doorward::key_ring::SigningAlgorithm;

use super::{error::ConfigError, values::Values};

/// `token.algorithm` and `keys.*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeysConfig {
    /// `token.algorithm`; `None` is `auto`.
    pub algorithm: Option<SigningAlgorithm>,
    /// `keys.rotate_after`; `None` leaves it to the operator.
    pub rotate_after: Option<Duration>,
    /// `keys.lead`.
    pub lead: Duration,
}

pub(super) fn read(v: &mut Values) -> Result<KeysConfig, ConfigError> {
    let algorithm: String = v.take("token.algorithm")?;
    let rotate_after: Duration = v.take("keys.rotate_after")?;
    Ok(KeysConfig {
        // The table has no other names but `auto`.
        algorithm: algorithm.parse().ok(),
        rotate_after: Some(rotate_after).filter(|after| !after.is_zero()),
        lead: v.take("keys.lead")?,
    })
}
