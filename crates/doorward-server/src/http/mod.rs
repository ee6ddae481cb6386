//! The server's own routes, a resource per file.

pub mod account;
pub mod health;
pub mod setup;
pub mod users;
