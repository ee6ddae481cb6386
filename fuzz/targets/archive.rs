//! A backup, as \`doorward db restore --check\` reads it.
#![no_main]

use doorward::store::backup::Archive;
use doorward_fuzz::in_time;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    in_time(|| {
        if let Ok(archive) = Archive::open(bytes) {
            let _ = archive.check();
        }
    });
});
