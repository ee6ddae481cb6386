"""Fills the service's users table with 1,000 users whose passwords are stored in seven forms, as a service of ten years
has them, and prints who they are as JSON: [{"username", "password", "form"}, …].

Five users share a password and its hash, so that making them takes seconds.
"""

import json

import bcrypt
from werkzeug.security import generate_password_hash

from service import connect, query

#: The share of each form, in fives of users. Werkzeug's defaults: 50,000 rounds until 0.14, 150,000 until 1.0, 260,000
#: until 2.2, 600,000 until 3.0; scrypt since.
FORMS = [
    ("plain", 40, lambda password: password),
    ("pbkdf2:sha256:50000", 90, lambda password: generate_password_hash(password, "pbkdf2:sha256:50000", 8)),
    ("pbkdf2:sha256:150000", 30, lambda password: generate_password_hash(password, "pbkdf2:sha256:150000", 8)),
    ("pbkdf2:sha256:260000", 15, lambda password: generate_password_hash(password, "pbkdf2:sha256:260000", 16)),
    ("pbkdf2:sha256:600000", 5, lambda password: generate_password_hash(password, "pbkdf2:sha256:600000", 16)),
    ("scrypt", 15, lambda password: generate_password_hash(password, "scrypt:32768:8:1", 16)),
    ("bcrypt", 5, lambda password: bcrypt.hashpw(password.encode(), bcrypt.gensalt(6)).decode()),
]

# Somebody has made room for longer hashes at some time, or there could be none in the table.
query("ALTER TABLE users MODIFY password VARCHAR(180) NOT NULL")
people = []
rows = []
for form, groups, hashed in FORMS:
    for group in range(groups):
        password = f"{form} {group} sunflower"
        stored = hashed(password)
        for member in range(5):
            # No ':' in names: HTTP Basic cannot carry it.
            username = f"{form.replace(':', '-')}.{group}.{member}"
            people.append({"username": username, "password": password, "form": form})
            rows.append((username, stored, "admin" if group == 0 and member == 0 else "user"))
connection = connect()
with connection.cursor() as cursor:
    cursor.executemany("INSERT INTO users (username, password, role) VALUES (%s, %s, %s)", rows)
connection.close()
print(json.dumps(people))
