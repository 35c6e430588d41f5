"""The witness on HTTP: small, local, JSON; a sealed file is read as it comes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from . import duties
from .book import Book, BookDamaged, Refusal

JSON_LIMIT = 8_000_000
PIECE = 1 << 20
_HEAD_LIMIT = 1 << 20


class Server(ThreadingHTTPServer):
    """Answers for one book."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], book: Book) -> None:
        self.book = book
        super().__init__(address, Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say in one line what ended a connection: that a client hung up, or a mistake of ours.

        Nothing is imported for it: by now this account may read no file of the program.
        """
        error = sys.exception()
        if isinstance(error, ConnectionError | TimeoutError):
            sys.stderr.write(f"A client went away: {error!r}\n")
            return
        place = error.__traceback__ if error else None
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "nowhere"
        sys.stderr.write(f"A request of {client_address} failed at {where}: {error!r}\n")


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        """Our key, and what we know of each log."""
        if self.path == "/key":
            self._answer(200, duties.key(self.server.book))
        elif self.path == "/health":
            self._answer(200, {"status": "ok"})
        else:
            self._answer(404, {"difference": "there is no such thing"})

    def do_POST(self) -> None:
        """A checkpoint, an interval or a seal."""
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            length = -1
        if length < 0:
            self.close_connection = True
            self._answer(411, {"difference": "say how long the request is"})
            return
        left = _Body(self.rfile, length)
        try:
            self._answer(200, self._do(left))
        except Refusal as refusal:
            left.skip()
            self._answer(409, refusal.facts)
        except duties.Malformed as wrong:
            self.close_connection = True
            self._answer(400, {"difference": str(wrong)})
        except ConnectionError:
            raise  # nobody is left to be answered, and the book is well
        except (BookDamaged, OSError) as broken:
            self.close_connection = True
            sys.stderr.write(f"The witness cannot write: {broken}\n")
            self._answer(500, {"difference": "the witness cannot write"})

    def _do(self, body: _Body) -> dict[str, Any]:
        book = self.server.book
        if self.path == "/seal":
            return duties.seal(book, _json(body.line(_HEAD_LIMIT)), body.pieces())
        if self.path not in {"/checkpoint", "/interval"} or body.left > JSON_LIMIT:
            raise duties.Malformed("there is no such request")
        asked = _json(b"".join(body.pieces()))
        if self.path == "/checkpoint":
            return duties.checkpoint(book, asked)
        return duties.interval(book, asked)

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        raw = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing of what went well."""


class _Body:
    """The body of a request, read once, in pieces."""

    def __init__(self, source: Any, length: int) -> None:
        self._source = source
        self.left = length

    def line(self, limit: int) -> bytes:
        """The first line."""
        line: bytes = self._source.readline(min(self.left, limit))
        self.left -= len(line)
        if not line.endswith(b"\n"):
            raise duties.Malformed("the first line has no end")
        return line

    def pieces(self) -> Iterator[bytes]:
        """All the rest."""
        while self.left:
            piece = self._source.read(min(self.left, PIECE))
            if not piece:
                raise duties.Malformed("the request is cut off")
            self.left -= len(piece)
            yield piece

    def skip(self) -> None:
        """Read and forget the rest, so that the connection can answer."""
        for _piece in self.pieces():
            pass


def _json(raw: bytes) -> dict[str, Any]:
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError) as exc:
        raise duties.Malformed("this is no JSON") from exc
    if not isinstance(content, dict):
        raise duties.Malformed("this is no object")
    return content
