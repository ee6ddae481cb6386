"""An SMTP server that writes every letter into a file: server.py PORT FOLDER. Says `ready` once it listens."""

import asyncio
import pathlib
import sys

from aiosmtpd.smtp import SMTP

folder = pathlib.Path(sys.argv[2])


class Writer:
    count = 0

    async def handle_DATA(self, server, session, envelope):
        Writer.count += 1
        # Written elsewhere first, so that nobody reads half a letter.
        part = folder / f"{Writer.count}.part"
        part.write_bytes(b"To: " + envelope.rcpt_tos[0].encode() + b"\n" + envelope.content)
        number = len(list(folder.glob("*.eml")))
        part.rename(folder / f"{number:04}.eml")
        return "250 OK"


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Writer(), loop=loop), "127.0.0.1", int(sys.argv[1]))
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main())
