//! What a request meets on its way: the name, the token, the revocations, the cookie, the queue of hashes.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark may stop at the first surprise"
)]

use doorward::clock::Timestamp;
use doorward::secret::Secret;

fn main() {
    divan::main();
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000)
}

fn secret() -> Secret {
    Secret::from_text("a key for the benchmark, no secret, long enough".to_owned())
}

mod canonical_name {
    use divan::{Bencher, black_box};
    use doorward::username::Username;

    #[divan::bench]
    fn ascii(bencher: Bencher<'_, '_>) {
        bencher.bench(|| Username::parse(black_box("Ada.Lovelace")).unwrap());
    }

    #[divan::bench]
    fn decomposed_and_wide(bencher: Bencher<'_, '_>) {
        bencher.bench(|| Username::parse(black_box("A\u{30a}ngstro\u{308}m.\u{ff21}")).unwrap());
    }
}

mod token {
    use divan::{Bencher, black_box};
    use doorward::access::{AccessTokenPolicy, AccessTokens, SigningFrom};
    use doorward::permission::Rights;
    use doorward::random::OsRandom;
    use doorward::role::Role;
    use doorward::token::{Hs256Key, KeyPair, PairAlgorithm, SigningKey, VerifyingKey};
    use doorward::user::{Epochs, User, UserId};

    use super::{now, secret};

    fn verify(bencher: Bencher<'_, '_>, tokens: &AccessTokens) {
        let user = User {
            id: UserId::new(7),
            username: "ada".to_owned(),
            role: Role::user(),
            created_at: now(),
            disabled_at: None,
            epochs: Epochs::default(),
        };
        let issued = tokens.issue(&user, &Rights::default(), None, &OsRandom, now());
        let token = issued.unwrap().token;
        bencher.bench(|| tokens.verify(black_box(token.as_str()), now()).unwrap());
    }

    #[divan::bench]
    fn hs256(bencher: Bencher<'_, '_>) {
        let policy = AccessTokenPolicy::new("doorward");
        let tokens = AccessTokens::new(Hs256Key::new(&secret(), None), policy);
        verify(bencher, &tokens);
    }

    #[divan::bench(args = [PairAlgorithm::Es256, PairAlgorithm::EdDsa])]
    fn of_a_pair(bencher: Bencher<'_, '_>, algorithm: PairAlgorithm) {
        let key = SigningKey::from(KeyPair::generate(algorithm).unwrap());
        let verifying = VerifyingKey::of(&key).unwrap();
        let tokens = AccessTokens::without_keys(AccessTokenPolicy::new("doorward"));
        tokens.set_keys(vec![SigningFrom { from: now(), key }], [verifying]);
        verify(bencher, &tokens);
    }
}

mod revocation {
    use divan::{Bencher, black_box};
    use doorward::revocation::Revocations;
    use doorward::session::SessionId;
    use doorward::store::Revoked;
    use doorward::user::UserId;

    use super::now;

    fn session(number: u128) -> SessionId {
        // Scattered as real ones are.
        SessionId::from_bytes(
            number
                .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
                .to_be_bytes(),
        )
    }

    #[divan::bench(args = [0, 1_000_000])]
    fn check(bencher: Bencher<'_, '_>, revoked: u128) {
        let revocations = Revocations::default();
        for number in 0..revoked {
            revocations.remember(Revoked::Session(session(number)), now());
        }
        let good = session(u128::MAX / 3);
        bencher.bench(|| revocations.refuse(UserId::new(7), black_box(Some(good)), 0));
    }
}

mod flask_cookie {
    use std::time::Duration;

    use divan::{Bencher, black_box};
    use doorward::flask_session::{SessionData, SessionSigner};

    use super::secret;

    const NOW: u64 = 1_800_000_000;

    fn signer() -> SessionSigner {
        SessionSigner::new(&secret(), &[], Duration::from_hours(24))
    }

    fn session() -> SessionData {
        let mut session = SessionData::new();
        session.insert("username", "ada");
        session.insert("user_id", 7);
        session
    }

    #[divan::bench]
    fn read(bencher: Bencher<'_, '_>) {
        let signer = signer();
        let cookie = signer.encode(&session(), NOW).unwrap();
        bencher.bench(|| signer.decode(black_box(&cookie), NOW).unwrap());
    }

    #[divan::bench]
    fn write(bencher: Bencher<'_, '_>) {
        let (signer, session) = (signer(), session());
        bencher.bench(|| signer.encode(black_box(&session), NOW).unwrap());
    }
}

/// A hash of a few microseconds, computed by itself and through the queue: the difference is what the queue costs a hash of 15
/// milliseconds.
mod hash {
    use std::num::NonZeroUsize;
    use std::sync::Arc;

    use divan::Bencher;
    use doorward::password::{
        Argon2idParams, HashPool, HashPoolConfig, KdfMemory, Password, PasswordHash,
    };

    fn tiny() -> (Arc<Password>, Arc<PasswordHash>) {
        let password = Arc::new(Password::parse("correct horse battery staple").unwrap());
        let text = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$kJ/QyNmMqXCOvbXGYoWXmhdfcqSVgWoYAmSyMBbLRFo";
        (password, Arc::new(PasswordHash::parse(text).unwrap()))
    }

    #[divan::bench]
    fn tiny_alone(bencher: Bencher<'_, '_>) {
        let (password, hash) = tiny();
        let mut memory = KdfMemory::new(8);
        bencher.bench_local(|| hash.verify(&password, &mut memory).unwrap());
    }

    #[divan::bench]
    fn tiny_through_the_queue(bencher: Bencher<'_, '_>) {
        let (password, hash) = tiny();
        let pool = HashPool::start(HashPoolConfig::with_threads(NonZeroUsize::MIN)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        bencher.bench_local(|| {
            let verified = pool.verify(Arc::clone(&password), Arc::clone(&hash));
            runtime.block_on(verified).unwrap()
        });
    }

    #[divan::bench(sample_count = 20)]
    fn default_alone(bencher: Bencher<'_, '_>) {
        let password = Password::parse("correct horse battery staple").unwrap();
        let params = Argon2idParams::default();
        let mut memory = KdfMemory::new(params.memory_kib());
        bencher.bench_local(|| {
            PasswordHash::compute(&password, &params, [7; 16], &mut memory).unwrap()
        });
    }
}
