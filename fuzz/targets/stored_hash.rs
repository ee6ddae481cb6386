//! A stored password in every form that is known: what is read is kept as it is.
#![no_main]

use doorward::password::{AcceptedForms, FormGroups, PasswordHash};
use doorward_fuzz::in_time;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|stored: &str| {
    let every = AcceptedForms {
        groups: FormGroups::EVERY,
        ..AcceptedForms::default()
    };
    in_time(|| {
        let _ = PasswordHash::parse(stored);
        let _ = PasswordHash::parse_with(stored, &every);
    });
});
