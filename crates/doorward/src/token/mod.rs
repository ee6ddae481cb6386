//! Tokens: compact JWS and a strict reading of JWT claims. [`SigningKey`] signs, [`Verifier`] has a set of keys, each of one
//! [`Algorithm`]; [`KeyVerifier`] has one key of somebody else, of several. A [`PublicJwk`] is what others verify with.
//!
//! The algorithm belongs to the key, never to the token (RFC 8725 §3.1, ASVS 9.1.2); the signature
//! is checked before any claim is looked at; claims have one meaning for every reader, because the
//! text passes [`crate::json::check`] first.
//! Sources: RFC 7515, RFC 7519, RFC 8725; lecture programs 5, 6, 9, 10 and 11.

mod access_token;
mod algorithm;
mod claims;
mod compact;
mod error;
mod good_signatures;
mod header;
mod jwk;
mod key;
mod key_error;
mod key_pair;
mod key_verifier;
mod numeric_date;
mod public_key;
mod signing_key;
mod validation;
mod verifier;
mod verifying_key;

pub use access_token::AccessToken;
pub use algorithm::{Algorithm, Family, UnknownAlgorithm};
pub use compact::MAX_TOKEN_BYTES;
pub use error::{InvalidReason, SignError, TokenError};
pub use jwk::{MAX_KEYS, PublicJwk};
pub use key::{Hs256Key, KeyId, KeyIdError};
pub use key_error::KeyError;
pub use key_pair::{KeyPair, PairAlgorithm};
pub use key_verifier::KeyVerifier;
pub use signing_key::{PairKey, SigningKey};
pub use validation::{RequiredClaim, Validation};
pub use verifier::{Verifier, unverified_key_id, verify_jws};
pub use verifying_key::VerifyingKey;
