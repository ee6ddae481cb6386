//! A header and claims of every kind behind a good signature: what is accepted has a user, and is within its time.
#![no_main]

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward::access::AccessTokens;
use doorward_fuzz::{NOW, SECRET, access_tokens, in_time};
use hmac::{Hmac, KeyInit as _, Mac as _};
use libfuzzer_sys::fuzz_target;
use sha2::Sha256;

static TOKENS: LazyLock<AccessTokens> = LazyLock::new(access_tokens);

fuzz_target!(|parts: (bool, &str, &str)| {
    let (usual, header, claims) = parts;
    let header = if usual {
        r#"{"alg":"HS256","typ":"JWT"}"#
    } else {
        header
    };
    let input = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()) else {
        return;
    };
    let signature = mac.chain_update(&input).finalize().into_bytes();
    let token = format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature));
    if let Ok(_claimed) = in_time(|| TOKENS.verify(&token, NOW)) {
        let claims: serde_json::Value = serde_json::from_str(claims).expect("it is JSON");
        assert!(claims["user_id"].is_i64() || claims["sub"].is_string());
        assert!(claims["exp"].as_f64().expect("it ends") > NOW.as_seconds() as f64 - 120.0);
        let header: serde_json::Value = serde_json::from_str(header).expect("it is JSON");
        assert_eq!(header["alg"], "HS256");
    }
});
