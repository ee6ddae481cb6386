//! The header `Authorization`.
#![no_main]

use doorward::authorization::{basic, bearer};
use doorward_fuzz::in_time;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|value: &[u8]| {
    in_time(|| {
        if let Ok(credentials) = basic(Some(value)) {
            assert!(!credentials.username().contains(':'));
        }
        if let Ok(token) = bearer(Some(value)) {
            assert!(!token.is_empty() && !token.contains(' '));
        }
    });
});
