//! Stored password hashes: one file per scheme, one enum over them.

mod accepted_forms;
mod argon2id;
pub mod ceilings;
mod decimal;
mod error;
mod werkzeug;

use std::fmt;

use zeroize::Zeroizing;

use super::{Argon2idParams, HashError, KdfMemory, Password, SALT_BYTES};

pub use accepted_forms::AcceptedForms;
pub use error::HashFormatError;

/// A stored password hash whose format has been checked and whose cost is within the
/// [`ceilings`].
///
/// The stored string is kept as it was read: replacing it is a compare-and-swap on
/// [`PasswordHash::as_str`]. It is wiped on drop and its `Debug` output is redacted.
#[derive(Clone)]
pub struct PasswordHash {
    stored: Zeroizing<String>,
    form: Form,
}

/// What each scheme's file made of the string.
#[derive(Clone)]
enum Form {
    Argon2id(argon2id::Argon2idHash),
    WerkzeugScrypt(werkzeug::ScryptHash),
    WerkzeugPbkdf2(werkzeug::Pbkdf2Hash),
}

/// The scheme of a stored hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// `$argon2id$v=19$…`
    Argon2id,
    /// `scrypt:N:r:p$…`
    WerkzeugScrypt,
    /// `pbkdf2:digest:iterations$…`
    WerkzeugPbkdf2,
}

impl fmt::Display for Scheme {
    /// A short lower-case name, fit for audit entries and metric labels.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Argon2id => "argon2id",
            Self::WerkzeugScrypt => "werkzeug-scrypt",
            Self::WerkzeugPbkdf2 => "werkzeug-pbkdf2",
        })
    }
}

impl PasswordHash {
    /// Parses a stored string, with the default [`AcceptedForms`].
    ///
    /// # Errors
    /// As [`PasswordHash::parse_with`].
    pub fn parse(stored: &str) -> Result<Self, HashFormatError> {
        Self::parse_with(stored, AcceptedForms::default())
    }

    /// Parses a stored string. No key derivation runs.
    ///
    /// Accepted: `$argon2id$v=19$m=…,t=…,p=…$salt$tag`, Werkzeug's `scrypt:N:r:p$salt$hex` and
    /// `pbkdf2:digest:iterations$salt$hex`. One spelling per value: decimal numbers without sign
    /// or leading zero, lower-case names and hexadecimal, exact lengths.
    ///
    /// # Errors
    /// [`HashFormatError::Corrupt`] for a string in no known format or with a defect in it,
    /// [`HashFormatError::Unsupported`] for known formats that are not accepted,
    /// [`HashFormatError::TooCostly`] for parameters or strings above the [`ceilings`].
    pub fn parse_with(stored: &str, accepted: AcceptedForms) -> Result<Self, HashFormatError> {
        if stored.len() > ceilings::STORED_BYTES {
            return Err(HashFormatError::TooCostly {
                parameter: "length in bytes",
                ceiling: ceilings::STORED_BYTES as u64,
            });
        }
        let form = if let Some(rest) = stored.strip_prefix(argon2id::PREFIX) {
            Form::Argon2id(argon2id::Argon2idHash::parse(rest)?)
        } else if let Some(rest) = stored.strip_prefix(werkzeug::SCRYPT_PREFIX) {
            Form::WerkzeugScrypt(werkzeug::ScryptHash::parse(rest)?)
        } else if let Some(rest) = stored.strip_prefix(werkzeug::PBKDF2_PREFIX) {
            Form::WerkzeugPbkdf2(werkzeug::Pbkdf2Hash::parse(rest, accepted)?)
        } else {
            return Err(refusal(stored));
        };
        Ok(Self {
            stored: Zeroizing::new(stored.to_owned()),
            form,
        })
    }

    /// Hashes `password` with Argon2id, over its NFC form, with the given fresh salt and a tag
    /// of 32 bytes.
    ///
    /// Takes tens of milliseconds of CPU: not for a thread of an async runtime, see [`HashPool`].
    ///
    /// [`HashPool`]: super::HashPool
    ///
    /// # Errors
    /// [`HashError::OutOfMemory`] when the blocks cannot be allocated.
    pub fn compute(
        password: &Password,
        params: &Argon2idParams,
        salt: [u8; SALT_BYTES],
        memory: &mut KdfMemory,
    ) -> Result<Self, HashError> {
        let composed = password.nfc();
        let text = composed
            .as_ref()
            .map_or(password.expose(), |text| text.as_str());
        let hash = argon2id::Argon2idHash::compute(text.as_bytes(), params, salt, memory)?;
        Ok(Self::from(hash))
    }

    /// A hash to verify against when there is no account: the cost of a real one, random bytes
    /// in place of a tag.
    pub(super) fn dummy(
        params: &Argon2idParams,
        salt: [u8; SALT_BYTES],
        tag: [u8; SALT_BYTES],
    ) -> Result<Self, HashError> {
        argon2id::Argon2idHash::dummy(params, salt, tag).map(Self::from)
    }

