"""A cache that hangs or is gone stops nobody (D10)."""

import socket
import time

import pytest

from lottery_portal.lib.cache import CacheThatMayFail


@pytest.fixture
def silent_port():
    """A port that takes connections and never answers, as a stalled server does."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield server.getsockname()[1]


def cache_at(port: int) -> CacheThatMayFail:
    options = {"OPTIONS": {"socket_timeout": 0.05, "socket_connect_timeout": 0.05}}
    return CacheThatMayFail(f"redis://127.0.0.1:{port}/0", options)


def test_a_stalled_server_costs_fifty_milliseconds_and_memory_answers(silent_port):
    cache = cache_at(silent_port)
    begun = time.monotonic()

    cache.set("rate", 1)
    cache.incr("rate")

    assert cache.get("rate") == 2
    assert time.monotonic() - begun < 1


def test_a_server_that_is_gone_stops_nobody():
    cache = cache_at(1)

    cache.set("rate", "here")

    assert cache.get("rate") == "here"
    assert cache.has_key("rate")
    assert cache.delete("rate")
