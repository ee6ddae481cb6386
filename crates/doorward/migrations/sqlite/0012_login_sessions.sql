-- One row for each login. refresh_sha256 is the only refresh token that counts; previous_sha256 the one before it, which
-- was exchanged at rotated_at_ms. chain_salt goes into every next token. Times are milliseconds since 1970; expires_at_ms
-- is absolute, idle_at_ms moves with each refresh, token_expires_at_ms is the end of the last access token.
CREATE TABLE login_sessions (
    id BLOB NOT NULL PRIMARY KEY,
    user_id INTEGER NOT NULL,
    method TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    last_seen_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    idle_at_ms INTEGER NOT NULL,
    token_expires_at_ms INTEGER NOT NULL,
    address TEXT,
    user_agent TEXT,
    ended_at_ms INTEGER,
    end_reason TEXT,
    chain_salt BLOB NOT NULL,
    generation INTEGER NOT NULL,
    refresh_sha256 BLOB NOT NULL,
    previous_sha256 BLOB,
    rotated_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_of_user ON login_sessions (user_id, last_seen_at_ms);
CREATE INDEX sessions_by_end ON login_sessions (expires_at_ms);
