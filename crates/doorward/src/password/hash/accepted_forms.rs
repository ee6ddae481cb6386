//! Which stored hashes are verified beyond those that always are.

use std::{fmt, num::NonZeroU32, str::FromStr, sync::Arc};

use thiserror::Error;

use super::HashFormatError;
use crate::secret::Secret;

/// Which forms of stored hashes are verified, and what the application that made them did to the
/// password first. A clone costs one reference count.
///
/// Always verified: Argon2id version 19, scrypt, bcrypt, and PBKDF2 with SHA-256 or SHA-512 and at
/// least 1000 iterations, in the notations of PHC, Werkzeug, passlib and Django. The default turns
/// nothing else on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AcceptedForms {
    /// Weak forms that are verified too.
    pub groups: FormGroups,
    /// The iterations of a `pbkdf2:DIGEST$salt$hash` that names none; refused while `None`.
    ///
    /// Every release of Werkzeug writes the count into the hash, even when the method asked for
    /// none, so such a string was written by hand or by another program. A Werkzeug that verifies
    /// it takes its own default, which changed: 1000 (0.9), 150000 (0.15 to 1.0), 260000 (2.0 to
    /// 2.2), 600000 (2.3, 3.0), 1000000 (3.1).
    pub iterations_when_absent: Option<NonZeroU32>,
    /// What Flask-Bcrypt did to passwords before bcrypt. It cannot be read from the hash.
    pub bcrypt_prehash: BcryptPrehash,
    /// Flask-Security's `SECURITY_PASSWORD_SALT`. With it, hashes in the notations of PHC,
    /// passlib and plain bcrypt are also tried with the password that Flask-Security makes of the
    /// typed one: base64 of HMAC-SHA512 with this key over its NFKD form. Werkzeug's and Django's
    /// notations never are: they are on Flask-Security's own list of single hashes, or unknown to
    /// it.
    pub flask_security_salt: Option<Arc<Secret>>,
}

/// What Flask-Bcrypt did to a password before bcrypt (`BCRYPT_HANDLE_LONG_PASSWORDS`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BcryptPrehash {
    /// Nothing: `BCRYPT_HANDLE_LONG_PASSWORDS = False`, its default. Passwords over 72 bytes fail.
    #[default]
    Off,
    /// SHA-256 in hexadecimal: `BCRYPT_HANDLE_LONG_PASSWORDS = True`.
    On,
    /// Some hashes were made with and some without, because the setting was changed at some time.
    /// Both are tried, so a wrong password costs twice; and whoever knows the SHA-256 of a
    /// password could type that where a hash was made with it. Meant for a time of transition.
    Either,
}

/// Weak forms that only an explicit choice makes acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum FormGroup {
    /// PBKDF2 with SHA-1, SHA-224 or SHA-384, or with fewer than 1000 iterations. SHA-1 was
    /// Werkzeug's default before 0.15 and is what passlib's `$pbkdf2$` means.
    WeakPbkdf2 = 1,
    /// Argon2i, Argon2d, and version 16 of each type. Argon2i was Django's choice before 3.1.
    OtherArgon2 = 2,
    /// Werkzeug's `md5$`, `sha1$`, `sha224$`, `sha256$`, `sha384$`, `sha512$`: one HMAC over the
    /// password, or one digest where the salt is empty; and PBKDF2 with MD5. Removed in
    /// Werkzeug 2.3 and 3.0.
    WerkzeugRetired = 4,
    /// Werkzeug's `plain$$password`: the password itself.
    WerkzeugPlain = 8,
    /// Django's `md5$`, `sha1$` (one digest over salt and password) and bare MD5.
    DjangoLegacy = 16,
    /// bcrypt over the first 72 bytes of a longer password, as libraries did before they refused.
    /// Then everything after byte 72 does not count.
    BcryptTruncated = 32,
}

impl FormGroup {
    /// Every group.
    pub const ALL: [Self; 6] = [
        Self::WeakPbkdf2,
        Self::OtherArgon2,
        Self::WerkzeugRetired,
        Self::WerkzeugPlain,
        Self::DjangoLegacy,
        Self::BcryptTruncated,
    ];

