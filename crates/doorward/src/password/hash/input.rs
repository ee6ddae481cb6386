//! What is hashed: the password as it was typed, in its composed form, or as Flask-Security turns
//! it into another one.

use zeroize::Zeroizing;

use super::super::Password;
use super::digests::Digest;
use super::encoding::Base64;
use crate::secret::Secret;

/// What a key derivation is given.
#[derive(Clone, Copy)]
pub(super) enum Input<'a> {
    /// A password.
    Password(&'a [u8]),
    /// What Flask-Security makes of a password.
    Doubled(&'a [u8]),
}

impl<'a> Input<'a> {
    pub(super) const fn bytes(self) -> &'a [u8] {
        match self {
            Self::Password(bytes) | Self::Doubled(bytes) => bytes,
        }
    }
}

/// The spellings of a password that a foreign hash may have been made over, in the order in which
/// they are tried: the bytes as received, then their NFC form when it differs.
pub(super) fn spellings(password: &Password) -> impl Iterator<Item = Zeroizing<String>> {
    let received = Zeroizing::new(password.expose().to_owned());
    [Some(received), password.nfc()].into_iter().flatten()
}

/// What Flask-Security hashes in place of the password: over its NFKD form, which is its default
/// (`SECURITY_PASSWORD_NORMALIZE_FORM`), then over the bytes as received when they differ.
pub(super) fn doubled(
    password: &Password,
    salt: &Secret,
) -> impl Iterator<Item = Zeroizing<String>> {
    let received = || Zeroizing::new(password.expose().to_owned());
    let (first, second) = match password.nfkd() {
        Some(decomposed) => (decomposed, Some(received())),
        None => (received(), None),
    };
    [Some(first), second].into_iter().flatten().map(|text| {
        let mac = Digest::Sha512.hmac(salt.expose(), text.as_bytes());
        Zeroizing::new(Base64::Padded.encode(&mac))
    })
}
