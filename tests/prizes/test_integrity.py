"""The integrity dashboard: what is shown is so, at the moment somebody looks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from audit import alarms, keys, log, pace, sequencing, trail, verification
from audit.models import SigningKey
from games import seals
from games.models import Draw
from lottery_portal.jobs.models import Job
from lottery_portal.lib import catalogue as made
from lottery_portal.lib.db import database_time
from prizes import integrity
from sales import rolling
from tests import make, owner, people
from tests.journeys import stage

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/desk/integrity/"
NUMBERS = [[3, 8, 11, 27, 30, 33], [7]]


@pytest.fixture(autouse=True)
def _own_place(settings, tmp_path):
    settings.STATE_DIR = tmp_path


def past_and_waiting() -> tuple[Draw, Draw]:
    """A draw that was settled, and one that is sealed."""
    crew = stage.staff("draw_official", "approver")
    past = stage.draw()
    make.ticket(make.player(wallet=10_00), past)
    stage.settled(stage.sealed(past, crew), crew, NUMBERS)
    return past, stage.sealed(stage.draw(), crew)


def desk(post: str = "auditor") -> Client:
    """Somebody with this post, reading English."""
    client = people.behind(people.member(post).user)
    client.cookies["language"] = "en"
    return client


def text_of(client: Client, page: str = PAGE) -> str:
    """A page in one line."""
    response = client.get(page)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def written() -> None:
    """Everything in the log so far under a cosigned checkpoint."""
    sequencing.run_all()
    sequencing.cosign_latest(now=database_time())


def newest() -> Any:
    """The newest checkpoint of the log."""
    return log.latest()


def now() -> dict[str, Any]:
    """What the dashboard would show."""
    return integrity.of_now(now=database_time())


def test_an_empty_house_says_what_has_not_happened_yet():
    """F059: never sealed, never verified, no checkpoint, no draw read; nothing is made up."""
    text = text_of(desk())

    assert "No draw has been sealed yet." in text
    assert "never verified" in text
    assert "The log is empty." in text
    assert "nothing signed yet" in text
    assert "No draw has been read yet." in text
    assert "No draw is on sale now." in text


def test_seals_checkpoint_witness_and_engines_are_told_as_they_are(begin):
    """N01, F059, F071: two signatures that fit, the chain, the cosigned size, the engines' word."""
    past, waiting = begin(past_and_waiting)
    on_sale = stage.draw()
    make.ticket(make.player(wallet=10_00), on_sale)
    written()
    rolling.check(draw=on_sale, now=database_time())

    shown = now()
    rows = {row["issue"]: row for row in shown["seals"]}
    assert list(rows) == [waiting.issue, past.issue]
    assert [row["signatures"] for row in rows.values()] == [2, 2]
    assert [row["problems"] for row in rows.values()] == [[], []]
    assert rows[past.issue]["engines"].tone == "done"
    assert rows[waiting.issue]["engines"].tone == "waiting"
    assert shown["broken"] == []
    (checked,) = shown["rolling"]
    assert (checked["number"], checked["tickets"], checked["sign"].tone) == (1, 1, "done")
    size = newest().size
    assert shown["checkpoint"].size == shown["witness"].signed_size == size
    assert shown["witness"].sign.tone == "done"
    assert f"{size:,}" in text_of(desk())


@pytest.mark.thorough
def test_a_seal_that_names_another_root_breaks_the_chain(begin):
    """N01: changed past every protection, it is named on the dashboard at the next look."""
    _first, second = begin(past_and_waiting)
    assert seals.breaks() == []
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE games_sealstatement DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE games_sealstatement SET previous_root = %s WHERE draw_id = %s",
            ["0" * 64, second.pk],
        )

    assert [one.draw.code for one in seals.breaks()] == [second.code]
    assert "The chain of seals is broken." in text_of(desk())


