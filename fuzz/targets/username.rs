//! Names: what identifies a user is its own canonical form, and fits into the column.
#![no_main]

use doorward::username::{Username, UsernameKey};
use doorward_fuzz::in_time;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    in_time(|| {
        let Ok(name) = Username::parse(text) else {
            return;
        };
        let key = name.key();
        assert!(key.as_str().len() <= Username::MAX_KEY_BYTES);
        assert_eq!(&UsernameKey::of(key.as_str()), key, "{text:?}");
    });
});
