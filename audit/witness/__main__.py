"""`python -m audit.witness --directory DIR --port N --log-key KEY [--host …] [--account NAME]`.

KEY is the public key of the log it watches (`python -m audit.witness.public`), or stands in
WITNESS_LOG_KEY. Once said it stays: another one is only taken with `--change-log-key`.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import encodings.ascii
import encodings.idna  # noqa: F401 - while they can be read: a codec is loaded when first used
import os
import pwd
import signal
import sys
import threading
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .book import Book, BookDamaged, KeyUnknown
from .server import Server


def main() -> int:
    """Serve until told to end; 1 with a sentence if the book cannot be opened."""
    parser = argparse.ArgumentParser(prog="python -m audit.witness", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="where the witness keeps all")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--log-key",
        type=_public_key,
        default=os.environ.get("WITNESS_LOG_KEY") or None,
        help="public key of the log, in base64",
    )
    parser.add_argument(
        "--change-log-key", action="store_true", help="take the key, though another was known"
    )
    parser.add_argument("--log", default="lottery-portal/log", help="the name the log signs with")
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
    try:
        _know(book, options)
    except KeyUnknown as unknown:
        book.close()
        sys.stderr.write(f"The witness does not start: {unknown}.\n")
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


def _public_key(text: str) -> str:
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error) as exc:
        raise argparse.ArgumentTypeError("this is no public key in base64") from exc
    return text


def _know(book: Book, options: argparse.Namespace) -> None:
    """Know the log by the key we were told; a witness that was never told any trusts nobody."""
    if options.log_key:
        book.pin(options.log, options.log_key, may_change=options.change_log_key)
    if options.log not in book.pins:
        raise KeyUnknown(f"--log-key must say by which key {options.log} signs")


def _become(name: str, directory: Path) -> None:
    """Drop the rights of root for good. What this program needs has been imported by now."""
    account = pwd.getpwnam(name)
    os.chown(directory, account.pw_uid, account.pw_gid)
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


if __name__ == "__main__":
    sys.exit(main())
