//! What [`crate::app`] can be told.

use std::sync::Arc;

use axum::body::Body;
use http::Request;
use tracing::Span;

use super::cors::Cors;
use crate::limits::HttpLimits;
use crate::meter::HttpMeter;

/// Settings of the shell around a router. The default is a plain-http service
/// without CORS and without an access log.
#[derive(Debug, Clone, Default)]
pub struct ShellConfig {
    /// Sizes and deadlines, for the shell, the extractors and [`crate::serve()`].
    pub limits: HttpLimits,
    /// Whether clients reach the service by https: adds
    /// `Strict-Transport-Security` (ASVS 3.4.1).
    pub https: bool,
    /// One line per request at level info, target `doorward::access`. The query
    /// string is left out, since it may hold a secret.
    pub access_log: bool,
    /// Counts requests and connections; `None` to count nothing.
    pub meter: Option<Arc<HttpMeter>>,
    /// Makes the span in which a request is handled; `None` for none. When the answer is known it gets the fields
    /// `doorward.request_id`, `http.response.status_code` and, after a failure of ours, `otel.status_code`, where it has
    /// declared them.
    pub span: Option<RequestSpan>,
    /// Which other origins may read answers; `None` for none.
    pub cors: Option<Cors>,
}

/// Makes the span of a request that goes to the route with this pattern. Without a `meter` no pattern is known.
pub type RequestSpan = fn(&Request<Body>, Option<&str>) -> Span;

impl ShellConfig {
    /// Whether anybody wants to know how long a request took.
    pub(crate) fn measures_time(&self) -> bool {
        self.access_log || self.meter.is_some()
    }
}
