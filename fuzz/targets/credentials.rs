//! API keys, refresh tokens, session numbers, permissions and scopes.
#![no_main]

use doorward::{
    api_key::{ApiKey, ApiKeyId},
    permission::{Permission, PermissionSet},
    role::Role,
    session::{RefreshToken, SessionId},
};
use doorward_fuzz::in_time;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    in_time(|| {
        let _ = ApiKey::parse(text);
        let _ = ApiKeyId::parse(text);
        let _ = RefreshToken::parse(text);
        if let Ok(id) = SessionId::parse(text) {
            assert_eq!(id.to_string(), text, "one text for each session");
        }
        let _ = Permission::parse(text);
        let _ = PermissionSet::from_scope(text);
        let _ = Role::parse(text);
    });
});
