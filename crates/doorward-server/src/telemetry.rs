//! Log lines, to standard error, and spans, to a collector.

#[cfg(not(feature = "traces"))]
mod no_traces;
#[cfg(feature = "traces")]
mod traces;

use tracing_subscriber::{EnvFilter, fmt, util::SubscriberInitExt as _};

use crate::{
    config::{Config, LogConfig, LogFormat},
    failure::Failure,
};

#[cfg(not(feature = "traces"))]
use no_traces as traces;

pub use traces::{Spans, request_span};

/// Starts logging. JSON is one object a line; both forms escape control characters, so that no client writes a line of
/// its own (LG-02).
pub fn start(log: LogConfig) {
    let builder = fmt()
        .with_env_filter(filter(log))
        .with_writer(std::io::stderr)
        .with_ansi(false);
    // A second start in one process (tests) keeps the first.
    let _ = match log.format {
        LogFormat::Text => builder.finish().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
    };
}

/// Starts logging, and with `traces.collector` the sending of spans, which ends when the [`Spans`] are dropped.
///
/// # Errors
/// [`Failure`] when spans are wanted and cannot be sent.
pub fn start_with_spans(config: &Config) -> Result<Option<Spans>, Failure> {
    let Some(collector) = &config.traces.collector else {
        start(config.log);
        return Ok(None);
    };
    Spans::start(config, collector).map(Some)
}

/// The libraries below speak of every connection; their warnings are enough.
fn filter(log: LogConfig) -> EnvFilter {
    let level = log.level.as_str();
    EnvFilter::new(format!(
        "warn,doorward={level},doorward_axum={level},doorward_server={level},doorward_lecture={level}"
    ))
}
