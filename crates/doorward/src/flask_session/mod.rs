//! Client-side session cookies, byte-compatible with Flask's.
//!
//! The format is itsdangerous' `URLSafeTimedSerializer` with salt `cookie-session`, key derivation
//! `hmac` and SHA-1, around Flask's tagged JSON. The content is signed, not encrypted: whoever holds
//! the cookie can read it. SHA-1 is part of the format; HMAC-SHA1 has no known forgery.
//! Reading is stricter than Flask's: one text per value, bounded size and depth, an object only.
//! Sources: lecture program 7; ASVS 1.5.2, 13.3.4; CVE-2025-47278 (order of fallback keys).

mod data;
mod error;
mod http_date;
mod python_json;
mod signer;
mod tagged;
mod value;

pub use data::SessionData;
pub use error::{EncodeError, SessionError};
pub use http_date::HttpDate;
pub use signer::{MAX_COOKIE_BYTES, MAX_PAYLOAD_BYTES, SessionSigner, SignedSession};
pub use value::{BigInteger, SessionValue};
