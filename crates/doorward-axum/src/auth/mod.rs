//! Extractors that say who is calling.
//!
//! A handler that takes one of them cannot be reached without it. They need an `Arc<Authenticator>` (and
//! [`SessionCookies`] for [`Session`]) in the router's state, by [`axum::extract::FromRef`].

mod basic;
mod bearer;
mod client;
mod client_address;
mod credential;
mod forbidden;
mod network;
mod permission;
mod role;
mod same_origin;
mod session;

pub use basic::{Basic, BasicRejection};
pub use bearer::{Bearer, BearerRejection, bearer_token};
pub use client::RequestClient;
pub use client_address::{ClientAddress, TrustedProxies};
pub use credential::Credential;
pub use network::{Network, NetworkError};
#[cfg(feature = "remote")]
pub(crate) use permission::insufficient_scope;
pub use permission::{
    AuditRead, KeysWrite, PermissionName, PermissionRejection, RequirePermission, RolesWrite,
    SessionsRevoke, UsersRead, UsersWrite,
};
pub use role::{Admin, RequireRole, RoleName, RoleRejection};
pub use same_origin::{CrossSite, OwnOrigin};
pub use session::{Session, SessionCookies, only_cookie};
