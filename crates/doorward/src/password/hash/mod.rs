//! Stored password hashes: one file per key derivation, one per library that has a notation of its
//! own, one enum over them.

mod accepted_forms;
mod argon2;
mod bcrypt;
pub mod ceilings;
mod decimal;
mod digests;
mod django;
mod encoding;
mod error;
mod export;
mod foreign;
mod input;
mod new_hash;
mod pbkdf2;
mod scheme;
mod scrypt;
mod single_digest;
mod werkzeug;

use std::{fmt, sync::Arc};

use zeroize::Zeroizing;

use super::{Argon2idParams, HashError, KdfMemory, Password, SALT_BYTES};
use crate::secret::Secret;
use input::Input;

pub use accepted_forms::{AcceptedForms, BcryptPrehash, FormGroup, FormGroups, UnknownFormGroup};
pub use error::HashFormatError;
pub use export::{ExportTarget, ExportedHash, NotConvertible};
pub use new_hash::{NewHashForm, Rehash};
pub use scheme::Scheme;

/// A stored password hash whose format has been checked and whose cost is within the
/// [`ceilings`].
///
/// The stored string is kept as it was read: replacing it is a compare-and-swap on
/// [`PasswordHash::as_str`]. It is wiped on drop and its `Debug` output is redacted.
#[derive(Clone)]
pub struct PasswordHash {
    stored: Zeroizing<String>,
    scheme: Scheme,
    form: Form,
    /// Present where Flask-Security may have made the hash over its own HMAC of the password.
    flask_security_salt: Option<Arc<Secret>>,
}

/// What a parser made of a stored string.
struct Parsed {
    scheme: Scheme,
    form: Form,
}

/// What is derived and compared, whatever the notation.
#[derive(Clone)]
enum Form {
    Argon2(argon2::Argon2Hash),
    Scrypt(scrypt::ScryptHash),
    Pbkdf2(pbkdf2::Pbkdf2Hash),
    Bcrypt(bcrypt::BcryptHash),
    Digest(single_digest::SingleDigest),
    Plain(single_digest::Plain),
}

impl Form {
    /// What one bcrypt fills, in KiB, rounded up: four S-boxes of 1 KiB and a little more.
    const BCRYPT_KIB: u32 = 5;
}

impl PasswordHash {
    /// Parses a stored string, with the default [`AcceptedForms`].
    ///
    /// # Errors
    /// As [`PasswordHash::parse_with`].
    pub fn parse(stored: &str) -> Result<Self, HashFormatError> {
        Self::parse_with(stored, &AcceptedForms::default())
    }

    /// Parses a stored string. No key derivation runs.
    ///
    /// Accepted always or by [`AcceptedForms`]: the notations of PHC, Werkzeug, passlib and Django
    /// for Argon2, scrypt, PBKDF2, bcrypt and single digests; see [`Scheme`]. One spelling per
    /// value: decimal numbers without sign or leading zero, lower-case names and hexadecimal,
    /// base64 without stray bits, exact lengths.
    ///
    /// # Errors
    /// [`HashFormatError::Unknown`] for a string in no known format,
    /// [`HashFormatError::Corrupt`] for one with a defect in it,
    /// [`HashFormatError::Unsupported`] for known formats that are not accepted,
    /// [`HashFormatError::TooCostly`] for parameters or strings above the [`ceilings`].
    pub fn parse_with(stored: &str, accepted: &AcceptedForms) -> Result<Self, HashFormatError> {
        if stored.len() > ceilings::STORED_BYTES {
            return Err(HashFormatError::TooCostly {
                parameter: "length in bytes",
                ceiling: ceilings::STORED_BYTES as u64,
            });
        }
        let Parsed { scheme, form } = argon2::parse(stored, accepted)
            .or_else(|| werkzeug::parse(stored, accepted))
            .or_else(|| bcrypt::parse(stored, accepted))
            .or_else(|| django::parse(stored, accepted))
            .or_else(|| pbkdf2::parse(stored, accepted))
            .or_else(|| scrypt::parse(stored))
            .or_else(|| single_digest::parse(stored, accepted))
            .unwrap_or_else(|| Err(foreign::refusal(stored)))?;
        let salt = accepted
            .flask_security_salt
            .clone()
            .filter(|_| scheme.is_doubled_by_flask_security());
        Ok(Self::of(stored, scheme, form, salt))
    }

