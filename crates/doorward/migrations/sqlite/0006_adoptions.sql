-- One row for each adoption: what was planned, how far it is. The row of a batch changes in the batch's transaction.
-- id: SHA-256 over the plan and the source. position: the last id, line or record of the source that is dealt with.
-- forms: how many stored passwords had which form when they were adopted, as JSON.
CREATE TABLE adoptions (
    id BLOB NOT NULL PRIMARY KEY,
    mode VARCHAR(16) NOT NULL,
    state VARCHAR(16) NOT NULL,
    plan TEXT NOT NULL,
    source VARCHAR(255) NOT NULL,
    started_at_ms BIGINT NOT NULL,
    completed_at_ms BIGINT NULL,
    finished_at_ms BIGINT NULL,
    position BIGINT NOT NULL,
    adopted BIGINT NOT NULL,
    present BIGINT NOT NULL,
    hashed BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    forms TEXT NOT NULL
);
