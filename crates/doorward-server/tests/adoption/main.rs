//! A running Flask service is adopted: a real one, on a real MariaDB, with the users of ten years.
//!
//! `DOORWARD_PYTHON` names a Python with the packages of `scripts/requirements.txt`, `DOORWARD_TEST_MYSQL_URL` a server
//! on which databases may be made. Without them nothing runs; with `DOORWARD_REQUIRE_ALL=1` that is a failure.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    dead_code,
    reason = "a test may stop at once, and shares its client with others"
)]

#[path = "../api/client.rs"]
mod client;
#[path = "../api/contract.rs"]
mod contract;
mod everybody;
mod guide;
#[path = "../api/installation.rs"]
mod installation;
mod lecture_programs;
mod operator;
mod service;
#[path = "../api/wire.rs"]
mod wire;
