//! Stored hashes in the notation of other systems: the way out.
//!
//! Only the notation changes; the key derivation, the salt and the derived bytes stay, so the
//! password stays what it was. New hashes of doorward's are over the NFC form of the password and
//! other systems compare what is typed, which is the same text on nearly every keyboard.

use std::fmt;

use serde_json::json;
use thiserror::Error;
use zeroize::Zeroizing;

use super::argon2::Argon2Hash;
use super::bcrypt::{BcryptHash, Prehash};
use super::digests::Digest;
use super::encoding::Base64;
use super::pbkdf2::Pbkdf2Hash;
use super::scrypt::ScryptHash;
use super::{Form, PasswordHash, Scheme, werkzeug};

/// A system that hashes can be handed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExportTarget {
    /// Ory Kratos: `credentials.password.config.hashed_password` of an imported identity.
    Kratos,
    /// Zitadel: `hashedPassword` of an imported user. Its configuration names the verifiers that
    /// are turned on; by default only bcrypt's is.
    Zitadel,
    /// Keycloak: one object of `credentials` of an imported user, as JSON.
    Keycloak,
    /// A Flask application with Werkzeug 3.
    Werkzeug,
    /// Django 5, with all its hashers in `PASSWORD_HASHERS`.
    Django,
}

impl fmt::Display for ExportTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kratos => "Kratos",
            Self::Zitadel => "Zitadel",
            Self::Keycloak => "Keycloak",
            Self::Werkzeug => "Werkzeug",
            Self::Django => "Django",
        })
    }
}

/// A hash in another system's notation. Wiped on drop, redacted in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct ExportedHash(Zeroizing<String>);

impl ExportedHash {
    /// The text. Named so that a reader sees where the hash leaves its wrapper.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for ExportedHash {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for ExportedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExportedHash([redacted])")
    }
}

/// Why a hash cannot be handed to a system. Its account needs a new password there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a hash of the form {scheme} cannot be handed to {target}: {reason}")]
pub struct NotConvertible {
    /// The system.
    pub target: ExportTarget,
    /// The hash's form.
    pub scheme: Scheme,
    /// What stands against it.
    pub reason: &'static str,
}

/// What a conversion makes, or why there is none.
type Converted = Result<ExportedHash, &'static str>;

const NO_SUCH_DERIVATION: &str = "it does not know this key derivation";
const PREHASHED: &str = "the hash is over a digest of the password, which it does not make";
const SALT_IS_NO_TEXT: &str = "its notation holds the salt as text, and this one is none";
const OTHER_LENGTH: &str = "its notation has another length of hash";

impl PasswordHash {
    /// The hash in the notation that `target` reads.
    ///
    /// A hash parsed with a [`flask_security_salt`](super::AcceptedForms::flask_security_salt) may
    /// be over what Flask-Security made of the password, and is refused where that is possible;
    /// parse it without the salt if it is known not to be.
    ///
    /// # Errors
    /// [`NotConvertible`] says why there is no such notation.
    pub fn export(&self, target: ExportTarget) -> Result<ExportedHash, NotConvertible> {
        let converted = if self.flask_security_salt.is_some() {
            Err("it may be over Flask-Security's HMAC of the password, which no other system makes")
        } else {
            match target {
                ExportTarget::Kratos => kratos(&self.form),
                ExportTarget::Zitadel => zitadel(&self.form),
                ExportTarget::Keycloak => keycloak(&self.form),
                ExportTarget::Werkzeug => to_werkzeug(&self.form),
                ExportTarget::Django => django(&self.form),
            }
        };
        converted.map_err(|reason| NotConvertible {
            target,
            scheme: self.scheme,
            reason,
        })
    }
}

