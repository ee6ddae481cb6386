-- A user's roles beside the one in users.role.
CREATE TABLE role_holders (
    user_id INTEGER NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (user_id, role)
);
CREATE INDEX role_holders_role ON role_holders (role);
