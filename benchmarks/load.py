"""A client that costs little: keep-alive connections, prepared bytes, one process of threads."""

from __future__ import annotations

import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Window:
    """What came of some seconds of load."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    answers: dict[int, int] = field(default_factory=dict)

    def rate(self, status: int) -> float:
        """Answers of this status a second."""
        return self.answers.get(status, 0) / self.seconds if self.seconds else 0.0

    def add(self, other: Window) -> None:
        """Take in another window."""
        self.seconds += other.seconds
        self.latencies += other.latencies
        for status, count in other.answers.items():
            self.answers[status] = self.answers.get(status, 0) + count


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which `part` of all lie."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)] if ordered else 0.0


class Connection:
    """One keep-alive connection that speaks just enough HTTP."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._socket: socket.socket | None = None
        self._rest = b""

    def ask(self, request: bytes) -> int:
        """Send a request, read the whole answer, return its status."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=30)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        while b"\r\n\r\n" not in self._rest:
            self._more()
        head, _gap, self._rest = self._rest.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _colon, value in (line.partition(b":") for line in lines[1:])
        }
        length = int(headers.get(b"content-length", b"0"))
        while len(self._rest) < length:
            self._more()
        self._rest = self._rest[length:]
        if headers.get(b"connection", b"").lower() == b"close":
            self._socket.close()
            self._socket, self._rest = None, b""
        return int(lines[0].split(b" ")[1])

    def _more(self) -> None:
        assert self._socket is not None
        piece = self._socket.recv(65536)
        if not piece:
            raise ConnectionError("The server hung up.")
        self._rest += piece


def run(port: int, makers: Sequence[Callable[[], bytes]], seconds: float) -> Window:
    """Every maker of requests gets a thread and a connection, and asks as fast as it can."""
    window, lock = Window(), threading.Lock()
    begin = time.perf_counter()
    end = begin + seconds

    def ask(maker: Callable[[], bytes]) -> None:
        connection = Connection(port)
        latencies: list[float] = []
        answers: dict[int, int] = {}
        while True:
            started = time.perf_counter()
            if started >= end:
                break
            try:
                status = connection.ask(maker())
            except OSError:
                status, connection = 0, Connection(port)
            latencies.append(time.perf_counter() - started)
            answers[status] = answers.get(status, 0) + 1
        with lock:
            window.latencies += latencies
            for status, count in answers.items():
                window.answers[status] = window.answers.get(status, 0) + count

    threads = [threading.Thread(target=ask, args=(maker,)) for maker in makers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    window.seconds = time.perf_counter() - begin
    return window


def in_a_process(target: Callable[..., Window], *given: Any) -> Window:
    """Do the asking in a process of its own, so that it does not share a lock with anybody."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(sending, target, *given))
    process.start()
    sending.close()
    window: Window = receiving.recv()
    process.join()
    return window


def _tell(pipe: Any, target: Callable[..., Window], *given: Any) -> None:
    pipe.send(target(*given))
    pipe.close()
