"""A Flask service that lets doorward's users in, with PyJWT."""

import os

import jwt
from doorward_tokens import Unavailable, Verifier
from flask import Flask, abort, jsonify, request

app = Flask(__name__)
tokens = Verifier(os.environ["DOORWARD_URL"], audience="notes")


def caller(permission=None):
    """The claims of the request's token, which must allow `permission`."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer":
        abort(401)
    claims = tokens.verify(token)
    if permission and permission not in claims.get("scope", "").split():
        abort(403)
    return claims


@app.errorhandler(jwt.InvalidTokenError)
def refused(_):
    return jsonify(error="Invalid token"), 401


@app.errorhandler(Unavailable)
def unavailable(_):
    return jsonify(error="Service unavailable"), 503


@app.get("/whoami")
def whoami():
    claims = caller()
    return jsonify(user=claims["username"], role=claims["role"])


@app.get("/edit")
def edit():
    caller("notes:write")
    return jsonify(edited=True)


if __name__ == "__main__":
    app.run(port=int(os.environ["PORT"]))
