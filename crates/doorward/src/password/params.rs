//! Cost parameters for new Argon2id hashes.

use std::fmt;

use thiserror::Error;

use super::hash::ceilings;

/// Cost parameters for new hashes: memory in KiB, iterations (passes over it), lanes.
///
/// The default is 19456 KiB, 2 iterations, 1 lane (OWASP Password Storage Cheat Sheet, ASVS
/// Appendix C). Weaker parameters cannot be constructed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2idParams {
    memory_kib: u32,
    iterations: u32,
    lanes: u32,
}

impl Argon2idParams {
    /// Checks the parameters against the floor and the ceilings.
    ///
    /// The least memory depends on the iterations (ASVS Appendix C, OWASP): 47104 KiB for one,
    /// 19456 for two, 12288 for three, 9216 for four, 7168 for five and more. The most is what
    /// this crate would verify: [`ceilings`].
    ///
    /// # Errors
    /// [`Argon2idParamsError`] names the parameter and the value that would do.
    pub const fn new(
        memory_kib: u32,
        iterations: u32,
        lanes: u32,
    ) -> Result<Self, Argon2idParamsError> {
        if iterations == 0 || iterations > ceilings::ARGON2_ITERATIONS {
            return Err(Argon2idParamsError::Iterations { iterations });
        }
        if lanes == 0 || lanes > ceilings::ARGON2_LANES {
            return Err(Argon2idParamsError::Lanes { lanes });
        }
        let least_kib = Self::least_memory_kib(iterations);
        if memory_kib < least_kib {
            return Err(Argon2idParamsError::TooWeak {
                memory_kib,
                iterations,
                least_kib,
            });
        }
        if memory_kib > ceilings::ARGON2_MEMORY_KIB {
            return Err(Argon2idParamsError::TooMuchMemory { memory_kib });
        }
        Ok(Self {
            memory_kib,
            iterations,
            lanes,
        })
    }

    /// The least memory, in KiB, that `iterations` passes must fill (ASVS Appendix C, OWASP).
    #[must_use]
    pub const fn least_memory_kib(iterations: u32) -> u32 {
        match iterations {
            0 | 1 => 47_104,
            2 => 19_456,
            3 => 12_288,
            4 => 9_216,
            _ => 7_168,
        }
    }

    /// Memory that one hash fills, in KiB.
    #[must_use]
    pub const fn memory_kib(&self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    #[must_use]
    pub const fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Independent lanes; computed one after the other here.
    #[must_use]
    pub const fn lanes(&self) -> u32 {
        self.lanes
    }
}

impl Default for Argon2idParams {
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            iterations: 2,
            lanes: 1,
        }
    }
}

impl fmt::Display for Argon2idParams {
    /// In the notation of PHC strings: `m=19456,t=2,p=1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "m={},t={},p={}",
            self.memory_kib, self.iterations, self.lanes
        )
    }
}

/// Why cost parameters are refused for new hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Argon2idParamsError {
    /// The memory is below the floor for this number of iterations.
    #[error(
        "Argon2id with {memory_kib} KiB and {iterations} iteration(s) is too weak; use at least \
         {least_kib} KiB, or one of 47104/1, 19456/2, 12288/3, 9216/4, 7168/5 (KiB/iterations)"
    )]
    TooWeak {
        /// The refused memory, in KiB.
        memory_kib: u32,
        /// The iterations it came with.
        iterations: u32,
        /// The least memory for these iterations, in KiB.
        least_kib: u32,
    },
    /// The memory is above what this crate would verify.
    #[error(
        "Argon2id memory of {memory_kib} KiB is above {} KiB; lower it",
        ceilings::ARGON2_MEMORY_KIB
    )]
    TooMuchMemory {
        /// The refused memory, in KiB.
        memory_kib: u32,
    },
    /// The iterations are outside 1 to [`ceilings::ARGON2_ITERATIONS`].
    #[error(
        "Argon2id iterations must be 1 to {}, not {iterations}",
        ceilings::ARGON2_ITERATIONS
    )]
    Iterations {
        /// The refused number.
        iterations: u32,
    },
    /// The lanes are outside 1 to [`ceilings::ARGON2_LANES`].
    #[error("Argon2id lanes must be 1 to {}, not {lanes}", ceilings::ARGON2_LANES)]
    Lanes {
        /// The refused number.
        lanes: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_passes_its_own_check() {
        assert_eq!(
            Argon2idParams::new(19_456, 2, 1),
            Ok(Argon2idParams::default())
        );
    }

    #[test]
    fn each_row_of_the_floor_table_is_the_least_accepted() {
        for (memory_kib, iterations) in [
            (47_104, 1),
            (19_456, 2),
            (12_288, 3),
            (9_216, 4),
            (7_168, 5),
            (7_168, 10),
        ] {
            assert!(Argon2idParams::new(memory_kib, iterations, 1).is_ok());
            assert_eq!(
                Argon2idParams::new(memory_kib - 1, iterations, 1),
                Err(Argon2idParamsError::TooWeak {
                    memory_kib: memory_kib - 1,
                    iterations,
                    least_kib: memory_kib
                })
            );
        }
    }

    #[test]
    fn the_ceilings_of_verification_hold_for_new_hashes_too() {
        assert!(Argon2idParams::new(262_144, 10, 16).is_ok());
        assert!(Argon2idParams::new(262_145, 10, 16).is_err());
        assert!(Argon2idParams::new(262_144, 11, 16).is_err());
        assert!(Argon2idParams::new(262_144, 10, 17).is_err());
        assert!(Argon2idParams::new(262_144, 0, 1).is_err());
        assert!(Argon2idParams::new(262_144, 1, 0).is_err());
    }

    #[test]
    fn the_message_names_a_value_that_would_do() {
        let message = Argon2idParams::new(8_192, 2, 1).unwrap_err().to_string();
        assert!(message.contains("19456 KiB"), "{message}");
    }
}
