//! Log lines, to standard error, and spans, to a collector.

mod lines;
#[cfg(not(feature = "traces"))]
mod no_traces;
#[cfg(feature = "traces")]
mod traces;

use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    fmt::{self, MakeWriter},
    layer::SubscriberExt as _,
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

use crate::{
    config::{Config, LogConfig, LogFormat},
    failure::Failure,
};

use lines::Lines;
#[cfg(not(feature = "traces"))]
use no_traces as traces;

pub use lines::LostLines;
pub use traces::{Spans, request_span};

/// What a server tells while it runs; dropping it sends and writes the rest.
#[derive(Debug)]
pub struct Telemetry {
    // The spans end first: what they have to say of it is a line.
    _spans: Option<Spans>,
    lines: Lines,
}

impl Telemetry {
    /// Starts logging from a thread, and with `traces.collector` the sending of spans.
    ///
    /// # Errors
    /// [`Failure`] when spans are wanted and cannot be sent.
    pub fn start(config: &Config) -> Result<Self, Failure> {
        let (lines, writer) = Lines::start();
        let spans = match &config.traces.collector {
            None => {
                start_with(config.log, writer);
                None
            }
            Some(collector) => Some(Spans::start(config, collector, writer)?),
        };
        Ok(Self {
            _spans: spans,
            lines,
        })
    }

    /// How many lines were lost.
    #[must_use]
    pub fn lost_lines(&self) -> LostLines {
        self.lines.lost()
    }
}

/// Starts logging where each line is waited for: in a command that does one thing and ends, and in the lecture's programs.
pub fn start(log: LogConfig) {
    start_with(log, std::io::stderr);
}

fn start_with(log: LogConfig, writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static) {
    // A second start in one process (tests) keeps the first.
    let _ = Registry::default().with(line_layer(log, writer)).try_init();
}

/// JSON is one object a line; both forms escape control characters, so that no client writes a line of its own (LG-02).
fn line_layer<S>(
    log: LogConfig,
    writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static,
) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let lines = fmt::layer().with_writer(writer).with_ansi(false);
    match log.format {
        LogFormat::Text => lines.with_filter(filter(log)).boxed(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_filter(filter(log))
            .boxed(),
    }
}

/// The libraries below speak of every connection; their warnings are enough.
fn filter(log: LogConfig) -> EnvFilter {
    let level = log.level.as_str();
    EnvFilter::new(format!(
        "warn,doorward={level},doorward_axum={level},doorward_server={level},doorward_lecture={level}"
    ))
}
