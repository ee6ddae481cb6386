use thiserror::Error;

use super::algorithm::{Algorithm, Family};

/// Why a key cannot verify what it was configured for. The messages complete "the key …" and hold nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// No algorithm is named.
    #[error("has no algorithm to verify with; name one")]
    NoAlgorithm,
    /// The algorithms take different kinds of keys.
    #[error("cannot serve {0} and {1}, which take different kinds of keys")]
    SeveralFamilies(Algorithm, Algorithm),
    /// The algorithm takes another kind of key.
    #[error("is {found}, and {algorithm} takes another kind")]
    WrongFamily {
        /// What was asked for.
        algorithm: Algorithm,
        /// What the key is.
        found: Family,
    },
    /// A shared secret without a byte.
    #[error("is empty")]
    Empty,
    /// A text that is a key of two halves, given as a shared secret: whoever has the public half could sign.
    #[error("looks like a public or private key, and the HS algorithms take a shared secret")]
    KeyAsSecret,
    /// Not one PEM block.
    #[error("is not one PEM block (`-----BEGIN PUBLIC KEY-----` …)")]
    NotPem,
    /// The private half, which a verifier must not have.
    #[error("is a private key; give the public one: openssl pkey -in private.pem -pubout")]
    PrivateKey,
    /// A certificate instead of the key in it.
    #[error(
        "is a certificate; give the key in it: openssl x509 -in certificate.pem -pubkey -noout"
    )]
    Certificate,
    /// A JSON Web Key without a usable `kid`, by which its tokens would be known.
    #[error("has no `kid` of 1 to 128 characters out of A-Z a-z 0-9 . _ -")]
    NoKeyId,
    /// Not one PEM block of an unencrypted private key in PKCS #8.
    #[error(
        "is not one PEM block `-----BEGIN PRIVATE KEY-----`; convert it: openssl pkcs8 -topk8 -nocrypt -in key.pem"
    )]
    NotPkcs8,
    /// A private key that we do not sign with.
    #[error("is none of P-256, Ed25519 and RSA from 2048 bits")]
    UnknownPair,
    /// Neither RSA nor P-256 nor P-384 nor Ed25519.
    #[error("is none of RSA, P-256, P-384 and Ed25519")]
    UnknownKind,
    /// Fewer than 2048 bits (RFC 7518 §3.3).
    #[error("is an RSA key of less than 2048 bits")]
    ShortRsa,
    /// Not a well-formed key of its kind, or no point of its curve.
    #[error("is not a well-formed public key")]
    Rejected,
}
