//! The application and the accept loop, over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may stop at once"
)]

mod bodies;
mod ceilings;
mod cors;
mod deadlines;
mod drain;
mod framing;
mod lecture;
mod logs;
mod methods;
mod server;
mod shell;
