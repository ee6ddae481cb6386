//! How long one hash takes on this machine.

use std::time::{Duration, Instant};

use super::{Argon2idParams, HashError, KdfMemory, Password, PasswordHash, SALT_BYTES};

/// Measures one Argon2id hash with `params`, by the wall clock, on the calling thread.
///
/// The memory is allocated and touched before the clock starts, as it is in a [`HashPool`] that
/// has been running. Call it a few times and take the median; a busy machine inflates the result.
///
/// [`HashPool`]: super::HashPool
///
/// # Errors
/// [`HashError::OutOfMemory`] when the parameters ask for more memory than there is.
pub fn measure(params: &Argon2idParams) -> Result<Duration, HashError> {
    let mut memory = KdfMemory::new(params.memory_kib());
    memory.with_blocks(params.memory_kib() as usize, |_| ())?;
    // The duration depends on the parameters alone; the text and the salt are arbitrary.
    let Ok(password) = Password::parse("calibration") else {
        return Ok(Duration::ZERO);
    };
    let start = Instant::now();
    PasswordHash::compute(&password, params, [0x5a; SALT_BYTES], &mut memory)?;
    Ok(start.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_reports_some_time() {
        let params = Argon2idParams::new(7_168, 5, 1).unwrap();
        assert!(measure(&params).unwrap() > Duration::ZERO);
    }
}
