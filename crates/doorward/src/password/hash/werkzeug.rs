//! Werkzeug's notation: `scrypt:N:r:p$salt$hex` and `pbkdf2:digest:iterations$salt$hex`.
//!
//! Written by `generate_password_hash` of Werkzeug 0.9 to 3.1. The salt is used as the ASCII
//! bytes it is written in; the hash is lower-case hexadecimal, 64 bytes for scrypt and the
//! digest's size for PBKDF2. The parameters may be missing (`scrypt$salt$hex`,
//! `pbkdf2:sha256$salt$hex`, `pbkdf2$salt$hex`), which `check_password_hash` reads as its
//! defaults; no release writes that. What Werkzeug wrote before and removed is in
//! [`super::single_digest`].

use zeroize::Zeroizing;

use super::super::{HashError, SALT_BYTES};
use super::digests::Digest;
use super::encoding::{lower_hex, to_lower_hex};
use super::pbkdf2::{self, Pbkdf2Hash};
use super::scrypt::{ScryptCosts, ScryptHash};
use super::{AcceptedForms, Form, HashFormatError, Parsed, Scheme, ceilings};

/// Bytes that Werkzeug derives with scrypt.
pub(super) const SCRYPT_BYTES: usize = 64;

/// Iterations of a new `pbkdf2:sha256` hash: what Werkzeug 3.1 writes, so that a Flask application
/// beside us does not find ours weaker than its own. OWASP asks for 600000.
pub(super) const PBKDF2_ITERATIONS: u32 = 1_000_000;

/// Reads `scrypt:…`, `pbkdf2:…` and their forms without parameters.
pub(super) fn parse(
    stored: &str,
    accepted: &AcceptedForms,
) -> Option<Result<Parsed, HashFormatError>> {
    let (method, rest) = stored.split_once('$').unwrap_or((stored, ""));
    let mut words = method.split(':');
    match words.next() {
        // With more fields it is Django's.
        Some("scrypt") if method != "scrypt" || rest.matches('$').count() == 1 => {
            Some(parse_scrypt(words, rest).map(|hash| Parsed {
                scheme: Scheme::WerkzeugScrypt,
                form: Form::Scrypt(hash),
            }))
        }
        Some("pbkdf2") if method != stored || method.contains(':') => {
            Some(parse_pbkdf2(words, rest, accepted).map(|hash| Parsed {
                scheme: Scheme::WerkzeugPbkdf2,
                form: Form::Pbkdf2(hash),
            }))
        }
        _ => None,
    }
}

fn parse_scrypt<'a>(
    mut words: impl Iterator<Item = &'a str>,
    rest: &str,
) -> Result<ScryptHash, HashFormatError> {
    let costs = match (words.next(), words.next(), words.next(), words.next()) {
        (None, ..) => ScryptCosts::WERKZEUG,
        (Some(n), Some(r), Some(p), None) => ScryptCosts::parse(n, r, p)?,
        _ => {
            return Err(HashFormatError::corrupt(
                "scrypt parameters are not exactly N, r and p",
            ));
        }
    };
    let (salt, hash) = salt_and_hash(rest, SCRYPT_BYTES)?;
    Ok(ScryptHash { costs, salt, hash })
}

fn parse_pbkdf2<'a>(
    mut words: impl Iterator<Item = &'a str>,
    rest: &str,
    accepted: &AcceptedForms,
) -> Result<Pbkdf2Hash, HashFormatError> {
    let (digest, iterations) = match (words.next(), words.next(), words.next()) {
        (digest, iterations, None) => (digest.unwrap_or("sha256"), iterations),
        _ => {
            return Err(HashFormatError::corrupt(
                "PBKDF2 parameters are not exactly digest and iterations",
            ));
        }
    };
    let digest = Digest::named(digest).ok_or(pbkdf2::UNKNOWN_DIGEST)?;
    let iterations = match iterations {
        Some(text) => pbkdf2::iterations_of(text)?,
        None => iterations_when_absent(accepted)?,
    };
    pbkdf2::allow(digest, iterations, accepted)?;
    let (salt, hash) = salt_and_hash(rest, digest.bytes())?;
    Ok(Pbkdf2Hash {
        digest,
        iterations,
        salt,
        hash,
    })
}

fn iterations_when_absent(accepted: &AcceptedForms) -> Result<u32, HashFormatError> {
    match accepted.iterations_when_absent {
        Some(iterations) if iterations.get() <= ceilings::PBKDF2_ITERATIONS => Ok(iterations.get()),
        Some(_) => Err(HashFormatError::TooCostly {
            parameter: "configured number of PBKDF2 iterations",
            ceiling: u64::from(ceilings::PBKDF2_ITERATIONS),
        }),
        None => Err(HashFormatError::Unsupported {
            form: "PBKDF2 without an iteration count",
            advice: "set hash.pbkdf2_default_iterations to the count such hashes were made with, \
                     or give the account a new password",
        }),
    }
}

