//! Whatever is sent as Flask's session cookie is refused: nobody signs by chance.
#![no_main]

use std::{sync::LazyLock, time::Duration};

use doorward::flask_session::SessionSigner;
use doorward_fuzz::{in_time, secret};
use libfuzzer_sys::fuzz_target;

static SIGNER: LazyLock<SessionSigner> =
    LazyLock::new(|| SessionSigner::new(&secret(), &[secret()], Duration::from_secs(86_400)));

fuzz_target!(|cookie: &str| {
    in_time(|| assert!(SIGNER.open(cookie, 1_800_000_000).is_err()));
});
