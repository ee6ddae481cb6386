-- The keys that sign tokens, and when each begins to be published, to sign, to be accepted only, and to be nothing any more
-- (milliseconds since 1970; 0 is not decided). public_jwk and sealed_private are empty for a shared secret, which is not here;
-- sealed_private is encrypted under the server's secret. A key follows one other, so that two nodes cannot both rotate.
CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    algorithm TEXT NOT NULL,
    public_jwk TEXT NOT NULL,
    sealed_private BLOB NOT NULL,
    follows TEXT NOT NULL UNIQUE,
    published_at_ms INTEGER NOT NULL,
    active_at_ms INTEGER NOT NULL,
    retiring_at_ms INTEGER NOT NULL,
    retired_at_ms INTEGER NOT NULL,
    version INTEGER NOT NULL
) WITHOUT ROWID;
