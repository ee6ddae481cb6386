//! Random bytes as a parameter.
//!
//! All tokens, salts and keys come from the operating system's generator (ASVS 11.5.1).

/// A source of unpredictable bytes.
pub trait Random: Send + Sync + 'static {
    /// Fills `bytes` with unpredictable bytes.
    ///
    /// # Errors
    /// [`RandomError`] when the source has none to give.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The source of random bytes failed. Nothing secret can be made without one, so the operation is given up.
#[derive(Debug, thiserror::Error)]
#[error(
    "the operating system gave no random bytes ({0}); check that the process may call getrandom"
)]
pub struct RandomError(String);

/// The operating system's generator (`getrandom(2)` on Linux).
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(bytes).map_err(|error| RandomError(error.to_string()))
    }
}

/// `N` fresh bytes from `random`.
///
/// # Errors
/// [`RandomError`] when the source has none to give.
pub fn bytes<const N: usize>(random: &dyn Random) -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    random.fill(&mut bytes)?;
    Ok(bytes)
}
