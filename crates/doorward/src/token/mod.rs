//! Tokens: compact JWS and a strict reading of JWT claims. [`Verifier`] has our own HS256 keys, [`KeyVerifier`] one key
//! of somebody else, of any [`Algorithm`].
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
mod header;
mod key;
mod key_error;
mod key_verifier;
mod numeric_date;
mod public_key;
mod validation;
mod verifier;

pub use access_token::AccessToken;
pub use algorithm::{Algorithm, Family, UnknownAlgorithm};
pub use compact::MAX_TOKEN_BYTES;
pub use error::{InvalidReason, SignError, TokenError};
pub use key::{Hs256Key, KeyId, KeyIdError};
pub use key_error::KeyError;
pub use key_verifier::KeyVerifier;
pub use validation::{RequiredClaim, Validation};
pub use verifier::{Verifier, unverified_key_id, verify_jws};
