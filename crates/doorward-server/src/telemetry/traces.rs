//! Spans of requests, password hashes and statements, for an OpenTelemetry collector.
//!
//! One span a request, under the caller's own where it sends `traceparent` (W3C Trace Context); below it the hashes of
//! passwords and what is asked of the database. They hold the route's pattern and the statement's text with its
//! placeholders, and neither paths nor values.

use std::time::Duration;

use axum::body::Body;
use doorward_axum::RequestSpan;
use http::Request;
use opentelemetry::{
    KeyValue,
    propagation::TextMapPropagator as _,
    trace::{TraceContextExt as _, TracerProvider as _},
};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use tracing::{Metadata, Span, subscriber::Interest};
use tracing_appender::non_blocking::NonBlocking;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{
    Layer as _, Registry, filter::dynamic_filter_fn, layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use super::line_layer;
use crate::{
    config::{Config, WebOrigin},
    failure::Failure,
};

/// The target of spans that are sent. It is none of the log's, so that no line grows by them.
const TARGET: &str = "traces";

/// The name of a request's span for `tracing`; it is sent as method and route.
const REQUEST: &str = "request";

/// How long one batch of spans may take to be sent, and the last one when the server ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// What sends spans, a batch every few seconds from a thread of its own. Dropping it sends the last ones.
#[derive(Debug)]
pub struct Spans {
    provider: SdkTracerProvider,
}

impl Spans {
    /// Starts logging and sending. Further headers, such as a token for the collector, come from
    /// `OTEL_EXPORTER_OTLP_HEADERS`.
    pub(super) fn start(
        config: &Config,
        collector: &WebOrigin,
        writer: NonBlocking,
    ) -> Result<Self, Failure> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(format!("{collector}/v1/traces"))
            .with_timeout(PATIENCE)
            .build()
            .map_err(Failure::because(
                "no spans can be sent to `traces.collector`",
            ))?;
        let resource = Resource::builder()
            .with_attribute(KeyValue::new("service.name", "doorward"))
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            // Not the caller's decision: nobody outside makes us send more.
            .with_sampler(Sampler::TraceIdRatioBased(
                f64::from(config.traces.sample_percent) / 100.0,
            ))
            .with_resource(resource)
            .build();
        let spans = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("doorward"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(
                // What the server asks of the database by itself, twice a second, is nobody's request.
                dynamic_filter_fn(|what: &Metadata<'_>, context| {
                    is_ours(what) && (what.name() == REQUEST || context.lookup_current().is_some())
                })
                .with_callsite_filter(|what| {
                    if is_ours(what) {
                        Interest::sometimes()
                    } else {
                        Interest::never()
                    }
                }),
            );
        let lines = line_layer(config.log, writer);
        // A second start in one process (tests) keeps the first.
        let _ = Registry::default().with(spans).with(lines).try_init();
        Ok(Self { provider })
    }
}

fn is_ours(what: &Metadata<'_>) -> bool {
    what.is_span() && what.target() == TARGET
}

impl Drop for Spans {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown_with_timeout(PATIENCE) {
            tracing::warn!(%error, "the last spans could not be sent");
        }
    }
}

/// Makes the span of a request, where spans are wanted.
#[must_use]
pub fn request_span(config: &Config) -> Option<RequestSpan> {
    config
        .traces
        .collector
        .as_ref()
        .map(|_| begin as RequestSpan)
}

fn begin(request: &Request<Body>, route: Option<&str>) -> Span {
    let method = request.method().as_str();
    let name = route.map(|route| format!("{method} {route}"));
    let span = tracing::info_span!(
        target: "traces",
        "request",
        otel.kind = "server",
        otel.name = name.as_deref().unwrap_or(method),
        otel.status_code = tracing::field::Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = tracing::field::Empty,
        doorward.request_id = tracing::field::Empty,
    );
    let caller = TraceContextPropagator::new().extract(&HeaderExtractor(request.headers()));
    if caller.span().span_context().is_valid() {
        // It fails only where no span is recorded.
        let _ = span.set_parent(caller);
    }
    span
}
