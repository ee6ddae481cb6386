-- Links that work once: one of each purpose for an account at most, the newest.
-- id: 128 random bits, from which the server's key makes the token. password_changed_at_ms: the account's when the link was
-- made; it is void once the password is another. email: the address that the link was sent to, NULL when to none.
CREATE TABLE one_time_links (
    user_id INT NOT NULL,
    purpose VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    id BINARY(16) NOT NULL,
    token_sha256 BINARY(32) NOT NULL,
    password_changed_at_ms BIGINT NOT NULL,
    email VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin NULL,
    expires_at_ms BIGINT NOT NULL,
    PRIMARY KEY (user_id, purpose)
) ENGINE = InnoDB;
