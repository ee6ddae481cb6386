-- What happened to accounts: rows are added, and deleted when their time is over; none is ever changed.
-- actor_id: a user, or an API key. subject_id: whose account it was about. detail: a few known keys, as JSON.
CREATE TABLE audit_events (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    kind VARCHAR(40) NOT NULL,
    outcome VARCHAR(16) NOT NULL,
    actor VARCHAR(16) NOT NULL,
    actor_id BIGINT NULL,
    subject_id BIGINT NULL,
    address VARCHAR(45) NULL,
    request_id VARCHAR(64) NULL,
    user_agent VARCHAR(255) NULL,
    node VARCHAR(16) NULL,
    detail VARCHAR(1000) NULL,
    KEY audit_events_subject (subject_id, id),
    KEY audit_events_kind (kind, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
