#![doc = include_str!("../README.md")]
//!
//! # The parts
//!
//! - [`ApiError`]: the one error type of a handler and its one renderer (plain
//!   `{"error":"…"}`, or RFC 9457 when the client asks for it).
//! - [`Json`], [`RawJson`], [`Form`], [`Query`], [`Path`], [`PathInt`]: extractors whose
//!   refusals are `ApiError`s.
//! - [`Bearer`], [`Basic`], [`Credential`], [`RequireRole`], [`RequirePermission`],
//!   [`Session`]: who is calling, as parts of a handler's signature.
//! - `remote`, with the feature of that name: verifies the tokens of another doorward, by its published keys.
//! - [`app()`]: wraps a router in everything that every answer needs (request id,
//!   security headers, deadlines, JSON for every failure).
//! - [`serve()`]: an accept loop that cuts slow and idle clients, holds ceilings
//!   and drains on shutdown.
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

mod auth;
mod context;
mod error;
mod extract;
mod limits;
mod meter;
mod problem;
mod refusals;
#[cfg(feature = "remote")]
pub mod remote;
mod serve;
mod shell;
mod strict_json;

pub use auth::{
    Admin, AuditRead, Basic, BasicRejection, Bearer, BearerRejection, ClientAddress, Credential,
    CrossSite, KeysWrite, Network, NetworkError, OwnOrigin, PermissionName, PermissionRejection,
    RequestClient, RequirePermission, RequireRole, RoleName, RoleRejection, RolesWrite, Session,
    SessionCookies, SessionsRevoke, TrustedProxies, UsersRead, UsersWrite, bearer_token,
    only_cookie,
};
pub use context::{BodyRules, PeerAddr, RequestId};
pub use error::ApiError;
pub use extract::form::{Form, FormRejection};
pub use extract::json::{Json, JsonRejection};
pub use extract::path::{Path, PathInt};
pub use extract::query::{Query, QueryRejection};
pub use extract::raw_json::RawJson;
pub use limits::HttpLimits;
pub use meter::{HttpMeter, RouteReading};
pub use serve::{ServeError, serve};
pub use shell::config::{RequestSpan, ShellConfig};
pub use shell::cors::{Cors, CorsError};
pub use shell::{App, ResponseFuture, app};
