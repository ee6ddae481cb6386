use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
    RsaParameters, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::algorithm::{Algorithm, Family};
use super::key_error::KeyError;

/// `rsaEncryption` (RFC 8017 A.1).
const RSA: &[u8] = &[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
];
/// `secp256r1` (RFC 5480 §2.1.1.1).
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// `secp384r1` (RFC 5480 §2.1.1.1).
const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
/// `id-Ed25519` (RFC 8410 §3).
const ED25519_OID: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];

/// The algorithm's identifier stands among the first bytes of every key.
const IDENTIFIER_ENDS: usize = 40;

/// The least DER bytes of an RSA key with a modulus of 2048 bits (RFC 7518 §3.3).
const LEAST_RSA_BYTES: usize = 262;

/// A public key out of a PEM text.
pub(super) struct PublicKeyDer {
    pub(super) family: Family,
    der: Vec<u8>,
}

impl PublicKeyDer {
    /// Reads one PEM block (RFC 7468): `PUBLIC KEY` (RFC 5280 §4.1), or `RSA PUBLIC KEY` (RFC 8017 A.1.1).
    pub(super) fn from_pem(text: &str) -> Result<Self, KeyError> {
        let rest = text
            .trim()
            .strip_prefix("-----BEGIN ")
            .ok_or(KeyError::NotPem)?;
        let (label, rest) = rest.split_once("-----").ok_or(KeyError::NotPem)?;
        if label.ends_with("PRIVATE KEY") {
            return Err(KeyError::PrivateKey);
        }
        if label.ends_with("CERTIFICATE") {
            return Err(KeyError::Certificate);
        }
        let end = format!("-----END {label}-----");
        let body = rest.strip_suffix(&end).ok_or(KeyError::NotPem)?;
        let base64: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let der = STANDARD.decode(base64).map_err(|_| KeyError::NotPem)?;
        let family = match label {
            "RSA PUBLIC KEY" => Family::Rsa,
            "PUBLIC KEY" => family(&der).ok_or(KeyError::UnknownKind)?,
            _ => return Err(KeyError::UnknownKind),
        };
        if family == Family::Rsa && der.len() < LEAST_RSA_BYTES {
            return Err(KeyError::ShortRsa);
        }
        Ok(Self { family, der })
    }

    /// The key made ready for one algorithm of its family.
    pub(super) fn prepare(&self, algorithm: Algorithm) -> Result<ParsedPublicKey, KeyError> {
        let verification = verification(algorithm).ok_or(KeyError::UnknownKind)?;
        ParsedPublicKey::new(verification, &self.der).map_err(|_| KeyError::Rejected)
    }
}

fn family(der: &[u8]) -> Option<Family> {
    let start = der.get(..IDENTIFIER_ENDS.min(der.len()))?;
    let names = |identifier: &[u8]| {
        start
            .windows(identifier.len())
            .any(|window| window == identifier)
    };
    [
        (RSA, Family::Rsa),
        (P256, Family::P256),
        (P384, Family::P384),
        (ED25519_OID, Family::Ed25519),
    ]
    .into_iter()
    .find_map(|(identifier, family)| names(identifier).then_some(family))
}

pub(super) fn verification(algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match algorithm {
        Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => return None,
        Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
        Algorithm::Es384 => &ECDSA_P384_SHA384_FIXED,
        Algorithm::EdDsa => &ED25519,
        _ => rsa(algorithm)?,
    })
}

/// What verifies the signatures of RSA keys.
pub(super) fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}
