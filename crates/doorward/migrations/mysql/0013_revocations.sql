-- What access tokens count no more, until the last of them has expired anyway: a session, or a user's tokens below an epoch.
-- Every node follows this table by its number.
CREATE TABLE revocations (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    session_id BINARY(16) NULL,
    user_id BIGINT NULL,
    epoch BIGINT NULL,
    expires_at_ms BIGINT NOT NULL,
    KEY revocations_by_end (expires_at_ms)
) ENGINE = InnoDB;
