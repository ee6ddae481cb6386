"""A Flask service with Flask-JWT-Extended that lets doorward's users in."""

import os

import jwt
from doorward_tokens import ALGORITHMS, Unavailable, Verifier
from flask import Flask, abort, jsonify
from flask_jwt_extended import JWTManager, get_jwt, jwt_required

app = Flask(__name__)
tokens = Verifier(os.environ["DOORWARD_URL"], audience="notes")
app.config.update(
    # For tokens of its own, which it makes none of: the extension wants one to be named.
    JWT_ALGORITHM="ES256",
    JWT_DECODE_ALGORITHMS=ALGORITHMS,
    JWT_DECODE_AUDIENCE=tokens.audience,
    JWT_DECODE_ISSUER=tokens.url,
)
manager = JWTManager(app)


@manager.decode_key_loader
def key(header, _):
    return tokens.key(header).key


@manager.token_in_blocklist_loader
def is_revoked(_, claims):
    # The extension takes a token without an end for one that lasts for ever.
    return "exp" not in claims or tokens.is_revoked(claims)


@manager.invalid_token_loader
def refused(_):
    # Its own answer is a 422.
    return jsonify(error="Invalid token"), 401


@app.errorhandler(Unavailable)
@app.errorhandler(jwt.PyJWKClientConnectionError)
def unavailable(_):
    return jsonify(error="Service unavailable"), 503


@app.get("/whoami")
@jwt_required()
def whoami():
    claims = get_jwt()
    return jsonify(user=claims["username"], role=claims["role"])


@app.get("/edit")
@jwt_required()
def edit():
    if "notes:write" not in get_jwt().get("scope", "").split():
        abort(403)
    return jsonify(edited=True)


if __name__ == "__main__":
    app.run(port=int(os.environ["PORT"]))
