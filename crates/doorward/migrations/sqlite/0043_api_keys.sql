-- Keys with which programs act for a user. The key is not here: key_sha256 is what it is known by. scope is what it may be
-- used for, with a space between two; times are milliseconds since 1970; last_used_at_ms is kept to the hour.
CREATE TABLE api_keys (
    id BLOB NOT NULL PRIMARY KEY,
    user_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    key_sha256 BLOB NOT NULL UNIQUE,
    scope TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    last_used_at_ms INTEGER,
    revoked_at_ms INTEGER
) WITHOUT ROWID;
CREATE INDEX api_keys_of_user ON api_keys (user_id, created_at_ms);
