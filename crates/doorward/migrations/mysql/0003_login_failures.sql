-- Failed logins per bucket (name x network, or network). bucket: SHA-256 of what is counted, so no name is stored.
CREATE TABLE login_failures (
    bucket BINARY(32) NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_failed_at_ms BIGINT NOT NULL
) ENGINE = InnoDB;
