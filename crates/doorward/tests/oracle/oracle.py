"""Answers, with real Flask and PyJWT, what doorward's output is worth and what theirs looks like.

Reads one JSON request from standard input and writes one JSON answer to standard output:

request   {"secret", "now", "cookies": [text], "sessions": [described], "tokens": [text], "claims": [object]}
answer    {"versions": {name: text},
           "read_cookies": [described, or {"error": text}],   what Flask reads in our cookies
           "made_cookies": [text],                            Flask's cookies for the sessions
           "read_tokens": [object, or {"error": text}],       what PyJWT reads in our tokens
           "made_tokens": [text]}                             PyJWT's tokens for the claims

A described value is a list of type and content, so that no type is lost on the way:
["null"], ["bool", true], ["int", "5"], ["float", "1.5"], ["str", text], ["bytes", hex],
["markup", text], ["uuid", hex], ["datetime", unix seconds], ["list", [...]], ["tuple", [...]],
["dict", [[name, value], ...]] sorted by name.
"""

import datetime
import json
import sys
import uuid
from importlib import metadata

import itsdangerous
import jwt
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from markupsafe import Markup

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def describe(value):
    if value is None:
        return ["null"]
    if isinstance(value, bool):
        return ["bool", value]
    if isinstance(value, int):
        return ["int", str(value)]
    if isinstance(value, float):
        return ["float", repr(value)]
    if isinstance(value, Markup):
        return ["markup", str(value)]
    if isinstance(value, str):
        return ["str", value]
    if isinstance(value, bytes):
        return ["bytes", value.hex()]
    if isinstance(value, uuid.UUID):
        return ["uuid", value.hex]
    if isinstance(value, datetime.datetime):
        return ["datetime", int((value - EPOCH).total_seconds())]
    if isinstance(value, tuple):
        return ["tuple", [describe(item) for item in value]]
    if isinstance(value, list):
        return ["list", [describe(item) for item in value]]
    if isinstance(value, dict):
        return ["dict", [[name, describe(value[name])] for name in sorted(value)]]
    raise TypeError(f"no description for {type(value)}")


def build(described):
    kind, *content = described
    content = content[0] if content else None
    return {
        "null": lambda: None,
        "bool": lambda: content,
        "int": lambda: int(content),
        "float": lambda: float(content),
        "str": lambda: content,
        "bytes": lambda: bytes.fromhex(content),
        "markup": lambda: Markup(content),
        "uuid": lambda: uuid.UUID(hex=content),
        "datetime": lambda: EPOCH + datetime.timedelta(seconds=content),
        "list": lambda: [build(item) for item in content],
        "tuple": lambda: tuple(build(item) for item in content),
        "dict": lambda: {name: build(value) for name, value in content},
    }[kind]()


def attempt(read):
    try:
        return read()
    except Exception as error:  # the error is the answer
        return {"error": f"{type(error).__name__}: {error}"}


def main():
    request = json.load(sys.stdin)
    now = request["now"]
    # One clock for both sides, so that cookies can be compared byte for byte.
    itsdangerous.TimestampSigner.get_timestamp = lambda self: now

    app = Flask("oracle")
    app.secret_key = request["secret"]
    with app.app_context():
        serializer = SecureCookieSessionInterface().get_signing_serializer(app)
        max_age = int(app.permanent_session_lifetime.total_seconds())
        read_cookies = [
            attempt(lambda: describe(serializer.loads(cookie, max_age=max_age)))
            for cookie in request["cookies"]
        ]
        made_cookies = [serializer.dumps(build(session)) for session in request["sessions"]]

    read_tokens = [
        attempt(lambda: jwt.decode(token, request["secret"], algorithms=["HS256"]))
        for token in request["tokens"]
    ]
    made_tokens = [
        jwt.encode(claims, request["secret"], algorithm="HS256") for claims in request["claims"]
    ]
    names = ["flask", "itsdangerous", "PyJWT"]
    answer = {
        "versions": {name: metadata.version(name) for name in names},
        "read_cookies": read_cookies,
        "made_cookies": made_cookies,
        "read_tokens": read_tokens,
        "made_tokens": made_tokens,
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
