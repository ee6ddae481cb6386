"""The routes of the lecture's programs 1, 6 and 11 in one Flask application: Werkzeug's hash, PyJWT, users in SQLite.

Run by gunicorn: `gunicorn flask_service:app`. The database is the file in PEER_DATABASE.
"""
import os
import sqlite3
from datetime import datetime, timedelta, timezone

import jwt
from flask import Flask, g, jsonify, request
from werkzeug.security import check_password_hash, generate_password_hash

app = Flask(__name__)
SECRET = "a key for the benchmark, no secret, long enough"


def database():
    if "database" not in g:
        g.database = sqlite3.connect(os.environ["PEER_DATABASE"], timeout=10)
    return g.database


@app.teardown_appcontext
def close(_):
    if "database" in g:
        g.pop("database").close()


with app.app_context():
    database().execute("PRAGMA journal_mode = WAL")
    database().execute("CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, username TEXT UNIQUE, password TEXT, role TEXT)")
    # A page of users to list.
    rows = [(f"una-{number}", "!", "user") for number in range(100)]
    database().executemany("INSERT OR IGNORE INTO users (username, password, role) VALUES (?, ?, ?)", rows)
    database().commit()


def claims():
    """Those of the request's token, or None."""
    parts = request.headers.get("Authorization", "").split()
    if len(parts) != 2 or parts[0].lower() != "bearer":
        return None
    try:
        return jwt.decode(parts[1], SECRET, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        return None


@app.get("/hello/<name>")
def hello(name):
    return jsonify({"message": f"Hello, {name}!"})


@app.get("/protected")
def protected():
    payload = claims()
    if payload is None:
        return jsonify({"error": "Invalid token"}), 401
    return jsonify({"message": f"Hello, {payload['username']}. This is a protected route."})


@app.get("/protected-basic")
def protected_basic():
    auth = request.authorization
    if auth is None or auth.username != "admin" or auth.password != "secret123":
        return jsonify({"error": "Unauthorized"}), 401
    return jsonify({"message": f"Hello, {auth.username}!"})


@app.get("/users")
def users():
    if claims() is None:
        return jsonify({"error": "Invalid token"}), 401
    rows = database().execute("SELECT id, username, role FROM users ORDER BY id LIMIT 100")
    return jsonify([{"id": row[0], "username": row[1], "role": row[2]} for row in rows])


@app.post("/register")
def register():
    data = request.get_json()
    try:
        database().execute(
            "INSERT INTO users (username, password, role) VALUES (?, ?, 'user')",
            (data["username"], generate_password_hash(data["password"])),
        )
        database().commit()
    except sqlite3.IntegrityError:
        return jsonify({"error": "Username already exists"}), 409
    return jsonify({"message": "registered"}), 201


@app.post("/login")
def login():
    data = request.get_json()
    query = "SELECT id, password, role FROM users WHERE username = ?"
    user = database().execute(query, (data["username"],)).fetchone()
    if user is None or not check_password_hash(user[1], data["password"]):
        return jsonify({"error": "Invalid username or password"}), 401
    expires = datetime.now(timezone.utc) + timedelta(hours=1)
    claims = {"user_id": user[0], "username": data["username"], "role": user[2], "exp": expires}
    return jsonify({"token": jwt.encode(claims, SECRET, algorithm="HS256")})
