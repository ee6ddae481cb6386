-- Set when the demo has put its public accounts here: production refuses such a database. One row at most.
CREATE TABLE demo_mark (
    slot INTEGER NOT NULL PRIMARY KEY,
    marked_at_ms BIGINT NOT NULL
);
