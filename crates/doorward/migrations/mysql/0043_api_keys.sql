-- Keys with which programs act for a user. The key is not here: key_sha256 is what it is known by. scope is what it may be
-- used for, with a space between two; times are milliseconds since 1970; last_used_at_ms is kept to the hour.
CREATE TABLE api_keys (
    id BINARY(16) NOT NULL PRIMARY KEY,
    user_id INT NOT NULL,
    name VARCHAR(64) NOT NULL,
    key_sha256 BINARY(32) NOT NULL,
    scope VARCHAR(2000) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    last_used_at_ms BIGINT NULL,
    revoked_at_ms BIGINT NULL,
    UNIQUE KEY api_keys_key (key_sha256),
    KEY api_keys_of_user (user_id, created_at_ms)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
