//! PBKDF2 with HMAC (RFC 8018), whatever the notation; and the notation of PHC and passlib:
//! `$pbkdf2-sha256$i=600000,l=32$salt$hash`, `$pbkdf2-sha256$29000$salt$hash`.

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::digests::Digest;
use super::encoding::Base64;
use super::{AcceptedForms, Form, FormGroup, HashFormatError, Parsed, Scheme, ceilings, decimal};

/// PBKDF2 below this count is accepted only with [`FormGroup::WeakPbkdf2`].
const FEW_ITERATIONS: u32 = 1000;

#[derive(Clone)]
pub(super) struct Pbkdf2Hash {
    pub(super) digest: Digest,
    pub(super) iterations: u32,
    pub(super) salt: Zeroizing<Vec<u8>>,
    pub(super) hash: Zeroizing<Vec<u8>>,
}

/// Reads `$pbkdf2…`.
pub(super) fn parse(
    stored: &str,
    accepted: &AcceptedForms,
) -> Option<Result<Parsed, HashFormatError>> {
    let rest = stored.strip_prefix("$pbkdf2")?;
    Some(parse_rest(rest, accepted).map(|hash| Parsed {
        scheme: Scheme::Pbkdf2,
        form: Form::Pbkdf2(hash),
    }))
}

fn parse_rest(rest: &str, accepted: &AcceptedForms) -> Result<Pbkdf2Hash, HashFormatError> {
    let mut fields = rest.split('$');
    let (Some(digest), Some(costs), Some(salt), Some(hash), None) = (
        fields.next(),
        fields.next(),
        fields.next(),
        fields.next(),
        fields.next(),
    ) else {
        return Err(HashFormatError::corrupt(
            "a PBKDF2 hash has not its four fields",
        ));
    };
    let digest = match digest {
        // Both passlib and the PHC identifier mean SHA-1 by it.
        "" => Digest::Sha1,
        name => name
            .strip_prefix('-')
            .and_then(Digest::named)
            .filter(|digest| *digest != Digest::Md5)
            .ok_or(UNKNOWN_DIGEST)?,
    };
    let (iterations, length, base64) = match costs.strip_prefix("i=") {
        None => (costs, None, Base64::Ab64),
        Some(costs) => match costs.split_once(",l=") {
            Some((iterations, length)) => (iterations, Some(length), Base64::Plain),
            None => (costs, None, Base64::Plain),
        },
    };
    let iterations = iterations_of(iterations)?;
    allow(digest, iterations, accepted)?;
    let decode = |text| {
        base64.decode(text).ok_or(HashFormatError::corrupt(
            "a PBKDF2 salt or hash is not the base64 of its notation",
        ))
    };
    let salt = decode(salt)?;
    if !(1..=128).contains(&salt.len()) {
        return Err(HashFormatError::corrupt(
            "a PBKDF2 salt has not 1 to 128 bytes",
        ));
    }
    let hash = decode(hash)?;
    let expected = match length {
        Some(length) => decimal::cost(length, "length of a PBKDF2 hash", 64)? as usize,
        None => hash.len(),
    };
    // passlib writes the digest's whole length, others 32 bytes. Less than 16 could be guessed by
    // chance, and more than the digest's would multiply the cost.
    if hash.len() != expected || !(16..=digest.bytes()).contains(&hash.len()) {
        return Err(HashFormatError::corrupt(
            "a PBKDF2 hash is shorter than 16 bytes, longer than its digest, or not as long as it says",
        ));
    }
    Ok(Pbkdf2Hash {
        digest,
        iterations,
        salt,
        hash,
    })
}

/// A digest that PBKDF2 is not verified with.
pub(super) const UNKNOWN_DIGEST: HashFormatError =
    HashFormatError::refused("PBKDF2 with an unknown or broken digest");

/// Reads a number of iterations.
pub(super) fn iterations_of(text: &str) -> Result<u32, HashFormatError> {
    decimal::cost(
        text,
        "number of PBKDF2 iterations",
        ceilings::PBKDF2_ITERATIONS,
    )
}

/// Whether the settings accept this digest and count.
pub(super) fn allow(
    digest: Digest,
    iterations: u32,
    accepted: &AcceptedForms,
) -> Result<(), HashFormatError> {
    let groups = accepted.groups;
    match digest {
        Digest::Sha256 | Digest::Sha512 => {}
        Digest::Sha1 => groups.require(FormGroup::WeakPbkdf2, "PBKDF2 with SHA-1")?,
        Digest::Sha224 => groups.require(FormGroup::WeakPbkdf2, "PBKDF2 with SHA-224")?,
        Digest::Sha384 => groups.require(FormGroup::WeakPbkdf2, "PBKDF2 with SHA-384")?,
        Digest::Md5 => groups.require(FormGroup::WerkzeugRetired, "PBKDF2 with MD5")?,
    }
    if iterations < FEW_ITERATIONS {
        groups.require(
            FormGroup::WeakPbkdf2,
            "PBKDF2 with fewer than 1000 iterations",
        )?;
    }
    Ok(())
}

impl Pbkdf2Hash {
    /// Derives a hash of the digest's whole length.
    pub(super) fn compute(password: &[u8], digest: Digest, iterations: u32, salt: &[u8]) -> Self {
        let mut hash = Zeroizing::new(vec![0; digest.bytes()]);
        digest.pbkdf2(password, salt, iterations, &mut hash);
        Self {
            digest,
            iterations,
            salt: Zeroizing::new(salt.to_vec()),
            hash,
        }
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let mut derived = Zeroizing::new(vec![0; self.hash.len()]);
        self.digest
            .pbkdf2(password, &self.salt, self.iterations, &mut derived);
        derived.ct_eq(&self.hash).into()
    }
}
