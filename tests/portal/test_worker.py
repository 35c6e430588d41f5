"""The worker ends in order also when it is told to while it starts."""

# ruff: noqa: S603 - programs are the subject here

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.portal.launcher import CHECKOUT

# Told to end at the latest moment of its start: as the last thing before it waits for work.
PROGRAM = """
import os, signal
from celery.signals import worker_ready
worker_ready.connect(lambda **_: os.kill(os.getpid(), signal.SIGTERM), weak=False)
from lottery_portal.celery import app
app.worker_main(["--quiet", "worker", "-c", "2", "--loglevel=WARNING"])
"""


@pytest.mark.slow
@pytest.mark.thorough
def test_a_worker_that_is_told_to_end_while_it_starts_ends_without_a_traceback():
    if os.environ["REDIS_URL"] == "redis://127.0.0.1:1/0":
        pytest.skip("no Redis here: REDIS_URL names none")
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "lottery_portal.settings",
        "REMAP_SIGTERM": "SIGQUIT",
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }

    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=env,
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ended.returncode == 0
    assert "Traceback" not in ended.stdout + ended.stderr
    assert "shutdown (MainProcess)" in ended.stdout + ended.stderr
