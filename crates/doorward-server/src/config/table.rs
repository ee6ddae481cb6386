//! Every setting of the server, once. Adding one: a row here, a field in
//! [`super::typed`] and a line in its `build`; the compiler and the tests ask
//! for nothing else.

use super::kind::Kind;
use super::setting::{DefaultValue, Setting};

use DefaultValue::{Demo, Is, Unset};
use Kind::{
    Address, Boolean, Choice, Claims, Database, Directory, FormGroups, Networks, Public, Secret,
    SecretList, Text, WebOrigins,
};

/// A setting that few installations change.
const fn rare(
    key: &'static str,
    kind: Kind,
    default: DefaultValue,
    example: &'static str,
    doc: &'static str,
) -> Setting {
    Setting {
        key,
        flag: None,
        kind,
        default,
        example,
        doc,
        secret: false,
        everyday: false,
    }
}

/// The same setting with a command line flag.
const fn flagged(flag: &'static str, setting: Setting) -> Setting {
    Setting {
        flag: Some(flag),
        ..setting
    }
}

/// The same setting, listed among the everyday ones.
const fn everyday(setting: Setting) -> Setting {
    Setting {
        everyday: true,
        ..setting
    }
}

/// The same setting, never shown.
const fn secret(setting: Setting) -> Setting {
    Setting {
        secret: true,
        ..setting
    }
}

const fn count(min: u64, max: u64) -> Kind {
    Kind::Integer { min, max }
}

