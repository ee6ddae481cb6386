"""A small Flask application with the habits of those that doorward adopts: decorators around PyJWT as in the lecture's
programs 6, 10 and 11, Flask-JWT-Extended, Flask-Login.

Reads one JSON document from standard input and writes one JSON list to standard output:

    {"config": {Flask settings}, "steps": [step, ...]}

    {"do": "pyjwt", "claims": {...}}                               a token by jwt.encode
    {"do": "extended", "identity": any, "refresh": bool,
     "expires": seconds or false}                                  a token by Flask-JWT-Extended
    {"do": "login", "id": text}                                    the session cookie after Flask-Login's login_user
    {"do": "get", "path": text, "bearer": text, "cookie": text}    [status, body] of a route
"""

import datetime
import functools
import json
import sys

import flask
import flask_jwt_extended
import flask_login
import jwt


def token_required(words):
    """The lecture's decorator; its programs differ in their words alone."""

    def decorator(view):
        @functools.wraps(view)
        def decorated():
            header = flask.request.headers.get("Authorization")
            if not header:
                return {"error": "Authentication token is missing"}, 401
            parts = header.split()
            if len(parts) != 2 or parts[0].lower() != "bearer":
                return {"error": words["header"]}, 401
            try:
                payload = jwt.decode(parts[1], flask.current_app.config["SECRET_KEY"], algorithms=["HS256"])
            except jwt.ExpiredSignatureError:
                return {"error": "Token has expired"}, 401
            except jwt.InvalidTokenError:
                return {"error": words["invalid"]}, 401
            return view(payload)

        return decorated

    return decorator


PROGRAM_6 = {"header": "Invalid token header. Use Bearer <Token>", "invalid": "Token is invalid"}
PROGRAM_10 = {"header": "Invalid token header. Use Bearer <token>", "invalid": "Invalid token"}


class User(flask_login.UserMixin):
    def __init__(self, identity):
        self.id = identity


def make(config):
    app = flask.Flask("fixture")
    app.config.update(config)
    flask_jwt_extended.JWTManager(app)
    logins = flask_login.LoginManager(app)
    logins.user_loader(User)

    @app.get("/protected")
    @token_required(PROGRAM_6)
    def protected(payload):
        return {"message": f"Hello, {payload.get('user')}. This is a protected route."}

    @app.get("/admin-area")
    @token_required(PROGRAM_6)
    def admin_area(payload):
        user = payload.get("user")
        if user != "alice":
            return {"error": "Admin access required"}, 403
        return {"message": f"Welcome to the admin area, {user}!"}

    @app.get("/api/data")
    @token_required(PROGRAM_10)
    def data(payload):
        return {"message": f"Hello, {payload['username']}. Here is the confidential data."}

    @app.get("/api/admin")
    @token_required(PROGRAM_10)
    def admin(payload):
        if payload.get("role") != "admin":
            return {"error": "Admin access required"}, 403
        return {"message": f"Welcome to the admin panel, {payload['username']}."}

    @app.get("/profile")
    @token_required(PROGRAM_10)
    def profile(payload):
        return {name: payload[name] for name in ("user_id", "username", "role")}

    @app.get("/extended")
    @flask_jwt_extended.jwt_required()
    def extended():
        return {"identity": flask_jwt_extended.get_jwt_identity(), "claims": flask_jwt_extended.get_jwt()}

    @app.get("/extended/fresh")
    @flask_jwt_extended.jwt_required(fresh=True)
    def fresh():
        return {"identity": flask_jwt_extended.get_jwt_identity()}

    @app.get("/whoami")
    @flask_login.login_required
    def whoami():
        return {"id": flask_login.current_user.get_id(), "fresh": flask_login.login_fresh()}

    @app.get("/login/<identity>")
    def login(identity):
        flask_login.login_user(User(identity))
        flask.session["cart"] = ("tea", 2)
        return {}

    return app


def run(app, step):
    if step["do"] == "pyjwt":
        return jwt.encode(step["claims"], app.config["SECRET_KEY"], algorithm=step.get("algorithm", "HS256"))
    if step["do"] == "extended":
        make_token = (
            flask_jwt_extended.create_refresh_token if step.get("refresh") else flask_jwt_extended.create_access_token
        )
        expires = step.get("expires", 3600)
        if expires is not False:
            expires = datetime.timedelta(seconds=expires)
        with app.app_context():
            return make_token(identity=step["identity"], expires_delta=expires)
    client = app.test_client()
    if step["do"] == "login":
        client.get("/login/" + step["id"])
        return client.get_cookie("session").value
    headers = {}
    if "bearer" in step:
        headers["Authorization"] = "Bearer " + step["bearer"]
    if "cookie" in step:
        client.set_cookie("session", step["cookie"])
    answer = client.get(step["path"], headers=headers)
    return [answer.status_code, answer.get_json(silent=True)]


def main():
    request = json.load(sys.stdin)
    app = make(request["config"])
    json.dump([run(app, step) for step in request["steps"]], sys.stdout)


main()
