//! The built binary's commands, as a shell sees them: output, exit status, and what the database holds afterwards.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod access;
mod admin;
mod adopt;
mod adopt_in_place;
mod adopt_inspect;
mod adopt_killed;
mod adopt_trouble;
mod adopted;
mod audit;
mod backup;
mod db;
mod doctor;
mod export;
mod hash;
mod healthcheck;
#[path = "../lecture_pages/http.rs"]
mod http;
mod installation;
mod key;
mod server;
mod token;
mod user;

/// A password that the policy takes.
const PASSWORD: &str = "correct horse battery staple";
/// Another.
const OTHER_PASSWORD: &str = "nine purple umbrellas in march";
