//! The parts of the `doorward` binary.
//!
//! The path of a start: [`cli`] reads the arguments, [`config`] the settings, [`commands`] does what was asked. `serve`
//! opens the database, puts the [`application`] together, and serves the routes of [`router`].
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "a test may stop at once"
    )
)]

pub mod application;
pub mod audit_filter;
pub mod audit_keeper;
pub mod cli;
pub mod commands;
pub mod config;
pub mod failure;
pub mod first_screen;
pub mod hashing;
pub mod http;
pub mod listening;
pub mod mail;
pub mod openapi;
pub mod prompt;
pub mod router;
pub mod secret_file;
pub mod shutdown;
pub mod telemetry;
