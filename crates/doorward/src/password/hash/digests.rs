//! The digests of stored hashes, by name.

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

/// A digest that a stored hash names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digest {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// Repeats an expression with `$type` as the type of the digest.
macro_rules! with_type {
    ($digest:expr, $type:ident => $work:expr) => {
        match $digest {
            Digest::Md5 => {
                type $type = Md5;
                $work
            }
            Digest::Sha1 => {
                type $type = Sha1;
                $work
            }
            Digest::Sha224 => {
                type $type = Sha224;
                $work
            }
            Digest::Sha256 => {
                type $type = Sha256;
                $work
            }
            Digest::Sha384 => {
                type $type = Sha384;
                $work
            }
            Digest::Sha512 => {
                type $type = Sha512;
                $work
            }
        }
    };
}

impl Digest {
    /// The digest with this lower-case name, as `hashlib` spells it.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "md5" => Self::Md5,
            "sha1" => Self::Sha1,
            "sha224" => Self::Sha224,
            "sha256" => Self::Sha256,
            "sha384" => Self::Sha384,
            "sha512" => Self::Sha512,
            _ => return None,
        })
    }

    /// The name, as `hashlib` spells it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// Length of the output.
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of the parts, one after the other.
    pub(super) fn of(self, parts: [&[u8]; 2]) -> Zeroizing<Vec<u8>> {
        with_type!(self, D => {
            let mut state = D::new();
            for part in parts {
                state.update(part);
            }
            Zeroizing::new(state.finalize().to_vec())
        })
    }

    /// HMAC (RFC 2104).
    pub(super) fn hmac(self, key: &[u8], message: &[u8]) -> Zeroizing<Vec<u8>> {
        with_type!(self, D => {
            // HMAC takes keys of any length, so there is always one; an empty answer matches nothing.
            Hmac::<D>::new_from_slice(key).map_or_else(
                |_| Zeroizing::default(),
                |mac| Zeroizing::new(mac.chain_update(message).finalize().into_bytes().to_vec()),
            )
        })
    }

    /// PBKDF2 with HMAC (RFC 8018 section 5.2), filling `derived`.
    pub(super) fn pbkdf2(self, password: &[u8], salt: &[u8], iterations: u32, derived: &mut [u8]) {
        with_type!(self, D => pbkdf2::pbkdf2_hmac::<D>(password, salt, iterations, derived));
    }
}
