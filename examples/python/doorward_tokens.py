"""Verifies doorward's tokens in a Python service: by the published keys, and by the list of revocations."""

import threading
import time
import urllib.request

import jwt

# Never what the token says alone (RFC 8725, section 3.1).
ALGORITHMS = ["ES256", "EdDSA", "RS256"]
# Revocations are asked for so often, in seconds, and kept as long as the longest token can live.
POLL = 1
KEEP = 24 * 3600


class Unavailable(Exception):
    """Nobody can tell whether the token is good: answer 503, not 401."""


class Verifier:
    """Follows the doorward at `url`, whose tokens are meant for `audience`."""

    def __init__(self, url: str, audience: str):
        self.url = url
        self.audience = audience
        # Keeps the keys for five minutes, and fetches them again for a `kid` that it does not know.
        self._keys = jwt.PyJWKClient(f"{url}/.well-known/jwks.json", lifespan=300)
        self._sessions: dict[str, float] = {}
        self._epochs: dict[int, tuple[int, float]] = {}
        self._cursor = 0
        self._trusted_until = 0.0
        threading.Thread(target=self._follow, daemon=True).start()

    def verify(self, token: str) -> dict:
        """The claims of a good token; else `jwt.InvalidTokenError`, or `Unavailable`."""
        try:
            header = jwt.get_unverified_header(token)
            claims = jwt.decode(
                token,
                self.key(header),
                algorithms=ALGORITHMS,
                audience=self.audience,
                issuer=self.url,
                options={"require": ["exp", "iat", "sub", "jti"]},
            )
        except jwt.PyJWKClientConnectionError as error:
            raise Unavailable(str(error)) from error
        if self.is_revoked(claims):
            raise jwt.InvalidTokenError("revoked")
        return claims

    def key(self, header: dict) -> jwt.PyJWK:
        """The published key that a token's header names."""
        try:
            return self._keys.get_signing_key(header["kid"])
        except jwt.PyJWKClientConnectionError:
            raise
        except (KeyError, jwt.PyJWKClientError) as error:
            raise jwt.InvalidTokenError("unknown key") from error

    def is_revoked(self, claims: dict) -> bool:
        """Whether a token with these claims counts no more."""
        if time.time() > self._trusted_until:
            raise Unavailable("no list of revocations has come in time")
        user = claims.get("user_id", claims.get("owner_id"))
        lowest, _ = self._epochs.get(user, (0, 0))
        return claims.get("sid") in self._sessions or claims.get("epoch", 0) < lowest

    def _follow(self) -> None:
        while True:
            try:
                while self._read_list():
                    pass
            except Exception as error:  # The server is down: what was known stays known, until it is too old.
                print(f"revocations were not read: {error}", flush=True)
            self._forget(time.time())
            time.sleep(POLL)

    def _read_list(self) -> bool:
        """Reads one page; whether there is another."""
        address = f"{self.url}/auth/revocations?after={self._cursor}"
        with urllib.request.urlopen(address, timeout=5) as answer:
            document = answer.read(1024 * 1024).decode()
        header = jwt.get_unverified_header(document)
        if header.get("typ") != "revocations+jwt":
            raise ValueError("not a list of revocations")
        page = jwt.decode(
            document,
            self.key(header),
            algorithms=ALGORITHMS,
            audience="doorward-revocations",
            issuer=self.url,
        )
        until = time.time() + KEEP
        for session in page["sessions"]:
            self._sessions[session] = until
        for user, epoch in page["users"]:
            known, _ = self._epochs.get(user, (0, 0))
            self._epochs[user] = (max(known, epoch), until)
        # The client waits up to 30 seconds before it looks for a key that it does not know; the list tells of it before.
        if {key.key_id for key in self._keys.get_signing_keys()} != set(page["keys"]):
            self._keys.get_signing_keys(refresh=True)
        self._cursor = page["cursor"]
        if not page["more"]:
            self._trusted_until = page["exp"]
        return page["more"]

    def _forget(self, now: float) -> None:
        for session in [s for s, until in self._sessions.items() if until < now]:
            del self._sessions[session]
        for user in [u for u, (_, until) in self._epochs.items() if until < now]:
            del self._epochs[user]
