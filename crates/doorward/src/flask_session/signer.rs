use std::io::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::data::SessionData;
use super::error::{EncodeError, SessionError};
use super::tagged;
use crate::secret::Secret;

/// Longest cookie value, in bytes: what Flask warns about and what browsers keep (ASVS 3.3.5).
pub const MAX_COOKIE_BYTES: usize = 4093;

/// Largest payload after decompression, in bytes. Flask has no limit: 43 KB of cookie become 32 MiB.
pub const MAX_PAYLOAD_BYTES: usize = 64 * 1024;

/// Shorter payloads stay plain: there is next to nothing to save, and trying costs more than all the
/// rest of a cookie together.
const WORTH_COMPRESSING: usize = 64;

/// 2011-01-01T00:00:00Z, where itsdangerous before 1.0 began to count.
const EPOCH_2011: u64 = 1_293_840_000;

/// Signs and reads session cookies. Cheap to share, never changes; rotation makes a new one.
#[derive(Clone)]
pub struct SessionSigner {
    current: Hmac<Sha1>,
    fallbacks: Vec<Hmac<Sha1>>,
    max_age_seconds: u64,
    accept_2011_timestamps: bool,
}

/// A session as a cookie held it.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedSession {
    /// What it holds.
    pub data: SessionData,
    /// When it was signed, in Unix seconds.
    pub signed_at: u64,
}

impl SessionSigner {
    /// The salt of Flask's own session interface.
    pub const SALT: &str = "cookie-session";

    /// A signer that always signs with `current` and also reads what any of `fallbacks` signed
    /// (Flask's `SECRET_KEY` and `SECRET_KEY_FALLBACKS`), in whatever order these come.
    ///
    /// `max_age` counts whole seconds; Flask's `PERMANENT_SESSION_LIFETIME` is 31 days.
    #[must_use]
    pub fn new(current: &Secret, fallbacks: &[Secret], max_age: Duration) -> Self {
        Self::with_salt(current, fallbacks, max_age, Self::SALT)
    }

    /// The same, for an application whose session interface has a salt of its own.
    #[must_use]
    pub fn with_salt(
        current: &Secret,
        fallbacks: &[Secret],
        max_age: Duration,
        salt: &str,
    ) -> Self {
        let derive = |secret| derive(secret, salt);
        Self {
            current: derive(current),
            fallbacks: fallbacks.iter().map(derive).collect(),
            max_age_seconds: max_age.as_secs(),
            accept_2011_timestamps: false,
        }
    }

    /// Also reads cookies of itsdangerous before 1.0 (Flask before 1.0, 2018), whose timestamps
    /// count from 2011. Off by default.
    #[must_use]
    pub fn accept_2011_timestamps(mut self, accept: bool) -> Self {
        self.accept_2011_timestamps = accept;
        self
    }

    /// The cookie value of a session at a Unix time in seconds, as Flask writes it: the same bytes
    /// where Flask leaves the payload plain, the same content where it compresses. Flask's zlib saves
    /// a few bytes more than ours, so a short payload may stay plain here that Flask compresses.
    ///
    /// # Errors
    /// [`EncodeError`] when the value would be one that browsers drop or [`SessionSigner::decode`]
    /// refuses.
    pub fn encode(
        &self,
        session: &SessionData,
        now_unix_seconds: u64,
    ) -> Result<String, EncodeError> {
        let json = tagged::write(session.values())?;
        if json.len() > MAX_PAYLOAD_BYTES {
            return Err(EncodeError::TooLarge);
        }
        let mut value = String::with_capacity(json.len() * 4 / 3 + 40);
        match compress(json.as_bytes()) {
            // The dot that marks compression counts too.
            Some(compressed) if compressed.len() + 1 < json.len() => {
                value.push('.');
                URL_SAFE_NO_PAD.encode_string(compressed, &mut value);
            }
            _ => URL_SAFE_NO_PAD.encode_string(&json, &mut value),
        }
        value.push('.');
        let timestamp = now_unix_seconds.to_be_bytes();
        let zeros = timestamp.iter().take_while(|byte| **byte == 0).count();
        URL_SAFE_NO_PAD.encode_string(timestamp.get(zeros..).unwrap_or_default(), &mut value);
        let signature = self
            .current
            .clone()
            .chain_update(&value)
            .finalize()
            .into_bytes();
        value.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut value);
        if value.len() > MAX_COOKIE_BYTES {
            return Err(EncodeError::TooLong { bytes: value.len() });
        }
        Ok(value)
    }

    /// Reads a cookie value at a Unix time in seconds. Order: size, signature in constant time, age,
    /// decompression up to [`MAX_PAYLOAD_BYTES`], strict JSON, tags.
    ///
    /// # Errors
    /// [`SessionError`] with the rule that the cookie broke first.
    pub fn decode(&self, value: &str, now_unix_seconds: u64) -> Result<SessionData, SessionError> {
        Ok(self.open(value, now_unix_seconds)?.data)
    }

    /// Reads a cookie value as [`SessionSigner::decode`] does, and says when it was signed.
    ///
    /// # Errors
    /// [`SessionError`] with the rule that the cookie broke first.
    pub fn open(&self, value: &str, now_unix_seconds: u64) -> Result<SignedSession, SessionError> {
        if value.len() > MAX_COOKIE_BYTES {
            return Err(SessionError::TooLong);
        }
        // The payload may begin with a dot, so the parts are taken from the end.
        let (signed, signature) = value.rsplit_once('.').ok_or(SessionError::Malformed)?;
        let (payload, timestamp) = signed.rsplit_once('.').ok_or(SessionError::Malformed)?;
        let signature = base64url(signature)?;
        if !self.made(signed, &signature) {
            return Err(SessionError::Signature);
        }
        let signed_at = self.check_age(read_timestamp(timestamp)?, now_unix_seconds)?;
        let json = match payload.strip_prefix('.') {
            Some(compressed) => decompress(&base64url(compressed)?)?,
            None => base64url(payload)?,
        };
        Ok(SignedSession {
            data: SessionData::unmodified(tagged::read(&json)?),
            signed_at,
        })
    }

    /// Whether one of the keys made the signature; each comparison takes constant time.
    fn made(&self, signed: &str, signature: &[u8]) -> bool {
        std::iter::once(&self.current)
            .chain(&self.fallbacks)
            .any(|key| {
                key.clone()
                    .chain_update(signed)
                    .verify_slice(signature)
                    .is_ok()
            })
    }

    /// When the cookie was signed.
    fn check_age(&self, timestamp: u64, now: u64) -> Result<u64, SessionError> {
        // No cookie was signed before 2011, so a smaller number counts from there.
        let signed_at = if timestamp >= EPOCH_2011 {
            timestamp
        } else if self.accept_2011_timestamps {
            timestamp + EPOCH_2011
        } else {
            return Err(SessionError::OldTimestamp);
        };
        match now.checked_sub(signed_at) {
            None => Err(SessionError::Future),
            Some(age) if age > self.max_age_seconds => Err(SessionError::Expired),
            Some(_) => Ok(signed_at),
        }
    }
}

