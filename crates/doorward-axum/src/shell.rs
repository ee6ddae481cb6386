//! What surrounds every router: the request's way in, and the answer's way out.

mod answer;
pub(crate) mod config;
pub(crate) mod cors;
mod future;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CONTENT_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use http_body::Body as _;
use http_body_util::Limited;
use tower::Service;
use tracing::Span;

use self::answer::Answer;
use self::config::ShellConfig;
pub use self::future::ResponseFuture;
use crate::context::{BodyRules, PeerAddr, RequestContext, RequestId};
use crate::error::ApiError;
use crate::limits::HttpLimits;
use crate::meter::HttpMeter;
use crate::problem;
use http::StatusCode;

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The methods that the server knows, for the `Allow` of a refused TRACE or
/// CONNECT, which no route decides.
const KNOWN_METHODS: HeaderValue =
    HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");

/// Wraps a router in the shell: request ids, security headers, limits, panics,
/// deadlines, JSON for every failure, HEAD, OPTIONS and CORS.
///
/// The router's fallbacks are covered too. Serve the result with
/// [`crate::serve()`]; it is also a tower service, and turns into a [`Router`].
#[must_use]
pub fn app(router: Router, config: ShellConfig) -> App {
    App {
        router,
        shell: Arc::new(config),
    }
}

/// A router in its shell. Made by [`app`].
#[derive(Debug, Clone)]
pub struct App {
    router: Router,
    shell: Arc<ShellConfig>,
}

impl App {
    /// The limits that this application was given.
    #[must_use]
    pub fn limits(&self) -> &HttpLimits {
        &self.shell.limits
    }

    /// What counts this application's requests and connections.
    pub(crate) fn meter(&self) -> Option<&Arc<HttpMeter>> {
        self.shell.meter.as_ref()
    }

    /// A copy with settings of its own, so that requests on different threads
    /// don't count references in the same place.
    pub(crate) fn for_connection(&self) -> Self {
        Self {
            router: self.router.clone(),
            shell: Arc::new(ShellConfig::clone(&self.shell)),
        }
    }

    /// Answers one request.
    pub(crate) fn respond(
        &self,
        mut request: Request<Body>,
        peer: Option<PeerAddr>,
    ) -> ResponseFuture {
        let headers = request.headers();
        let id = headers
            .get(X_REQUEST_ID)
            .and_then(RequestId::accept)
            .unwrap_or_else(RequestId::make);
        let cors = self.shell.cors.as_ref();
        let answer = Answer {
            shell: Arc::clone(&self.shell),
            wants_problem: problem::is_wanted(headers),
            cors: cors.and_then(|cors| cors.asked(request.method(), headers)),
            method: request.method().clone(),
            target: request.uri().path_and_query().cloned(),
            started_at: self.shell.measures_time().then(std::time::Instant::now),
            span: self.span(&request),
            peer,
            id,
        };
        if let Err(refusal) = admit(&request, &self.shell.limits) {
            return ResponseFuture::ready(answer, refusal.into_response());
        }
        request.extensions_mut().insert(RequestContext {
            id: answer.id,
            peer,
            rules: BodyRules::from(&self.shell.limits),
        });
        let request = limit_body(request, self.shell.limits.body_bytes);
        ResponseFuture::routed(answer, self.router.clone(), request)
    }

    fn span(&self, request: &Request<Body>) -> Span {
        let Some(make) = self.shell.span else {
            return Span::none();
        };
        let meter = self.shell.meter.as_ref();
        make(
            request,
            meter.and_then(|meter| meter.route(request.uri().path())),
        )
    }

    /// The answer to what never became a request, such as a malformed head.
    pub(crate) fn refuse(&self, refusal: ApiError, peer: SocketAddr) -> Response {
        let answer = Answer {
            shell: Arc::clone(&self.shell),
            wants_problem: false,
            cors: None,
            // Keeps the body, which a HEAD would lose.
            method: Method::GET,
            target: None,
            started_at: self.shell.measures_time().then(std::time::Instant::now),
            span: Span::none(),
            peer: Some(PeerAddr(peer)),
            id: RequestId::make(),
        };
        answer.finish(refusal.into_response())
    }
}

/// What is refused before any route is looked for.
fn admit(request: &Request<Body>, limits: &HttpLimits) -> Result<(), ApiError> {
    let target = request.uri().path_and_query();
    if target.is_some_and(|target| target.as_str().len() > limits.url_bytes) {
        return Err(ApiError::from_status(StatusCode::URI_TOO_LONG));
    }
    if matches!(*request.method(), Method::TRACE | Method::CONNECT) {
        return Err(ApiError::method_not_allowed(KNOWN_METHODS));
    }
    let headers = request.headers();
    // Two layers could pick different ones of two credentials.
    let mut credentials = headers.get_all(AUTHORIZATION).iter();
    if credentials.next().is_some() && credentials.next().is_some() {
        return Err(ApiError::bad_request("Authorization header is repeated")
            .with_code("repeated_authorization"));
    }
    if request.body().is_end_stream() {
        return Ok(());
    }
    if is_encoded(headers) {
        return Err(ApiError::unsupported_media_type(
            "Compressed request bodies are not supported",
        )
        .with_code("unsupported_content_encoding"));
    }
    let announced = request.body().size_hint().lower();
    if usize::try_from(announced).map_or(true, |length| length > limits.body_bytes) {
        return Err(ApiError::payload_too_large());
    }
    Ok(())
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// A body of unknown length is cut at the limit; one of known length was
/// checked, and needs no wrapper.
fn limit_body(request: Request<Body>, limit: usize) -> Request<Body> {
    if request.body().size_hint().exact().is_some() {
        request
    } else {
        request.map(|body| Body::new(Limited::new(body, limit)))
    }
}

impl Service<Request<Body>> for App {
    type Response = Response;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let peer = PeerAddr::of(request.extensions());
        self.respond(request, peer)
    }
}

impl From<App> for Router {
    fn from(app: App) -> Self {
        Self::new().fallback_service(app)
    }
}
