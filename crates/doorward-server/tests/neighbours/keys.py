"""PyJWT's and cryptography's opinion of the published keys.

Reads one JSON document from standard input and writes one to standard output:

    {"url": of the set, "keys": [JWK, ...], "tokens": [text, ...], "issuer": text, "audience": text}

    {"thumbprints": {kid: RFC 7638}, "pems": {kid: text},
     "tokens": [claims or the name of the error, ...],
     "forged": [the name of the error, ...]}    each token signed anew by another key of its kind, under the same header
"""

import base64
import hashlib
import json
import sys

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

MEMBERS = {"EC": ["crv", "kty", "x", "y"], "OKP": ["crv", "kty", "x"], "RSA": ["e", "kty", "n"]}
OTHERS = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
}


def thumbprint(key):
    """Of what PyJWT has made of the key, and not of what was published."""
    members = key.Algorithm.to_jwk(key.key, as_dict=True)
    text = json.dumps({name: members[name] for name in MEMBERS[members["kty"]]}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def pem(key):
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.key.public_bytes(serialization.Encoding.PEM, form).decode()


def main():
    asked = json.load(sys.stdin)
    keys = {jwk["kid"]: jwt.PyJWK(jwk) for jwk in asked["keys"]}
    client = jwt.PyJWKClient(asked["url"])

    def verdict(token):
        try:
            key = client.get_signing_key_from_jwt(token)
            return jwt.decode(
                token,
                key,
                algorithms=list(OTHERS),
                issuer=asked["issuer"],
                audience=asked["audience"],
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            return type(error).__name__

    def forged(token):
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
        return jwt.encode(claims, OTHERS[header["alg"]](), header["alg"], headers={"kid": header["kid"]})

    answer = {
        "thumbprints": {kid: thumbprint(key) for kid, key in keys.items()},
        "pems": {kid: pem(key) for kid, key in keys.items()},
        "tokens": [verdict(token) for token in asked["tokens"]],
        "forged": [verdict(forged(token)) for token in asked["tokens"]],
    }
    json.dump(answer, sys.stdout)


main()
