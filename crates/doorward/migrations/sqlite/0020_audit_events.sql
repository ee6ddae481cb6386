-- What happened to accounts: rows are added, and deleted when their time is over; none is ever changed.
-- actor_id: a user, or an API key. subject_id: whose account it was about. detail: a few known keys, as JSON.
CREATE TABLE audit_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms BIGINT NOT NULL,
    kind TEXT NOT NULL,
    outcome TEXT NOT NULL,
    actor TEXT NOT NULL,
    actor_id BIGINT NULL,
    subject_id BIGINT NULL,
    address TEXT NULL,
    request_id TEXT NULL,
    user_agent TEXT NULL,
    node TEXT NULL,
    detail TEXT NULL
);
CREATE INDEX audit_events_subject ON audit_events (subject_id, id);
CREATE INDEX audit_events_kind ON audit_events (kind, id);
