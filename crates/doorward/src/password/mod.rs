//! Passwords: what a user types, what is stored, and the threads that compare the two.
//!
//! - [`Password`] is the text a user typed; [`PasswordPolicy`] says whether it may be set.
//! - [`PasswordHash`] is a stored hash, parsed strictly and with its cost bounded before any key
//!   derivation runs. It is verified as it is, whoever made it, never re-encoded.
//! - [`NewHashForm`] is what new hashes look like, Argon2id unless another application reads them
//!   too; [`Rehash`] says when a login replaces an old one.
//! - [`HashPool`] does the hashing on its own bounded threads, so that a storm of logins takes
//!   neither the runtime's threads nor the machine's memory.

mod blocklist;
mod calibrate;
mod hash;
mod memory;
mod params;
mod plain;
mod policy;
mod pool;
mod salt;

pub use blocklist::Blocklist;
pub use calibrate::measure;
pub use hash::{
    AcceptedForms, BcryptPrehash, ExportTarget, ExportedHash, FormGroup, FormGroups,
    HashFormatError, NewHashForm, NotConvertible, PasswordHash, Rehash, Scheme, UnknownFormGroup,
    ceilings,
};
pub use memory::{HashError, KdfMemory};
pub use params::{Argon2idParams, Argon2idParamsError};
pub use plain::{Password, PasswordError};
pub use policy::{
    CommonReason, PasswordPolicy, PasswordPolicyError, PolicyContext, PolicyViolation,
};
pub use pool::{
    HashPool, HashPoolConfig, HashPoolCounters, HashPoolError, HashPoolStartError, HashWaits, Lane,
};
pub use salt::{SALT_BYTES, SaltSource, SaltUnavailable};
