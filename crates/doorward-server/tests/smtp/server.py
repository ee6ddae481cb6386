"""An SMTP server that writes every letter into a file. Says `ready` once it listens.

server.py PORT FOLDER plain
server.py PORT FOLDER starttls|tls CERTIFICATE KEY    takes letters over TLS alone, from who logs in as doorward:secret
"""

import asyncio
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

folder = pathlib.Path(sys.argv[2])
mode = sys.argv[3]


class Writer:
    count = 0

    async def handle_DATA(self, server, session, envelope):
        assert mode == "plain" or server.transport.get_extra_info("ssl_object"), "a letter came in clear"
        Writer.count += 1
        # Written elsewhere first, so that nobody reads half a letter.
        part = folder / f"{Writer.count}.part"
        part.write_bytes(b"To: " + envelope.rcpt_tos[0].encode() + b"\n" + envelope.content)
        number = len(list(folder.glob("*.eml")))
        part.rename(folder / f"{number:04}.eml")
        return "250 OK"


def authenticate(server, session, envelope, mechanism, login):
    right = (login.login, login.password) == (b"doorward", b"secret")
    return AuthResult(success=right, handled=right)


async def main():
    loop = asyncio.get_running_loop()
    context = None
    options = {}
    if mode != "plain":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[4], sys.argv[5])
        # With TLS from the start aiosmtpd knows of none, so it must not ask for it.
        options = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": mode == "starttls"}
    if mode == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    server = await loop.create_server(
        lambda: SMTP(Writer(), loop=loop, **options),
        "127.0.0.1",
        int(sys.argv[1]),
        ssl=context if mode == "tls" else None,
    )
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main())
