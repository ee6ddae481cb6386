-- The e-mail address of an account, as its owner gave it, and since when it is proved.
-- email_key: what addresses are compared by (NFKC, lower case). verified_email_key: the same once it is proved; an address
-- that is proved belongs to one account.
ALTER TABLE accounts
    ADD COLUMN email VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD COLUMN email_key VARBINARY(254) NULL,
    ADD COLUMN email_verified_at_ms BIGINT NULL,
    ADD COLUMN verified_email_key VARBINARY(254) NULL,
    ADD UNIQUE KEY accounts_verified_email_key (verified_email_key),
    ADD KEY accounts_email_key (email_key);
