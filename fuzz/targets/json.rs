//! The check of every body before it is read: what it lets pass, the reader takes, and each name once.
#![no_main]

use doorward::json::{JsonLimits, check};
use doorward_fuzz::in_time;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    if in_time(|| check(text, JsonLimits::default())).is_ok() {
        let read: Result<serde_json::Value, _> = serde_json::from_slice(text);
        if let Err(error) = read {
            // The grammar has numbers that no reader holds.
            assert!(error.to_string().contains("number out of range"), "{error}");
        }
    }
});
