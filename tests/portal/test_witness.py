"""The witness beside the servers: what the person at the terminal reads when it does not start."""

from __future__ import annotations

import base64
import io
import socket
import sys
from pathlib import Path

import pytest

from lottery_portal.embedded import places, postgres
from lottery_portal.embedded.terminal import Halt, Terminal
from lottery_portal.embedded.witness import Witness


def test_a_witness_that_does_not_start_says_why(tmp_path):
    """Its last words stand below the sentence, as those of the database do."""
    place = places.Places(checkout=places.CHECKOUT, state=tmp_path / "state", venv=Path(sys.prefix))
    place.make()
    terminal = Terminal(io.StringIO())
    witness = Witness(places=place, home=postgres.Home(place), terminal=terminal)
    try:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            with pytest.raises(Halt) as halt:
                witness.start(port, key="k", log_key=base64.b64encode(b"7" * 32).decode())
    finally:
        witness.remove()

    sentence, *why = str(halt.value).splitlines()
    assert sentence == f"The witness does not start; the end of {place.logs}/witness.log says why:"
    assert "Address already in use" in why[-1]


def test_the_end_of_a_log_is_its_last_lines(tmp_path):
    log = tmp_path / "x.log"
    assert places.end_of(log) == ""
    log.write_bytes(b"".join(b"line %d \xff\n" % number for number in range(9)))

    assert places.end_of(log).splitlines() == [f"line {number} \ufffd" for number in range(3, 9)]
