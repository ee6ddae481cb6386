-- A change of many users that goes on after a restart. done, failed and position move with each user's change, in one
-- transaction. Whoever holds the lease works; rejects is JSON. Times are milliseconds since 1970.
CREATE TABLE bulk_jobs (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    deed VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    selection MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    actor_id BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    finished_at_ms BIGINT NOT NULL,
    position BIGINT NOT NULL,
    last_id BIGINT NOT NULL,
    total BIGINT NOT NULL,
    done BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    rejects MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    lease VARBINARY(16) NOT NULL,
    lease_until_ms BIGINT NOT NULL
) ENGINE = InnoDB;
