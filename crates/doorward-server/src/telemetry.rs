//! Log lines, to standard error.

use tracing_subscriber::{EnvFilter, fmt, util::SubscriberInitExt as _};

use crate::config::{LogConfig, LogFormat};

/// Starts logging. JSON is one object a line; both forms escape control characters, so that no client writes a line of
/// its own (LG-02).
pub fn start(log: LogConfig) {
    let level = log.level.as_str();
    // The libraries below speak of every connection; their warnings are enough.
    let filter = EnvFilter::new(format!(
        "warn,doorward={level},doorward_axum={level},doorward_server={level},doorward_lecture={level}"
    ));
    let builder = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    // A second start in one process (tests) keeps the first.
    let _ = match log.format {
        LogFormat::Text => builder.finish().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
    };
}
