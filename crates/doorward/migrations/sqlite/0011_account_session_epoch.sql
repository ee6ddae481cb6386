-- Sessions carry the number that stood here when they began; those with a lower one have ended.
ALTER TABLE accounts ADD COLUMN session_epoch BIGINT NOT NULL DEFAULT 0;