@pytest.mark.thorough
def test_a_signature_that_does_not_fit_is_seen(begin):
    """N01: what stands there as 2 / 2 was checked just now."""
    _past, draw = begin(past_and_waiting)
    key = draw.seal.signatures.get(role="OPERATIONS").key_id
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE games_sealsignature DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE games_sealsignature s SET signature ="
            " (SELECT i.signature FROM games_sealsignature i"
            " WHERE i.role = 'INDEPENDENT' AND i.statement_id = s.statement_id)"
            " WHERE s.role = 'OPERATIONS' AND s.statement_id = %s",
            [draw.seal.pk],
        )

    assert f"the signature of {key} does not fit" in text_of(desk())


def test_a_witness_that_is_away_late_or_another_is_told_apart(settings):
    """F059: no answer, behind, or a key that nobody registered."""
    written()
    size = newest().size
    assert integrity.witness(newest_size=size, now=database_time()).sign.tone == "done"
    people.member("support")
    sequencing.run_all()
    later = database_time() + timedelta(seconds=sequencing.LAG_ALARM_SECONDS + 1)
    behind = integrity.witness(newest_size=newest().size, now=later)
    assert (behind.sign.tone, behind.behind) == ("attention", newest().size - size)
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE audit_signingkey DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE audit_signingkey SET key_id = 'independent-00000000' WHERE role = %s",
            [SigningKey.Role.INDEPENDENT],
        )
    other = integrity.witness(newest_size=size, now=database_time())
    assert (other.sign.tone, other.is_there) == ("wrong", True)
    assert keys.public_of(keys.Role.INDEPENDENT)[0][0] == "independent-00000000"
    settings.WITNESS_URL = "http://127.0.0.1:1"
    away = integrity.witness(newest_size=size, now=database_time())
    assert (away.sign.tone, away.is_there) == ("wrong", False)
    assert "The witness does not answer." in text_of(desk())


@pytest.mark.thorough
def test_a_verification_is_ordered_once_a_minute_and_its_result_shown():
    """F059: who ordered it stands in the trail; the job is asked for; the result replaces it."""
    client = desk("regulator")
    for _press in range(2):
        assert client.post(reverse("prizes:desk_verify_log")).status_code == 302

    found = Job.objects.filter(kind="audit.verify_log", key__startswith="ordered:")
    assert found.count() in {1, 2}  # a minute may have begun between the two
    assert trail.read(trail.Filters(action=verification.ORDERED)).count() == 2
    assert "under way" in text_of(client)
    written()
    log.verify(now=database_time())

    assert verification.under_way() is None
    done = verification.last()
    assert done is not None
    assert done.differences == 0
    text = text_of(client)
    assert "no difference" in text
    assert "under way" not in text
    assert desk("draw_official").post(reverse("prizes:desk_verify_log")).status_code == 403


@pytest.mark.thorough
def test_what_a_verification_finds_stands_on_the_dashboard():
    """F059: an edited row of the trail is counted, named, and has its alarm."""
    written()
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE audit_trail DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE audit_trail SET object_code = 'x' WHERE id = (SELECT min(id) FROM audit_trail)"
        )
    found = log.verify(now=database_time())

    assert ("trail", "changed") in {(one.kind, one.what) for one in found}
    text = text_of(desk())
    assert f"The last verification found {len(found)} difference" in text
    assert f"{len(found)} open alarm" in text
    assert "changed since it was logged" in text


def test_what_the_database_is_made_of_is_compared_each_time_somebody_looks():
    """F059, F210: as released, with its hash; a guard that is down is named, and until when."""
    text = text_of(desk())
    assert "Database and release" in text
    assert "as released" in text
    assert now()["catalogue"]["digest"] == made.of_release().digest

    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE prizes_prize DISABLE TRIGGER prizes_prize_never_changes")

    text = text_of(desk())
    assert "prizes_prize.prizes_prize_never_changes" in text
    assert "turned off" in text
    assert now()["catalogue"]["sign"].tone == "wrong"


