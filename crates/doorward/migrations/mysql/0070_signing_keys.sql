-- The keys that sign tokens, and when each begins to be published, to sign, to be accepted only, and to be nothing any more
-- (milliseconds since 1970; 0 is not decided). public_jwk and sealed_private are empty for a shared secret, which is not here;
-- sealed_private is encrypted under the server's secret. A key follows one other, so that two nodes cannot both rotate.
CREATE TABLE signing_keys (
    kid VARCHAR(128) NOT NULL PRIMARY KEY,
    algorithm VARCHAR(16) NOT NULL,
    public_jwk VARCHAR(4000) NOT NULL,
    sealed_private VARBINARY(4000) NOT NULL,
    follows VARCHAR(128) NOT NULL,
    published_at_ms BIGINT NOT NULL,
    active_at_ms BIGINT NOT NULL,
    retiring_at_ms BIGINT NOT NULL,
    retired_at_ms BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE KEY signing_keys_follows (follows)
) ENGINE = InnoDB DEFAULT CHARACTER SET ascii COLLATE ascii_bin;
