"""Processes are known by number and birth, so nobody else's is ever ended."""

# ruff: noqa: S603 - programs are the subject here

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

from lottery_portal.embedded.processes import Identity, end, me

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_a_process_is_itself_and_a_recycled_number_is_not():
    now = me()

    assert now.is_alive()
    assert not replace(now, started="another birth").is_alive()


def test_the_remains_of_a_process_are_not_alive():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and not yet buried

        assert Identity.of(process.pid) is None


def test_a_record_that_makes_no_sense_is_nobody():
    assert Identity.of_record({"pid": 0, "started": "x"}) is None
    assert Identity.of_record({"pid": "12", "started": "x"}) is None
    assert Identity.of_record(["pid"]) is None
    assert Identity.of_record(me().as_record()) == me()


def test_ending_a_recycled_number_ends_nobody():
    with subprocess.Popen(SLEEPER) as process:
        who = Identity.of(process.pid)
        assert who is not None

        end(replace(who, started="an earlier birth"), patience=0.2)

        assert process.poll() is None
        end(who)
        assert process.wait() == -signal.SIGTERM


def test_what_ignores_the_request_to_end_is_killed():
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)"
    program = f"{deaf}; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        who = Identity.of(process.pid)
        assert who is not None

        assert end(who, patience=0.2) is False
        assert process.wait() == -signal.SIGKILL


def test_stop_leaves_a_recycled_number_alone(portal):
    portal.state.mkdir()
    with subprocess.Popen(SLEEPER) as process:
        stale = {"pid": process.pid, "started": "before the last start of the machine"}
        record = {"launcher": stale, "address": "http://127.0.0.1:1", "processes": {"web": stale}}
        (portal.state / "processes.json").write_text(json.dumps(record))
        servers = {"processes": {"postgres": stale, "valkey": stale}, "ports": {}}
        (portal.state / "services.json").write_text(json.dumps(servers))

        stopped = portal("stop")

        assert (stopped.returncode, stopped.stdout) == (0, "Nothing runs.\n")
        assert process.poll() is None
        process.kill()