def test_waits_are_drawn_minute_by_minute_and_gaps_stay_gaps():
    """F059: one point a minute; a minute without an entry interrupts the line."""
    at = database_time().replace(second=0, microsecond=0)
    found = [
        pace.Wait(at - timedelta(minutes=minutes), seconds)
        for minutes, seconds in ((9, 0.2), (8, 0.3), (5, 0.25), (2, 0.2), (1, 0.9))
    ]
    wide, narrow = integrity.charts(found, now=at)

    assert [line["alone"] for line in wide["lines"]] == [False, True, False]
    assert (wide["worst"], wide["is_in_seconds"]) == ("900", False)
    assert float(narrow["width"]) < float(wide["width"])
    three = [pace.Wait(at - timedelta(minutes=minutes), 61.0 - minutes) for minutes in (2, 1, 0)]
    slow = integrity.charts(three, now=at)[0]
    assert (slow["worst"], slow["is_in_seconds"]) == ("61", True)
    assert integrity.charts([], now=at) == []
    assert integrity.few([]) is None


def test_one_slow_start_is_a_sentence_with_its_figure_and_no_chart():
    """F059: a lone point tells of no course; the figure is said all the same."""
    at = database_time()
    backlog = [pace.Wait(at - timedelta(minutes=1), 43.2), pace.Wait(at, 0.1)]
    written()

    assert integrity.charts(backlog, now=at) == []
    assert integrity.few(backlog) == {"minutes": 2, "seconds": 43.2, "at": backlog[0].minute}
    assert integrity.few([*backlog, pace.Wait(at, 0.2)]) is None
    page = text_of(desk())
    assert "of the last 60 minutes, too few for a chart." in page
    assert '<svg class="chart' not in page


def test_the_log_knows_how_long_its_entries_waited():
    """F059: from the entry to the checkpoint that covers it, by the database's clock."""
    written()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(c.at), max(extract(epoch FROM c.at - e.at))::float8"
            "  FROM audit_checkpoint c, audit_entry e"
        )
        signed_at, longest = cursor.fetchone()

    (wait,) = pace.waits(since=signed_at - timedelta(hours=1))

    assert wait.minute == signed_at.replace(second=0, microsecond=0)
    assert wait.longest == pytest.approx(longest)
    assert pace.waits(since=signed_at + timedelta(seconds=1)) == []


def test_looking_again_does_not_keep_a_session_alive():
    """F224: a page that asks for its own parts is not a person at work."""
    client = people.behind(people.member("auditor").user, minutes_ago=10)
    seen = client.session["seen"]
    part = reverse("prizes:desk_integrity_now")

    assert client.get(part, headers={"X-Fragment": "1"}).status_code == 200
    assert client.session["seen"] == seen
    assert client.get(PAGE).status_code == 200
    assert client.session["seen"] > seen


def test_an_alarm_is_cleared_by_who_may_with_what_he_found():
    """F059: not without words, not by everybody; it and its note stay on record."""
    raised = alarms.raise_alarm(
        kind="sales.stakes_differ",
        object_type="draw",
        object_code="ssq-2026001",
        facts={"tickets_fen": 2_00, "books_fen": 1_00},
        now=database_time(),
    )
    page = reverse("audit:alarm", args=[raised.code])
    administrator, compliance = desk("administrator"), desk("compliance")
    assert "Clear this alarm" not in text_of(administrator, page)
    assert administrator.post(page, {"note": "nothing"}).status_code == 302
    with pytest.raises(alarms.MayNotClear):
        alarms.clear(
            code=raised.code,
            actor=people.member("draw_official").user,
            note="nothing",
            now=database_time(),
        )
    assert compliance.post(page, {"note": " "}).status_code == 400
    assert [one.code for one in alarms.open_now()] == [raised.code]

    assert "The books hold 1.00 yuan" in " ".join(text_of(compliance, "/desk/alarms/").split())
    assert compliance.post(page, {"note": "A drill."}).status_code == 302

    assert alarms.open_now() == []
    assert "A drill." in text_of(compliance, page)
    assert raised.object_code in text_of(compliance, "/desk/alarms/?show=past")
    assert compliance.get("/desk/alarms/NOSUCH/").status_code == 404


@pytest.mark.parametrize("post", ["draw_official", "cashier", "support", "risk"])
def test_the_dashboard_is_for_those_who_check(post):
    """F059: the others see alarms of a draw on its desk, and nothing of the rest."""
    client = desk(post)
    assert client.get(PAGE).status_code == 403
    assert client.get("/desk/integrity/now/").status_code == 403
    assert client.get("/desk/alarms/").status_code == 403
