-- What we know about a user beyond the lecture's columns. Beside `users`, not in it, so that `users` stays theirs.
-- username_key: the normalised name (NFKC, case-folded), computed in Rust; it alone decides identity.
-- Times are milliseconds since 1970 from our own clock.
CREATE TABLE accounts (
    user_id INT NOT NULL PRIMARY KEY,
    username_key VARBINARY(255) NOT NULL,
    created_at_ms BIGINT NOT NULL,
    password_changed_at_ms BIGINT NOT NULL,
    disabled_at_ms BIGINT NULL,
    UNIQUE KEY username_key (username_key)
) ENGINE = InnoDB;
