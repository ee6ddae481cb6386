//! Refresh tokens: opaque, single-use, one family for each session (RFC 9700 §4.14.2, TK-19 to TK-24).

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::SessionId;
use crate::secret::Secret;

/// For scanners that look for secrets where none should be.
const PREFIX: &str = "dwr_";
const SECRET: usize = 32;
const TAG: usize = 16;
const BYTES: usize = 16 + 4 + SECRET + TAG;

/// A refresh token: which session, the how-manieth of its family, 256 secret bits, and a tag by which we know our own.
///
/// The database holds the SHA-256 of the one that counts; that alone decides what is accepted. The tag decides nothing but
/// whether a token that counts no more was ever one of ours: only then is its use a sign of theft. Whoever knows a session's
/// name, which stands in every access token, could otherwise end it by sending any text.
#[derive(Clone)]
pub struct RefreshToken {
    session: SessionId,
    generation: u32,
    secret: Zeroizing<[u8; SECRET]>,
    tag: [u8; TAG],
}

/// The SHA-256 of a refresh token's text, as stored.
#[derive(Debug, Clone, Copy)]
pub struct RefreshTokenHash([u8; 32]);

impl RefreshTokenHash {
    /// The stored bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to store them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for RefreshTokenHash {
    /// In constant time.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for RefreshTokenHash {}

impl RefreshToken {
    /// Reads a token as somebody sent it; `None` for what cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let encoded = text.strip_prefix(PREFIX)?;
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(encoded).ok()?);
        let bytes: &[u8; BYTES] = bytes.as_slice().try_into().ok()?;
        let (session, rest) = bytes.split_first_chunk::<16>()?;
        let (generation, rest) = rest.split_first_chunk::<4>()?;
        let (secret, rest) = rest.split_first_chunk::<SECRET>()?;
        let (tag, _) = rest.split_first_chunk::<TAG>()?;
        Some(Self {
            session: SessionId::from_bytes(*session),
            generation: u32::from_be_bytes(*generation),
            secret: Zeroizing::new(*secret),
            tag: *tag,
        })
    }

    /// The session that it says it is of.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Its place in the family; the first is 0.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The text for the client, and for nobody else: 95 characters.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(BYTES));
        bytes.extend_from_slice(self.session.as_bytes());
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(self.secret.as_slice());
        bytes.extend_from_slice(&self.tag);
        let mut text = String::with_capacity(PREFIX.len() + BYTES.div_ceil(3) * 4);
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
        Zeroizing::new(text)
    }

    /// What the database holds of it.
    #[must_use]
    pub fn hash(&self) -> RefreshTokenHash {
        RefreshTokenHash(Sha256::digest(self.expose().as_bytes()).into())
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(redacted)")
    }
}

/// The keys that make refresh tokens, derived from the server's secrets for this purpose alone (CF-03).
///
/// The next token of a family follows from the one before, so that every node, asked with the same token, gives the same
/// answer without keeping any token in clear. What follows depends on a key, on the old token, and on a salt in the
/// database: no two of the three are enough to know it.
#[derive(Clone)]
pub struct RefreshKeys {
    current: Hmac<Sha256>,
    fallbacks: Vec<Hmac<Sha256>>,
}

impl RefreshKeys {
    /// Keys from the server's secret and the ones that it had before.
    #[must_use]
    pub fn new(secret: &Secret, fallbacks: &[Secret]) -> Self {
        Self {
            current: purpose_key(secret),
            fallbacks: fallbacks.iter().map(purpose_key).collect(),
        }
    }

    /// The first token of a session's family.
    #[must_use]
    pub fn first(&self, session: SessionId, secret: [u8; SECRET]) -> RefreshToken {
        made(&self.current, session, 0, Zeroizing::new(secret))
    }

    /// The tokens that may follow `token` in a family with this salt: the first is what a rotation gives, the others what
    /// one under a former key gave.
    pub fn successors<'a>(
        &'a self,
        token: &'a RefreshToken,
        salt: &'a [u8; 32],
    ) -> impl Iterator<Item = RefreshToken> + 'a {
        let generation = token.generation.saturating_add(1);
        self.all().map(move |key| {
            let secret = key
                .clone()
                .chain_update(b"next\0")
                .chain_update(salt)
                .chain_update(token.session.as_bytes())
                .chain_update(generation.to_be_bytes())
                .chain_update(token.secret.as_slice())
                .finalize()
                .into_bytes();
            made(
                key,
                token.session,
                generation,
                Zeroizing::new(secret.into()),
            )
        })
    }

    /// Whether we made `token` at some time.
    #[must_use]
    pub fn made(&self, token: &RefreshToken) -> bool {
        self.all()
            .any(|key| tag(key, token).ct_eq(&token.tag).into())
    }

    fn all(&self) -> impl Iterator<Item = &Hmac<Sha256>> {
        std::iter::once(&self.current).chain(&self.fallbacks)
    }
}

impl fmt::Debug for RefreshKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshKeys(redacted)")
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn purpose_key(secret: &Secret) -> Hmac<Sha256> {
    let mut derivation =
        Hmac::<Sha256>::new_from_slice(secret.expose()).expect("HMAC takes keys of every length");
    derivation.update(b"doorward refresh tokens 1");
    let key = Zeroizing::new(<[u8; 32]>::from(derivation.finalize().into_bytes()));
    Hmac::new_from_slice(key.as_slice()).expect("HMAC takes keys of every length")
}

fn made(
    key: &Hmac<Sha256>,
    session: SessionId,
    generation: u32,
    secret: Zeroizing<[u8; SECRET]>,
) -> RefreshToken {
    let mut token = RefreshToken {
        session,
        generation,
        secret,
        tag: [0; TAG],
    };
    token.tag = tag(key, &token);
    token
}

fn tag(key: &Hmac<Sha256>, token: &RefreshToken) -> [u8; TAG] {
    let full: [u8; 32] = key
        .clone()
        .chain_update(b"tag\0")
        .chain_update(token.session.as_bytes())
        .chain_update(token.generation.to_be_bytes())
        .chain_update(token.secret.as_slice())
        .finalize()
        .into_bytes()
        .into();
    let mut tag = [0; TAG];
    tag.iter_mut().zip(full).for_each(|(to, from)| *to = from);
    tag
}

#[cfg(test)]
mod tests;
