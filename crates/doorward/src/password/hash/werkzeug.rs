//! Werkzeug's `scrypt:N:r:p$salt$hex` and `pbkdf2:digest:iterations$salt$hex`.
//!
//! Written by `generate_password_hash` of Werkzeug 0.9 to 3.1. The salt is used as the ASCII
//! bytes it is written in; the hash is lower-case hexadecimal, 64 bytes for scrypt and the
//! digest's size for PBKDF2.

use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::super::HashError;
use super::{AcceptedForms, HashFormatError, Scheme, ceilings, decimal};

/// How strings of these forms begin.
pub(super) const SCRYPT_PREFIX: &str = "scrypt:";
/// As [`SCRYPT_PREFIX`].
pub(super) const PBKDF2_PREFIX: &str = "pbkdf2:";

/// PBKDF2 below this count is accepted only by [`AcceptedForms::few_pbkdf2_iterations`].
const FEW_ITERATIONS: u32 = 1000;

const SCRYPT_HASH_BYTES: usize = 64;

#[derive(Clone)]
pub(super) struct ScryptHash {
    params: scrypt::Params,
    memory_kib: u32,
    parts: SaltAndHash,
}

#[derive(Clone)]
pub(super) struct Pbkdf2Hash {
    digest: Digest,
    iterations: u32,
    parts: SaltAndHash,
}

#[derive(Clone)]
struct SaltAndHash {
    salt: Zeroizing<Vec<u8>>,
    hash: Zeroizing<Vec<u8>>,
}

