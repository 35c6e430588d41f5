"""A launcher for each test."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portal.launcher import Launcher


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Launcher]:
    """A launcher whose traces are gone afterwards, whatever the test did."""
    launcher = Launcher(tmp_path / "state")
    yield launcher
    for process in launcher.started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
    launcher("reset", "--yes")
