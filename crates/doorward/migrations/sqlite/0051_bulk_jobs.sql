-- A change of many users that goes on after a restart. done, failed and position move with each user's change, in one
-- transaction. Whoever holds the lease works; rejects is JSON. Times are milliseconds since 1970.
CREATE TABLE bulk_jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    deed TEXT NOT NULL,
    selection TEXT NOT NULL,
    state TEXT NOT NULL,
    actor_id BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    finished_at_ms BIGINT NOT NULL,
    position BIGINT NOT NULL,
    last_id BIGINT NOT NULL,
    total BIGINT NOT NULL,
    done BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    rejects TEXT NOT NULL,
    lease BLOB NOT NULL,
    lease_until_ms BIGINT NOT NULL
);
