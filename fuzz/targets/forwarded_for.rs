//! `X-Forwarded-For` in every form: from others than a proxy it says nothing, and a proxy's own chain ends at an address.
#![no_main]

use std::net::SocketAddr;

use axum::extract::FromRequestParts as _;
use doorward_axum::{ClientAddress, PeerAddr, TrustedProxies};
use doorward_fuzz::in_time;
use http::{HeaderValue, Request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|values: Vec<&[u8]>| {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    for (peer, trusted) in [("192.0.2.1:1", false), ("127.0.0.1:1", true)] {
        let peer: SocketAddr = peer.parse().expect("an address");
        let mut request = Request::new(());
        for value in &values {
            let Ok(value) = HeaderValue::from_bytes(value) else {
                return;
            };
            request.headers_mut().append("x-forwarded-for", value);
        }
        let proxies = TrustedProxies::new(["127.0.0.0/8".parse().expect("a network")]);
        request.extensions_mut().insert(proxies);
        request.extensions_mut().insert(PeerAddr(peer));
        let (mut parts, ()) = request.into_parts();
        let found =
            in_time(|| runtime.block_on(ClientAddress::from_request_parts(&mut parts, &())));
        let ClientAddress(address) = found.expect("there is a peer");
        assert!(trusted || address == peer.ip());
    }
});