    /// The name used in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WeakPbkdf2 => "weak-pbkdf2",
            Self::OtherArgon2 => "other-argon2",
            Self::WerkzeugRetired => "werkzeug-retired",
            Self::WerkzeugPlain => "werkzeug-plain",
            Self::DjangoLegacy => "django-legacy",
            Self::BcryptTruncated => "bcrypt-truncated",
        }
    }

    /// The refusal of a form that this group would turn on.
    pub(super) const fn refuses(self, form: &'static str) -> HashFormatError {
        let advice = match self {
            Self::WeakPbkdf2 => {
                "list weak-pbkdf2 in hash.accept, or give the account a new password"
            }
            Self::OtherArgon2 => {
                "list other-argon2 in hash.accept, or give the account a new password"
            }
            Self::WerkzeugRetired => {
                "list werkzeug-retired in hash.accept, or give the account a new password"
            }
            Self::WerkzeugPlain => {
                "list werkzeug-plain in hash.accept, or give the account a new password"
            }
            Self::DjangoLegacy => {
                "list django-legacy in hash.accept, or give the account a new password"
            }
            Self::BcryptTruncated => {
                "list bcrypt-truncated in hash.accept, or give the account a new password"
            }
        };
        HashFormatError::Unsupported { form, advice }
    }
}

impl fmt::Display for FormGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no group's. The message completes "an item that …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "is none of weak-pbkdf2, other-argon2, werkzeug-retired, werkzeug-plain, django-legacy, \
     bcrypt-truncated"
)]
pub struct UnknownFormGroup;

impl FromStr for FormGroup {
    type Err = UnknownFormGroup;

    fn from_str(name: &str) -> Result<Self, UnknownFormGroup> {
        Self::ALL
            .into_iter()
            .find(|group| group.as_str() == name)
            .ok_or(UnknownFormGroup)
    }
}

/// A set of [`FormGroup`]s.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct FormGroups(u8);

impl FormGroups {
    /// No group: the default.
    pub const NONE: Self = Self(0);
    /// Every group: for looking at a table, or for an import that accepts all.
    pub const EVERY: Self = Self(63);

    /// The set with `group` in it.
    #[must_use]
    pub const fn with(self, group: FormGroup) -> Self {
        Self(self.0 | group as u8)
    }

    /// Whether `group` is in the set.
    #[must_use]
    pub const fn contains(self, group: FormGroup) -> bool {
        self.0 & group as u8 != 0
    }

    /// Accepts `form` when `group` is in the set.
    pub(super) const fn require(
        self,
        group: FormGroup,
        form: &'static str,
    ) -> Result<(), HashFormatError> {
        if self.contains(group) {
            Ok(())
        } else {
            Err(group.refuses(form))
        }
    }
}

impl FromIterator<FormGroup> for FormGroups {
    fn from_iter<I: IntoIterator<Item = FormGroup>>(groups: I) -> Self {
        groups.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for FormGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(
                FormGroup::ALL
                    .into_iter()
                    .filter(|group| self.contains(*group)),
            )
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_is_read_by_its_own_name_and_in_the_full_set() {
        for group in FormGroup::ALL {
            assert_eq!(group.as_str().parse(), Ok(group));
            assert!(FormGroups::EVERY.contains(group));
            assert!(!FormGroups::NONE.contains(group));
            assert!(UnknownFormGroup.to_string().contains(group.as_str()));
            let refused = group.refuses("a form").to_string();
            assert!(refused.contains(group.as_str()), "{refused}");
        }
        assert_eq!(
            FormGroup::ALL.into_iter().collect::<FormGroups>(),
            FormGroups::EVERY
        );
        assert!("werkzeug".parse::<FormGroup>().is_err());
    }

    #[test]
    fn debug_output_hides_the_salt() {
        let accepted = AcceptedForms {
            flask_security_salt: Some(Arc::new(Secret::from_text("canary".to_owned()))),
            ..AcceptedForms::default()
        };
        assert!(!format!("{accepted:?}").contains("canary"));
    }
}
