"""`./portal run` as a whole: it answers, it is alone, it ends, and nothing of it stays behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lottery_portal.embedded import places, postgres, supervisor
from lottery_portal.embedded.running import first_page_status
from lottery_portal.embedded.terminal import COLOURS, Ending, Halt, Terminal
from tests.portal.launcher import living, until_true


def launcher_of(state: Path) -> int:
    return int(json.loads((state / "processes.json").read_text())["launcher"]["pid"])


def process_of(state: Path, name: str) -> int:
    return int(json.loads((state / "processes.json").read_text())["processes"][name]["pid"])


def test_a_taken_port_is_a_sentence_that_names_another(portal):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        refused = portal("run", "--port", str(port))

    assert refused.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in refused.stderr
    assert "./portal run --port" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (portal.state / "services.json").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "70000"], "70000 is not a port"),
        (["--host", "192.0.2.1"], "This machine has no address 192.0.2.1"),
    ],
)
def test_an_impossible_address_is_a_sentence(portal, arguments, words):
    refused = portal("run", *arguments)

    assert refused.returncode == 1
    assert words in refused.stderr


@pytest.fixture
def watcher(tmp_path: Path) -> Iterator[supervisor.Supervisor]:
    place = places.Places(checkout=places.CHECKOUT, state=tmp_path / "state", venv=tmp_path)
    place.make()
    with (tmp_path / "said").open("w") as said:
        yield supervisor.Supervisor(
            places=place,
            env=dict(os.environ),
            terminal=Terminal(said),
            ending=Ending(),
            address="",
        )


@pytest.mark.thorough
@pytest.mark.slow
def test_a_process_that_cannot_start_ends_the_portal_after_three_tries(watcher, tmp_path):
    watcher.start(supervisor.Child("web", [sys.executable, "-c", "exit(3)"], patience=1))

    with pytest.raises(Halt, match="web ended with code 3, 3 times in a row"):
        until_true(lambda: bool(watcher.watch()), seconds=20)

    watcher.end()
    assert "web        | " not in (tmp_path / "said").read_text()
    assert (tmp_path / "said").read_text().count("starting it again") == 2


def test_every_process_has_a_colour_of_its_own_in_the_log():
    every = supervisor.children(python=Path("python"), host="x", port=1, beat_file=Path("x"))
    spoken = {child.name for child in every} | {"witness", "portal"}

    assert spoken == COLOURS.keys()
    assert len(set(COLOURS.values())) == len(COLOURS)


def test_the_end_is_in_order_and_complete(watcher, tmp_path):
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    for name in ("worker", "beat", "web", "dispatcher"):
        watcher.start(supervisor.Child(name, sleeper, patience=5))

    watcher.end()

    said = (tmp_path / "said").read_text().splitlines()
    assert said == [f"Ending {name} …" for name in ("web", "dispatcher", "beat", "worker")]
    assert not any(watcher.is_alive(name) for name in ("web", "dispatcher", "beat", "worker"))
    assert not (tmp_path / "state" / "processes.json").exists()


@pytest.mark.slow
@pytest.mark.thorough
def test_a_portal_runs_survives_and_ends_without_a_trace(portal):
    """From an empty directory to the first page, over a killed launcher, to the last process."""
    port = postgres.a_free_port()
    process = portal.start("run", "--port", str(port))
    portal.wait_for("The portal is ready", process)

    assert first_page_status("127.0.0.1", port) == 200
    second = portal("run", "--port", str(postgres.a_free_port()))
    assert second.returncode == 1
    assert f"already runs at http://127.0.0.1:{port}" in second.stderr

    portal.wait_for("dispatcher |", process, seconds=30)
    portal.wait_for("sequencer  | Sequencing the log.", process, seconds=30)
    until_true(
        lambda: "worker" in json.loads((portal.state / "processes.json").read_text())["processes"]
    )
    os.kill(process_of(portal.state, "web"), signal.SIGKILL)
    portal.wait_for("web was ended by SIGKILL; starting it again", process, seconds=20)
    until_true(lambda: first_page_status("127.0.0.1", port) == 200, seconds=30)

    launcher = launcher_of(portal.state)
    os.kill(launcher, signal.SIGKILL)
    process.wait(timeout=10)
    assert len(living(portal.state)) >= 6

    assert portal("stop").returncode == 0
    until_true(lambda: living(portal.state) == [])

    said_before = len(portal.output.read_text())
    process = portal.start("run", "--port", str(port))
    until_true(lambda: first_page_status("127.0.0.1", port) == 200, seconds=60)

    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    assert living(portal.state) == []
    text = portal.output.read_text()
    own = [line for line in text.splitlines() if " | " not in line]
    assert not [line for line in own if "Traceback" in line]
    assert "lottery-demo" in text  # the log-ins
    second_start = text[said_before:]  # what takes long was kept from the first
    for step in ("Installing", "Migrating", "Loading", "Compiling", "Collecting"):
        assert step in text[:said_before] or step == "Installing"
        assert step not in second_start
