-- What a role allows.
CREATE TABLE role_permissions (
    role VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    permission VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    PRIMARY KEY (role, permission)
) ENGINE = InnoDB;
