//! bcrypt: `$2b$12$salt…hash…`; passlib's `$bcrypt-sha256$…`; and what is done to passwords first.
//!
//! bcrypt reads 72 bytes of a password and, having none of its own, takes a NUL for its end. So a
//! password that is longer or has a NUL never matches: `abc` and `abc\0abc` would be the same
//! password, and one of 73 bytes the same as its first 72. Libraries used to cut without a word;
//! only [`FormGroup::BcryptTruncated`] does.

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::super::{HashError, SALT_BYTES};
use super::digests::Digest;
use super::encoding::{Base64, to_lower_hex};
use super::input::Input;
use super::{
    AcceptedForms, BcryptPrehash, Form, FormGroup, HashFormatError, Parsed, Scheme, ceilings,
};

/// Bytes of a password that bcrypt reads.
pub(super) const MOST_BYTES: usize = 72;
/// bcrypt's output without its last byte, which nobody stores.
const HASH_BYTES: usize = 23;
/// The salt's 16 bytes as text.
const SALT_CHARS: usize = 22;
/// The least cost of the algorithm.
const LEAST_COST: u32 = 4;

#[derive(Clone)]
pub(super) struct BcryptHash {
    pub(super) cost: u32,
    salt: [u8; SALT_BYTES],
    hash: Zeroizing<Vec<u8>>,
    /// One of them made the hash.
    pub(super) prehashes: &'static [Prehash],
    truncated: bool,
}

/// What becomes of a password before bcrypt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prehash {
    /// Nothing.
    None,
    /// Hexadecimal SHA-256: Django's `bcrypt_sha256`, Flask-Bcrypt with long passwords.
    Sha256Hex,
    /// Base64 of SHA-256: passlib's first `bcrypt-sha256`.
    Sha256Base64,
    /// Base64 of HMAC-SHA256 with the salt's text as the key: passlib's second.
    HmacBase64,
}

/// Reads `$2b$…` and `$bcrypt-sha256$…`.
pub(super) fn parse(
    stored: &str,
    accepted: &AcceptedForms,
) -> Option<Result<Parsed, HashFormatError>> {
    if let Some(rest) = stored.strip_prefix("$bcrypt-sha256$") {
        return Some(parse_passlib(rest).map(|hash| Parsed {
            scheme: Scheme::BcryptSha256,
            form: Form::Bcrypt(hash),
        }));
    }
    if !stored.starts_with("$2") {
        return None;
    }
    let prehashes: &[Prehash] = match accepted.bcrypt_prehash {
        BcryptPrehash::Off => &[Prehash::None],
        BcryptPrehash::On => &[Prehash::Sha256Hex],
        BcryptPrehash::Either => &[Prehash::None, Prehash::Sha256Hex],
    };
    let truncated = accepted.groups.contains(FormGroup::BcryptTruncated);
    parse_crypt(stored, prehashes, truncated).map(|parsed| {
        parsed.map(|hash| Parsed {
            scheme: Scheme::Bcrypt,
            form: Form::Bcrypt(hash),
        })
    })
}

/// Reads `$2b$12$` and 53 characters. `None` when it does not begin like bcrypt.
pub(super) fn parse_crypt(
    stored: &str,
    prehashes: &'static [Prehash],
    truncated: bool,
) -> Option<Result<BcryptHash, HashFormatError>> {
    let rest = ["$2a$", "$2b$", "$2y$"]
        .iter()
        .find_map(|prefix| stored.strip_prefix(prefix));
    let Some(rest) = rest else {
        // 2x are hashes of a library that got bytes above 127 wrong, 2 those without the final NUL.
        let refused = ["$2x$", "$2$"]
            .iter()
            .any(|prefix| stored.starts_with(prefix));
        return refused.then_some(Err(HashFormatError::refused("bcrypt 2x or 2")));
    };
    let parse = || {
        let (cost, text) = rest.split_once('$').ok_or(HashFormatError::corrupt(
            "a bcrypt hash has not its three fields",
        ))?;
        let cost = parse_cost(cost)?;
        let (salt, hash) = text.split_at_checked(SALT_CHARS).ok_or(WRONG_LENGTH)?;
        BcryptHash::new(cost, salt, hash, prehashes, truncated)
    };
    Some(parse())
}

const WRONG_LENGTH: HashFormatError =
    HashFormatError::corrupt("a bcrypt hash has not 22 characters of salt and 31 of hash");

/// Two digits, as every library writes them.
fn parse_cost(text: &str) -> Result<u32, HashFormatError> {
    let [b'0'..=b'9', b'0'..=b'9'] = text.as_bytes() else {
        return Err(HashFormatError::corrupt("a bcrypt cost is not two digits"));
    };
    check_cost(text.parse().unwrap_or(0))
}

fn check_cost(cost: u32) -> Result<u32, HashFormatError> {
    if cost < LEAST_COST {
        return Err(HashFormatError::corrupt("a bcrypt cost is below 4"));
    }
    if cost > ceilings::BCRYPT_COST {
        return Err(HashFormatError::TooCostly {
            parameter: "bcrypt cost",
            ceiling: u64::from(ceilings::BCRYPT_COST),
        });
    }
    Ok(cost)
}

