//! One digest over the password, or the password itself: Werkzeug's retired forms and Django's
//! oldest. Verified only where a setting asks for it, to be replaced at the next login.
//!
//! `md5$salt$hex` and `sha1$salt$hex` are written by both: Werkzeug means HMAC with the salt as
//! the key, Django the digest of salt and password. The settings say which one is meant; with both
//! turned on, either answer counts.

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::digests::Digest;
use super::encoding::lower_hex;
use super::{AcceptedForms, Form, FormGroup, HashFormatError, Parsed, Scheme};

#[derive(Clone)]
pub(super) struct SingleDigest {
    digest: Digest,
    salt: Zeroizing<Vec<u8>>,
    hash: Zeroizing<Vec<u8>>,
    as_werkzeug: bool,
    as_django: bool,
}

/// The password itself, as Werkzeug's `plain$$…` stores it.
#[derive(Clone)]
pub(super) struct Plain(Zeroizing<Vec<u8>>);

/// Reads `plain$$…`, `sha256$salt$hex` and the like, and bare digests.
pub(super) fn parse(
    stored: &str,
    accepted: &AcceptedForms,
) -> Option<Result<Parsed, HashFormatError>> {
    if let Some(rest) = stored.strip_prefix("plain$") {
        return Some(parse_plain(rest, accepted));
    }
    match stored.split_once('$') {
        Some((name, rest)) => {
            Digest::named(name).map(|digest| parse_salted(digest, rest, accepted))
        }
        None => parse_bare(stored, accepted),
    }
}

fn parse_plain(rest: &str, accepted: &AcceptedForms) -> Result<Parsed, HashFormatError> {
    accepted
        .groups
        .require(FormGroup::WerkzeugPlain, "Werkzeug plain text")?;
    // Werkzeug 2.3 wrote a salt that nothing reads.
    match rest.split_once('$') {
        None | Some((_, "")) => Err(HashFormatError::corrupt("there is no plain password")),
        Some((_, password)) => Ok(Parsed {
            scheme: Scheme::WerkzeugPlain,
            form: Form::Plain(Plain(Zeroizing::new(password.as_bytes().to_vec()))),
        }),
    }
}

fn parse_salted(
    digest: Digest,
    rest: &str,
    accepted: &AcceptedForms,
) -> Result<Parsed, HashFormatError> {
    let groups = accepted.groups;
    let as_werkzeug = groups.contains(FormGroup::WerkzeugRetired);
    let djangos = matches!(digest, Digest::Md5 | Digest::Sha1);
    let as_django = djangos && groups.contains(FormGroup::DjangoLegacy);
    if !as_werkzeug && !as_django {
        return Err(match digest {
            Digest::Md5 => either("single-pass MD5"),
            Digest::Sha1 => either("single-pass SHA-1"),
            Digest::Sha224 => FormGroup::WerkzeugRetired.refuses("single-pass SHA-224"),
            Digest::Sha256 => FormGroup::WerkzeugRetired.refuses("single-pass SHA-256"),
            Digest::Sha384 => FormGroup::WerkzeugRetired.refuses("single-pass SHA-384"),
            Digest::Sha512 => FormGroup::WerkzeugRetired.refuses("single-pass SHA-512"),
        });
    }
    let (salt, hash) = rest.split_once('$').ok_or(HashFormatError::corrupt(
        "a digest has not its three fields",
    ))?;
    if !salt.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(HashFormatError::corrupt("a digest's salt is not printable"));
    }
    let hash = lower_hex(hash)
        .filter(|hash| hash.len() == digest.bytes())
        .ok_or(HashFormatError::corrupt(
            "a digest is not lower-case hexadecimal of its length",
        ))?;
    let scheme = if as_django {
        Scheme::DjangoDigest
    } else {
        Scheme::WerkzeugDigest
    };
    Ok(Parsed {
        scheme,
        form: Form::Digest(SingleDigest {
            digest,
            salt: Zeroizing::new(salt.as_bytes().to_vec()),
            hash,
            as_werkzeug,
            as_django,
        }),
    })
}

const fn either(form: &'static str) -> HashFormatError {
    HashFormatError::Unsupported {
        form,
        advice: "list werkzeug-retired or django-legacy in hash.accept, whichever wrote them, or \
                 give the account a new password",
    }
}

/// Nothing but hexadecimal digits of a digest's length: Django's `unsalted_md5`, and what many
/// programs made by hand. It could also be somebody's password; taking it for one would let
/// whoever has seen the digest log in with it.
fn parse_bare(stored: &str, accepted: &AcceptedForms) -> Option<Result<Parsed, HashFormatError>> {
    let lengths = matches!(stored.len(), 32 | 40 | 56 | 64 | 96 | 128);
    if !lengths || !stored.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let Some(hash) = lower_hex(stored).filter(|hash| hash.len() == Digest::Md5.bytes()) else {
        return Some(Err(HashFormatError::refused("bare digest")));
    };
    let allowed = accepted.groups.require(FormGroup::DjangoLegacy, "bare MD5");
    Some(allowed.map(|()| Parsed {
        scheme: Scheme::DjangoDigest,
        form: Form::Digest(SingleDigest {
            digest: Digest::Md5,
            salt: Zeroizing::default(),
            hash,
            as_werkzeug: false,
            as_django: true,
        }),
    }))
}

impl SingleDigest {
    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let mut right = false;
        if self.as_django || self.salt.is_empty() {
            let derived = self.digest.of([&self.salt, password]);
            right |= bool::from(derived.ct_eq(&self.hash));
        }
        if self.as_werkzeug && !self.salt.is_empty() {
            let derived = self.digest.hmac(&self.salt, password);
            right |= bool::from(derived.ct_eq(&self.hash));
        }
        right
    }
}

impl Plain {
    pub(super) fn matches(&self, password: &[u8]) -> bool {
        self.0.ct_eq(password).into()
    }
}