#[derive(Clone, Copy)]
enum Digest {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl ScryptHash {
    /// Parses what follows [`SCRYPT_PREFIX`].
    pub(super) fn parse(rest: &str) -> Result<Self, HashFormatError> {
        let (method, salt, hash) = fields(rest)?;
        let mut costs = method.split(':');
        let (Some(n), Some(r), Some(p), None) =
            (costs.next(), costs.next(), costs.next(), costs.next())
        else {
            return Err(HashFormatError::corrupt(
                "scrypt parameters are not exactly N, r and p",
            ));
        };
        // With r = 1 all the memory is N's.
        let most_n = u32::try_from(ceilings::SCRYPT_MEMORY_BYTES / 128).unwrap_or(u32::MAX);
        let n = decimal::cost(n, "scrypt N", most_n)?;
        let r = decimal::cost(r, "scrypt r", ceilings::SCRYPT_R)?;
        let p = decimal::cost(p, "scrypt p", ceilings::SCRYPT_P)?;
        if n == 1 || !n.is_power_of_two() {
            return Err(HashFormatError::corrupt(
                "scrypt N is not a power of two above one",
            ));
        }
        let main_bytes = 128 * u64::from(n) * u64::from(r);
        if main_bytes > ceilings::SCRYPT_MEMORY_BYTES {
            return Err(HashFormatError::TooCostly {
                parameter: "scrypt memory in bytes",
                ceiling: ceilings::SCRYPT_MEMORY_BYTES,
            });
        }
        let all_bytes = main_bytes + 128 * u64::from(r) * (u64::from(p) + 1);
        let memory_kib = u32::try_from(all_bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        let params = u8::try_from(n.trailing_zeros())
            .ok()
            .and_then(|log_n| scrypt::Params::new(log_n, r, p).ok())
            .ok_or(HashFormatError::corrupt(
                "scrypt parameters do not go together",
            ))?;
        let parts = SaltAndHash::parse(salt, hash, SCRYPT_HASH_BYTES)?;
        Ok(Self {
            params,
            memory_kib,
            parts,
        })
    }

    pub(super) fn matches(&self, password: &[u8]) -> Result<bool, HashError> {
        let mut derived = Zeroizing::new(vec![0; SCRYPT_HASH_BYTES]);
        scrypt::scrypt(password, &self.parts.salt, &self.params, &mut derived).map_err(|_| {
            HashError::Refused {
                scheme: Scheme::WerkzeugScrypt,
            }
        })?;
        Ok(derived.ct_eq(&self.parts.hash).into())
    }

    pub(super) const fn memory_kib(&self) -> u32 {
        self.memory_kib
    }
}

impl Pbkdf2Hash {
    /// Parses what follows [`PBKDF2_PREFIX`].
    pub(super) fn parse(rest: &str, accepted: AcceptedForms) -> Result<Self, HashFormatError> {
        let (method, salt, hash) = fields(rest)?;
        let (digest, iterations) = match method.split_once(':') {
            Some((digest, iterations)) => (digest, Some(iterations)),
            None => (method, None),
        };
        let digest = Digest::parse(digest, accepted)?;
        let iterations = match iterations {
            Some(text) => decimal::cost(
                text,
                "number of PBKDF2 iterations",
                ceilings::PBKDF2_ITERATIONS,
            )?,
            None => iterations_when_absent(accepted)?,
        };
        if iterations < FEW_ITERATIONS && !accepted.few_pbkdf2_iterations {
            return Err(HashFormatError::Unsupported {
                form: "PBKDF2 with fewer than 1000 iterations",
                advice: "accept few PBKDF2 iterations in the settings, or give the account a new \
                         password",
            });
        }
        let parts = SaltAndHash::parse(salt, hash, digest.bytes())?;
        Ok(Self {
            digest,
            iterations,
            parts,
        })
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let mut derived = Zeroizing::new(vec![0; self.digest.bytes()]);
        let derive = match self.digest {
            Digest::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>,
            Digest::Sha224 => pbkdf2::pbkdf2_hmac::<Sha224>,
            Digest::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>,
            Digest::Sha384 => pbkdf2::pbkdf2_hmac::<Sha384>,
            Digest::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>,
        };
        derive(password, &self.parts.salt, self.iterations, &mut derived);
        derived.ct_eq(&self.parts.hash).into()
    }
}

impl Digest {
    fn parse(name: &str, accepted: AcceptedForms) -> Result<Self, HashFormatError> {
        let (digest, form) = match name {
            "sha256" => return Ok(Self::Sha256),
            "sha512" => return Ok(Self::Sha512),
            "sha1" => (Self::Sha1, "PBKDF2 with SHA-1"),
            "sha224" => (Self::Sha224, "PBKDF2 with SHA-224"),
            "sha384" => (Self::Sha384, "PBKDF2 with SHA-384"),
            _ => {
                return Err(HashFormatError::refused(
                    "PBKDF2 with an unknown or broken digest",
                ));
            }
        };
        if accepted.other_pbkdf2_digests {
            return Ok(digest);
        }
        Err(HashFormatError::Unsupported {
            form,
            advice: "accept other PBKDF2 digests in the settings, or give the account a new \
                     password",
        })
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

impl SaltAndHash {
    fn parse(salt: &str, hash: &str, hash_bytes: usize) -> Result<Self, HashFormatError> {
        if salt.is_empty() || !salt.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(HashFormatError::corrupt(
                "a Werkzeug salt is empty or not printable",
            ));
        }
        if hash.len() != 2 * hash_bytes {
            return Err(HashFormatError::corrupt(
                "a Werkzeug hash has not its digest's length",
            ));
        }
        let hash = lower_hex(hash).ok_or(HashFormatError::corrupt(
            "a Werkzeug hash is not lower-case hexadecimal",
        ))?;
        Ok(Self {
            salt: Zeroizing::new(salt.as_bytes().to_vec()),
            hash,
        })
    }
}

fn iterations_when_absent(accepted: AcceptedForms) -> Result<u32, HashFormatError> {
    match accepted.iterations_when_absent {
        Some(iterations) if iterations.get() <= ceilings::PBKDF2_ITERATIONS => Ok(iterations.get()),
        Some(_) => Err(HashFormatError::TooCostly {
            parameter: "configured number of PBKDF2 iterations",
            ceiling: u64::from(ceilings::PBKDF2_ITERATIONS),
        }),
        None => Err(HashFormatError::Unsupported {
            form: "PBKDF2 without an iteration count",
            advice: "set the count such hashes were made with, or give the account a new password",
        }),
    }
}

/// Exactly three fields: the method's parameters, the salt, the hash.
fn fields(rest: &str) -> Result<(&str, &str, &str), HashFormatError> {
    let mut fields = rest.split('$');
    match (fields.next(), fields.next(), fields.next(), fields.next()) {
        (Some(method), Some(salt), Some(hash), None) => Ok((method, salt, hash)),
        _ => Err(HashFormatError::corrupt(
            "a Werkzeug hash has not its three fields",
        )),
    }
}

fn lower_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    for [high, low] in pairs {
        bytes.push(nibble(*high)? << 4 | nibble(*low)?);
    }
    Some(bytes)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}