    fn of(
        stored: &str,
        scheme: Scheme,
        form: Form,
        flask_security_salt: Option<Arc<Secret>>,
    ) -> Self {
        Self {
            stored: Zeroizing::new(stored.to_owned()),
            scheme,
            form,
            flask_security_salt,
        }
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
        let hash = argon2::Argon2Hash::compute(text.as_bytes(), params, salt, memory)?;
        Ok(Self::of(
            &hash.encode(),
            Scheme::Argon2id,
            Form::Argon2(hash),
            None,
        ))
    }

    /// Whether `password` is the one that was hashed: the bytes as received first, then their
    /// NFC form when it differs (NIST SP 800-63B 3.1.1.2). Compared in constant time.
    ///
    /// With a [`AcceptedForms::flask_security_salt`] what Flask-Security makes of the password is
    /// tried too: first, except for Argon2id, which new hashes are too.
    ///
    /// Takes from microseconds to seconds of CPU: not for a thread of an async runtime, see
    /// [`HashPool`].
    ///
    /// [`HashPool`]: super::HashPool
    ///
    /// # Errors
    /// [`HashError::OutOfMemory`] when the memory cannot be allocated.
    pub fn verify(&self, password: &Password, memory: &mut KdfMemory) -> Result<bool, HashError> {
        let Some(salt) = &self.flask_security_salt else {
            return self.matches_single(password, memory);
        };
        let single_first = self.scheme == Scheme::Argon2id;
        if single_first && self.matches_single(password, memory)? {
            return Ok(true);
        }
        if self.matches_double(password, salt, memory)? {
            return Ok(true);
        }
        Ok(!single_first && self.matches_single(password, memory)?)
    }

    fn matches_single(
        &self,
        password: &Password,
        memory: &mut KdfMemory,
    ) -> Result<bool, HashError> {
        for spelling in input::spellings(password) {
            if self.matches(Input::Password(spelling.as_bytes()), memory)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn matches_double(
        &self,
        password: &Password,
        salt: &Secret,
        memory: &mut KdfMemory,
    ) -> Result<bool, HashError> {
        for doubled in input::doubled(password, salt) {
            if self.matches(Input::Doubled(doubled.as_bytes()), memory)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn matches(&self, password: Input<'_>, memory: &mut KdfMemory) -> Result<bool, HashError> {
        match &self.form {
            Form::Argon2(hash) => hash.matches(password.bytes(), memory),
            Form::Scrypt(hash) => hash.matches(password.bytes()),
            Form::Pbkdf2(hash) => Ok(hash.matches(password.bytes())),
            Form::Bcrypt(hash) => Ok(hash.matches(password)),
            Form::Digest(hash) => Ok(hash.matches(password.bytes())),
            Form::Plain(plain) => Ok(plain.matches(password.bytes())),
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
        self.scheme
    }

    /// Memory that one verification takes, in KiB, rounded up.
    #[must_use]
    pub fn memory_kib(&self) -> u32 {
        match &self.form {
            Form::Argon2(hash) => hash.memory_kib(),
            Form::Scrypt(hash) => hash.costs.memory_kib(),
            Form::Bcrypt(_) => Form::BCRYPT_KIB,
            Form::Pbkdf2(_) | Form::Digest(_) | Form::Plain(_) => 1,
        }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PasswordHash({}, [redacted])", self.scheme())
    }
}

#[cfg(test)]
mod tests;
