-- The one-time link that makes the first administrator. One row at most (slot is always 1): the newest link wins.
CREATE TABLE setup_link (
    slot INT NOT NULL PRIMARY KEY,
    token_sha256 BINARY(32) NOT NULL,
    expires_at_ms BIGINT NOT NULL
) ENGINE = InnoDB;
