-- What still arrives from other applications, per source: a count per outcome, added up over all nodes.
-- kind: token or session. source: the name in the configuration.
CREATE TABLE foreign_logins (
    kind VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    source VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    accepted BIGINT NOT NULL,
    exchanged BIGINT NOT NULL,
    expired BIGINT NOT NULL,
    retired BIGINT NOT NULL,
    last_seen_at_ms BIGINT NOT NULL,
    PRIMARY KEY (kind, source)
) ENGINE = InnoDB;
