//! Which weak forms of stored hashes are verified.

use std::num::NonZeroU32;

/// Which forms of stored hashes are verified beyond those that always are.
///
/// Always: Argon2id, Werkzeug scrypt, and Werkzeug PBKDF2 with SHA-256 or SHA-512 and at least
/// 1000 iterations. The default turns nothing else on; an import from an old application may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AcceptedForms {
    /// PBKDF2 with SHA-1, SHA-224 or SHA-384 too. SHA-1 was Werkzeug's default before 0.15.
    pub other_pbkdf2_digests: bool,
    /// PBKDF2 with fewer than 1000 iterations too.
    pub few_pbkdf2_iterations: bool,
    /// The iterations of a `pbkdf2:DIGEST$salt$hash` that names none; refused while `None`.
    ///
    /// Every release of Werkzeug writes the count into the hash, even when the method asked for
    /// none, so such a string was written by hand or by another program. A Werkzeug that verifies
    /// it takes its own default, which changed: 1000 (0.9), 150000 (0.15 to 1.0), 260000 (2.0 to
    /// 2.2), 600000 (2.3, 3.0), 1000000 (3.1).
    pub iterations_when_absent: Option<NonZeroU32>,
}
