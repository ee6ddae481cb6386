//! Which form new hashes are written in, and when a login replaces an old one by it.

use super::super::{Argon2idParams, HashError, KdfMemory, Password, SALT_BYTES};
use super::argon2::Argon2Hash;
use super::bcrypt::BcryptHash;
use super::digests::Digest;
use super::scrypt::ScryptCosts;
use super::{Form, PasswordHash, Scheme, werkzeug};

/// bcrypt cost of a new hash: what Flask-Bcrypt and passlib write.
const BCRYPT_COST: u32 = 12;

/// The form of new hashes.
///
/// Argon2id is the right one wherever doorward alone reads the table. The others are for a table
/// that a Flask application reads too, and knows nothing of Argon2id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewHashForm {
    /// `$argon2id$v=19$…` with these parameters, over the password's NFC form.
    Argon2id(Argon2idParams),
    /// `scrypt:32768:8:1$…`, as Werkzeug 2.3 to 3.1 write it by default. 32 MiB.
    ///
    /// This and the following are over the bytes as typed: the library that reads the table does
    /// not normalise, so the password must be spelled there as it was here.
    WerkzeugScrypt,
    /// `pbkdf2:sha256:1000000$…`, as Werkzeug 3.1 writes it on request: for a Python that was
    /// built without scrypt, or a column too short for its 162 characters. 103 characters.
    WerkzeugPbkdf2,
    /// `$2b$12$…`, as Flask-Bcrypt writes it.
    Bcrypt {
        /// Over the hexadecimal SHA-256 of the password (`BCRYPT_HANDLE_LONG_PASSWORDS`). Without
        /// it, passwords over 72 bytes or with a NUL cannot be hashed.
        prehash: bool,
    },
}

impl NewHashForm {
    /// Memory that one hash fills, in KiB, rounded up.
    #[must_use]
    pub fn memory_kib(&self) -> u32 {
        match self {
            Self::Argon2id(params) => params.memory_kib(),
            Self::WerkzeugScrypt => ScryptCosts::WERKZEUG.memory_kib(),
            Self::WerkzeugPbkdf2 => 1,
            Self::Bcrypt { .. } => Form::BCRYPT_KIB,
        }
    }

    /// The most bytes a new password may have, where the form has a limit of its own.
    #[must_use]
    pub const fn most_password_bytes(&self) -> Option<usize> {
        match self {
            Self::Bcrypt { prehash: false } => Some(super::bcrypt::MOST_BYTES),
            _ => None,
        }
    }
}

impl Default for NewHashForm {
    fn default() -> Self {
        Self::Argon2id(Argon2idParams::default())
    }
}

impl From<Argon2idParams> for NewHashForm {
    fn from(params: Argon2idParams) -> Self {
        Self::Argon2id(params)
    }
}

/// Whether a login replaces the hash it has verified (NIST SP 800-63B 3.1.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rehash {
    /// Never: somebody else reads the table and must find its hashes as they are.
    Off,
    /// Where [`PasswordHash::needs_upgrade`] says so.
    #[default]
    Weaker,
}

impl Rehash {
    /// Whether `verified` should be replaced by a new hash of the form `written`.
    #[must_use]
    pub fn replaces(self, verified: &PasswordHash, written: &NewHashForm) -> bool {
        match self {
            Self::Off => false,
            Self::Weaker => verified.needs_upgrade(written),
        }
    }
}

impl PasswordHash {
    /// Hashes `password` in the given form with fresh random bytes for the salt.
    ///
    /// Takes up to hundreds of milliseconds of CPU: not for a thread of an async runtime, see
    /// [`HashPool`](super::super::HashPool).
    ///
    /// # Errors
    /// [`HashError::OutOfMemory`] when the memory cannot be allocated,
    /// [`HashError::NotForBcrypt`] for a password that bcrypt would not read whole.
    pub fn compute_as(
        password: &Password,
        form: &NewHashForm,
        salt: [u8; SALT_BYTES],
        memory: &mut KdfMemory,
    ) -> Result<Self, HashError> {
        let typed = password.expose().as_bytes();
        match form {
            NewHashForm::Argon2id(params) => Self::compute(password, params, salt, memory),
            NewHashForm::WerkzeugScrypt => {
                werkzeug::compute_scrypt(typed, &werkzeug::salt_text(salt))
                    .map(Form::Scrypt)
                    .and_then(|hash| Self::written(hash, Scheme::WerkzeugScrypt))
            }
            NewHashForm::WerkzeugPbkdf2 => {
                let hash = werkzeug::compute_pbkdf2(typed, &werkzeug::salt_text(salt));
                Self::written(Form::Pbkdf2(hash), Scheme::WerkzeugPbkdf2)
            }
            NewHashForm::Bcrypt { prehash } => {
                let hash = BcryptHash::compute(typed, BCRYPT_COST, salt, *prehash)?;
                Self::written(Form::Bcrypt(hash), Scheme::Bcrypt)
            }
        }
    }

