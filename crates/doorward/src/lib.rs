#![doc = include_str!("../README.md")]
//!
//! # Where things are
//!
//! Data flows one way: [`authenticator`] (the use cases) uses [`store`], [`password`], [`throttle`], [`access`] and [`foreign`];
//! those use the types ([`username`], [`user`], [`role`], [`secret`], [`token`], [`flask_session`]); nothing points back.
//! Time ([`clock`]) and randomness ([`random`]) are parameters; the environment is never read.
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
#![warn(missing_docs)]

pub mod access;
pub mod adoption;
pub mod api_key;
pub mod audit;
pub mod authenticator;
pub mod authority;
pub mod authorization;
pub mod caller;
pub mod clock;
pub mod email;
pub mod flask_session;
pub mod foreign;
pub mod job;
pub mod json;
pub mod key_ring;
pub mod letter;
pub mod meter;
pub mod one_time_link;
pub mod password;
pub mod permission;
pub mod principal;
pub mod random;
pub mod revocation;
pub mod role;
pub mod secret;
pub mod session;
pub mod store;
pub mod throttle;
pub mod ticket;
pub mod token;
pub mod user;
pub mod username;
