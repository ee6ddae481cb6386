//! The two tables that stand in the file once for each foreign source, and the keys that each has.

/// What values a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// A text.
    Text,
    /// A list of texts.
    TextList,
    /// `true` or `false`.
    Boolean,
    /// A duration within limits in seconds, both included.
    Duration {
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// A date, or a date and a time with its zone.
    EndDate,
}

/// What holds when a key is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// The file is refused.
    Required,
    /// This value, as it stands in the file.
    Default(&'static str),
    /// What the text says.
    Means(&'static str),
}

/// A key of such a table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: ColumnKind,
    /// What holds without it.
    pub absence: Absence,
    /// A value, as it stands in the file.
    pub example: &'static str,
    /// What it does, in a sentence or two.
    pub doc: &'static str,
    /// Whether it holds a secret.
    pub secret: bool,
}

/// A table that stands in the file once for each source.
#[derive(Debug)]
pub struct ArrayTable {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Its keys, in the order of the reference page.
    pub columns: &'static [Column],
}

impl ArrayTable {
    /// The key with this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

const fn column(
    name: &'static str,
    kind: ColumnKind,
    absence: Absence,
    example: &'static str,
    doc: &'static str,
) -> Column {
    Column {
        name,
        kind,
        absence,
        example,
        doc,
        secret: false,
    }
}

const fn secret(column: Column) -> Column {
    Column {
        secret: true,
        ..column
    }
}

use Absence::{Default, Means, Required};
use ColumnKind::{Boolean, Duration, EndDate, Text, TextList};

const ONE_OF_THREE: Absence = Means("one of `key`, `key_file` and `key_env` must be there");

/// `[[foreign_tokens]]`
#[rustfmt::skip] // one key reads as one block of two lines
pub static FOREIGN_TOKENS: ArrayTable = ArrayTable {
    name: "foreign_tokens",
    doc: "Tokens of another application that are accepted here until a date, on every route, as those of the user whom they name. The user's name, role and whether they may log in at all come from the database each time",
    columns: &[
        column("name", Text, Required, "\"flask\"",
            "What the source is called in logs, metrics and counts: letters, digits, `_` and `-`, 64 at most"),
        secret(column("key", Text, ONE_OF_THREE, "\"…\"",
            "For HS algorithms the application's secret, as it is (Flask's `SECRET_KEY`, Flask-JWT-Extended's `JWT_SECRET_KEY`); for the others its public key in PEM")),
        column("key_file", Text, ONE_OF_THREE, "\"/run/secrets/flask_secret_key\"",
            "A file with the key; one line end at its end is dropped"),
        column("key_env", Text, ONE_OF_THREE, "\"FLASK_SECRET_KEY\"",
            "An environment variable with the key, of any name"),
        column("algorithms", TextList, Required, "[\"HS256\"]",
            "What the key verifies, of one kind: `HS256`, `HS384`, `HS512`; or `RS256` to `RS512`, `PS256` to `PS512`; or `ES256`; or `ES384`; or `EdDSA`. A token cannot choose another"),
        column("subject_claim", Text, Default("\"sub\""), "\"user_id\"",
            "The claim that names the user"),
        column("subject_is", Text, Required, "\"id\"",
            "What the claim holds: `id`, the number in `users.id`, also as text; or `username`, the name as it is spelled in `users.username`"),
        column("until", EndDate, Required, "\"2027-03-31\"",
            "From when on all tokens of the source are refused. A date counts to its end, in UTC"),
        column("issuer", Text, Means("any but our own"), "\"https://app.example.org\"",
            "The `iss` that tokens must have"),
        column("audience", Text, Means("tokens must have no `aud`"), "\"app\"",
            "What the `aud` of tokens must be or contain"),
        column("kid", Text, Means("`kid` decides nothing"), "\"2026-01\"",
            "What `kid` must be where a token has one"),
        column("leeway", Duration { min: 0, max: 60 }, Default("\"0s\""), "\"10s\"",
            "How much the clocks may differ"),
        column("require_expiry", Boolean, Default("true"), "false",
            "Whether a token must have `exp`. With `false`, tokens without it count until the source ends (`JWT_ACCESS_TOKEN_EXPIRES = False`)"),
        column("allow_weak_key", Boolean, Default("false"), "true",
            "Accept a key that everybody knows, with a warning at each start: whoever knows it too can be anybody until the source ends"),
    ],
};

/// `[[flask_sessions]]`
#[rustfmt::skip] // one key reads as one block of two lines
pub static FLASK_SESSIONS: ArrayTable = ArrayTable {
    name: "flask_sessions",
    doc: "Session cookies of a Flask application that are accepted at `/auth/session` and `/auth/exchange`. What the application signed counts until a date; what an exchange signed with `secret_key` goes on. Without such a table no cookie logs anybody in",
    columns: &[
        column("name", Text, Required, "\"flask\"",
            "What the source is called in logs, metrics and counts: letters, digits, `_` and `-`, 64 at most"),
        secret(column("key", Text, ONE_OF_THREE, "\"…\"",
            "The application's `SECRET_KEY`, as it is. When it is `secret_key` too, nobody can tell the cookies apart, and all of them end at the date")),
        column("key_file", Text, ONE_OF_THREE, "\"/run/secrets/flask_secret_key\"",
            "A file with the key; one line end at its end is dropped"),
        column("key_env", Text, ONE_OF_THREE, "\"FLASK_SECRET_KEY\"",
            "An environment variable with the key, of any name"),
        secret(column("fallbacks", TextList, Default("[]"), "[\"…\"]",
            "Former keys: the application's `SECRET_KEY_FALLBACKS`")),
        column("subject_claim", Text, Default("\"_user_id\""), "\"user\"",
            "The value of the session that names the user; the default is Flask-Login's"),
        column("subject_is", Text, Required, "\"id\"",
            "What it holds: `id`, the number in `users.id`, also as text; or `username`, the name as it is spelled in `users.username`"),
        column("until", EndDate, Required, "\"2027-03-31\"",
            "From when on all cookies that the application signed are refused. A date counts to its end, in UTC"),
        column("max_age", Duration { min: 60, max: 366 * 86_400 }, Means("`session.max_age`"), "\"31d\"",
            "How old a cookie may become: the application's `PERMANENT_SESSION_LIFETIME`"),
        column("salt", Text, Default("\"cookie-session\""), "\"cookie-session\"",
            "The salt of the application's session interface"),
        column("cookie", Text, Default("\"session\""), "\"session\"",
            "The cookie's name: the application's `SESSION_COOKIE_NAME`"),
        column("allow_weak_key", Boolean, Default("false"), "true",
            "Accept a key that everybody knows, with a warning at each start: whoever knows it too can be anybody until the source ends"),
    ],
};

/// Both tables, in the order of the reference page.
pub static ARRAY_TABLES: [&ArrayTable; 2] = [&FOREIGN_TOKENS, &FLASK_SESSIONS];
