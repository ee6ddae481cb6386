//! Secrets that key signatures, and the check that one is worth using.

use std::fmt;

use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// Bytes that must stay unknown: never shown by `Debug`, wiped on drop, compared in constant time.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Bytes of a key, taken as they are.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A text secret, whose UTF-8 bytes are the key: how `PyJWT` and Flask read `SECRET_KEY`.
    /// Nothing is trimmed or decoded, or the tokens of a running application would stop verifying.
    #[must_use]
    pub fn from_text(text: String) -> Self {
        Self::new(text.into_bytes())
    }

    /// The bytes, for keying a MAC. Handle them like the secret itself.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Whether the secret may sign outside a demonstration: not one that everybody knows, at least
    /// 32 bytes as HS256 requires (RFC 7518 §3.2, RFC 8725 §3.5, ASVS 13.2.3), and not the same few
    /// bytes over and over. It can't tell whether the bytes were random.
    ///
    /// # Errors
    /// [`WeakSecret`] says what is wrong and how to make a good one, without showing the secret.
    pub fn check_strength(&self) -> Result<(), WeakSecret> {
        let bytes = self.expose();
        if is_well_known(bytes) {
            return Err(WeakSecret::WellKnown);
        }
        if bytes.len() < MIN_BYTES {
            return Err(WeakSecret::TooShort { bytes: bytes.len() });
        }
        if is_monotonous(bytes) {
            return Err(WeakSecret::Monotonous);
        }
        Ok(())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl PartialEq for Secret {
    /// Constant time for equal lengths; the length itself is not hidden.
    fn eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl Eq for Secret {}

/// Why [`Secret::check_strength`] refused a secret. The messages never hold any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WeakSecret {
    /// Printed in a lecture, tutorial or manual, so anyone can sign with it.
    #[error(
        "the secret is a well-known sample from a tutorial or manual, so anyone can sign with it; \
         make a new one with `openssl rand -base64 32`, or leave it out and the server makes one"
    )]
    WellKnown,
    /// Shorter than the 32 bytes of RFC 7518 §3.2.
    #[error(
        "the secret has {bytes} bytes, and HS256 needs at least 32; \
         make one with `openssl rand -base64 32`, or leave it out and the server makes one"
    )]
    TooShort {
        /// Its length in bytes.
        bytes: usize,
    },
    /// A short piece repeated, a plain sequence, or fewer than eight different bytes.
    #[error(
        "the secret repeats itself and can be guessed; \
         make one with `openssl rand -base64 32`, or leave it out and the server makes one"
    )]
    Monotonous,
}

const MIN_BYTES: usize = 32;

/// Random 32 bytes hold about 30 different ones, 32 hexadecimal digits about 14.
const MIN_DISTINCT: usize = 8;

fn is_monotonous(bytes: &[u8]) -> bool {
    let mut seen = [false; 256];
    for byte in bytes {
        if let Some(slot) = seen.get_mut(usize::from(*byte)) {
            *slot = true;
        }
    }
    if seen.iter().filter(|seen| **seen).count() < MIN_DISTINCT {
        return true;
    }
    // A repeated piece is worth no more than the piece.
    let repeats_every = |period: usize| {
        bytes
            .iter()
            .skip(period)
            .zip(bytes)
            .all(|(later, first)| later == first)
    };
    let longest = (bytes.len() / 2).min(MIN_BYTES - 1);
    if (1..=longest).any(repeats_every) {
        return true;
    }
    // 0, 1, 2, … and z, y, x, …
    let mut steps = bytes
        .iter()
        .zip(bytes.iter().skip(1))
        .map(|(a, b)| b.wrapping_sub(*a));
    let first = steps.next();
    steps.all(|step| Some(step) == first)
}

fn is_well_known(bytes: &[u8]) -> bool {
    const PREFIX: &[u8] = b"django-insecure-";
    let bytes = bytes.trim_ascii();
    let starts = bytes.get(..PREFIX.len()).unwrap_or_default();
    starts.eq_ignore_ascii_case(PREFIX)
        || WELL_KNOWN
            .iter()
            .any(|known| known.eq_ignore_ascii_case(bytes))
}

/// Samples that are printed somewhere, whatever their length: the right message matters more than
/// the first one that applies.
const WELL_KNOWN: &[&[u8]] = &[
    // The lecture.
    b"supersecretkey",
    b"myverystrongsecretkey",
    // Flask's manual, new and old, as bytes and as people paste them.
    b"192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
    b"_5#y2L\"F4Q8z\n\xec]/",
    b"_5#y2L\"F4Q8z\\n\\xec]/",
    b"A0Zr98j/3yX R~XHH!jmN]LWX/,?RT",
    b"dev",
    b"development",
    b"development key",
    // jwt.io.
    b"secret",
    b"your-256-bit-secret",
    b"your-384-bit-secret",
    b"your-512-bit-secret",
    b"a-string-secret-at-least-256-bits-long",
    b"a-valid-string-secret-that-is-at-least-384-bits-long",
    b"a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
    // FastAPI's manual.
    b"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    // The keys of RFC 7515 appendix A.1 and RFC 7520 §3.5, as text.
    b"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    b"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg",
    // Tutorials and sample configurations.
    b"5791628bb0b13ce0c676dfde280ba245",
    b"you-will-never-guess",
    b"hard to guess string",
    b"keyboard cat",
    b"shhhhh",
    b"shhhhhhared-secret",
    b"key",
    b"test",
    b"password",
    b"change-me",
    b"change_me",
    b"changeme",
    b"changeit",
    b"change-this",
    b"change-this-secret",
    b"dev-secret",
    b"dev-secret-key",
    b"dev_secret_key",
    b"jwt-secret",
    b"jwt_secret",
    b"jwt-secret-key",
    b"jwt-secret-string",
    b"jwtsecret",
    b"my-secret",
    b"my_secret",
    b"my-secret-key",
    b"my_secret_key",
    b"mysecret",
    b"mysecretkey",
    b"secret-key",
    b"secret_key",
    b"secretkey",
    b"some-secret",
    b"super-secret",
    b"super_secret",
    b"super-secret-key",
    b"super_secret_key",
    b"super secret key",
    b"supersecret",
    b"thisisasecret",
    b"thisisasecretkey",
    b"thisisthesecretkey",
    b"this-is-a-secret",
    b"top-secret",
    b"topsecret",
    b"very-secret",
    b"your-secret",
    b"your_secret",
    b"your-secret-key",
    b"your_secret_key",
    b"your-secret-key-here",
    b"your_secret_key_here",
    b"yoursecretkey",
    b"your-super-secret-key",
    b"your-jwt-secret",
    b"your_jwt_secret",
    b"your-super-secret-jwt-token-with-at-least-32-characters-long",
];
