//! API keys: how a program shows that it acts for a user, without the user's password.

use std::fmt;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{
    clock::Timestamp,
    permission::PermissionSet,
    random::{self, Random, RandomError},
    session::SessionId,
    user::UserId,
};

/// For scanners that look for secrets where none should be.
const PREFIX: &str = "dwk_";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 43 of 62 characters are 256 bits.
const SECRET: usize = 43;
const CHECK: usize = 6;

/// The name of a key: 128 random bits, 22 characters of base64url as text. It opens nothing.
///
/// Access tokens that were given for a key carry it as `sid` and `client_id`, so that they end like those of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApiKeyId(SessionId);

impl ApiKeyId {
    /// A fresh one.
    ///
    /// # Errors
    /// [`RandomError`].
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        SessionId::generate(random).map(Self)
    }

    /// The key with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(SessionId::from_bytes(bytes))
    }

    /// The bytes, as stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// Reads the text of an id, in its one form. `None` for any other.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        SessionId::parse(text).ok().map(Self)
    }

    /// As the list of revocations has it.
    #[must_use]
    pub const fn as_session(self) -> SessionId {
        self.0
    }
}

impl fmt::Display for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A key: `dwk_`, 256 random bits in 43 letters and digits, and six more that are their CRC-32. A scanner knows it by the
/// first, and knows by the last that it is no accident.
///
/// 256 random bits cannot be guessed, so a plain SHA-256 is enough to know it again (ASVS 6.5.2), and no throttle is needed.
pub struct ApiKey(Zeroizing<String>);

impl ApiKey {
    /// A fresh one.
    ///
    /// # Errors
    /// [`RandomError`].
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        let mut secret = Zeroizing::new(String::with_capacity(SECRET));
        while secret.len() < SECRET {
            let bytes = Zeroizing::new(random::bytes::<64>(random)?);
            // Bytes past the last multiple of 62 would make some letters likelier.
            let letters = bytes
                .iter()
                .filter(|byte| **byte < 248)
                .map(|b| letter(u32::from(*b)));
            let missing = SECRET - secret.len();
            secret.extend(letters.take(missing));
        }
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + SECRET + CHECK));
        text.push_str(PREFIX);
        text.push_str(&secret);
        text.push_str(&check(&secret));
        Ok(Self(text))
    }

    /// Reads a key as somebody sent it; `None` for what cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (secret, sum) = text.strip_prefix(PREFIX)?.split_at_checked(SECRET)?;
        let formed = secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (formed && sum == check(secret)).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// Whether the text is meant as a key, good or not.
    #[must_use]
    pub fn is_meant_by(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// The text for whoever made it, once.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the database knows of it.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(redacted)")
    }
}

fn letter(number: u32) -> char {
    let place = usize::try_from(number % 62).unwrap_or(0);
    ALPHABET.get(place).copied().map_or('0', char::from)
}

/// The CRC-32 (IEEE 802.3) of a text in six letters, the last digit first.
fn check(text: &str) -> String {
    let mut crc = u32::MAX;
    for byte in text.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            let odd = crc & 1 == 1;
            crc = (crc >> 1) ^ if odd { 0xEDB8_8320 } else { 0 };
        }
    }
    let mut rest = !crc;
    let mut letters = String::with_capacity(CHECK);
    for _ in 0..CHECK {
        letters.push(letter(rest));
        rest /= 62;
    }
    letters
}

/// What a request may do that came with a key, or with a token that was given for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyGrant {
    /// The key.
    pub id: ApiKeyId,
    /// What the key is for. What it may do is that of its user alone which is also in here.
    pub scope: PermissionSet,
    /// When the key ends.
    pub expires_at: Timestamp,
}

/// What may be told of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// Its name for programs.
    pub id: ApiKeyId,
    /// For whom it acts.
    pub user_id: UserId,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub scope: PermissionSet,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last used, to the hour.
    pub last_used_at: Option<Timestamp>,
}

/// How long keys and their tokens last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiKeyPolicy {
    /// The longest life of a key.
    pub max_lifetime: std::time::Duration,
    /// How long a token that was given for a key is valid.
    pub token_ttl: std::time::Duration,
}

impl Default for ApiKeyPolicy {
    /// A year, and ten minutes.
    fn default() -> Self {
        Self {
            max_lifetime: std::time::Duration::from_hours(365 * 24),
            token_ttl: std::time::Duration::from_mins(10),
        }
    }
}

#[cfg(test)]
mod tests;
