"""PyJWT verifies tokens by the published keys, one a line, as they come.

    watch.py URL-OF-THE-SET ISSUER SECONDS-THAT-THE-SET-IS-KEPT

Writes its name when it is ready, then `good` or the error for each token, and at the end how often it asked for the set.
"""

import sys

import jwt

ALGORITHMS = ["ES256", "EdDSA", "RS256"]


class Client(jwt.PyJWKClient):
    fetches = 0

    def fetch_data(self):
        self.fetches += 1
        return super().fetch_data()


def main():
    url, issuer, kept = sys.argv[1:]
    client = Client(url, lifespan=float(kept))

    def verdict(token):
        try:
            key = client.get_signing_key_from_jwt(token)
            jwt.decode(token, key, algorithms=ALGORITHMS, issuer=issuer, options={"require": ["exp", "iat", "iss"]})
            return "good"
        except jwt.PyJWTError as error:
            return f"{type(error).__name__}: {error}"

    print(f"PyJWT {jwt.__version__}, PyJWKClient", flush=True)
    for line in sys.stdin:
        print(verdict(line.strip()), flush=True)
    print(client.fetches, flush=True)


main()
