//! A build without the feature `traces`.

use doorward_axum::RequestSpan;
use tracing_appender::non_blocking::NonBlocking;

use crate::{
    config::{Config, WebOrigin},
    failure::Failure,
};

/// What sends spans: nothing does in this build.
#[derive(Debug)]
pub enum Spans {}

impl Spans {
    pub(super) fn start(_: &Config, _: &WebOrigin, _: NonBlocking) -> Result<Self, Failure> {
        Err(
            Failure::new("`traces.collector` is set, but this doorward was built without traces")
                .fix("build it with: cargo build --release --bin doorward --features traces")
                .usage(),
        )
    }
}

/// No span for any request.
#[must_use]
pub fn request_span(_: &Config) -> Option<RequestSpan> {
    None
}
