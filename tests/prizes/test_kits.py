"""The regulator's kit: a clean machine with only Python says whether a draw was right."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.test import Client
from psycopg.errors import RestrictViolation

from audit import alarms, approvals, policies, sequencing
from games import draws, minutes, results, seals
from games.models import Draw
from lottery_portal import jobs
from lottery_portal.lib.db import database_time
from prizes import kits, settlement
from prizes.kit_models import Kit
from sales import sealing
from tests import make, make_draws, make_equipment, make_money, owner, people
from tests.journeys import stage

pytestmark = pytest.mark.django_db(transaction=True)

NUMBERS = [[3, 8, 11, 27, 30, 33], [7]]
PARTS = {
    "kit.json", "kit.sig", "statement.json", "signatures.json", "keys.json", "rule_sheet.json",
    "input.json", "result.json", "minutes.json", "result_file.txt", "checkpoints.json", "verify.py",
}  # fmt: skip


@pytest.fixture(autouse=True)
def files(settings: LazySettings, tmp_path: Path) -> Path:
    """A place of its own for the files of this test."""
    settings.STATE_DIR = tmp_path
    return tmp_path


def logged() -> None:
    """Everything so far has its place in a cosigned checkpoint."""
    sequencing.run_all()
    assert sequencing.cosign_latest(now=database_time())


def drawn() -> tuple[Draw, dict[str, list[stage.Member]]]:
    """A real draw with winners, drawn, settled, published, and all of it in the log."""
    crew = stage.staff("draw_official", "approver", "auditor", "support", "compliance")
    player = people.player()
    make_money.fund(player, 9_000_00)
    on = stage.draw()
    for line in ((3, 8, 11, 17, 22, 26), (3, 8, 11, 27, 30, 33), (1, 2, 4, 5, 6, 9)):
        make.ticket(player, on, [make.single(*line, blue=7, multiplier=2)])
    make.ticket(player, on, [make_draws.multiple((3, 8, 11, 17, 22, 26, 27), (7, 9))])
    sealed = stage.sealed(on, crew)
    logged()
    done = stage.settled(sealed, crew, NUMBERS)
    logged()
    return draws.find(done.code), crew


@pytest.fixture
def drawn_by(begin) -> tuple[Draw, dict[str, list[stage.Member]]]:
    """The draw and its people."""
    found: tuple[Draw, dict[str, list[stage.Member]]] = begin(drawn)
    return found


@pytest.fixture
def draw(drawn_by: tuple[Draw, dict[str, list[stage.Member]]]) -> Draw:
    """A real draw that was held."""
    return drawn_by[0]


@pytest.fixture
def crew(drawn_by: tuple[Draw, dict[str, list[stage.Member]]]) -> dict[str, list[stage.Member]]:
    """Officials and those who look at draws."""
    return drawn_by[1]


def check(kit: Kit, folder: Path, *more: str) -> tuple[int, str]:
    """What the program in the kit says of it, outside of the house."""
    with zipfile.ZipFile(kits.file_of(kit)) as archive:
        (folder / "verify.py").write_bytes(archive.read("verify.py"))
    done = subprocess.run(  # noqa: S603 - the program that lies in the kit
        [sys.executable, "-I", "verify.py", "kit", str(kits.file_of(kit)), *more],
        cwd=folder,
        env={"LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_kit_is_checked_with_nothing_but_python(draw, tmp_path):
    """N19, F230: the program in it passes it, with the published keys too."""
    kit = kits.make(draw=draw, now=database_time())
    with zipfile.ZipFile(kits.file_of(kit)) as archive:
        assert set(archive.namelist()) == PARTS | {draw.seal.file_name}
        minutes_in = archive.read("minutes.json").decode()
    clean = tmp_path / "elsewhere"
    clean.mkdir()

    code, said = check(kit, clean)
    assert (code, said.strip().splitlines()[-1]) == (0, "PASS"), said

    published = clean / "keys.json"
    published.write_bytes(kits.keyring())
    code, said = check(kit, clean, "--keys", str(published))
    assert code == 0, said
    assert "the keys are the published ones" in said
    signed = minutes.signed(draw)
    assert signed is not None
    assert minutes_in == signed.body


def test_an_altered_kit_fails(draw, tmp_path):
    """N19: one letter of the minutes, and the program names the file."""
    kit = kits.make(draw=draw, now=database_time())
    path = kits.file_of(kit)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["minutes.json"] = parts["minutes.json"].replace(b'"edition":1', b'"edition":2')
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)

    code, said = check(kit, tmp_path)

    assert code == 1
    assert "FAIL" in said
    assert "minutes.json" in said


@pytest.mark.thorough
def test_the_same_kit_has_the_same_bytes(draw):
    """F230: made again it is found; lost or damaged it is made again as it was."""
    kit = kits.make(draw=draw, now=database_time())
    path = kits.file_of(kit)
    before = path.read_bytes()
    assert (kit.edition, kit.size) == (1, len(before))
    assert kit.digest == hashlib.sha256(before).hexdigest()

    assert kits.make(draw=draw, now=database_time() + timedelta(hours=1)) == kit
    path.unlink()
    assert kits.make(draw=draw, now=database_time()) == kit
    assert path.read_bytes() == before
    path.write_bytes(before[:-1])
    kits.make(draw=draw, now=database_time())

    assert path.read_bytes() == before
    assert Kit.objects.count() == 1
    assert [one.name for one in kits.directory().iterdir()] == [kit.file_name]


@pytest.mark.thorough
def test_corrected_minutes_make_another_edition(draw, crew):
    """F230, F064: once the correction is signed; the first edition stays."""
    first = kits.make(draw=draw, now=database_time())
    official, second = (member.user for member in crew["draw_official"])
    written = make_equipment.written(draw, by=official, reason="地点写错", place="二厅")
    assert kits.make(draw=draw, now=database_time()) == first
    assert kits.ask_due(now=database_time()) == 0
    minutes.sign(draw=draw, digest=written.digest, signer=second, now=database_time())
    logged()
    assert kits.ask_due(now=database_time()) == 1
    jobs.run_pending()

    made = kits.latest(draw)

    assert made is not None
    assert (made.edition, kits.file_of(first).is_file()) == (2, True)
    assert check(made, kits.directory().parent)[0] == 0


def test_kits_are_made_by_the_clock_when_the_log_is_ready(draw):
    """F230: one job a draw; asked twice, one kit."""
    assert kits.ask_due(now=database_time()) == 1
    assert kits.ask_due(now=database_time()) == 1
    jobs.run_pending()

    assert Kit.objects.filter(draw=draw).count() == 1
    assert kits.ask_due(now=database_time()) == 0


@pytest.mark.thorough
def test_no_kit_before_the_publication_or_of_altered_papers(draw, crew):
    """N19: what is not as it was is not packed."""
    other = stage.sealed(stage.draw(), crew)
    with pytest.raises(kits.KitTooEarly):
        kits.make(draw=other, now=database_time())
    for member in crew["draw_official"]:
        results.enter(draw=other, official=member.user, numbers=NUMBERS, now=database_time())
    settlement.run(draw=draws.find(other.code), now=database_time())
    with pytest.raises(kits.KitTooEarly):
        kits.make(draw=other, now=database_time())
    path = sealing.file_of(seals.of(draw))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"single", b"singel", 1))
    with pytest.raises(kits.PartMissing):
        kits.make(draw=draw, now=database_time())

    assert not Kit.objects.exists()
    assert [alarm.kind for alarm in alarms.open_now()] == [kits.ALARM]


@pytest.mark.thorough
def test_a_kit_that_was_given_up_is_an_alarm_and_is_asked_for_again_after_an_hour(draw, settings):
    """F230: the clock asks until it is there; the alarms settle when it is."""
    settings.JOBS_RAISE = False
    path = sealing.file_of(seals.of(draw))
    right = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(right.replace(b"single", b"singel", 1))
    kits.ask_due(now=database_time())
    with owner.as_owner() as hand:
        hand.execute("UPDATE jobs_job SET attempts = 19 WHERE kind = 'prizes.make_kit'")
        jobs.run_pending()
        path.write_bytes(right)

        assert kits.ask_due(now=database_time()) == 1
        jobs.run_pending()
        assert not Kit.objects.exists()
        assert {one.kind for one in alarms.open_now()} == {kits.ALARM, kits.NOT_MADE}

        hand.execute(
            "UPDATE jobs_job SET available_at = available_at - interval '2 hours'"
            " WHERE kind = 'prizes.make_kit' AND state = 'FAILED'"
        )
    assert kits.ask_due(now=database_time()) == 1
    jobs.run_pending()

    assert Kit.objects.filter(draw=draw).count() == 1
    assert alarms.open_now() == []


@pytest.mark.thorough
def test_a_drill_has_a_kit_too(tmp_path):
    """N19, F250: of shadow draws, for practice; nobody outside gets it."""
    call_command("drill", "--tickets", "20", stdout=StringIO())
    logged()
    draw = Draw.objects.get(game__code="ssq-drill")
    told = StringIO()
    call_command("make_kit", draw.code, stdout=told)

    kit = kits.latest(draw)

    assert kit is not None
    assert kit.digest in told.getvalue()
    code, said = check(kit, tmp_path)
    assert code == 0, said
    assert kits.public_kit(draw, now=database_time()) is None


def fetched(client: Client, url: str) -> bytes:
    """What an address gives to take away."""
    answer = client.get(url)
    content = b"".join(answer)
    answer.close()
    return content


@pytest.mark.thorough
def test_who_checks_draws_fetches_the_kit(draw, crew):
    """N19, F230: staff that checks, and everybody while policy says so."""
    kit = kits.make(draw=draw, now=database_time())
    archive = kits.file_of(kit).read_bytes()
    desk, api = f"/desk/draws/{draw.code}/kit.zip", f"/api/v1/draws/{draw.code}/kit/"
    public = f"/results/ssq/{draw.issue}/kit.zip"
    auditor, support = (people.behind(crew[post][0].user) for post in ("auditor", "support"))
    for url in (desk, api):
        assert fetched(auditor, url) == archive
        assert support.get(url).status_code == 403
        assert Client().get(url).status_code == {desk: 302, api: 401}[url]
    assert desk in auditor.get(f"/desk/draws/{draw.code}/").content.decode()
    assert fetched(Client(), public) == archive
    assert public in Client().get(f"/draws/{draw.code}/seal/").content.decode()

    asked = policies.request_change(
        key=kits.PUBLIC_POLICY,
        value=False,
        reason="只供监管部门",
        maker=crew["compliance"][0].user,
        now=database_time(),
    )
    approvals.decide(
        code=asked.code, checker=crew["approver"][0].user, approve=True, now=database_time()
    )
    assert Client().get(public).status_code == 404
    assert public not in Client().get(f"/draws/{draw.code}/seal/").content.decode()
    assert fetched(auditor, desk) == archive


def test_a_kit_is_evidence(draw):
    """F230: its row never changes; what is no draw has none."""
    kits.make(draw=draw, now=database_time())

    for deed in ("UPDATE prizes_kit SET digest = 'x'", "DELETE FROM prizes_kit"):
        with owner.as_owner() as hand, pytest.raises(RestrictViolation):
            hand.execute(deed)
    with pytest.raises(CommandError):
        call_command("make_kit", "ssq-1")
