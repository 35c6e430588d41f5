"""The manifest of a release: a changed byte is found, on demand and by the daily check (F229)."""

from __future__ import annotations

import subprocess

import pytest
from django.core.management import CommandError, call_command

from audit import alarms, releases, trail
from lottery_portal.lib import manifest
from lottery_portal.lib.db import database_time

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def release(tmp_path, settings):
    """A small release of three files."""
    root = tmp_path / "release"
    for path in ("games/draws.py", "templates/base.html", "manage.py"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(f"# {path}\n")
    settings.BASE_DIR = root
    return root


def test_the_manifest_is_what_sha256sum_reads(release):
    """F229: a stranger checks it with a tool of his own."""
    found = manifest.of_release()
    (release / "MANIFEST").write_text(found.text)

    said = subprocess.run(["sha256sum", "-c", "MANIFEST"], cwd=release, check=True,  # noqa: S607
                          capture_output=True, text=True)  # fmt: skip

    assert said.stdout.count(": OK") == len(found.files) == 3
    assert len(found.digest) == 64


def test_what_is_made_at_run_time_is_no_part_of_it(release):
    """F229."""
    before = manifest.of_release().digest
    (release / "games" / "__pycache__").mkdir()
    (release / "games" / "__pycache__" / "draws.cpython-311.pyc").write_bytes(b"x")

    assert manifest.of_release().digest == before


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda root: (root / "games/draws.py").write_text("# games/draws.pY\n"), "changed"),
        (lambda root: (root / "games/more.py").write_text("x"), "added"),
        (lambda root: (root / "templates/base.html").unlink(), "missing"),
    ],
)
def test_a_changed_byte_is_an_alarm_that_names_the_file(release, change, word):
    """F229: the daily check; put back, the alarm ends."""
    now = database_time()
    assert not releases.check(now=now)
    kept = {path: path.read_text() for path in release.rglob("*") if path.is_file()}

    change(release)
    difference = releases.check(now=now)

    assert len(getattr(difference, word)) == 1
    (alarm,) = [one for one in alarms.open_now() if one.kind == releases.ALARM]
    assert alarm.facts[word] == list(getattr(difference, word))
    for path in release.rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink()
    for path, text in kept.items():
        path.write_text(text)
    assert not releases.check(now=now)
    assert not [one for one in alarms.open_now() if one.kind == releases.ALARM]


def test_a_release_is_compared_on_demand_and_put_into_service_by_word(release, capsys):
    """F229: the command ends with 1 until an operator records what lies there."""
    call_command("manifest", record=True)
    call_command("manifest", check=True)
    (release / "manage.py").write_text("# another\n")
    with pytest.raises(CommandError):
        call_command("manifest", check=True)
    assert "changed  manage.py" in capsys.readouterr().out

    call_command("manifest", record=True)

    call_command("manifest", check=True)
    assert trail.read(trail.Filters(action=releases.RECORDED)).count() == 2
