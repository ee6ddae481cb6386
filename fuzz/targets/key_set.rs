//! Keys that somebody publishes, and PEM.
#![no_main]

use doorward::token::{KeyPair, PublicJwk};
use doorward_fuzz::in_time;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    in_time(|| {
        let _ = PublicJwk::parse(text);
        let _ = PublicJwk::parse_set(text);
        let _ = KeyPair::from_pem(text);
    });
});
