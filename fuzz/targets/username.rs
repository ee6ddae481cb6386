//! Names: what identifies a user is its own canonical form, and fits into the column.
#![no_main]

use doorward::username::Username;
use doorward_fuzz::in_time;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    in_time(|| {
        let Ok(name) = Username::parse(text) else {
            return;
        };
        let key = name.key().as_bytes();
        assert!(key.len() <= Username::MAX_KEY_BYTES);
        let text = std::str::from_utf8(key).expect("it is text");
        if let Ok(again) = Username::parse(text) {
            assert_eq!(again.key(), name.key(), "{text:?}");
        }
    });
});