/// `hash/hash_comparator.go`: PHC strings, except that scrypt's `ln` is N itself and its base64 is
/// padded.
fn kratos(form: &Form) -> Converted {
    match form {
        Form::Argon2(hash) => argon2_of_go(hash),
        Form::Pbkdf2(hash) => {
            // It takes `sha224` and `sha384` for SHA-3.
            if !matches!(hash.digest, Digest::Sha1 | Digest::Sha256 | Digest::Sha512) {
                return Err("it has no PBKDF2 with this digest");
            }
            Ok(format!(
                "$pbkdf2-{}$i={},l={}${}${}",
                hash.digest.name(),
                hash.iterations,
                hash.hash.len(),
                Base64::Plain.encode(&hash.salt),
                Base64::Plain.encode(&hash.hash)
            )
            .into())
        }
        Form::Scrypt(hash) => {
            let costs = hash.costs;
            // `hash/hash_limits.go`
            if costs.log_n > 17 || costs.r > 8 || costs.p > 10 {
                return Err("it bounds scrypt to N = 131072, r = 8 and p = 10");
            }
            Ok(format!(
                "$scrypt$ln={},r={},p={}${}${}",
                costs.n(),
                costs.r,
                costs.p,
                Base64::Padded.encode(&hash.salt),
                Base64::Padded.encode(&hash.hash)
            )
            .into())
        }
        Form::Bcrypt(hash) => plain_bcrypt(hash),
        Form::Digest(_) | Form::Plain(_) => Err(NO_SUCH_DERIVATION),
    }
}

/// `zitadel/passwap`: passlib's notation.
fn zitadel(form: &Form) -> Converted {
    match form {
        Form::Argon2(hash) => argon2_of_go(hash),
        Form::Pbkdf2(hash) => {
            let digest = match hash.digest {
                Digest::Md5 => return Err("it has no PBKDF2 with this digest"),
                Digest::Sha1 => "",
                Digest::Sha224 => "-sha224",
                Digest::Sha256 => "-sha256",
                Digest::Sha384 => "-sha384",
                Digest::Sha512 => "-sha512",
            };
            Ok(format!(
                "$pbkdf2{digest}${}${}${}",
                hash.iterations,
                Base64::Ab64.encode(&hash.salt),
                Base64::Ab64.encode(&hash.hash)
            )
            .into())
        }
        Form::Scrypt(hash) => Ok(format!(
            "$scrypt$ln={},r={},p={}${}${}",
            hash.costs.log_n,
            hash.costs.r,
            hash.costs.p,
            Base64::Plain.encode(&hash.salt),
            Base64::Plain.encode(&hash.hash)
        )
        .into()),
        Form::Bcrypt(hash) => plain_bcrypt(hash),
        Form::Digest(_) | Form::Plain(_) => Err(NO_SUCH_DERIVATION),
    }
}

/// A `CredentialRepresentation` whose `secretData` and `credentialData` are JSON in strings, read
/// by `Pbkdf2PasswordHashProvider` and `Argon2PasswordHashProvider`.
fn keycloak(form: &Form) -> Converted {
    let (algorithm, iterations, more, salt, hash) = match form {
        Form::Pbkdf2(hash) => {
            let algorithm = match hash.digest {
                Digest::Sha1 => "pbkdf2",
                Digest::Sha256 => "pbkdf2-sha256",
                Digest::Sha512 => "pbkdf2-sha512",
                Digest::Md5 | Digest::Sha224 | Digest::Sha384 => {
                    return Err("it has no PBKDF2 with this digest");
                }
            };
            (
                algorithm,
                hash.iterations,
                json!({}),
                &hash.salt,
                &hash.hash,
            )
        }
        Form::Argon2(hash) => {
            // One list for each, as its `MultivaluedHashMap` is written.
            let more = json!({
                "type": [hash.type_letters()],
                "version": [if hash.is_version_19() { "1.3" } else { "1.0" }],
                "hashLength": [hash.tag.len().to_string()],
                "memory": [hash.memory_kib().to_string()],
                "parallelism": [hash.lanes().to_string()],
            });
            ("argon2", hash.iterations(), more, &hash.salt, &hash.tag)
        }
        Form::Scrypt(_) | Form::Bcrypt(_) | Form::Digest(_) | Form::Plain(_) => {
            return Err(
                "it knows Argon2 and PBKDF2 only, without a provider of its own for others",
            );
        }
    };
    let secret = json!({
        "value": Base64::Padded.encode(hash),
        "salt": Base64::Padded.encode(salt),
    });
    let parameters = json!({
        "hashIterations": iterations,
        "algorithm": algorithm,
        "additionalParameters": more,
    });
    let credential = json!({
        "type": "password",
        "secretData": secret.to_string(),
        "credentialData": parameters.to_string(),
    });
    Ok(credential.to_string().into())
}

