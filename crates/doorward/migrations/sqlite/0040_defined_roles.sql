-- Roles beyond the lecture's two. admin and user are no rows: what they allow is fixed.
-- version: raised by every change of the role or of its holders, so that two changes at once collide.
CREATE TABLE defined_roles (
    name TEXT NOT NULL PRIMARY KEY,
    description TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    version BIGINT NOT NULL
);
