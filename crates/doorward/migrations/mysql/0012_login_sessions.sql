-- One row for each login. refresh_sha256 is the only refresh token that counts; previous_sha256 the one before it, which
-- was exchanged at rotated_at_ms. chain_salt goes into every next token. Times are milliseconds since 1970; expires_at_ms
-- is absolute, idle_at_ms moves with each refresh, token_expires_at_ms is the end of the last access token.
CREATE TABLE login_sessions (
    id BINARY(16) NOT NULL PRIMARY KEY,
    user_id INT NOT NULL,
    method VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    epoch BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    last_seen_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    idle_at_ms BIGINT NOT NULL,
    token_expires_at_ms BIGINT NOT NULL,
    address VARCHAR(45) CHARACTER SET ascii COLLATE ascii_bin NULL,
    user_agent VARCHAR(255) NULL,
    ended_at_ms BIGINT NULL,
    end_reason VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NULL,
    chain_salt BINARY(32) NOT NULL,
    generation BIGINT NOT NULL,
    refresh_sha256 BINARY(32) NOT NULL,
    previous_sha256 BINARY(32) NULL,
    rotated_at_ms BIGINT NOT NULL,
    KEY sessions_of_user (user_id, last_seen_at_ms),
    KEY sessions_by_end (expires_at_ms)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