    /// Whether `password` is the one that was hashed: the bytes as received first, then their
    /// NFC form when it differs (NIST SP 800-63B 3.1.1.2). Compared in constant time.
    ///
    /// Takes from milliseconds to a second of CPU: not for a thread of an async runtime, see
    /// [`HashPool`].
    ///
    /// [`HashPool`]: super::HashPool
    ///
    /// # Errors
    /// [`HashError::OutOfMemory`] when the memory cannot be allocated.
    pub fn verify(&self, password: &Password, memory: &mut KdfMemory) -> Result<bool, HashError> {
        if self.matches(password.expose().as_bytes(), memory)? {
            return Ok(true);
        }
        match password.nfc() {
            Some(composed) => self.matches(composed.as_bytes(), memory),
            None => Ok(false),
        }
    }

    fn matches(&self, password: &[u8], memory: &mut KdfMemory) -> Result<bool, HashError> {
        match &self.form {
            Form::Argon2id(hash) => hash.matches(password, memory),
            Form::WerkzeugScrypt(hash) => hash.matches(password),
            Form::WerkzeugPbkdf2(hash) => Ok(hash.matches(password)),
        }
    }

    /// The stored string, byte for byte.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.stored
    }

    /// The scheme.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        match self.form {
            Form::Argon2id(_) => Scheme::Argon2id,
            Form::WerkzeugScrypt(_) => Scheme::WerkzeugScrypt,
            Form::WerkzeugPbkdf2(_) => Scheme::WerkzeugPbkdf2,
        }
    }

    /// Memory that one verification takes, in KiB, rounded up.
    #[must_use]
    pub const fn memory_kib(&self) -> u32 {
        match &self.form {
            Form::Argon2id(hash) => hash.memory_kib(),
            Form::WerkzeugScrypt(hash) => hash.memory_kib(),
            Form::WerkzeugPbkdf2(_) => 1,
        }
    }

    /// Whether a login should replace this hash by a new one with `wanted` (NIST SP 800-63B
    /// 3.1.1.2): true for anything but Argon2id, and for Argon2id with less memory or fewer
    /// iterations than wanted, a salt below 16 or a tag below 32 bytes. A stronger hash is left
    /// alone.
    #[must_use]
    pub fn needs_upgrade(&self, wanted: &Argon2idParams) -> bool {
        match &self.form {
            Form::Argon2id(hash) => hash.is_below(wanted),
            Form::WerkzeugScrypt(_) | Form::WerkzeugPbkdf2(_) => true,
        }
    }
}

impl From<argon2id::Argon2idHash> for PasswordHash {
    fn from(hash: argon2id::Argon2idHash) -> Self {
        Self {
            stored: Zeroizing::new(hash.encode()),
            form: Form::Argon2id(hash),
        }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PasswordHash({}, [redacted])", self.scheme())
    }
}

/// Formats that are recognised and refused, by how they begin. Longer beginnings first.
const REFUSED: &[(&str, &str)] = &[
    ("$argon2i$", "argon2i"),
    ("$argon2d$", "argon2d"),
    ("$argon2$", "argon2 without a type"),
    ("argon2$", "Django argon2"),
    ("$2a$", "bcrypt"),
    ("$2b$", "bcrypt"),
    ("$2x$", "bcrypt"),
    ("$2y$", "bcrypt"),
    ("$bcrypt-sha256$", "passlib bcrypt-sha256"),
    ("bcrypt$", "Django bcrypt"),
    ("bcrypt_sha256$", "Django bcrypt_sha256"),
    ("$pbkdf2", "passlib or PHC pbkdf2"),
    ("pbkdf2_", "Django pbkdf2"),
    ("pbkdf2$", "Werkzeug pbkdf2 without parameters"),
    ("$scrypt$", "passlib or PHC scrypt"),
    (
        "scrypt$",
        "Django scrypt, or Werkzeug scrypt without parameters",
    ),
    ("plain$", "Werkzeug plain text"),
    ("md5$", "single-pass MD5"),
    ("sha1$", "single-pass SHA-1"),
    ("sha224$", "single-pass SHA-224"),
    ("sha256$", "single-pass SHA-256"),
    ("sha384$", "single-pass SHA-384"),
    ("sha512$", "single-pass SHA-512"),
    ("unsalted_", "Django unsalted digest"),
    ("$1$", "md5-crypt"),
    ("$5$", "sha256-crypt"),
    ("$6$", "sha512-crypt"),
    ("$7$", "scrypt-crypt"),
    ("$y$", "yescrypt"),
];

fn refusal(stored: &str) -> HashFormatError {
    REFUSED
        .iter()
        .find(|(prefix, _)| stored.starts_with(prefix))
        .map_or(
            HashFormatError::corrupt("it is in no known format"),
            |(_, form)| HashFormatError::refused(form),
        )
}

#[cfg(test)]
mod tests;
