//! A session of every kind behind a good signature, compressed or not: what is read is written and read again the same.
#![no_main]

use std::{sync::LazyLock, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward::flask_session::SessionSigner;
use doorward_fuzz::{SECRET, in_time, secret};
use hmac::{Hmac, KeyInit as _, Mac as _};
use libfuzzer_sys::fuzz_target;
use sha1::Sha1;

const NOW: u64 = 1_800_000_000;

static SIGNER: LazyLock<SessionSigner> =
    LazyLock::new(|| SessionSigner::new(&secret(), &[], Duration::from_secs(86_400)));

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let keyed = Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes keys of any length");
    keyed.chain_update(text).finalize().into_bytes().to_vec()
}

fuzz_target!(|parts: (bool, &[u8])| {
    let (compressed, payload) = parts;
    let time = URL_SAFE_NO_PAD.encode(1_799_999_000_u32.to_be_bytes());
    let dot = if compressed { "." } else { "" };
    let value = format!("{dot}{}.{time}", URL_SAFE_NO_PAD.encode(payload));
    let key = mac(SECRET.as_bytes(), b"cookie-session");
    let cookie = format!(
        "{value}.{}",
        URL_SAFE_NO_PAD.encode(mac(&key, value.as_bytes()))
    );
    if let Ok(data) = in_time(|| SIGNER.decode(&cookie, NOW)) {
        let Ok(written) = SIGNER.encode(&data, NOW) else {
            return;
        };
        let again = SIGNER.decode(&written, NOW).expect("it is ours");
        assert!(data.iter().eq(again.iter()));
    }
});
