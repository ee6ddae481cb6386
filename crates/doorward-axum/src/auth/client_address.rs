//! Which address a request came from.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use http::{HeaderMap, request::Parts};

use super::Network;
use crate::{ApiError, PeerAddr};

/// The networks of the reverse proxies whose `X-Forwarded-For` is believed. Nobody else's is (HT-09).
///
/// Put it into the request's extensions (an [`axum::Extension`] layer); without it the peer's address counts.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<Network>);

impl TrustedProxies {
    /// Proxies with an address inside one of these networks.
    #[must_use]
    pub fn new(networks: impl IntoIterator<Item = Network>) -> Self {
        Self(networks.into_iter().collect())
    }

    /// Whether what a peer with this address forwards is believed.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// The nearest address in the chain that is no trusted proxy; the peer's when the header cannot be read.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if self.0.is_empty() || !self.trusts(peer) {
            return peer;
        }
        let mut client = peer;
        let hops = headers.get_all("x-forwarded-for").iter().rev();
        for hop in hops.flat_map(|value| value.to_str().unwrap_or("?").rsplit(',')) {
            let Ok(address) = hop.trim().parse::<IpAddr>() else {
                return peer;
            };
            client = address;
            if !self.trusts(address) {
                break;
            }
        }
        client
    }
}

/// The client's address: the peer's, or what a trusted proxy forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let peer = PeerAddr::from_request_parts(parts, state)
            .await?
            .0
            .ip()
            .to_canonical();
        Ok(Self(match parts.extensions.get::<TrustedProxies>() {
            Some(proxies) => proxies.client(peer, &parts.headers),
            None => peer,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let proxies =
            TrustedProxies::new(["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_its_address() {
        assert_eq!(client("192.0.2.9", &["198.51.100.1"]), "192.0.2.9");
    }

    #[test]
    fn the_first_untrusted_hop_from_the_right_is_the_client() {
        assert_eq!(
            client("10.0.0.1", &["203.0.113.5, 198.51.100.1, 10.0.0.7"]),
            "198.51.100.1"
        );
        assert_eq!(
            client("10.0.0.1", &["203.0.113.5", "198.51.100.1"]),
            "198.51.100.1"
        );
        assert_eq!(client("fd00::1", &["2001:db8::1"]), "2001:db8::1");
    }

    #[test]
    fn what_cannot_be_read_counts_for_the_proxy() {
        for odd in ["a", "198.51.100.1:80", "", "unknown, 10.0.0.7"] {
            assert_eq!(client("10.0.0.1", &[odd]), "10.0.0.1", "{odd:?}");
        }
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }
}
