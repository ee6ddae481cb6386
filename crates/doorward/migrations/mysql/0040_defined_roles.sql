-- Roles beyond the lecture's two. admin and user are no rows: what they allow is fixed.
-- version: raised by every change of the role or of its holders, so that two changes at once collide.
CREATE TABLE defined_roles (
    name VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    description VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    created_at_ms BIGINT NOT NULL,
    version BIGINT NOT NULL
) ENGINE = InnoDB;
