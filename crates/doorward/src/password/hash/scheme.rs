//! The names of the forms that can be verified.

use std::fmt;

/// The scheme of a stored hash: the key derivation and the notation it is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// `$argon2id$…`
    Argon2id,
    /// `$argon2i$…`
    Argon2i,
    /// `$argon2d$…`
    Argon2d,
    /// `$scrypt$ln=…,r=…,p=…$…`, of PHC and passlib.
    Scrypt,
    /// `$pbkdf2-digest$…`, of PHC and passlib.
    Pbkdf2,
    /// `$2a$…`, `$2b$…`, `$2y$…`
    Bcrypt,
    /// `$bcrypt-sha256$…` of passlib.
    BcryptSha256,
    /// `scrypt:N:r:p$…`
    WerkzeugScrypt,
    /// `pbkdf2:digest:iterations$…`
    WerkzeugPbkdf2,
    /// `sha256$salt$…` and the like.
    WerkzeugDigest,
    /// `plain$$…`
    WerkzeugPlain,
    /// `pbkdf2_digest$iterations$…`
    DjangoPbkdf2,
    /// `argon2$argon2id$…` and the like.
    DjangoArgon2,
    /// `bcrypt$$2b$…`
    DjangoBcrypt,
    /// `bcrypt_sha256$$2b$…`
    DjangoBcryptSha256,
    /// `scrypt$N$salt$r$p$…`
    DjangoScrypt,
    /// `md5$salt$…`, `sha1$salt$…`, bare MD5.
    DjangoDigest,
}

impl Scheme {
    /// Whether the form is one that Werkzeug writes or wrote.
    #[must_use]
    pub const fn is_werkzeug(self) -> bool {
        matches!(
            self,
            Self::WerkzeugScrypt
                | Self::WerkzeugPbkdf2
                | Self::WerkzeugDigest
                | Self::WerkzeugPlain
        )
    }

    /// Whether Flask-Security may have made such a hash over its own HMAC of the password.
    pub(super) const fn is_doubled_by_flask_security(self) -> bool {
        matches!(
            self,
            Self::Argon2id
                | Self::Argon2i
                | Self::Argon2d
                | Self::Scrypt
                | Self::Pbkdf2
                | Self::Bcrypt
                | Self::BcryptSha256
        )
    }
}

impl fmt::Display for Scheme {
    /// A short lower-case name, fit for audit entries and metric labels.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Argon2id => "argon2id",
            Self::Argon2i => "argon2i",
            Self::Argon2d => "argon2d",
            Self::Scrypt => "scrypt",
            Self::Pbkdf2 => "pbkdf2",
            Self::Bcrypt => "bcrypt",
            Self::BcryptSha256 => "bcrypt-sha256",
            Self::WerkzeugScrypt => "werkzeug-scrypt",
            Self::WerkzeugPbkdf2 => "werkzeug-pbkdf2",
            Self::WerkzeugDigest => "werkzeug-digest",
            Self::WerkzeugPlain => "werkzeug-plain",
            Self::DjangoPbkdf2 => "django-pbkdf2",
            Self::DjangoArgon2 => "django-argon2",
            Self::DjangoBcrypt => "django-bcrypt",
            Self::DjangoBcryptSha256 => "django-bcrypt-sha256",
            Self::DjangoScrypt => "django-scrypt",
            Self::DjangoDigest => "django-digest",
        })
    }
}