impl std::fmt::Debug for SessionSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionSigner")
            .field("fallbacks", &self.fallbacks.len())
            .field("max_age_seconds", &self.max_age_seconds)
            .field("accept_2011_timestamps", &self.accept_2011_timestamps)
            .finish_non_exhaustive()
    }
}

/// The key of Flask's session cookies, derived from the application's secret and the salt.
#[expect(
    clippy::expect_used,
    reason = "HMAC takes keys of any length (RFC 2104 §2)"
)]
fn derive(secret: &Secret, salt: &str) -> Hmac<Sha1> {
    let keyed = |key: &[u8]| Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes any length");
    let mut derived = keyed(secret.expose())
        .chain_update(salt)
        .finalize()
        .into_bytes();
    let key = keyed(&derived);
    zeroize::Zeroize::zeroize(derived.as_mut_slice());
    key
}

/// Strict base64url: no padding, no unused bits, so that one cookie has one text.
fn base64url(text: &str) -> Result<Vec<u8>, SessionError> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| SessionError::Malformed)
}

/// Big-endian seconds without leading zero bytes.
fn read_timestamp(text: &str) -> Result<u64, SessionError> {
    /// Five bytes last until the year 36812.
    const LONGEST: usize = 5;
    let bytes = base64url(text)?;
    if bytes.len() > LONGEST || matches!(bytes.first(), None | Some(0)) {
        return Err(SessionError::Malformed);
    }
    Ok(bytes
        .iter()
        .fold(0, |seconds, byte| seconds << 8 | u64::from(*byte)))
}

/// zlib at Python's default level; `None` when the payload is too short for it.
fn compress(json: &[u8]) -> Option<Vec<u8>> {
    if json.len() < WORTH_COMPRESSING {
        return None;
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(json).ok()?;
    encoder.finish().ok()
}

/// Decompresses one whole zlib stream, keeping no more memory than the limit.
fn decompress(compressed: &[u8]) -> Result<Vec<u8>, SessionError> {
    let mut stream = Decompress::new(true);
    let mut json = Vec::with_capacity(4096);
    loop {
        let consumed = usize::try_from(stream.total_in()).map_err(|_| SessionError::Compression)?;
        let rest = compressed.get(consumed..).unwrap_or_default();
        let before = (consumed, json.len());
        let status = stream
            .decompress_vec(rest, &mut json, FlushDecompress::None)
            .map_err(|_| SessionError::Compression)?;
        if json.len() > MAX_PAYLOAD_BYTES {
            return Err(SessionError::TooLarge);
        }
        let consumed = usize::try_from(stream.total_in()).map_err(|_| SessionError::Compression)?;
        if status == Status::StreamEnd {
            // Bytes behind the stream would be signed content that nobody reads.
            return if consumed == compressed.len() {
                Ok(json)
            } else {
                Err(SessionError::Compression)
            };
        }
        if json.len() < json.capacity() && (consumed, json.len()) == before {
            return Err(SessionError::Compression);
        }
        if json.len() == json.capacity() {
            json.reserve_exact(json.len().min(MAX_PAYLOAD_BYTES + 1 - json.len()).max(1));
        }
    }
}

#[cfg(test)]
mod tests;
