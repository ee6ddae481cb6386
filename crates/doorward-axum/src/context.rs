//! What the shell knows about a request and hands to extractors and handlers.

use std::cell::Cell;
use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{Extensions, HeaderValue};

use crate::error::ApiError;
use crate::limits::HttpLimits;

/// One extension for everything, since each extension is an allocation.
#[derive(Debug, Clone)]
pub(crate) struct RequestContext {
    pub(crate) id: RequestId,
    pub(crate) peer: Option<PeerAddr>,
    pub(crate) rules: BodyRules,
}

/// The limits that extractors enforce. Outside [`crate::app`] the defaults of
/// [`HttpLimits`] hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyRules {
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Nesting of a JSON body.
    pub json_depth: usize,
    /// Pairs of a query string.
    pub query_pairs: usize,
}

impl BodyRules {
    /// The rules that hold for a request with these extensions.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get::<RequestContext>().map_or_else(
            || Self::from(&HttpLimits::default()),
            |context| context.rules,
        )
    }
}

impl From<&HttpLimits> for BodyRules {
    fn from(limits: &HttpLimits) -> Self {
        Self {
            body_bytes: limits.body_bytes,
            json_depth: limits.json_depth,
            query_pairs: limits.query_pairs,
        }
    }
}

/// The id of a request: the client's `X-Request-Id` when it has 1 to 64
/// characters of `A-Z a-z 0-9 . _ -`, else a made one. It is echoed in the
/// response and logged with failures.
///
/// A made id names a request within the logs; it is unique per process and no
/// secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestId {
    // In place, since every request has one and copies of it.
    text: [u8; Self::MAX_LEN],
    len: u8,
}

impl RequestId {
    const MAX_LEN: usize = 64;

    /// The id of the request with these extensions; `None` outside
    /// [`crate::app`].
    #[must_use]
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        extensions
            .get::<RequestContext>()
            .map(|context| &context.id)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    fn as_bytes(&self) -> &[u8] {
        self.text.get(..usize::from(self.len)).unwrap_or_default()
    }

    pub(crate) fn header_value(&self) -> HeaderValue {
        HeaderValue::from_bytes(self.as_bytes()).unwrap_or(HeaderValue::from_static("-"))
    }

    /// Takes the client's id if it has the form, for a log must not be written
    /// by a client.
    pub(crate) fn accept(value: &HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        let len = u8::try_from(bytes.len()).ok().filter(|len| *len > 0)?;
        let mut text = [0; Self::MAX_LEN];
        text.get_mut(..bytes.len())?.copy_from_slice(bytes);
        bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            .then_some(Self { text, len })
    }

    /// A random prefix per thread, then a counter behind a bijection, so that
    /// ids neither repeat nor tell how many requests were served.
    pub(crate) fn make() -> Self {
        thread_local! {
            static SEED: [u64; 2] = [random(), random()];
            static COUNT: Cell<u64> = const { Cell::new(0) };
        }
        let [prefix, start] = SEED.with(|seed| *seed);
        let count = COUNT.get();
        COUNT.set(count.wrapping_add(1));
        let mut text = [0; Self::MAX_LEN];
        let numbers = [prefix, mix(start.wrapping_add(count))];
        let bytes = numbers.iter().flat_map(|number| number.to_be_bytes());
        for (digits, byte) in text.chunks_exact_mut(2).zip(bytes) {
            if let [high, low] = digits {
                *high = hex_digit(byte >> 4);
                *low = hex_digit(byte & 0xf);
            }
        }
        Self { text, len: 32 }
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequestId").field(&self.as_str()).finish()
    }
}

/// Without the system's randomness ids may repeat between processes, which is
/// better than no service: they are no secret.
fn random() -> u64 {
    getrandom::u64().unwrap_or_else(|_| {
        #[expect(
            clippy::disallowed_methods,
            reason = "it seeds the ids of this process, and decides nothing"
        )]
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.map_or(0, |now| {
            mix(now.as_secs() ^ u64::from(now.subsec_nanos()) << 32)
        })
    })
}

/// The finalizer of `splitmix64`, a bijection on 64 bits.
fn mix(count: u64) -> u64 {
    let mut z = count.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 {
        b'0' + nibble
    } else {
        b'a' + nibble - 10
    }
}

/// The address of the client's end of the connection. Behind a proxy that is
/// the proxy. `None` inside when the application isn't served by
/// [`crate::serve()`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

impl PeerAddr {
    /// The peer of the request with these extensions. A bare `PeerAddr`
    /// extension counts too, for tests that call the application directly.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Option<Self> {
        extensions
            .get::<RequestContext>()
            .and_then(|context| context.peer)
            .or_else(|| extensions.get::<Self>().copied())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PeerAddr {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Self::of(&parts.extensions).ok_or_else(|| {
            ApiError::internal()
                .with_source("no peer address: serve the application with doorward_axum::serve")
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.extensions)
            .copied()
            .unwrap_or_else(Self::make))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_clients_id_is_taken_only_in_its_form() {
        let long = "x".repeat(64);
        for good in ["a", "A-1_b.c", long.as_str()] {
            let value = HeaderValue::from_str(good).unwrap();
            assert_eq!(RequestId::accept(&value).unwrap().as_str(), good);
        }
        let too_long = "x".repeat(65);
        for bad in ["", "a b", "a,b", "a/b", "<x>", too_long.as_str()] {
            let value = HeaderValue::from_str(bad).unwrap();
            assert!(RequestId::accept(&value).is_none(), "{bad}");
        }
        let raw = HeaderValue::from_bytes(b"\xff").unwrap();
        assert!(RequestId::accept(&raw).is_none());
    }

    #[test]
    fn made_ids_differ_and_have_the_accepted_form() {
        let ids: Vec<RequestId> = (0..1_000).map(|_| RequestId::make()).collect();
        let texts: HashSet<&str> = ids.iter().map(RequestId::as_str).collect();
        assert_eq!(texts.len(), ids.len());
        assert!(
            ids.iter()
                .all(|id| RequestId::accept(&id.header_value()) == Some(*id))
        );
        assert!(ids.iter().all(|id| id.as_str().len() == 32));
    }
}
