//! Django's notation: `pbkdf2_sha256$iterations$salt$base64`, `scrypt$N$salt$r$p$base64`,
//! `argon2$argon2id$…`, `bcrypt$$2b$…`, `bcrypt_sha256$$2b$…`, and its mark for accounts without a
//! password.
//!
//! The salt is used as the ASCII bytes it is written in. Its oldest forms are in
//! [`super::single_digest`].

use zeroize::Zeroizing;

use super::bcrypt::{self, Prehash};
use super::digests::Digest;
use super::encoding::Base64;
use super::pbkdf2::{self, Pbkdf2Hash};
use super::scrypt::{ScryptCosts, ScryptHash};
use super::{AcceptedForms, Form, FormGroup, HashFormatError, Parsed, Scheme, argon2};

/// Bytes that Django derives with scrypt.
const SCRYPT_BYTES: usize = 64;

type Answer = Result<(Scheme, Form), HashFormatError>;

/// Reads what Django writes.
pub(super) fn parse(
    stored: &str,
    accepted: &AcceptedForms,
) -> Option<Result<Parsed, HashFormatError>> {
    if is_unusable(stored) {
        return Some(Err(HashFormatError::Unsupported {
            form: "unusable password",
            advice: "the account was made without one on purpose; give it one if it should log in",
        }));
    }
    let (algorithm, rest) = stored.split_once('$')?;
    let answer: Answer = match algorithm {
        "argon2" => parse_argon2(rest, accepted),
        "bcrypt" => parse_bcrypt(rest, Scheme::DjangoBcrypt, &[Prehash::None], accepted),
        "bcrypt_sha256" => parse_bcrypt(
            rest,
            Scheme::DjangoBcryptSha256,
            &[Prehash::Sha256Hex],
            accepted,
        ),
        "scrypt" => parse_scrypt(rest).map(|hash| (Scheme::DjangoScrypt, Form::Scrypt(hash))),
        _ => {
            let digest = algorithm.strip_prefix("pbkdf2_")?;
            parse_pbkdf2(digest, rest, accepted)
                .map(|hash| (Scheme::DjangoPbkdf2, Form::Pbkdf2(hash)))
        }
    };
    Some(answer.map(|(scheme, form)| Parsed { scheme, form }))
}

/// `!` and 40 letters and digits, or `!` alone as before Django 1.6.
fn is_unusable(stored: &str) -> bool {
    stored.strip_prefix('!').is_some_and(|rest| {
        rest.is_empty()
            || (rest.len() == 40 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    })
}

fn parse_argon2(rest: &str, accepted: &AcceptedForms) -> Answer {
    let rest = rest.strip_prefix("argon2").ok_or(HashFormatError::corrupt(
        "a Django argon2 hash holds no Argon2 hash",
    ))?;
    argon2::parse_rest(rest, accepted).map(|hash| (Scheme::DjangoArgon2, Form::Argon2(hash)))
}

fn parse_bcrypt(
    rest: &str,
    scheme: Scheme,
    prehashes: &'static [Prehash],
    accepted: &AcceptedForms,
) -> Answer {
    let truncated = accepted.groups.contains(FormGroup::BcryptTruncated);
    let hash = bcrypt::parse_crypt(rest, prehashes, truncated).unwrap_or(Err(
        HashFormatError::corrupt("a Django bcrypt hash holds no bcrypt hash"),
    ))?;
    Ok((scheme, Form::Bcrypt(hash)))
}

fn parse_scrypt(rest: &str) -> Result<ScryptHash, HashFormatError> {
    let mut fields = rest.split('$');
    let (Some(n), Some(salt), Some(r), Some(p), Some(hash), None) = (
        fields.next(),
        fields.next(),
        fields.next(),
        fields.next(),
        fields.next(),
        fields.next(),
    ) else {
        return Err(HashFormatError::corrupt(
            "a Django scrypt hash has not its six fields",
        ));
    };
    Ok(ScryptHash {
        costs: ScryptCosts::parse(n, r, p)?,
        salt: salt_of(salt)?,
        hash: hash_of(hash, SCRYPT_BYTES)?,
    })
}

fn parse_pbkdf2(
    digest: &str,
    rest: &str,
    accepted: &AcceptedForms,
) -> Result<Pbkdf2Hash, HashFormatError> {
    let digest = Digest::named(digest)
        .filter(|digest| *digest != Digest::Md5)
        .ok_or(pbkdf2::UNKNOWN_DIGEST)?;
    let mut fields = rest.split('$');
    let (Some(iterations), Some(salt), Some(hash), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(HashFormatError::corrupt(
            "a Django PBKDF2 hash has not its four fields",
        ));
    };
    let iterations = pbkdf2::iterations_of(iterations)?;
    pbkdf2::allow(digest, iterations, accepted)?;
    Ok(Pbkdf2Hash {
        digest,
        iterations,
        salt: salt_of(salt)?,
        hash: hash_of(hash, digest.bytes())?,
    })
}

fn salt_of(salt: &str) -> Result<Zeroizing<Vec<u8>>, HashFormatError> {
    if salt.is_empty() || !salt.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(HashFormatError::corrupt(
            "a Django salt is empty or not printable",
        ));
    }
    Ok(Zeroizing::new(salt.as_bytes().to_vec()))
}

fn hash_of(hash: &str, bytes: usize) -> Result<Zeroizing<Vec<u8>>, HashFormatError> {
    Base64::Padded
        .decode(hash)
        .filter(|hash| hash.len() == bytes)
        .ok_or(HashFormatError::corrupt(
            "a Django hash is not the base64 of its length",
        ))
}
