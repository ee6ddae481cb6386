//! What a client reads of its own failures (draft-ietf-httpapi-ratelimit-headers).

use std::{net::IpAddr, time::Duration};

use axum::http::{HeaderName, HeaderValue};
use doorward::{authenticator::Authenticator, caller::Client, throttle::Standing};
use doorward_axum::ApiError;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// `RateLimit-Policy` and `RateLimit` for a name at an address, the same whether the name exists; none in the demo,
/// which limits nothing. Advice only: when it cannot be read, the answer goes without it.
pub(super) async fn of_login(
    authenticator: &Authenticator,
    username: &str,
    address: IpAddr,
) -> Vec<(HeaderName, HeaderValue)> {
    let standing = authenticator.login_standing(username, address).await;
    standing.ok().flatten().map_or_else(Vec::new, headers)
}

/// The same for whoever asks for a link to set a new password.
pub(super) async fn of_recovery(
    authenticator: &Authenticator,
    client: &Client,
) -> Vec<(HeaderName, HeaderValue)> {
    let standing = authenticator.recovery_standing(client).await;
    standing.ok().flatten().map_or_else(Vec::new, headers)
}

/// A refusal with these headers.
pub(super) fn onto(error: ApiError, headers: &[(HeaderName, HeaderValue)]) -> ApiError {
    let with = |error: ApiError, (name, value)| error.with_header(name, value);
    headers.iter().cloned().fold(error, with)
}

fn headers(standing: Standing) -> Vec<(HeaderName, HeaderValue)> {
    let window = standing.window.as_secs();
    let policy = format!("\"default\";q={};w={window}", standing.quota);
    let left = standing.remaining;
    let limit = match standing.reset {
        Some(reset) => format!("\"default\";r={left};t={}", whole_seconds(reset)),
        None => format!("\"default\";r={left}"),
    };
    [(POLICY, policy), (LIMIT, limit)]
        .into_iter()
        .filter_map(|(name, value)| Some((name, HeaderValue::try_from(value).ok()?)))
        .collect()
}

/// Rounded up, as in `Retry-After`: whoever waits so long has waited enough.
fn whole_seconds(duration: Duration) -> u64 {
    duration
        .as_secs()
        .saturating_add(u64::from(duration.subsec_nanos() > 0))
}
