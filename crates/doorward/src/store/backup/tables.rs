//! What a backup carries: the one list of tables and columns. A test compares it with the schema of both engines.

/// How a column's values are read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Text,
    Bytes,
}

/// A table, its columns, and the columns that put its rows into one order on every engine.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) key: &'static str,
    pub(super) columns: &'static [(&'static str, Kind)],
}

use Kind::{Bytes, Int, Text};

pub(super) const TABLES: &[Table] = &[
    Table {
        name: "users",
        key: "id",
        columns: &[
            ("id", Int),
            ("username", Text),
            ("password", Text),
            ("role", Text),
        ],
    },
    Table {
        name: "accounts",
        key: "user_id",
        columns: &[
            ("user_id", Int),
            ("username_key", Bytes),
            ("created_at_ms", Int),
            ("password_changed_at_ms", Int),
            ("disabled_at_ms", Int),
            ("role", Text),
            ("epoch", Int),
            ("session_epoch", Int),
            ("email", Text),
            ("email_key", Bytes),
            ("email_verified_at_ms", Int),
            ("verified_email_key", Bytes),
            ("version", Int),
        ],
    },
    Table {
        name: "login_failures",
        key: "bucket",
        columns: &[
            ("bucket", Bytes),
            ("failures", Int),
            ("last_failed_at_ms", Int),
        ],
    },
    Table {
        name: "demo_mark",
        key: "slot",
        columns: &[("slot", Int), ("marked_at_ms", Int)],
    },
    Table {
        name: "adoptions",
        key: "id",
        columns: &[
            ("id", Bytes),
            ("mode", Text),
            ("state", Text),
            ("plan", Text),
            ("source", Text),
            ("started_at_ms", Int),
            ("completed_at_ms", Int),
            ("finished_at_ms", Int),
            ("position", Int),
            ("adopted", Int),
            ("present", Int),
            ("hashed", Int),
            ("rejected", Int),
            ("forms", Text),
        ],
    },
    Table {
        name: "adoption_rejects",
        key: "adoption_id, place",
        columns: &[
            ("adoption_id", Bytes),
            ("place", Int),
            ("username", Text),
            ("reason", Text),
        ],
    },
    Table {
        name: "foreign_logins",
        key: "kind, source",
        columns: &[
            ("kind", Text),
            ("source", Text),
            ("accepted", Int),
            ("exchanged", Int),
            ("expired", Int),
            ("retired", Int),
            ("last_seen_at_ms", Int),
        ],
    },
    Table {
        name: "login_sessions",
        key: "id",
        columns: &[
            ("id", Bytes),
            ("user_id", Int),
            ("method", Text),
            ("epoch", Int),
            ("created_at_ms", Int),
            ("last_seen_at_ms", Int),
            ("expires_at_ms", Int),
            ("idle_at_ms", Int),
            ("token_expires_at_ms", Int),
            ("address", Text),
            ("user_agent", Text),
            ("ended_at_ms", Int),
            ("end_reason", Text),
            ("chain_salt", Bytes),
            ("generation", Int),
            ("refresh_sha256", Bytes),
            ("previous_sha256", Bytes),
            ("rotated_at_ms", Int),
        ],
    },
    Table {
        name: "revocations",
        key: "id",
        columns: &[
            ("id", Int),
            ("session_id", Bytes),
            ("user_id", Int),
            ("epoch", Int),
            ("expires_at_ms", Int),
        ],
    },
    Table {
        name: "audit_events",
        key: "id",
        columns: &[
            ("id", Int),
            ("at_ms", Int),
            ("kind", Text),
            ("outcome", Text),
            ("actor", Text),
            ("actor_id", Int),
            ("subject_id", Int),
            ("address", Text),
            ("request_id", Text),
            ("user_agent", Text),
            ("node", Text),
            ("detail", Text),
        ],
    },
    Table {
        name: "audit_seals",
        key: "seq",
        columns: &[("seq", Int), ("event_id", Int), ("hash", Bytes)],
    },
    Table {
        name: "defined_roles",
        key: "name",
        columns: &[
            ("name", Text),
            ("description", Text),
            ("created_at_ms", Int),
            ("version", Int),
        ],
    },
    Table {
        name: "role_permissions",
        key: "role, permission",
        columns: &[("role", Text), ("permission", Text)],
    },
    Table {
        name: "role_holders",
        key: "user_id, role",
        columns: &[("user_id", Int), ("role", Text)],
    },
    Table {
        name: "api_keys",
        key: "id",
        columns: &[
            ("id", Bytes),
            ("user_id", Int),
            ("name", Text),
            ("key_sha256", Bytes),
            ("scope", Text),
            ("created_at_ms", Int),
            ("expires_at_ms", Int),
            ("last_used_at_ms", Int),
            ("revoked_at_ms", Int),
        ],
    },
    Table {
        name: "signing_keys",
        key: "kid",
        columns: &[
            ("kid", Text),
            ("algorithm", Text),
            ("public_jwk", Text),
            ("sealed_private", Bytes),
            ("follows", Text),
            ("published_at_ms", Int),
            ("active_at_ms", Int),
            ("retiring_at_ms", Int),
            ("retired_at_ms", Int),
            ("version", Int),
        ],
    },
];

/// The tables that a backup leaves out, and why.
pub const NOT_CARRIED: &[(&str, &str)] = &[
    (
        "setup_link",
        "a link to a place that is not this one; a server without users makes a new one",
    ),
    (
        "one_time_links",
        "a link that was used since would work again",
    ),
    (
        "mail_queue",
        "a letter that was sent since would come again",
    ),
    (
        "bulk_jobs",
        "a job that was stopped since would go on; the audit trail has what was done",
    ),
];

/// The tables whose rows the engine numbers. A number that was given once is not given again, so that a new user is never
/// taken for one who was deleted.
pub(super) const NUMBERED: &[&str] = &[
    "users",
    "revocations",
    "audit_events",
    "mail_queue",
    "bulk_jobs",
];

/// The tables that a backup carries, each with the names of its columns.
pub fn carried() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    TABLES.iter().map(|table| {
        let columns = table.columns.iter().map(|(name, _)| *name);
        (table.name, columns.collect())
    })
}

impl Table {
    pub(super) fn select(&self) -> String {
        let columns: Vec<_> = self.columns.iter().map(|(name, _)| *name).collect();
        format!(
            "SELECT {} FROM {} ORDER BY {}",
            columns.join(", "),
            self.name,
            self.key
        )
    }

    /// An `INSERT` of this many rows.
    pub(super) fn insert(&self, rows: usize) -> String {
        let columns: Vec<_> = self.columns.iter().map(|(name, _)| *name).collect();
        let row = format!("({})", vec!["?"; columns.len()].join(", "));
        format!(
            "INSERT INTO {} ({}) VALUES {}",
            self.name,
            columns.join(", "),
            vec![row; rows].join(", ")
        )
    }
}
