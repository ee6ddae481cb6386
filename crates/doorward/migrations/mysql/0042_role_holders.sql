-- A user's roles beside the one in users.role.
CREATE TABLE role_holders (
    user_id INT NOT NULL,
    role VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    PRIMARY KEY (user_id, role),
    KEY role_holders_role (role)
) ENGINE = InnoDB;
