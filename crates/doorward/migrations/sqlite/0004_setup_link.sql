-- The one-time link that makes the first administrator. One row at most (slot is always 1): the newest link wins.
CREATE TABLE setup_link (
    slot INTEGER NOT NULL PRIMARY KEY,
    token_sha256 BLOB NOT NULL,
    expires_at_ms BIGINT NOT NULL
);
