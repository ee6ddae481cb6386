use std::fmt;
use std::str::FromStr;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::algorithm::Algorithm;
use super::jwk::{Members, PublicJwk};
use super::key_error::KeyError;

/// The algorithms that sign with a private key and verify with a public one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PairAlgorithm {
    /// ECDSA on P-256: every verifier knows it, and its signatures are short.
    Es256,
    /// Ed25519. `express-jwt` and Spring do not know it.
    EdDsa,
    /// RSASSA-PKCS1-v1_5 with a key of 2048 bits: slow to sign, quick to verify.
    Rs256,
}

impl PairAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Es256, Self::EdDsa, Self::Rs256];

    /// Among all algorithms.
    #[must_use]
    pub fn algorithm(self) -> Algorithm {
        match self {
            Self::Es256 => Algorithm::Es256,
            Self::EdDsa => Algorithm::EdDsa,
            Self::Rs256 => Algorithm::Rs256,
        }
    }
}

impl FromStr for PairAlgorithm {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.algorithm().as_str() == text)
            .ok_or(KeyError::UnknownKind)
    }
}

/// A private key with its public half. `Debug` shows the public one alone.
pub struct KeyPair {
    pair: Pair,
    algorithm: PairAlgorithm,
    public: PublicJwk,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl KeyPair {
    /// A fresh pair, of the operating system's randomness.
    ///
    /// # Errors
    /// [`KeyError::Rejected`] when the library cannot make one.
    pub fn generate(algorithm: PairAlgorithm) -> Result<Self, KeyError> {
        let rejected = |_| KeyError::Rejected;
        let pair = match algorithm {
            PairAlgorithm::Es256 => Pair::Ecdsa(
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(rejected)?,
            ),
            PairAlgorithm::EdDsa => Pair::Ed25519(Ed25519KeyPair::generate().map_err(rejected)?),
            PairAlgorithm::Rs256 => {
                Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).map_err(rejected)?)
            }
        };
        Self::of(pair, algorithm)
    }

    /// Reads a private key for `algorithm` in PKCS #8 (RFC 5958 §2), DER.
    ///
    /// # Errors
    /// [`KeyError::Rejected`] when it is none for this algorithm.
    pub fn from_pkcs8(algorithm: PairAlgorithm, der: &[u8]) -> Result<Self, KeyError> {
        let rejected = |_| KeyError::Rejected;
        let pair = match algorithm {
            PairAlgorithm::Es256 => Pair::Ecdsa(
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
                    .map_err(rejected)?,
            ),
            PairAlgorithm::EdDsa => {
                Pair::Ed25519(Ed25519KeyPair::from_pkcs8(der).map_err(rejected)?)
            }
            PairAlgorithm::Rs256 => Pair::Rsa(RsaKeyPair::from_pkcs8(der).map_err(rejected)?),
        };
        Self::of(pair, algorithm)
    }

    /// Reads a private key as `PRIVATE KEY` in PEM (RFC 7468 §10): the key says which algorithm it is for.
    ///
    /// # Errors
    /// [`KeyError`] for anything but P-256, Ed25519 and RSA from 2048 bits, and for an encrypted key.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
        const END: &str = "-----END PRIVATE KEY-----";
        let body = text
            .trim()
            .strip_prefix(BEGIN)
            .and_then(|rest| rest.strip_suffix(END))
            .ok_or(KeyError::NotPkcs8)?;
        let base64: Zeroizing<String> =
            Zeroizing::new(body.chars().filter(|c| !c.is_ascii_whitespace()).collect());
        let der = STANDARD.decode(base64.as_bytes()).map(Zeroizing::new);
        let der = der.map_err(|_| KeyError::NotPkcs8)?;
        PairAlgorithm::ALL
            .into_iter()
            .find_map(|algorithm| Self::from_pkcs8(algorithm, &der).ok())
            .ok_or(KeyError::UnknownPair)
    }

    fn of(pair: Pair, algorithm: PairAlgorithm) -> Result<Self, KeyError> {
        let key = match &pair {
            Pair::Ecdsa(pair) => {
                // An uncompressed point: 4, x, y.
                let point = pair.public_key().as_ref();
                let (x, y) = point
                    .strip_prefix(&[4])
                    .and_then(|point| point.split_at_checked(32))
                    .ok_or(KeyError::Rejected)?;
                let (x, y) = (x.to_vec(), y.to_vec());
                Members::Ec { x, y }
            }
            Pair::Ed25519(pair) => Members::Okp {
                x: pair.public_key().as_ref().to_vec(),
            },
            Pair::Rsa(pair) => {
                if pair.public_modulus_len() < 256 {
                    return Err(KeyError::ShortRsa);
                }
                let RsaPublicKeyComponents { n, e } = pair.public_key().into();
                Members::Rsa { n, e }
            }
        };
        Ok(Self {
            public: PublicJwk::named_by_thumbprint(algorithm.algorithm(), key)?,
            pair,
            algorithm,
        })
    }

    /// What it is for.
    #[must_use]
    pub fn algorithm(&self) -> PairAlgorithm {
        self.algorithm
    }

    /// The public half, whose `kid` is its thumbprint (RFC 7638).
    #[must_use]
    pub fn public(&self) -> &PublicJwk {
        &self.public
    }

    /// The private key in PKCS #8, DER: to be sealed and stored.
    ///
    /// # Errors
    /// [`KeyError::Rejected`] when the library cannot write it.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let rejected = |_| KeyError::Rejected;
        Ok(Zeroizing::new(match &self.pair {
            Pair::Ecdsa(pair) => pair.to_pkcs8v1().map_err(rejected)?.as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.to_pkcs8v1().map_err(rejected)?.as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(rejected)?;
                der.as_ref().to_vec()
            }
        }))
    }

    /// Signs bytes; the randomness that ECDSA and RSA take is the library's own.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let rejected = |_| KeyError::Rejected;
        match &self.pair {
            Pair::Ecdsa(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message);
                Ok(signature.map_err(rejected)?.as_ref().to_vec())
            }
            Pair::Ed25519(pair) => {
                let signature = pair.try_sign(message);
                Ok(signature.map_err(rejected)?.as_ref().to_vec())
            }
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(
                    &RSA_PKCS1_SHA256,
                    &SystemRandom::new(),
                    message,
                    &mut signature,
                )
                .map_err(rejected)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
