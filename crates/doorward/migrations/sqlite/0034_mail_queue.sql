-- Letters to be sent. No secret is here: link_id names the link, whose token is made again when the letter is sent.
-- next_attempt_at_ms is NULL once nothing is left to do: sent, or given up. The lease is of the node that is sending it.
CREATE TABLE mail_queue (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    recipient TEXT NOT NULL,
    kind TEXT NOT NULL,
    link_id BLOB NULL,
    created_at_ms BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NULL,
    attempts INT NOT NULL DEFAULT 0,
    lease BLOB NULL,
    lease_until_ms BIGINT NOT NULL DEFAULT 0,
    sent_at_ms BIGINT NULL,
    last_error TEXT NULL
);
CREATE INDEX mail_queue_next_attempt ON mail_queue (next_attempt_at_ms);
CREATE INDEX mail_queue_of_user ON mail_queue (user_id);
