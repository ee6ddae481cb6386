//! The server's own routes, a resource per file.

pub mod account;
pub mod api_keys;
pub mod audit;
mod device;
pub mod documentation;
pub mod email;
mod entity_tag;
pub mod exchange;
pub mod health;
pub mod introspection;
pub mod jobs;
pub mod metrics;
pub mod oauth;
mod page;
pub mod password;
pub mod published_keys;
mod rate_limit;
pub mod reset_link;
pub mod revocations;
pub mod roles;
pub mod session;
pub mod setup;
pub mod token;
pub mod token_revocation;
pub mod user;
pub mod user_sessions;
pub mod users;
