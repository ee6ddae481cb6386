-- The role of a user of an adopted table that has no column for it. Elsewhere NULL: the role is in the users table.
ALTER TABLE accounts ADD COLUMN role VARCHAR(20) NULL;
