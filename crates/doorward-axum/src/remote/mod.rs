//! Verifying another doorward's tokens, for services beside it: its published keys and its list of revocations, both kept in
//! memory.
//!
//! [`RemoteKeys::start`] follows them in the background; [`RemoteBearer`], [`RemoteCredential`] and [`RequireScope`] are the
//! extractors. A request costs no call to the server, but when its token names a key that is not known yet.
//! Sources: RFC 7517 (keys), RFC 7519 §7.2 (validation), RFC 8725 §3 (what a verifier must not believe).

mod config;
mod extract;
mod fetch;
mod follow;
mod keys;
mod principal;

pub use config::{RemoteConfig, RemoteConfigError, StaleRevocations};
pub use extract::{RemoteBearer, RemoteCredential, RemoteRejection, RequireScope, ScopeRejection};
pub use keys::{RemoteError, RemoteKeys};
pub use principal::{Holder, RemotePrincipal};
