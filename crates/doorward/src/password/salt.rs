//! Where salts come from.

use std::{fmt, sync::Arc};

use thiserror::Error;

/// Bytes of salt in a new hash (RFC 9106 section 3.1).
pub const SALT_BYTES: usize = 16;

type Fill = dyn Fn(&mut [u8; SALT_BYTES]) -> Result<(), SaltUnavailable> + Send + Sync;

/// A source of random salts; a parameter, so that the core draws no randomness by itself.
#[derive(Clone)]
pub struct SaltSource(Arc<Fill>);

impl SaltSource {
    /// The operating system's generator, through `getrandom` (ASVS 11.5.1).
    #[must_use]
    pub fn operating_system() -> Self {
        Self::new(|salt| getrandom::fill(salt).map_err(|_| SaltUnavailable))
    }

    /// A source that calls `fill`, which must overwrite all bytes with unpredictable ones.
    pub fn new(
        fill: impl Fn(&mut [u8; SALT_BYTES]) -> Result<(), SaltUnavailable> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(fill))
    }

    /// Draws one salt.
    ///
    /// # Errors
    /// [`SaltUnavailable`] when the source has none to give.
    pub fn draw(&self) -> Result<[u8; SALT_BYTES], SaltUnavailable> {
        let mut salt = [0; SALT_BYTES];
        (self.0)(&mut salt)?;
        Ok(salt)
    }
}

impl fmt::Debug for SaltSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SaltSource")
    }
}

/// The random source failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no random salt to be had; check the operating system's random number generator")]
pub struct SaltUnavailable;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operating_system_gives_a_new_salt_each_time() {
        let source = SaltSource::operating_system();
        assert_ne!(source.draw().unwrap(), source.draw().unwrap());
    }

    #[test]
    fn a_failing_source_yields_no_salt() {
        assert_eq!(
            SaltSource::new(|_| Err(SaltUnavailable)).draw(),
            Err(SaltUnavailable)
        );
    }
}