fn to_werkzeug(form: &Form) -> Converted {
    let (salt, is_whole, text) = match form {
        Form::Scrypt(hash) => (
            &hash.salt,
            hash.hash.len() == werkzeug::SCRYPT_BYTES,
            werkzeug::encode_scrypt(hash),
        ),
        Form::Pbkdf2(hash) => (
            &hash.salt,
            hash.hash.len() == hash.digest.bytes(),
            werkzeug::encode_pbkdf2(hash),
        ),
        Form::Digest(_) | Form::Plain(_) => {
            return Err("Werkzeug 3 no longer verifies it");
        }
        Form::Argon2(_) | Form::Bcrypt(_) => return Err(NO_SUCH_DERIVATION),
    };
    writable(salt, is_whole)?;
    text.map(ExportedHash::from).ok_or(SALT_IS_NO_TEXT)
}

/// `django/contrib/auth/hashers.py`
fn django(form: &Form) -> Converted {
    match form {
        Form::Argon2(hash) if hash.is_version_19() => Ok(format!("argon2{}", hash.encode()).into()),
        Form::Argon2(_) => Err("it knows version 19 of Argon2 only"),
        Form::Pbkdf2(hash) => django_pbkdf2(hash),
        Form::Scrypt(hash) => django_scrypt(hash),
        Form::Bcrypt(hash) => match hash.prehashes {
            [Prehash::None] => Ok(format!("bcrypt${}", hash.encode()).into()),
            // What Flask-Bcrypt does to long passwords is what Django does to all.
            [Prehash::Sha256Hex] => Ok(format!("bcrypt_sha256${}", hash.encode()).into()),
            _ => Err(PREHASHED),
        },
        Form::Digest(_) | Form::Plain(_) => Err(NO_SUCH_DERIVATION),
    }
}

fn django_pbkdf2(hash: &Pbkdf2Hash) -> Converted {
    if !matches!(hash.digest, Digest::Sha1 | Digest::Sha256) {
        return Err("it has no PBKDF2 with this digest");
    }
    let salt = writable(&hash.salt, hash.hash.len() == hash.digest.bytes())?;
    Ok(format!(
        "pbkdf2_{}${}${salt}${}",
        hash.digest.name(),
        hash.iterations,
        Base64::Padded.encode(&hash.hash)
    )
    .into())
}

fn django_scrypt(hash: &ScryptHash) -> Converted {
    let costs = hash.costs;
    // Its hasher leaves OpenSSL's limit of 32 MiB as it is, so not even Werkzeug's own fit.
    let bytes = 128 * u64::from(costs.r) * (costs.n() + 2 + u64::from(costs.p));
    if bytes > 32 * 1024 * 1024 {
        return Err("it verifies scrypt of less than 32 MiB only");
    }
    let salt = writable(&hash.salt, hash.hash.len() == werkzeug::SCRYPT_BYTES)?;
    Ok(format!(
        "scrypt${}${salt}${}${}${}",
        costs.n(),
        costs.r,
        costs.p,
        Base64::Padded.encode(&hash.hash)
    )
    .into())
}

/// The salt as text, where the notation can hold it and a hash of this length.
fn writable(salt: &[u8], is_whole: bool) -> Result<&str, &'static str> {
    if is_whole {
        werkzeug::as_salt(salt).ok_or(SALT_IS_NO_TEXT)
    } else {
        Err(OTHER_LENGTH)
    }
}

/// What `golang.org/x/crypto/argon2` computes: version 19 of two of the types.
fn argon2_of_go(hash: &Argon2Hash) -> Converted {
    if hash.is_version_19() && hash.type_letters() != "d" {
        Ok(hash.encode().into())
    } else {
        Err("it knows argon2id and argon2i of version 19 only")
    }
}

fn plain_bcrypt(hash: &BcryptHash) -> Converted {
    match hash.prehashes {
        [Prehash::None] => Ok(hash.encode().into()),
        _ => Err(PREHASHED),
    }
}

#[cfg(test)]
mod tests;
