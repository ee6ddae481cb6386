//! E-mail addresses: no line can be put into a letter's head.
#![no_main]

use doorward::email::EmailAddress;
use doorward_fuzz::in_time;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    in_time(|| {
        if let Ok(address) = EmailAddress::parse(text) {
            assert!(!address.as_str().chars().any(|c| c.is_control() || c == ' '));
        }
    });
});
