//! The way out: what is done to every response.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    SERVER, STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, StatusCode};
use http_body::Body as _;
use tracing::Span;

use super::X_REQUEST_ID;
use super::config::ShellConfig;
use super::cors::CorsRequest;
use crate::context::{PeerAddr, RequestId};
use crate::error::ApiError;
use crate::problem;

const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains");

/// What must be remembered of a request to finish its response.
pub(crate) struct Answer {
    pub(super) shell: Arc<ShellConfig>,
    pub(super) id: RequestId,
    pub(super) wants_problem: bool,
    pub(super) cors: Option<CorsRequest>,
    pub(super) method: Method,
    pub(super) target: Option<PathAndQuery>,
    pub(super) started_at: Option<Instant>,
    pub(super) peer: Option<PeerAddr>,
    pub(super) span: Span,
}

impl Answer {
    pub(super) fn finish(self, mut response: Response) -> Response {
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            self.finish_failure(&mut response);
        }
        let is_measured = response.body().size_hint().exact().is_some();
        let headers = response.headers_mut();
        headers.remove(SERVER);
        // The HTTP layer writes the length of a known body by itself, and one
        // header less keeps the usual answer within the map's first allocation.
        if is_measured && self.method != Method::HEAD && status != StatusCode::NOT_MODIFIED {
            headers.remove(CONTENT_LENGTH);
        }
        headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        headers.entry(CONTENT_SECURITY_POLICY).or_insert(POLICY);
        headers.entry(REFERRER_POLICY).or_insert(NO_REFERRER);
        headers.entry(CACHE_CONTROL).or_insert(NO_STORE);
        if self.shell.https {
            headers.insert(STRICT_TRANSPORT_SECURITY, HSTS);
        }
        headers.insert(X_REQUEST_ID, self.id.header_value());
        if !self.span.is_none() {
            self.complete_span(response.status());
        }
        if let Some(started_at) = self.started_at {
            self.note(response.status(), started_at.elapsed());
        }
        if let Some(cors) = &self.shell.cors {
            cors.decorate(self.cors, response.headers_mut());
        }
        response
    }

    #[cold]
    fn finish_failure(&self, response: &mut Response) {
        let status = response.status();
        if status == StatusCode::METHOD_NOT_ALLOWED {
            complete_allow(response);
            let is_routed = response.extensions().get::<ApiError>().is_none();
            if self.method == Method::OPTIONS && is_routed {
                become_options(response);
                return;
            }
        }
        let error = response.extensions_mut().remove::<ApiError>();
        if status.is_server_error() {
            self.log_failure(status, error.as_ref());
        }
        // A handler's own error page stays as it is.
        if error.is_some() || !response.headers().contains_key(CONTENT_TYPE) {
            let error = error.unwrap_or_else(|| ApiError::from_status(status));
            self.render(&error, response);
            response.extensions_mut().insert(error);
        }
    }

    fn render(&self, error: &ApiError, response: &mut Response) {
        let (body, media_type) = if self.wants_problem {
            let body = problem::body(error, Some(self.id.as_str()));
            response
                .headers_mut()
                .append(VARY, HeaderValue::from_static("Accept"));
            (body, problem::MEDIA_TYPE)
        } else {
            (error.plain_body(), "application/json")
        };
        let length = body.size_hint().exact();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(CONTENT_LENGTH, length.unwrap_or_default().into());
        *response.body_mut() = if self.method == Method::HEAD {
            Body::empty()
        } else {
            body
        };
    }

    fn log_failure(&self, status: StatusCode, error: Option<&ApiError>) {
        let cause = error.and_then(ApiError::cause);
        tracing::error!(
            request_id = self.id.as_str(),
            method = self.method.as_str(),
            path = self.path(),
            status = status.as_u16(),
            code = error.map_or("", ApiError::code),
            cause = cause.as_deref().unwrap_or_default(),
            "request failed"
        );
    }

    /// Says in the span what is known only now.
    #[cold]
    fn complete_span(&self, status: StatusCode) {
        self.span.record("doorward.request_id", self.id.as_str());
        self.span
            .record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            self.span.record("otel.status_code", "ERROR");
        }
    }

    /// Counts the request and logs it, whichever is wanted.
    fn note(&self, status: StatusCode, took: Duration) {
        if let Some(meter) = &self.shell.meter {
            meter.count(self.path(), &self.method, status, took);
        }
        if self.shell.access_log {
            self.log_access(status, took);
        }
    }

    fn log_access(&self, status: StatusCode, took: Duration) {
        tracing::info!(
            target: "doorward::access",
            request_id = self.id.as_str(),
            peer = ?self.peer.map(|PeerAddr(address)| address),
            method = self.method.as_str(),
            path = self.path(),
            status = status.as_u16(),
            micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            "request"
        );
    }

    fn path(&self) -> &str {
        self.target.as_ref().map_or("", PathAndQuery::path)
    }
}

/// axum lists `GET,HEAD`; every route answers OPTIONS too.
fn complete_allow(response: &mut Response) {
    let listed = response.headers().get(ALLOW).and_then(|v| v.to_str().ok());
    let mut methods: Vec<&str> = listed
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|method| !method.is_empty())
        .collect();
    if !methods.contains(&"OPTIONS") {
        methods.push("OPTIONS");
    }
    if let Ok(value) = HeaderValue::from_str(&methods.join(", ")) {
        response.headers_mut().insert(ALLOW, value);
    }
}

/// The answer of a route that has no OPTIONS handler of its own.
fn become_options(response: &mut Response) {
    *response.status_mut() = StatusCode::NO_CONTENT;
    *response.body_mut() = Body::empty();
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().remove(CONTENT_TYPE);
}
