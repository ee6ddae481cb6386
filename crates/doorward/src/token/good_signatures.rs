use std::sync::{PoisonError, RwLock};

use sha2::{Digest as _, Sha256};

/// Signatures of one public key that were found good, so that a steady caller's token costs a hash instead of a curve or a
/// modulus.
///
/// It knows tokens by the SHA-256 of their whole text, so a hit means that these very bytes were verified before; their
/// claims are read and judged anew each time. Its size is fixed: a newcomer takes the place of whoever hashes to it.
pub(super) struct GoodSignatures {
    shards: Box<[RwLock<Box<[Digest]>>]>,
}

type Digest = [u8; 32];

/// Every lookup locks one of these, so that threads seldom meet.
const SHARDS: usize = 64;
/// Tokens in each: 16,384 in all, half a MiB.
const PLACES: usize = 256;

impl GoodSignatures {
    pub(super) fn new() -> Self {
        let shard = || RwLock::new(vec![[0; 32]; PLACES].into_boxed_slice());
        Self {
            shards: (0..SHARDS).map(|_| shard()).collect(),
        }
    }

    pub(super) fn digest(signing_input: &str, signature: &[u8]) -> Digest {
        // The signing input holds no NUL.
        Sha256::new_with_prefix(signing_input)
            .chain_update([0])
            .chain_update(signature)
            .finalize()
            .into()
    }

    pub(super) fn contains(&self, digest: &Digest) -> bool {
        let Some((shard, place)) = self.place(digest) else {
            return false;
        };
        let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
        shard.get(place).is_some_and(|known| known == digest)
    }

    pub(super) fn insert(&self, digest: &Digest) {
        let Some((shard, place)) = self.place(digest) else {
            return;
        };
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shard.get_mut(place) {
            *known = *digest;
        }
    }

    fn place(&self, digest: &Digest) -> Option<(&RwLock<Box<[Digest]>>, usize)> {
        let [first, second, ..] = *digest;
        let shard = self.shards.get(usize::from(first) % SHARDS)?;
        Some((shard, usize::from(second) % PLACES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_inserted_is_known_and_nothing_else_is() {
        let good = GoodSignatures::new();
        let digest = GoodSignatures::digest("a.b", b"signature");
        assert!(!good.contains(&digest));
        good.insert(&digest);
        assert!(good.contains(&digest));
        for other in [
            GoodSignatures::digest("a.b", b"signaturf"),
            GoodSignatures::digest("a.c", b"signature"),
            GoodSignatures::digest("a.bs", b"ignature"),
        ] {
            assert!(!good.contains(&other));
        }
    }

    #[test]
    fn it_does_not_grow() {
        let good = GoodSignatures::new();
        let digests: Vec<_> = (0..100_000_u32)
            .map(|number| GoodSignatures::digest("a.b", &number.to_be_bytes()))
            .collect();
        for digest in &digests {
            good.insert(digest);
        }
        let kept = digests
            .iter()
            .filter(|digest| good.contains(digest))
            .count();
        assert!(kept <= SHARDS * PLACES, "{kept}");
        assert!(good.contains(digests.last().unwrap()));
    }
}
