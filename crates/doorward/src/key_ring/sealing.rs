use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{
    random::{self, Random, RandomError},
    secret::Secret,
    token::KeyId,
};

/// Encrypts private keys for the database: AES-256-GCM (NIST SP 800-38D) under a key derived from the server's secret, bound
/// to the key's id. Each is encrypted with a fresh random nonce, and so few are that none repeats.
pub struct KeySealer {
    keys: Vec<LessSafeKey>,
}

/// A private key was not encrypted or decrypted.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The library refused.
    #[error("the private key could not be encrypted")]
    Library,
    /// No secret of this server opens it, or it was altered.
    #[error("no secret of this server opens the private key")]
    Closed,
}

/// A private key as it came out.
#[derive(Debug)]
pub struct Unsealed {
    /// PKCS #8, DER.
    pub pkcs8: Zeroizing<Vec<u8>>,
    /// Whether a former secret opened it: it should be encrypted anew.
    pub is_outdated: bool,
}

/// The first byte of everything sealed.
const VERSION: u8 = 1;

impl KeySealer {
    /// Encrypts under `current`; decrypts under `former` ones too.
    ///
    /// # Errors
    /// [`SealError::Library`].
    pub fn new<'a>(
        current: &'a Secret,
        former: impl IntoIterator<Item = &'a Secret>,
    ) -> Result<Self, SealError> {
        let keys = std::iter::once(current).chain(former).map(|secret| {
            let mut mac =
                Hmac::<Sha256>::new_from_slice(secret.expose()).map_err(|_| SealError::Library)?;
            mac.update(b"doorward private keys v1");
            let derived = Zeroizing::new(<[u8; 32]>::from(mac.finalize().into_bytes()));
            let key = UnboundKey::new(&AES_256_GCM, derived.as_slice());
            Ok(LessSafeKey::new(key.map_err(|_| SealError::Library)?))
        });
        Ok(Self {
            keys: keys.collect::<Result<_, SealError>>()?,
        })
    }

    /// Encrypts a private key in PKCS #8.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(
        &self,
        id: &KeyId,
        pkcs8: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, SealError> {
        let key = self.keys.first().ok_or(SealError::Library)?;
        let nonce: [u8; NONCE_LEN] = random::bytes(random)?;
        let mut text = pkcs8.to_vec();
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(id.as_str()),
            &mut text,
        )
        .map_err(|_| SealError::Library)?;
        Ok([&[VERSION], nonce.as_slice(), &text].concat())
    }

    /// Decrypts what [`Self::seal`] made for this id.
    ///
    /// # Errors
    /// [`SealError::Closed`].
    pub fn unseal(&self, id: &KeyId, sealed: &[u8]) -> Result<Unsealed, SealError> {
        let (nonce, text) = sealed
            .strip_prefix(&[VERSION])
            .and_then(|rest| rest.split_first_chunk::<NONCE_LEN>())
            .ok_or(SealError::Closed)?;
        let mut keys = self.keys.iter().enumerate();
        keys.find_map(|(place, key)| {
            let mut space = Zeroizing::new(text.to_vec());
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let aad = Aad::from(id.as_str());
            let opened = key.open_in_place(nonce, aad, &mut space).ok()?.to_vec();
            Some(Unsealed {
                pkcs8: Zeroizing::new(opened),
                is_outdated: place > 0,
            })
        })
        .ok_or(SealError::Closed)
    }
}

impl fmt::Debug for KeySealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySealer(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::OsRandom;

    fn secret(text: &str) -> Secret {
        Secret::from_text(text.repeat(32))
    }

    fn id(text: &str) -> KeyId {
        KeyId::parse(text).unwrap()
    }

    #[test]
    fn a_private_key_opens_under_its_secret_and_its_id_alone() {
        let sealer = KeySealer::new(&secret("a"), []).unwrap();
        let closed = sealer.seal(&id("k"), b"private", &OsRandom).unwrap();
        assert!(!closed.windows(7).any(|seven| seven == b"private"));
        let opened = sealer.unseal(&id("k"), &closed).unwrap();
        assert_eq!(*opened.pkcs8, b"private");
        assert!(!opened.is_outdated);
        assert!(sealer.unseal(&id("l"), &closed).is_err());
        let other = KeySealer::new(&secret("b"), []).unwrap();
        assert!(other.unseal(&id("k"), &closed).is_err());
        for place in 0..closed.len() {
            let mut altered = closed.clone();
            altered[place] ^= 1;
            assert!(sealer.unseal(&id("k"), &altered).is_err(), "{place}");
        }
        assert!(sealer.unseal(&id("k"), b"").is_err());
    }

    #[test]
    fn a_former_secret_opens_and_says_so() {
        let before = KeySealer::new(&secret("a"), []).unwrap();
        let closed = before.seal(&id("k"), b"private", &OsRandom).unwrap();
        let (now, former) = (secret("b"), secret("a"));
        let after = KeySealer::new(&now, [&former]).unwrap();
        assert!(after.unseal(&id("k"), &closed).unwrap().is_outdated);
    }

    #[test]
    fn the_same_key_is_never_encrypted_alike() {
        let sealer = KeySealer::new(&secret("a"), []).unwrap();
        let [first, second] =
            [(); 2].map(|()| sealer.seal(&id("k"), b"private", &OsRandom).unwrap());
        assert_ne!(first, second);
    }
}
