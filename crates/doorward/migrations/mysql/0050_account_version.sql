-- Grows with every change of the user: what an ETag stands for.
ALTER TABLE accounts ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
