"""Answers whether real libraries verify doorward's password hashes, and makes hashes of their own.

Reads one JSON request from standard input and writes one JSON answer to standard output:

request   {"verify": [{"library", "password", "hash"}], "make": [{"library", "method", "password"}]}
answer    {"verified": [true, false, or {"error": text}], "made": [text]}

Libraries: "werkzeug", "bcrypt", "passlib", "django". "kratos", "zitadel" and "keycloak" are no libraries of Python; what
their sources do with the fields is done here with hashlib, argon2-cffi and passlib.
"""

import base64
import hashlib
import json
import sys
import warnings

warnings.simplefilter("ignore")

import bcrypt
import django
from argon2 import exceptions as argon2_exceptions
from argon2 import low_level as argon2
from django.conf import settings
from passlib import hash as schemes
from passlib.context import CryptContext
from werkzeug.security import check_password_hash, generate_password_hash

DJANGO = "django.contrib.auth.hashers."
settings.configure(
    PASSWORD_HASHERS=[
        DJANGO + name
        for name in [
            "PBKDF2PasswordHasher",
            "PBKDF2SHA1PasswordHasher",
            "Argon2PasswordHasher",
            "BCryptSHA256PasswordHasher",
            "BCryptPasswordHasher",
            "ScryptPasswordHasher",
        ]
    ]
)
django.setup()
from django.contrib.auth.hashers import check_password, make_password  # needs the settings

PASSLIB = CryptContext(
    schemes=["pbkdf2_sha1", "pbkdf2_sha256", "pbkdf2_sha512", "scrypt", "argon2", "bcrypt", "bcrypt_sha256"]
)


def verify(library, password, hash):
    try:
        if library == "werkzeug":
            return check_password_hash(hash, password)
        if library == "bcrypt":
            return bcrypt.checkpw(password.encode(), hash.encode())
        if library == "passlib":
            return PASSLIB.verify(password, hash)
        if library == "django":
            return check_password(password, hash)
        if library == "kratos":
            return kratos(password.encode(), hash)
        if library == "zitadel":
            return zitadel(password.encode(), hash)
        if library == "keycloak":
            return keycloak(password.encode(), hash)
    except argon2_exceptions.VerifyMismatchError:
        return False
    except Exception as error:  # the error is the answer
        return {"error": f"{type(error).__name__}: {error}"}
    raise ValueError(library)


def unpadded(text):
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def kratos(password, hash):
    """hash/hash_comparator.go: decodePbkdf2Hash, decodeScryptHash, CompareBcrypt, CompareArgon2id."""
    if hash.startswith("$2"):
        return bcrypt.checkpw(password, hash.encode())
    if hash.startswith("$argon2id$"):
        return argon2.verify_secret(hash.encode(), password, argon2.Type.ID)
    _, name, costs, salt, derived = hash.split("$")
    costs = dict(cost.split("=") for cost in costs.split(","))
    if name == "scrypt":
        salt, derived = base64.b64decode(salt, validate=True), base64.b64decode(derived, validate=True)
        n, r, p = (int(costs[key]) for key in ["ln", "r", "p"])
        return derived == hashlib.scrypt(
            password, salt=salt, n=n, r=r, p=p, dklen=len(derived), maxmem=256 * 1024 * 1024
        )
    digest = name.removeprefix("pbkdf2-")
    salt, derived = unpadded(salt), unpadded(derived)
    assert int(costs["l"]) == len(derived)
    return derived == hashlib.pbkdf2_hmac(digest, password, salt, int(costs["i"]), len(derived))


def zitadel(password, hash):
    """passwap: passlib's notation, but scrypt hashes of any length."""
    if not hash.startswith("$scrypt$"):
        return PASSLIB.verify(password, hash)
    _, _, costs, salt, derived = hash.split("$")
    costs = dict(cost.split("=") for cost in costs.split(","))
    log_n, r, p = (int(costs[key]) for key in ["ln", "r", "p"])
    derived = unpadded(derived)
    return derived == hashlib.scrypt(
        password, salt=unpadded(salt), n=1 << log_n, r=r, p=p, dklen=len(derived), maxmem=256 * 1024 * 1024
    )


def keycloak(password, text):
    """Pbkdf2PasswordHashProvider, Argon2PasswordHashProvider."""
    credential = json.loads(text)
    assert credential["type"] == "password"
    secret, data = json.loads(credential["secretData"]), json.loads(credential["credentialData"])
    salt, iterations = base64.b64decode(secret["salt"], validate=True), data["hashIterations"]
    size = len(base64.b64decode(secret["value"], validate=True))
    if data["algorithm"] == "argon2":
        first = {name: values[0] for name, values in data["additionalParameters"].items()}
        assert int(first["hashLength"]) == size
        derived = argon2.hash_secret_raw(
            password,
            salt,
            time_cost=iterations,
            memory_cost=int(first["memory"]),
            parallelism=int(first["parallelism"]),
            hash_len=size,
            type={"id": argon2.Type.ID, "i": argon2.Type.I, "d": argon2.Type.D}[first["type"]],
            version={"1.3": 19, "1.0": 16}[first["version"]],
        )
    else:
        digest = {"pbkdf2": "sha1", "pbkdf2-sha256": "sha256", "pbkdf2-sha512": "sha512"}[data["algorithm"]]
        derived = hashlib.pbkdf2_hmac(digest, password, salt, iterations, size)
    return base64.b64encode(derived).decode() == secret["value"]


def make(library, method, password):
    if library == "werkzeug":
        return generate_password_hash(password, method=method)
    if library == "bcrypt":
        return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
    if library == "passlib":
        return getattr(schemes, method).hash(password)
    if library == "django":
        return make_password(password, hasher=method)
    raise ValueError(library)


def main():
    request = json.load(sys.stdin)
    answer = {
        "verified": [verify(**item) for item in request["verify"]],
        "made": [make(**item) for item in request["make"]],
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
