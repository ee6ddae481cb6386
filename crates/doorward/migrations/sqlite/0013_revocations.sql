-- What access tokens count no more, until the last of them has expired anyway: a session, or a user's tokens below an epoch.
-- Every node follows this table by its number.
CREATE TABLE revocations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id BLOB,
    user_id INTEGER,
    epoch INTEGER,
    expires_at_ms INTEGER NOT NULL
);
CREATE INDEX revocations_by_end ON revocations (expires_at_ms);
