-- A user's access tokens carry the number that stood here when they were issued; those with a lower one count no more.
ALTER TABLE accounts ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
