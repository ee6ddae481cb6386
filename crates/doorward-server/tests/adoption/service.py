"""A Flask service as it grows out of the lecture: a MySQL users table (program 8), login against it (program 9), roles
(program 10), registration with hashes (program 11), and Flask-Login sessions for its pages. The tests adopt it.

Environment: MYSQL_HOST, MYSQL_PORT, MYSQL_USER, MYSQL_PASSWORD, MYSQL_DB, SECRET_KEY, PORT.
"""

import os
from datetime import datetime, timedelta, timezone
from functools import wraps

import bcrypt
import jwt
import pymysql
from flask import Flask, jsonify, request
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user, logout_user
from werkzeug.security import check_password_hash, generate_password_hash

app = Flask(__name__)
app.config["SECRET_KEY"] = os.environ["SECRET_KEY"]


def connect():
    return pymysql.connect(
        host=os.environ["MYSQL_HOST"],
        port=int(os.environ["MYSQL_PORT"]),
        user=os.environ["MYSQL_USER"],
        password=os.environ["MYSQL_PASSWORD"],
        database=os.environ["MYSQL_DB"],
        charset="utf8mb4",
        autocommit=True,
        cursorclass=pymysql.cursors.DictCursor,
    )


def query(sql, *args):
    connection = connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, args)
            return cursor.fetchall()
    finally:
        connection.close()


query(
    """CREATE TABLE IF NOT EXISTS users (
        id INT AUTO_INCREMENT PRIMARY KEY,
        username VARCHAR(50) UNIQUE NOT NULL,
        password VARCHAR(100) NOT NULL,
        role VARCHAR(20) NOT NULL
    )"""
)


def matches(stored, password):
    """Like program 9: plain text from its first days, hashes since; bcrypt from a library it used in between."""
    if stored.startswith("$2"):
        return bcrypt.checkpw(password.encode(), stored.encode())
    return stored == password or check_password_hash(stored, password)


def credentials():
    data = request.get_json(silent=True) or {}
    rows = query("SELECT id, username, password, role FROM users WHERE username = %s", data.get("username", ""))
    if rows and matches(rows[0]["password"], data.get("password", "")):
        return rows[0]
    return None


def token_required(view):
    @wraps(view)
    def checked(*args, **kwargs):
        parts = request.headers.get("Authorization", "").split()
        if len(parts) != 2 or parts[0].lower() != "bearer":
            return jsonify({"error": "Authentication token is missing"}), 401
        try:
            payload = jwt.decode(parts[1], app.config["SECRET_KEY"], algorithms=["HS256"])
        except jwt.ExpiredSignatureError:
            return jsonify({"error": "Token has expired"}), 401
        except jwt.InvalidTokenError as error:
            return jsonify({"error": f"Invalid token: {error}"}), 401
        return view(payload, *args, **kwargs)

    return checked


@app.get("/users")
def list_users():
    return jsonify(query("SELECT id, username, role FROM users ORDER BY id"))


@app.post("/register")
def register():
    data = request.get_json()
    if query("SELECT id FROM users WHERE username = %s", data["username"]):
        return jsonify({"error": "Username already exists"}), 409
    # As long as the column is as narrow as the lecture made it, only a short form fits.
    hashed = generate_password_hash(data["password"], method="pbkdf2:sha256:1000", salt_length=8)
    query("INSERT INTO users (username, password, role) VALUES (%s, %s, %s)", data["username"], hashed, "user")
    return jsonify({"message": f"User {data['username']} registered successfully"}), 201


@app.post("/password")
def change_password():
    data = request.get_json()
    hashed = generate_password_hash(data["new"], method="pbkdf2:sha256:1000", salt_length=8)
    query("UPDATE users SET password = %s WHERE username = %s", hashed, data["username"])
    return jsonify({"message": "changed"})


@app.post("/login")
def log_in():
    user = credentials()
    if user is None:
        return jsonify({"error": "Invalid username or password"}), 401
    payload = {
        "user_id": user["id"],
        "username": user["username"],
        "role": user["role"],
        "exp": datetime.now(timezone.utc) + timedelta(hours=1),
    }
    return jsonify({"token": jwt.encode(payload, app.config["SECRET_KEY"], algorithm="HS256")})


@app.get("/profile")
@token_required
def profile(payload):
    return jsonify({"user_id": payload["user_id"], "username": payload["username"], "role": payload["role"]})


@app.get("/admin")
@token_required
def admin(payload):
    if payload.get("role") != "admin":
        return jsonify({"error": "Admin access required"}), 403
    return jsonify({"message": f"Hello {payload['username']}"})


login_manager = LoginManager(app)


class Person(UserMixin):
    def __init__(self, row):
        self.id = row["id"]
        self.name = row["username"]


@login_manager.user_loader
def load_person(user_id):
    rows = query("SELECT id, username FROM users WHERE id = %s", int(user_id))
    return Person(rows[0]) if rows else None


@login_manager.unauthorized_handler
def not_signed_in():
    return jsonify({"error": "not signed in"}), 401


@app.post("/signin")
def sign_in():
    user = credentials()
    if user is None:
        return jsonify({"error": "Invalid username or password"}), 401
    login_user(Person(user))
    return jsonify({"message": "signed in"})


@app.post("/signout")
def sign_out():
    logout_user()
    return jsonify({"message": "signed out"})


@app.get("/whoami")
@login_required
def who_am_i():
    return jsonify({"username": current_user.name})


if __name__ == "__main__":
    app.run(port=int(os.environ["PORT"]), debug=False, threaded=True)
