"""`python -m audit.witness --directory DIR --port N [--host 127.0.0.1] [--account NAME]`."""

from __future__ import annotations

import argparse
import encodings.ascii
import encodings.idna  # noqa: F401 - while they can be read: a codec is loaded when first used
import os
import pwd
import signal
import sys
import threading
from pathlib import Path

from .book import Book, BookDamaged
from .server import Server


def main() -> int:
    """Serve until told to end; 1 with a sentence if the book cannot be opened."""
    parser = argparse.ArgumentParser(prog="python -m audit.witness", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="where the witness keeps all")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--account", help="when started by root: the account to become")
    options = parser.parse_args()
    directory = options.directory.absolute()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if options.account and os.geteuid() == 0:
        _become(options.account, directory)
    os.umask(0o077)
    os.chdir(directory)
    try:
        book = Book(directory)
    except BookDamaged as damage:
        sys.stderr.write(f"The witness does not start: {damage}.\n")
        return 1
    server = Server((options.host, options.port), book)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    sys.stdout.write(f"The witness {book.key_id} listens on port {options.port}.\n")
    sys.stdout.flush()
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    book.close()
    return 0


def _become(name: str, directory: Path) -> None:
    """Drop the rights of root for good. What this program needs has been imported by now."""
    account = pwd.getpwnam(name)
    os.chown(directory, account.pw_uid, account.pw_gid)
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


if __name__ == "__main__":
    sys.exit(main())
