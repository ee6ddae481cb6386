//! `api_keys.*`.

use doorward::api_key::ApiKeyPolicy;

use super::{error::ConfigError, values::Values};

pub(super) fn read(v: &mut Values) -> Result<ApiKeyPolicy, ConfigError> {
    Ok(ApiKeyPolicy {
        max_lifetime: v.take("api_keys.max_lifetime")?,
        token_ttl: v.take("api_keys.token_ttl")?,
    })
}
