//! Names that more than one row has, found in 16 bytes for each row.

use sha2::{Digest as _, Sha256};

use crate::username::UsernameKey;

/// Half of a name's SHA-256. Two names of a hundred million share one with a chance of one in 10²².
pub(crate) type Fingerprint = [u8; 16];

/// The fingerprints of all names, as they come.
#[derive(Debug, Default)]
pub(crate) struct Fingerprints {
    seen: Vec<Fingerprint>,
    left_out: u64,
}

/// Names that several rows have.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Repeated {
    /// How many names.
    pub(crate) names: u64,
    /// How many rows have one of them.
    pub(crate) rows: u64,
    /// The fingerprints of a few, in their order.
    pub(crate) first: Vec<Fingerprint>,
    /// How many rows were not looked at.
    pub(crate) left_out: u64,
}

impl Fingerprints {
    /// How many names are compared: 256 MiB of fingerprints.
    pub(crate) const MOST: usize = 16 * 1024 * 1024;
    /// How many of the repeated names are told.
    const TOLD: usize = 10;

    pub(crate) fn of(key: &UsernameKey) -> Fingerprint {
        let mut fingerprint = Fingerprint::default();
        let digest = Sha256::digest(key.as_bytes());
        for (to, from) in fingerprint.iter_mut().zip(digest) {
            *to = from;
        }
        fingerprint
    }

    pub(crate) fn add(&mut self, key: &UsernameKey) {
        if self.seen.len() < Self::MOST {
            self.seen.push(Self::of(key));
        } else {
            self.left_out += 1;
        }
    }

    pub(crate) fn repeated(mut self) -> Repeated {
        self.seen.sort_unstable();
        let mut repeated = Repeated {
            left_out: self.left_out,
            ..Repeated::default()
        };
        for group in self.seen.chunk_by(|a, b| a == b) {
            if let [fingerprint, _, ..] = group {
                repeated.names += 1;
                repeated.rows += group.len() as u64;
                if repeated.first.len() < Self::TOLD {
                    repeated.first.push(*fingerprint);
                }
            }
        }
        repeated
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::username::Username;

    #[test]
    fn names_with_one_key_are_found_once() {
        let mut names = Fingerprints::default();
        for name in ["alice", "Alice", "ＡＬＩＣＥ", "bob", "carol", "Bob"] {
            names.add(Username::parse(name).unwrap().key());
        }
        let repeated = names.repeated();
        assert_eq!((repeated.names, repeated.rows), (2, 5));
        let alice = Fingerprints::of(Username::parse("alice").unwrap().key());
        assert!(repeated.first.contains(&alice));
    }
}
