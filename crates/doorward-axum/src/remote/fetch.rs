use std::time::Duration;

use doorward::token::{KeyError, PublicJwk, TokenError};
use reqwest::{Client, Response, StatusCode, Url, redirect};

use super::config::{RemoteConfig, RemoteConfigError};

/// The longest set of keys that is read, in bytes: the server's has some hundred for each key.
const MAX_KEYS_BYTES: usize = 256 * 1024;
/// How long the server may take to answer.
const DEADLINE: Duration = Duration::from_secs(5);

/// What the server publishes.
#[derive(Debug)]
pub(super) struct Source {
    client: Client,
    keys: Url,
    revocations: Url,
}

/// Why something could not be had from the server.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("the server could not be reached: {0}")]
    Request(#[from] reqwest::Error),
    #[error(
        "the server answered {0}; is the address the one of doorward itself, without a redirect?"
    )]
    Status(StatusCode),
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
    #[error("the answer is no text")]
    NotText,
    #[error("the answer is no set of keys: {0}")]
    Keys(#[from] KeyError),
    #[error("the server publishes no key; a shared secret (HS256) has none")]
    NoKeys,
    #[error("the list of revocations is not good: {0}")]
    List(#[from] TokenError),
}

impl Source {
    pub(super) fn new(config: &RemoteConfig) -> Result<Self, RemoteConfigError> {
        config.check_transport()?;
        let place = |path| {
            let refused = |_| RemoteConfigError::Address(config.base.to_string());
            config.base.join(path).map_err(refused)
        };
        // A redirect could lead to whoever controls an open one.
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(DEADLINE)
            .user_agent(concat!("doorward-axum/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| RemoteConfigError::Client(error.to_string()))?;
        Ok(Self {
            client,
            keys: place(".well-known/jwks.json")?,
            revocations: place("auth/revocations")?,
        })
    }

    /// The published keys, at least one.
    pub(super) async fn keys(&self) -> Result<Vec<PublicJwk>, FetchError> {
        let text = self.get(self.keys.clone(), MAX_KEYS_BYTES).await?;
        let keys = PublicJwk::parse_set(&text)?;
        if keys.is_empty() {
            return Err(FetchError::NoKeys);
        }
        Ok(keys)
    }

    /// The list of revocations above a cursor, unverified.
    pub(super) async fn revocations(&self, after: i64) -> Result<String, FetchError> {
        let mut url = self.revocations.clone();
        url.set_query(Some(&format!("after={after}")));
        self.get(url, doorward::access::MAX_LIST_BYTES).await
    }

    async fn get(&self, url: Url, limit: usize) -> Result<String, FetchError> {
        let response = self.client.get(url).send().await?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let bytes = read(response, limit).await?;
        String::from_utf8(bytes).map_err(|_| FetchError::NotText)
    }
}

/// Reads until the end or the limit, whatever `Content-Length` promises.
async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, FetchError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > limit {
            return Err(FetchError::TooLong(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
