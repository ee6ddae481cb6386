//! Devices that have logged in before (OWASP, "Slow down online guessing attacks with device cookies").
//!
//! Whoever fails on purpose slows down a network; the owner's own devices on that network must pass all the same
//! (AU-10). A token says that its bearer has logged in to this account with the password that it still has. It opens
//! nothing: it gives a count of its own, of five failures.

use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{Bucket, bucket};
use crate::{
    clock::Timestamp,
    random::{self, Random, RandomError},
    secret::Secret,
    user::{StoredUser, UserId},
};

const LABEL: &[u8] = b"doorward known devices v1\0";
const NONCE: usize = 16;
const EXPIRY: usize = 8;
const MAC: usize = 32;
const LENGTH: usize = NONCE + EXPIRY + MAC;

/// What a device shows: 128 random bits, an expiry, and an HMAC over them, the user's number and the SHA-256 of the
/// stored password hash. So it is of no use for another account, nor after the password was changed.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceToken(String);

impl DeviceToken {
    /// Takes a token as somebody sent it.
    #[must_use]
    pub fn presented(text: String) -> Self {
        Self(text)
    }

    /// The text for the client.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceToken(redacted)")
    }
}

/// A device whose token was good for the account that it tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownDevice(pub(super) Bucket);

/// Makes and recognises the tokens of devices.
pub struct KnownDevices {
    key: Zeroizing<[u8; 32]>,
    ttl: Duration,
}

impl fmt::Debug for KnownDevices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownDevices")
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

impl KnownDevices {
    /// How long a device is known, with the defaults.
    pub const DEFAULT_TTL: Duration = Duration::from_hours(90 * 24);

    /// Tokens valid for `ttl`, under a key of their own that is derived from `secret`.
    #[must_use]
    pub fn new(secret: &Secret, ttl: Duration) -> Self {
        let key = keyed(secret.expose()).chain_update(LABEL).finalize();
        Self {
            key: Zeroizing::new(key.into_bytes().into()),
            ttl,
        }
    }

    /// How long a token is valid.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// A token for a device on which `stored` has just logged in.
    ///
    /// # Errors
    /// [`RandomError`].
    pub fn issue(
        &self,
        stored: &StoredUser,
        random: &dyn Random,
        now: Timestamp,
    ) -> Result<DeviceToken, RandomError> {
        let nonce: [u8; NONCE] = random::bytes(random)?;
        let expiry = now.after(self.ttl).as_millis().to_be_bytes();
        let mac = self.mac(stored, &nonce, expiry).finalize().into_bytes();
        let token = [nonce.as_slice(), &expiry, &mac].concat();
        Ok(DeviceToken(URL_SAFE_NO_PAD.encode(token)))
    }

    /// The device that `token` was made for, if it was made for `stored` with the present password and has not
    /// expired.
    #[must_use]
    pub fn recognise(
        &self,
        token: &DeviceToken,
        stored: &StoredUser,
        now: Timestamp,
    ) -> Option<KnownDevice> {
        let bytes = URL_SAFE_NO_PAD.decode(&token.0).ok()?;
        let bytes: &[u8; LENGTH] = bytes.as_slice().try_into().ok()?;
        let (nonce, rest) = bytes.split_first_chunk::<NONCE>()?;
        let (expiry, mac) = rest.split_first_chunk::<EXPIRY>()?;
        self.mac(stored, nonce, *expiry).verify_slice(mac).ok()?;
        let expires = Timestamp::from_millis(i64::from_be_bytes(*expiry));
        (now < expires).then(|| KnownDevice(of_device(stored.user.id, nonce)))
    }

    fn mac(&self, stored: &StoredUser, nonce: &[u8; NONCE], expiry: [u8; EXPIRY]) -> Hmac<Sha256> {
        keyed(self.key.as_slice())
            .chain_update(nonce)
            .chain_update(expiry)
            .chain_update(stored.user.id.get().to_be_bytes())
            .chain_update(Sha256::digest(stored.password.as_bytes()))
    }
}

fn of_device(user: UserId, nonce: &[u8; NONCE]) -> Bucket {
    bucket(b"known device", &[&user.get().to_be_bytes(), nonce])
}

#[expect(
    clippy::expect_used,
    reason = "HMAC takes keys of any length (RFC 2104 §2)"
)]
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests;
