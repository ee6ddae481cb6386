//! Memory that one thread reuses from hash to hash.

use std::fmt;

use argon2::Block;
use thiserror::Error;

/// The Argon2 blocks of one thread: allocated at first use, wiped after each hash, kept for the
/// next one, and given back when none comes.
///
/// Allocating 19 MiB per hash costs about a third of the hash rate with glibc's allocator and
/// leaves its heap fragmented. A hash that needs more than the usual size gets it and returns the
/// surplus to the allocator.
pub struct KdfMemory {
    blocks: Vec<Block>,
    usual: usize,
}

impl KdfMemory {
    /// Memory that keeps `usual_kib` KiB between hashes. Nothing is allocated yet.
    #[must_use]
    pub const fn new(usual_kib: u32) -> Self {
        Self {
            blocks: Vec::new(),
            usual: usual_kib as usize,
        }
    }

    /// KiB held now.
    #[must_use]
    pub fn held_kib(&self) -> usize {
        self.blocks.capacity()
    }

    /// Gives all of it back to the allocator. The next hash allocates it anew.
    pub(super) fn release(&mut self) {
        self.blocks = Vec::new();
    }

    /// Runs `work` on `count` blocks. They are wiped, and any surplus over the usual size is
    /// freed, when `work` returns or panics.
    pub(super) fn with_blocks<T>(
        &mut self,
        count: usize,
        work: impl FnOnce(&mut [Block]) -> T,
    ) -> Result<T, HashError> {
        if let Some(missing) = count.checked_sub(self.blocks.len()) {
            self.blocks
                .try_reserve_exact(missing)
                .map_err(|_| HashError::OutOfMemory { kib: count })?;
            self.blocks.resize(count, Block::new());
        }
        let mut lease = Lease {
            memory: self,
            count,
        };
        Ok(work(lease.blocks()))
    }
}

impl fmt::Debug for KdfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KdfMemory")
            .field("held_kib", &self.held_kib())
            .finish_non_exhaustive()
    }
}

/// Wipes in `drop`, so that a panic inside a hash leaves nothing behind either.
struct Lease<'a> {
    memory: &'a mut KdfMemory,
    count: usize,
}

impl Lease<'_> {
    fn blocks(&mut self) -> &mut [Block] {
        self.memory.blocks.get_mut(..self.count).unwrap_or_default()
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let blocks = self.blocks();
        // One memset; `Zeroize` would write each word by itself and cost three percent of the
        // hash rate more. The barrier keeps the compiler from leaving the stores out.
        blocks.fill(Block::new());
        zeroize::optimization_barrier(blocks);
        let usual = self.memory.usual;
        if self.memory.blocks.len() > usual {
            self.memory.blocks.truncate(usual);
            self.memory.blocks.shrink_to(usual);
        }
    }
}

/// Why a hash could not be computed, or a password not be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HashError {
    /// The allocator refused the memory.
    #[error(
        "{kib} KiB for one password hash could not be allocated; lower the hash memory or give the process more"
    )]
    OutOfMemory {
        /// The refused amount, in KiB.
        kib: usize,
    },
    /// The key derivation refused parameters that had passed the checks of this crate.
    #[error("the {scheme} implementation refused its parameters; report this as a defect")]
    Refused {
        /// The scheme concerned.
        scheme: super::Scheme,
    },
    /// bcrypt reads 72 bytes of a password, up to the first NUL. It would let in whoever knows as
    /// much of it.
    #[error("the password cannot be hashed with bcrypt; use at most 72 bytes and no NUL character")]
    NotForBcrypt,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn is_wiped(memory: &KdfMemory) -> bool {
        memory
            .blocks
            .iter()
            .all(|block| block.as_ref().iter().all(|word| *word == 0))
    }

    fn scribble(blocks: &mut [Block]) {
        for block in blocks {
            block.as_mut().fill(7);
        }
    }

    #[test]
    fn nothing_is_allocated_before_the_first_hash() {
        assert_eq!(KdfMemory::new(64).held_kib(), 0);
    }

    #[test]
    fn memory_is_wiped_after_use_and_kept() {
        let mut memory = KdfMemory::new(64);
        memory.with_blocks(64, scribble).unwrap();
        assert!(is_wiped(&memory));
        assert_eq!(memory.held_kib(), 64);
    }

    #[test]
    fn released_memory_is_gone_and_the_next_hash_gets_its_own() {
        let mut memory = KdfMemory::new(64);
        memory.with_blocks(64, scribble).unwrap();
        memory.release();
        assert_eq!(memory.held_kib(), 0);
        assert_eq!(memory.with_blocks(64, |blocks| blocks.len()).unwrap(), 64);
    }

    #[test]
    fn memory_is_wiped_when_the_work_panics() {
        let mut memory = KdfMemory::new(64);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            memory.with_blocks(64, |blocks| {
                scribble(blocks);
                panic!("on purpose");
            })
        }));
        assert!(panicked.is_err());
        assert!(is_wiped(&memory));
    }

    #[test]
    fn a_bigger_job_gets_its_memory_and_the_surplus_is_freed_afterwards() {
        let mut memory = KdfMemory::new(64);
        let seen = memory.with_blocks(256, |blocks| blocks.len()).unwrap();
        assert_eq!(seen, 256);
        assert_eq!(memory.held_kib(), 64);
    }

    #[test]
    fn a_smaller_job_sees_only_what_it_asked_for() {
        let mut memory = KdfMemory::new(64);
        memory.with_blocks(64, scribble).unwrap();
        assert_eq!(memory.with_blocks(8, |blocks| blocks.len()).unwrap(), 8);
        assert_eq!(memory.held_kib(), 64);
    }

    #[test]
    fn memory_nobody_has_is_an_error_and_not_an_abort() {
        let mut memory = KdfMemory::new(64);
        let kib = usize::MAX / 2048;
        assert_eq!(
            memory.with_blocks(kib, |_| ()).unwrap_err(),
            HashError::OutOfMemory { kib }
        );
    }
}