    /// A hash to verify against when there is no account: the cost of a real one of this form,
    /// random bytes in place of a tag.
    pub(in super::super) fn dummy(
        form: &NewHashForm,
        salt: [u8; SALT_BYTES],
        tag: [u8; SALT_BYTES],
    ) -> Result<Self, HashError> {
        let text = || werkzeug::salt_text(salt);
        let (form, scheme) = match form {
            NewHashForm::Argon2id(params) => (
                Form::Argon2(Argon2Hash::dummy(params, salt, tag)?),
                Scheme::Argon2id,
            ),
            NewHashForm::WerkzeugScrypt => (
                Form::Scrypt(werkzeug::dummy_scrypt(&text(), tag)),
                Scheme::WerkzeugScrypt,
            ),
            NewHashForm::WerkzeugPbkdf2 => (
                Form::Pbkdf2(werkzeug::dummy_pbkdf2(&text(), tag)),
                Scheme::WerkzeugPbkdf2,
            ),
            NewHashForm::Bcrypt { .. } => (
                Form::Bcrypt(BcryptHash::dummy(BCRYPT_COST, salt, tag)),
                Scheme::Bcrypt,
            ),
        };
        Self::written(form, scheme)
    }

    /// Whether a login should replace this hash by a new one of the form `wanted`.
    ///
    /// - For Argon2id: anything but Argon2id version 19, and that with less memory or fewer
    ///   iterations than wanted, a salt below 16 or a tag below 32 bytes.
    /// - For a form of Werkzeug's: only Werkzeug's own hashes that are weaker than that form. Any
    ///   other hash was made by an application that may know no other, and stays.
    /// - For bcrypt: only bcrypt of a lower cost, for the same reason.
    ///
    /// A stronger hash is left alone.
    #[must_use]
    pub fn needs_upgrade(&self, wanted: &NewHashForm) -> bool {
        match wanted {
            NewHashForm::Argon2id(params) => match &self.form {
                Form::Argon2(hash) => hash.is_below(params),
                _ => true,
            },
            NewHashForm::WerkzeugScrypt => match &self.form {
                _ if !self.scheme.is_werkzeug() => false,
                Form::Scrypt(hash) => {
                    let wanted = ScryptCosts::WERKZEUG;
                    hash.costs.memory_kib() < wanted.memory_kib()
                        || hash.costs.work_bytes() < wanted.work_bytes()
                }
                _ => true,
            },
            NewHashForm::WerkzeugPbkdf2 => match &self.form {
                _ if !self.scheme.is_werkzeug() => false,
                // scrypt is the stronger of the two.
                Form::Scrypt(_) => false,
                Form::Pbkdf2(hash) => {
                    !matches!(hash.digest, Digest::Sha256 | Digest::Sha512)
                        || hash.iterations < werkzeug::PBKDF2_ITERATIONS
                }
                _ => true,
            },
            NewHashForm::Bcrypt { .. } => match &self.form {
                Form::Bcrypt(hash) => self.scheme == Scheme::Bcrypt && hash.cost < BCRYPT_COST,
                _ => false,
            },
        }
    }

    fn written(form: Form, scheme: Scheme) -> Result<Self, HashError> {
        let stored = match &form {
            Form::Argon2(hash) => Some(hash.encode()),
            Form::Scrypt(hash) => werkzeug::encode_scrypt(hash),
            Form::Pbkdf2(hash) => werkzeug::encode_pbkdf2(hash),
            Form::Bcrypt(hash) => Some(hash.encode()),
            Form::Digest(_) | Form::Plain(_) => None,
        };
        stored
            .map(|stored| Self::of(&stored, scheme, form, None))
            .ok_or(HashError::Refused { scheme })
    }
}
