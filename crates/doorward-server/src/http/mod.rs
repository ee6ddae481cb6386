//! The server's own routes, a resource per file.

pub mod account;
pub mod exchange;
pub mod health;
pub mod metrics;
pub mod setup;
pub mod users;
