//! The services of `examples/` that verify doorward's tokens themselves, each running, beside a running doorward.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    dead_code,
    reason = "a test may stop at once, and shares its client with others"
)]

mod axum_service;
#[path = "../api/client.rs"]
mod client;
#[path = "../api/contract.rs"]
mod contract;
#[path = "../api/installation.rs"]
mod installation;
mod node;
#[path = "../api/programs.rs"]
mod programs;
mod python;
mod scene;
mod verdicts;
#[path = "../api/wire.rs"]
mod wire;