/// Reads `v=2,t=2b,r=12$salt$hash` and the older `2b,12$salt$hash`.
fn parse_passlib(rest: &str) -> Result<BcryptHash, HashFormatError> {
    const UNEXPECTED: HashFormatError =
        HashFormatError::corrupt("a bcrypt-sha256 hash has not version, type, cost, salt and hash");
    let mut fields = rest.split('$');
    let (Some(costs), Some(salt), Some(hash), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(UNEXPECTED);
    };
    let second = costs.strip_prefix("v=2,t=");
    let (prehashes, kind_and_cost): (&[Prehash], _) = match second {
        Some(costs) => (&[Prehash::HmacBase64], costs.split_once(",r=")),
        None => (&[Prehash::Sha256Base64], costs.split_once(',')),
    };
    let (kind, cost) = kind_and_cost.ok_or(UNEXPECTED)?;
    if !matches!(kind, "2a" | "2b") {
        return Err(UNEXPECTED);
    }
    let cost = super::decimal::cost(cost, "bcrypt cost", ceilings::BCRYPT_COST)?;
    BcryptHash::new(check_cost(cost)?, salt, hash, prehashes, false)
}

impl BcryptHash {
    fn new(
        cost: u32,
        salt: &str,
        hash: &str,
        prehashes: &'static [Prehash],
        truncated: bool,
    ) -> Result<Self, HashFormatError> {
        const NOT_BASE64: HashFormatError =
            HashFormatError::corrupt("a bcrypt salt or hash is not bcrypt's base64");
        let salt = Base64::Bcrypt.decode(salt).ok_or(NOT_BASE64)?;
        let hash = Base64::Bcrypt.decode(hash).ok_or(NOT_BASE64)?;
        if hash.len() != HASH_BYTES {
            return Err(WRONG_LENGTH);
        }
        Ok(Self {
            cost,
            salt: salt.as_slice().try_into().map_err(|_| WRONG_LENGTH)?,
            hash,
            prehashes,
            truncated,
        })
    }

    /// Hashes `password` with a fresh salt.
    pub(super) fn compute(
        password: &[u8],
        cost: u32,
        salt: [u8; SALT_BYTES],
        prehash: bool,
    ) -> Result<Self, HashError> {
        let prehashes: &[Prehash] = if prehash {
            &[Prehash::Sha256Hex]
        } else {
            &[Prehash::None]
        };
        let mut hash = Self::dummy(cost, salt, [0; SALT_BYTES]);
        hash.prehashes = prehashes;
        let derived = match prehashes {
            [prehash, ..] => hash.derive(*prehash, Input::Password(password)),
            [] => None,
        };
        hash.hash = derived.ok_or(HashError::NotForBcrypt)?;
        Ok(hash)
    }

    /// A hash that costs what a real one costs and that no password is known for.
    pub(super) fn dummy(cost: u32, salt: [u8; SALT_BYTES], hash: [u8; SALT_BYTES]) -> Self {
        let mut bytes = Zeroizing::new([hash, hash].concat());
        bytes.truncate(HASH_BYTES);
        Self {
            cost,
            salt,
            hash: bytes,
            prehashes: &[Prehash::None],
            truncated: false,
        }
    }

    /// `$2b$12$…`
    pub(super) fn encode(&self) -> String {
        format!(
            "$2b${:02}${}{}",
            self.cost,
            Base64::Bcrypt.encode(&self.salt),
            Base64::Bcrypt.encode(&self.hash)
        )
    }

    pub(super) fn matches(&self, password: Input<'_>) -> bool {
        self.prehashes.iter().any(|prehash| {
            self.derive(*prehash, password)
                .is_some_and(|derived| derived.ct_eq(&self.hash).into())
        })
    }

    /// `None` for a password that bcrypt would not read whole.
    fn derive(&self, prehash: Prehash, password: Input<'_>) -> Option<Zeroizing<Vec<u8>>> {
        let bytes = password.bytes();
        // Zero-terminated, as bcrypt wants its key, and no longer than it reads.
        let mut key = Zeroizing::new(Vec::with_capacity(MOST_BYTES));
        match prehash {
            Prehash::None => {
                // What Flask-Security made of a password has 88 characters, and it cuts them.
                let cut = matches!(password, Input::Doubled(_)) || self.truncated;
                if bytes.contains(&0) || (bytes.len() > MOST_BYTES && !cut) {
                    return None;
                }
                key.extend(bytes.iter().take(MOST_BYTES));
            }
            Prehash::Sha256Hex => {
                let digest = Digest::Sha256.of([bytes, &[]]);
                key.extend_from_slice(to_lower_hex(&digest).as_bytes());
            }
            Prehash::Sha256Base64 => {
                let digest = Digest::Sha256.of([bytes, &[]]);
                key.extend_from_slice(Zeroizing::new(Base64::Padded.encode(&digest)).as_bytes());
            }
            Prehash::HmacBase64 => {
                let salt = Base64::Bcrypt.encode(&self.salt);
                let digest = Digest::Sha256.hmac(salt.as_bytes(), bytes);
                key.extend_from_slice(Zeroizing::new(Base64::Padded.encode(&digest)).as_bytes());
            }
        }
        if key.len() < MOST_BYTES {
            key.push(0);
        }
        let derived = Zeroizing::new(bcrypt::bcrypt(self.cost, self.salt, &key));
        Some(Zeroizing::new(
            derived.iter().take(HASH_BYTES).copied().collect(),
        ))
    }
}
