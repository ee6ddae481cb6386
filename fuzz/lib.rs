//! What the fuzz targets share: a time limit, the keys that inputs are signed with, and the moment at which they are read.

use std::time::{Duration, Instant};

use doorward::{
    access::{AccessTokenPolicy, AccessTokens},
    clock::Timestamp,
    secret::Secret,
    token::Hs256Key,
};

/// Nothing that a stranger sends may take longer to be read or refused.
const LIMIT: Duration = Duration::from_millis(100);

/// The moment of every run, so that the same input has the same answer.
pub const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// The secret of every run.
pub const SECRET: &str = "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf";

/// Runs `work`, and stops the fuzzer when it takes too long every time: once may be the machine's doing.
pub fn in_time<T>(mut work: impl FnMut() -> T) -> T {
    let mut tries = 0;
    loop {
        let begun = Instant::now();
        let result = work();
        tries += 1;
        if begun.elapsed() <= LIMIT {
            return result;
        }
        assert!(tries < 5, "it takes more than {LIMIT:?}");
    }
}

/// The secret.
#[must_use]
pub fn secret() -> Secret {
    Secret::from_text(SECRET.to_owned())
}

/// Access tokens as a server has them that signs with the secret.
#[must_use]
pub fn access_tokens() -> AccessTokens {
    AccessTokens::new(
        Hs256Key::new(&secret(), None),
        AccessTokenPolicy::new("doorward"),
    )
}
