//! The most that one verification may cost, checked before any key derivation runs.
//!
//! A stored hash is input: it may come from an import, or from a database that someone else can
//! write to. Ory Kratos has bounded the same parameters since a report of exactly this abuse.

/// Longest stored string, in bytes.
pub const STORED_BYTES: usize = 512;
/// Argon2 memory, in KiB (256 MiB).
pub const ARGON2_MEMORY_KIB: u32 = 256 * 1024;
/// Argon2 iterations.
pub const ARGON2_ITERATIONS: u32 = 10;
/// Argon2 lanes.
pub const ARGON2_LANES: u32 = 16;
/// PBKDF2 iterations.
pub const PBKDF2_ITERATIONS: u32 = 2_000_000;
/// scrypt memory `128 * N * r`, in bytes (128 MiB).
pub const SCRYPT_MEMORY_BYTES: u64 = 128 * 1024 * 1024;
/// scrypt work `128 * N * r * p`, in bytes filled (512 MiB). Django writes a `p` of 5, with so
/// little memory that the work is small all the same.
pub const SCRYPT_WORK_BYTES: u64 = 4 * SCRYPT_MEMORY_BYTES;
/// scrypt block size `r`. Libraries write 8; the bound keeps the second buffer, `128 * r * p`
/// bytes, small beside the first.
pub const SCRYPT_R: u32 = 64;
/// scrypt parallelisation `p`.
pub const SCRYPT_P: u32 = 16;
/// bcrypt cost: two to this power are the rounds. 12 is what libraries write, and one more doubles
/// the time.
pub const BCRYPT_COST: u32 = 14;
