//! The real binary over real sockets: what a client, an operator and an attacker see.
//!
//! Runs on SQLite; with `DOORWARD_TEST_MYSQL_URL` on MySQL/MariaDB as well (with `DOORWARD_REQUIRE_ALL=1` it must be
//! set). Each test has a data directory, a database and a process of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    clippy::disallowed_methods,
    reason = "a test may stop at the first surprise, polls with pauses, and clears what its servers would inherit"
)]

mod access_table;
mod accounts;
mod administration;
mod advisories;
mod api_keys;
mod audit;
mod audit_kinds;
mod audit_refusals;
mod backup;
mod chaos;
mod client;
mod contract;
mod dashboard;
mod database_away;
mod database_link;
mod documentation;
mod examples;
mod faults;
mod flask;
mod foreign_sessions;
mod foreign_tokens;
mod forward_auth;
mod golden;
mod hash_upgrade;
mod http_behaviour;
mod installation;
mod introspection;
mod jobs;
mod key_agreement;
mod known_devices;
mod letters;
mod life;
mod mail_server;
mod metrics;
mod password_change;
mod programs;
mod proxies;
mod refresh_races;
mod registration_limit;
mod reset_link;
mod roles;
mod rotation;
mod secrets;
mod secrets_nowhere;
mod sessions;
mod setup;
mod signing_keys;
mod slow_clients;
mod throttle;
mod token_kinds;
#[cfg(feature = "traces")]
mod traces;
mod user_sessions;
mod verifiers;
mod wire;
