//! What a handler tells the core about the client of a request.

use axum::extract::FromRequestParts;
use doorward::caller::{Client, UserAgent};
use http::{HeaderValue, header::USER_AGENT, request::Parts};

use super::ClientAddress;
use crate::{ApiError, RequestId};

/// The client of the request: its address as [`ClientAddress`] has it, its `User-Agent`, and the request's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestClient(pub Client);

impl RequestClient {
    /// The client of the request, one of which nothing is known where there is none: for what is recorded on the way to an
    /// answer.
    pub(super) async fn of<S: Send + Sync>(parts: &mut Parts, state: &S) -> Client {
        let client = Self::from_request_parts(parts, state).await;
        client.map_or_else(|_| Client::default(), |Self(client)| client)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestClient {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let ClientAddress(address) = ClientAddress::from_request_parts(parts, state).await?;
        let user_agent = parts
            .headers
            .get(USER_AGENT)
            .map(HeaderValue::as_bytes)
            .and_then(|bytes| UserAgent::new(&String::from_utf8_lossy(bytes)));
        Ok(Self(Client {
            address: Some(address),
            user_agent,
            request_id: RequestId::of(&parts.extensions).map(|id| id.as_str().to_owned()),
        }))
    }
}
