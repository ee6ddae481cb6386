-- The e-mail address of an account, as its owner gave it, and since when it is proved.
-- email_key: what addresses are compared by (NFKC, lower case). verified_email_key: the same once it is proved; an address
-- that is proved belongs to one account.
ALTER TABLE accounts ADD COLUMN email TEXT NULL;
ALTER TABLE accounts ADD COLUMN email_key BLOB NULL;
ALTER TABLE accounts ADD COLUMN email_verified_at_ms BIGINT NULL;
ALTER TABLE accounts ADD COLUMN verified_email_key BLOB NULL;
CREATE UNIQUE INDEX accounts_verified_email_key ON accounts (verified_email_key);
CREATE INDEX accounts_email_key ON accounts (email_key);
