-- Letters to be sent. No secret is here: link_id names the link, whose token is made again when the letter is sent.
-- next_attempt_at_ms is NULL once nothing is left to do: sent, or given up. The lease is of the node that is sending it.
CREATE TABLE mail_queue (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    user_id INT NOT NULL,
    recipient VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    kind VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    link_id BINARY(16) NULL,
    created_at_ms BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NULL,
    attempts INT NOT NULL DEFAULT 0,
    lease BINARY(16) NULL,
    lease_until_ms BIGINT NOT NULL DEFAULT 0,
    sent_at_ms BIGINT NULL,
    last_error VARCHAR(400) NULL,
    KEY mail_queue_next_attempt (next_attempt_at_ms),
    KEY mail_queue_of_user (user_id)
) ENGINE = InnoDB;
