//! Whatever is sent as an access token is refused: nobody signs by chance.
#![no_main]

use std::sync::LazyLock;

use doorward::access::AccessTokens;
use doorward_fuzz::{NOW, access_tokens, in_time};
use libfuzzer_sys::fuzz_target;

static TOKENS: LazyLock<AccessTokens> = LazyLock::new(access_tokens);

fuzz_target!(|token: &str| {
    in_time(|| assert!(TOKENS.verify(token, NOW).is_err()));
});
