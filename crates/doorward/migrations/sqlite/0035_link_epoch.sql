-- A link to set a password is void when the rights of its account have changed since: whoever handed it over may have been
-- allowed to do so for the account as it was.
ALTER TABLE one_time_links ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