type SaltAndHash = (Zeroizing<Vec<u8>>, Zeroizing<Vec<u8>>);

fn salt_and_hash(rest: &str, hash_bytes: usize) -> Result<SaltAndHash, HashFormatError> {
    let (salt, hash) = rest.split_once('$').ok_or(HashFormatError::corrupt(
        "a Werkzeug hash has not its three fields",
    ))?;
    if hash.contains('$') {
        return Err(HashFormatError::corrupt(
            "a Werkzeug hash has not its three fields",
        ));
    }
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
    Ok((Zeroizing::new(salt.as_bytes().to_vec()), hash))
}

/// A salt as Werkzeug draws them: 16 letters and digits, of 95 bits. The 128 random bits are
/// written in base 62, which favours no digit by more than one in eight thousand million.
pub(super) fn salt_text(random: [u8; SALT_BYTES]) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut rest = u128::from_le_bytes(random);
    let mut text = String::with_capacity(SALT_BYTES);
    for _ in 0..SALT_BYTES {
        let digit = usize::try_from(rest % 62).unwrap_or_default();
        text.extend(LETTERS.get(digit).map(|letter| char::from(*letter)));
        rest /= 62;
    }
    text
}

/// A new `scrypt:32768:8:1$…`, as Werkzeug 2.3 to 3.1 write it.
pub(super) fn compute_scrypt(password: &[u8], salt: &str) -> Result<ScryptHash, HashError> {
    ScryptHash::compute(
        password,
        ScryptCosts::WERKZEUG,
        salt.as_bytes(),
        SCRYPT_BYTES,
    )
}

/// A new `pbkdf2:sha256:1000000$…`, as Werkzeug 3.1 writes it.
pub(super) fn compute_pbkdf2(password: &[u8], salt: &str) -> Pbkdf2Hash {
    Pbkdf2Hash::compute(password, Digest::Sha256, PBKDF2_ITERATIONS, salt.as_bytes())
}

/// Hashes that cost what real ones cost and that no password is known for.
pub(super) fn dummy_scrypt(salt: &str, hash: [u8; SALT_BYTES]) -> ScryptHash {
    ScryptHash {
        costs: ScryptCosts::WERKZEUG,
        salt: Zeroizing::new(salt.as_bytes().to_vec()),
        hash: Zeroizing::new(hash.repeat(SCRYPT_BYTES / SALT_BYTES)),
    }
}

/// As [`dummy_scrypt`].
pub(super) fn dummy_pbkdf2(salt: &str, hash: [u8; SALT_BYTES]) -> Pbkdf2Hash {
    Pbkdf2Hash {
        digest: Digest::Sha256,
        iterations: PBKDF2_ITERATIONS,
        salt: Zeroizing::new(salt.as_bytes().to_vec()),
        hash: Zeroizing::new(hash.repeat(Digest::Sha256.bytes() / SALT_BYTES)),
    }
}

/// The notation, when the salt can be written in it: printable ASCII without `$`.
pub(super) fn encode_scrypt(hash: &ScryptHash) -> Option<String> {
    let ScryptCosts { r, p, .. } = hash.costs;
    (hash.hash.len() == SCRYPT_BYTES).then_some(())?;
    Some(format!(
        "scrypt:{}:{r}:{p}${}${}",
        hash.costs.n(),
        as_salt(&hash.salt)?,
        *to_lower_hex(&hash.hash)
    ))
}

/// As [`encode_scrypt`]. `None` also where the hash is not as long as its digest.
pub(super) fn encode_pbkdf2(hash: &Pbkdf2Hash) -> Option<String> {
    (hash.hash.len() == hash.digest.bytes()).then_some(())?;
    Some(format!(
        "pbkdf2:{}:{}${}${}",
        hash.digest.name(),
        hash.iterations,
        as_salt(&hash.salt)?,
        *to_lower_hex(&hash.hash)
    ))
}

/// The salt as text, where it is one that this notation and Django's can hold.
pub(super) fn as_salt(salt: &[u8]) -> Option<&str> {
    let fits = |byte: &u8| byte.is_ascii_graphic() && *byte != b'$';
    let text = std::str::from_utf8(salt).ok()?;
    (!salt.is_empty() && salt.iter().all(fits)).then_some(text)
}
