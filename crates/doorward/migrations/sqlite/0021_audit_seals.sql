-- The chain over audit_events: hash is SHA-256 over the hash before it and the event. When old events are deleted, the
-- seal of the last of them stays, as the beginning of the chain.
CREATE TABLE audit_seals (
    seq INTEGER PRIMARY KEY,
    event_id BIGINT NOT NULL UNIQUE,
    hash BLOB NOT NULL
);