/// Limits of a duration, in milliseconds.
const fn span(min_ms: u64, max_ms: u64) -> Kind {
    Kind::Duration { min_ms, max_ms }
}

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The one table of settings, in the order of the reference page.
#[rustfmt::skip] // one setting reads as one block of two or three lines
pub static SETTINGS: &[Setting] = &[
    everyday(flagged("listen", rare("listen", Address, Is("127.0.0.1:5000"), "0.0.0.0:5000",
        "The address and port to listen on"))),
    everyday(flagged("data-dir", rare("data_dir", Directory, Is("./data"), "/var/lib/doorward",
        "The directory of the database file, generated keys and secrets"))),
    everyday(flagged("public-url", rare("public_url", Public, Unset("none: cookies are not marked `Secure`"), "https://auth.example.org",
        "Where browsers reach the server: scheme, host and port; with https, cookies are marked `Secure`"))),
    rare("admin_setup_ttl", span(MINUTE, DAY), Is("30m"), "10m",
        "How long the one-time setup link is valid that is printed while no administrator exists"),
    everyday(flagged("db-url", rare("db.url", Database, Unset("the SQLite file `doorward.db` in the data directory"), "mysql://doorward:PASSWORD@db.example.org/doorward",
        "The database: `sqlite:PATH`, `mysql://…` or `mariadb://…`; give one with a password by variable or file, not by flag"))),
    rare("db.max_connections", count(1, 1_000), Is("10"), "20",
        "The most connections to the database that are open at once"),
    flagged("migrate", rare("db.migrate", Boolean, Is("false"), "true",
        "Bring a MySQL or MariaDB schema up to date at start instead of refusing; SQLite always does")),
    everyday(secret(rare("secret_key", Secret, Unset("generated on first start into the data directory"), "/run/secrets/doorward_secret_key",
        "The key that signs tokens and session cookies, 32 bytes or more; the same text as a Flask application's `SECRET_KEY` keeps its tokens and cookies valid"))),
    secret(rare("secret_key_fallbacks", SecretList, Is(""), "/run/secrets/doorward_former_keys",
        "Former secret keys that old session cookies may still be signed with; separated by commas in the environment, one per line in a file")),
    rare("token.issuer", Text, Unset("the public URL, else doorward"), "https://auth.example.org",
        "The `iss` claim of access tokens (RFC 7519 section 4.1.1)"),
    rare("token.algorithm", Choice(&["auto", "HS256", "ES256", "EdDSA", "RS256"]), Is("auto"), "ES256",
        "How access tokens are signed: `HS256` with the secret key, which whoever verifies needs too, the others with a key of their own whose public half is published; `auto` goes on as the server has begun, and begins with `HS256` where a secret key is given and with `ES256` where it is generated"),
    rare("token.audience", Text, Unset("no `aud`"), "api",
        "The `aud` claim of access tokens; PyJWT refuses tokens with an `aud` that it was not told to expect"),
    rare("token.ttl", span(SECOND, 31 * DAY), Is("1h"), "15m",
        "How long an access token is valid"),
    rare("token.extra_claims", Claims, Is(""), "user=username",
        "Further claims of access tokens: each repeats `username`, `user_id` or `role` under another name, or is a constant: a text in single quotes (`type='access'`; in TOML `type = \"'access'\"`), a whole number, `true` or `false`"),
    rare("password.min_length", count(8, 128), Is("8"), "12",
        "The fewest characters of a new password"),
    rare("password.blocklist", Boolean, Is("true"), "true",
        "Refuse new passwords that are among the commonly used ones"),
    rare("hash.memory_kib", count(8, 262_144), Is("19456"), "47104",
        "Argon2id: memory of one hash in KiB"),
    rare("hash.iterations", count(1, 10), Is("2"), "3",
        "Argon2id: passes over the memory"),
    rare("hash.lanes", count(1, 16), Is("1"), "1",
        "Argon2id: lanes"),
    rare("hash.threads", count(0, 1_024), Is("0"), "2",
        "Threads that hash passwords; 0 is one for each core"),
    rare("hash.memory_budget_mib", count(0, 1_048_576), Is("0"), "256",
        "The most memory in MiB that all running hashes may take together; 0 is automatic"),
    rare("hash.max_queue", count(0, 1_000_000), Is("0"), "200",
        "The most hashes that may wait; past it the answer is 503 with `Retry-After`; 0 is automatic"),
    rare("hash.queue_deadline", span(10, 5 * MINUTE), Is("2s"), "5s",
        "How long a hash may wait before the answer is 503"),
    rare("hash.write", Choice(&["auto", "argon2id", "werkzeug-scrypt", "werkzeug-pbkdf2", "bcrypt"]), Is("auto"), "werkzeug-scrypt",
        "The form of new hashes: `auto` is Argon2id; the others are for a table that a Flask application reads too; with `bcrypt`, passwords have at most 72 bytes unless they are hashed first"),
    rare("hash.rehash", Boolean, Is("true"), "false",
        "Replace a hash weaker than `hash.write` at the next login; with a form of Werkzeug's or bcrypt, only hashes of the same family"),
    rare("hash.accept", FormGroups, Is(""), "weak-pbkdf2,werkzeug-retired",
        "Weak hashes that may log in too: `weak-pbkdf2` (SHA-1, SHA-224, SHA-384, or fewer than 1000 iterations), `other-argon2` (argon2i, argon2d, version 16), `werkzeug-retired` (`sha256$salt$…` and the like, PBKDF2 with MD5), `werkzeug-plain` (`plain$$…`), `django-legacy` (`md5$…`, `sha1$…`, bare MD5), `bcrypt-truncated` (bcrypt over the first 72 bytes of longer passwords)"),
    rare("hash.pbkdf2_default_iterations", count(0, 2_000_000), Is("0"), "260000",
        "The iterations of Werkzeug hashes that name none (`pbkdf2:sha256$…`); 0 refuses them"),
    rare("hash.flask_bcrypt_prehash", Choice(&["off", "on", "either"]), Is("off"), "on",
        "Flask-Bcrypt's `BCRYPT_HANDLE_LONG_PASSWORDS`: whether bcrypt hashes were made over the SHA-256 of the password; `either` tries both, which costs twice"),
    secret(rare("hash.flask_security_salt", Secret, Unset("none: hashes are over the password itself"), "/run/secrets/flask_security_salt",
        "Flask-Security's `SECURITY_PASSWORD_SALT`: hashes may be over its HMAC of the password")),
    rare("login.failure_quantum", span(0, 10 * SECOND), Is("250ms"), "500ms",
        "Failed logins answer after a multiple of this time, so that it does not tell why they failed"),
    rare("throttle.enabled", Boolean, Demo { normally: "true", demo: "false" }, "true",
        "Slow down repeated failed logins by account and by network"),
    rare("throttle.free_attempts", count(1, 100), Is("5"), "10",
        "Failed logins of one account before it has to wait"),
    rare("throttle.max_delay", span(SECOND, DAY), Is("15m"), "5m",
        "The longest wait between two attempts on one account"),
    rare("throttle.network_burst", count(1, 1_000_000), Is("10"), "50",
        "Failed logins that one IPv4 address or IPv6 /64 may make at once"),
    rare("throttle.network_per_minute", count(1, 1_000_000), Is("20"), "100",
        "Failed logins a minute that one IPv4 address or IPv6 /64 regains"),
    rare("throttle.known_device_ttl", span(MINUTE, 366 * DAY), Is("90d"), "30d",
        "How long a device that has logged in does not wait for the failures of others"),
    rare("throttle.registrations_per_hour", count(1, 1_000_000), Is("10"), "100",
        "Registrations an hour that one IPv4 address or IPv6 /64 may ask for; those of an administrator are not counted"),
    rare("http.body_limit", count(1_024, 67_108_864), Is("65536"), "131072",
        "The longest request body in bytes"),
    rare("http.header_timeout", span(100, 10 * MINUTE), Is("10s"), "5s",
        "How long a client may take to send the request's head"),
    rare("http.body_timeout", span(100, 10 * MINUTE), Is("20s"), "10s",
        "How long a client may take to send the request's body"),
    rare("http.request_timeout", span(100, 10 * MINUTE), Is("30s"), "60s",
        "How long a request may take altogether"),
    rare("http.idle_timeout", span(100, HOUR), Is("60s"), "75s",
        "How long a kept-alive connection may stay silent"),
    rare("http.max_connections", count(1, 1_000_000), Is("10000"), "50000",
        "The most connections that are open at once"),
    rare("http.max_connections_per_address", count(1, 1_000_000), Is("4096"), "100",
        "The most connections that one address may have open at once"),
    rare("http.drain_timeout", span(0, 10 * MINUTE), Is("25s"), "10s",
        "How long running requests may finish after the server was told to stop"),
    rare("http.cors_origins", WebOrigins, Is(""), "https://app.example.org",
        "Web origins whose pages may call the API from a browser (CORS)"),
    rare("http.trusted_proxies", Networks, Is(""), "10.0.0.0/8",
        "Networks of reverse proxies; `X-Forwarded-*` and `X-Original-*` are believed only from these"),
    rare("http.access_log", Boolean, Is("false"), "true",
        "Log one line for each request"),
    rare("forward_auth.redirects", WebOrigins, Is(""), "https://wiki.example.org",
        "Web origins of the applications behind a reverse proxy that asks `/forward-auth`: browsers are sent back there after signing in, and nowhere else"),
    rare("forward_auth.cookie_domain", Text, Unset("the server's own host alone"), "example.org",
        "The domain that the server and these applications share: tickets are cookies of it"),
    rare("session.max_age", span(MINUTE, 366 * DAY), Is("31d"), "12h",
        "How old a session cookie may become"),
    rare("session.lifetime", span(MINUTE, 366 * DAY), Is("30d"), "12h",
        "How long a login lasts at most, however often it is refreshed"),
    rare("session.idle", span(MINUTE, 366 * DAY), Is("14d"), "1h",
        "How long a login lasts without a refresh"),
    rare("session.refresh_grace", span(0, MINUTE), Is("10s"), "5s",
        "How long a refresh token that was just used is answered with the same successor once more; later it ends the session"),
    rare("session.max_per_user", count(1, 1_000), Is("100"), "10",
        "The most sessions of one user; a further login ends the one not seen for the longest time"),
    rare("keys.rotate_after", span(0, 3_660 * DAY), Is("90d"), "30d",
        "How long a signing key signs before the next one takes over by itself; `0s` leaves it to `doorward key rotate`. A secret key is changed in the configuration alone"),
    rare("keys.lead", span(SECOND, 7 * DAY), Is("15m"), "1h",
        "How long a signing key is published before it signs, and kept after its last token has expired: longer than any verifier keeps the published keys"),
    rare("api_keys.max_lifetime", span(MINUTE, 3_660 * DAY), Is("365d"), "90d",
        "How long an API key may last at most"),
    rare("api_keys.token_ttl", span(SECOND, HOUR), Is("10m"), "5m",
        "How long an access token is valid that was given for an API key"),
    rare("registration.enabled", Boolean, Is("true"), "false",
        "Whether people may register themselves"),
    rare("smtp.host", Text, Unset("none: no letters are sent"), "smtp.example.org",
        "The mail server for links to set a new password and to prove an address; needs `public_url` and `mail.from`"),
    rare("smtp.port", count(1, 65_535), Is("587"), "465",
        "Its port: 587 for `starttls`, 465 for `tls`"),
    rare("smtp.security", Choice(&["starttls", "tls", "none"]), Is("starttls"), "tls",
        "How the connection is protected: `starttls` (it is refused when the server does not offer it), `tls` from the start, or `none`, to this machine alone"),
    rare("smtp.trusted_certificates", Text, Unset("the public authorities alone"), "/etc/ssl/company.pem",
        "A PEM file with authorities that the mail server's certificate may come from besides the public ones"),
    rare("smtp.username", Text, Unset("none: the server asks for none"), "doorward",
        "The name for the mail server"),
    secret(rare("smtp.password", Secret, Unset("none: the server asks for none"), "/run/secrets/doorward_smtp_password",
        "The password for the mail server")),
    rare("mail.from", Text, Unset("none"), "Accounts <accounts@example.org>",
        "The sender of letters"),
    rare("mail.template_dir", Directory, Unset("none: the letters that are compiled in"), "/etc/doorward/letters",
        "A directory with letters of your own: `reset_password.txt`, `reset_password.html` and so on; what is not there is as compiled in"),
    rare("mail.reset_ttl", span(MINUTE, HOUR), Is("30m"), "15m",
        "How long a link to set a new password is good"),
    rare("mail.verify_ttl", span(MINUTE, 7 * DAY), Is("24h"), "2h",
        "How long a link to prove an address is good"),
    flagged("log-format", rare("log.format", Choice(&["text", "json"]), Is("text"), "json",
        "How log lines are written: `text` or `json`")),
    flagged("log-level", rare("log.level", Choice(&["off", "error", "warn", "info", "debug", "trace"]), Is("info"), "debug",
        "The least important log lines that are written: `off`, `error`, `warn`, `info`, `debug` or `trace`")),
    rare("audit.retention", span(DAY, 36_500 * DAY), Is("365d"), "90d",
        "How long events stay in the audit trail"),
    rare("metrics.listen", Address, Unset("none: no metrics"), "127.0.0.1:9464",
        "An address and port of its own that answers `GET /metrics` in the text format of Prometheus; anybody who reaches it can read them"),
    rare("traces.collector", Public, Unset("none: no traces"), "http://127.0.0.1:4318",
        "Where an OpenTelemetry collector takes spans by OTLP over HTTP, at `/v1/traces`; for a server that was built with the feature `traces`"),
    rare("traces.sample_percent", count(1, 100), Is("100"), "5",
        "Of how many traces in a hundred the spans are sent; the trace's id decides, so that services with the same number send the same ones"),
];
