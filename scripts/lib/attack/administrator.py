"""Logs in for schemathesis, which reads this file as SCHEMATHESIS_HOOKS.

Among what it makes up are requests that end the session it uses, give the administrator another password, or take the
account's roles. So each request asks first whether the token still counts; when it doesn't, and the account is gone or
locked out too, the command line makes another one.

ATTACK_SERVER is where the server listens, ATTACK_CREATE the command that makes an administrator of a given name.
"""

import itertools
import json
import os
import secrets
import shlex
import subprocess
import urllib.error
import urllib.request

import schemathesis

SERVER = os.environ["ATTACK_SERVER"]
CREATE = shlex.split(os.environ["ATTACK_CREATE"])
NUMBERS = itertools.count(1)


def answer(path, body=None, token=None):
    """The answer's JSON, or None for any refusal."""
    request = urllib.request.Request(SERVER + path, data=json.dumps(body).encode() if body else None)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", "Bearer " + token)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)
    except urllib.error.HTTPError:
        return None


class Administrator:
    """An administrator who is replaced as often as the tests get rid of one."""

    def __init__(self):
        self.username = self.password = self.token = None

    def create(self):
        self.username, self.password = f"attack-{next(NUMBERS)}", secrets.token_urlsafe(24)
        subprocess.run([*CREATE, "--username", self.username, "--password-stdin"], input=self.password + "\n", text=True,
                       check=True, stdout=subprocess.DEVNULL)

    def login(self):
        credentials = {"username": self.username, "password": self.password}
        granted = answer("/auth/login", credentials) if self.username else None
        if granted is None:
            self.create()
            granted = answer("/auth/login", {"username": self.username, "password": self.password})
        return granted["token"]

    def current(self):
        # An administrator without roles may still ask for themselves, so ask for what only the role allows.
        if self.token is None or answer("/users?limit=1", token=self.token) is None:
            self.token = self.login()
            if answer("/users?limit=1", token=self.token) is None:
                self.username = None
                self.token = self.login()
        return self.token


ADMINISTRATOR = Administrator()


@schemathesis.auth(refresh_interval=None)
class Bearer:
    def get(self, case, context):
        return ADMINISTRATOR.current()

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Authorization": "Bearer " + data}
