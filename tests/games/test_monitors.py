"""Monitors of results: fair draws pass, every known bug and fraud is caught in time."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from math import comb, fsum
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from audit import alarms, log, sequencing
from games import draws, minutes, monitors, results
from games.announcement_file import read_ssq
from games.models import Announcement, Draw, MonitorReading, Result
from games.monitors import Stage, history, tails
from games.monitors import results as looks
from games.monitors.history import Drawn
from lottery_portal import jobs
from lottery_portal.lib.db import database_time
from prizes import drill
from tests import make, make_draws, make_equipment, people
from tests.owner import as_owner, guards_up

from . import made_histories as made
from .made_histories import DIGITS, SSQ, alarm_after, fair, taken

ROOT = Path(__file__).resolve().parents[2]
EVERY_LOOK: dict[str, made.Look] = {
    "dates": looks.dates,
    "overlaps": looks.overlaps,
    "absent": looks.absent,
    "frequencies": looks.frequencies,
    "duplicates": looks.duplicates,
    "serial": looks.serial,
}


def official() -> list[Drawn]:
    rows = [Drawn(row.issue, row.drawn_on, row.numbers) for row in read_ssq()]
    return sorted(rows, key=lambda one: one.issue)


def outcome(finding: monitors.Finding | None) -> str:
    """What it means, "" when there was nothing to look at."""
    return finding.judged() if finding else ""


# Fair draws


def test_the_official_history_raises_no_alarm():
    """F066: 300 official draws, each looked at with those before it: no alarm, five notices."""
    drawn, outcomes = official(), list[tuple[str, str]]()

    for name, look in EVERY_LOOK.items():
        for number in range(1, len(drawn) + 1):
            if finding := look(SSQ, drawn[:number]):
                outcomes.append((name, finding.judged()))

    assert len(drawn) == 300
    assert len(outcomes) == 1_718
    assert [name for name, judged in outcomes if judged == "ALARM"] == []
    # Five Thursdays of early 2025, each at 1 in 1,300 to 3,300, shared numbers with those before.
    assert [name for name, judged in outcomes if judged == "NOTICE"] == ["dates"] * 5


@pytest.mark.parametrize("name", ["first", "second"])
def test_a_fair_history_raises_no_alarm(name):
    drawn = made.history(name, 320)

    assert {
        look_name: alarm_after(look, drawn, start=300) for look_name, look in EVERY_LOOK.items()
    } == dict.fromkeys(EVERY_LOOK, 0)


def test_the_chances_are_counted_exactly():
    """F066: every distribution is whole, and known values come out."""
    assert fsum(tails.overlap(33, 6, 6)) == pytest.approx(1, abs=1e-15)
    assert tails.overlap(33, 6, 6)[6] == pytest.approx(1 / comb(33, 6))
    assert tails.overlap(33, 6, 6)[0] == pytest.approx(0.267261, abs=1e-6)
    assert fsum(tails.runs(7, 5)) == pytest.approx(1)
    assert tails.runs(2, 2) == pytest.approx((0, 0, 2 / 6, 2 / 6, 2 / 6, 0))
    assert tails.ascents(3) == pytest.approx((1 / 6, 4 / 6, 1 / 6))
    assert tails.poisson_upper(4, 9) == pytest.approx(0.0213634, abs=1e-7)
    assert tails.chi_square_upper(16.266, 3) == pytest.approx(0.001, abs=1e-6)
    assert tails.chi_square_upper(18.467, 4) == pytest.approx(0.001, abs=1e-6)
    assert tails.upper(tails.summed(tails.binomial(1, 0.5), 10), 10) == pytest.approx(2**-10)
    assert tails.share_upper(size=10, drawn=3, marked=2, count=2) == pytest.approx(8 / 120)


# Each known fault is caught


def test_a_result_that_comes_back_with_its_date_is_caught_at_once():
    """N25: three dates in the year on which the drawing computer repeats itself."""
    dates = {(5, 27), (11, 23), (12, 29)}
    kept: dict[tuple[int, int], tuple[tuple[int, ...], ...]] = {}

    def insider(dice: Iterator[int], _found: list[Drawn], day: date):
        key = (day.month, day.day)
        return kept.setdefault(key, fair(dice)) if key in dates else fair(dice)

    drawn = made.history("insider", 800, fault=insider)
    first = next(
        place
        for place, one in enumerate(drawn)
        if any(
            (two.on.month, two.on.day) == (one.on.month, one.on.day) and two.numbers == one.numbers
            for two in drawn[:place]
        )
    )

    assert alarm_after(looks.dates, drawn[: first + 1], start=first + 1) == 1


def test_a_weekday_that_has_its_own_numbers_is_caught_within_ten_of_them():
    """N25: on Sundays the reds come from ten numbers only."""

    def sundays(dice: Iterator[int], _found: list[Drawn], day: date):
        whole = fair(dice)
        return (taken(dice, range(1, 11), 6), whole[1]) if day.isoweekday() == 7 else whole

    drawn = made.history("sundays", 130, fault=sundays, after=100)

    assert 0 < alarm_after(looks.dates, drawn, start=101) <= 30  # ten weeks


def test_a_digit_that_never_stands_twice_is_caught_within_30_draws():
    """F066: results of three digits that are always different."""

    def all_different(dice: Iterator[int], _found: list[Drawn], _day: date):
        return tuple((digit,) for digit in sorted(taken(dice, range(1, 11), 3)))

    drawn = made.history("digits", 90, zones=DIGITS, fault=all_different, after=60)

    assert alarm_after(looks.digits, drawn[:60], zones=DIGITS) == 0
    assert 0 < alarm_after(looks.digits, drawn, zones=DIGITS, start=61) <= 30
    assert looks.digits(SSQ, official()) is None  # not a game of digits


def test_balls_that_never_come_again_are_caught_within_30_draws():
    """F066, N25: what came out stays out of the drum for one draw."""

    def not_put_back(dice: Iterator[int], found: list[Drawn], _day: date):
        last = found[-1].numbers[0]
        left = [ball for ball in range(1, 34) if ball not in last]
        return (taken(dice, left, 6), taken(dice, range(1, 17), 1))

    drawn = made.history("not-put-back", 130, fault=not_put_back, after=100)

    assert 0 < alarm_after(looks.overlaps, drawn, start=101) <= 10


def test_balls_that_come_again_too_often_are_caught_within_30_draws():
    """N25: two balls of the last draw always come out again."""

    def heavy(dice: Iterator[int], found: list[Drawn], _day: date):
        last = found[-1].numbers[0]
        stay = taken(dice, last, 2)
        rest = taken(dice, [ball for ball in range(1, 34) if ball not in stay], 4)
        return (tuple(sorted(stay + rest)), taken(dice, range(1, 17), 1))

    drawn = made.history("heavy", 130, fault=heavy, after=100)

    assert 0 < alarm_after(looks.overlaps, drawn, start=101) <= 30


@pytest.mark.parametrize(("zone", "within"), [(0, 70), (1, 200)])
def test_a_number_that_never_appears_is_caught(zone, within):
    """F066, N25: a red ball that is not in the drum within 70 draws, a blue one within 200."""

    def without_nine(dice: Iterator[int], _found: list[Drawn], _day: date):
        drums = [list(range(1, size + 1)) for size in (33, 16)]
        drums[zone].remove(9)
        return (taken(dice, drums[0], 6), taken(dice, drums[1], 1))

    drawn = made.history(f"without-{zone}", 100 + within, fault=without_nine, after=100)

    assert 0 < alarm_after(looks.absent, drawn, start=101) <= within


def test_a_drum_out_of_balance_is_caught_within_150_draws():
    """N25: one ball is in the drum twice, one three times."""

    def weighted(dice: Iterator[int], _found: list[Drawn], _day: date):
        found: set[int] = set()
        while len(found) < 6:
            ball = 1 + next(dice) % 36
            found.add({34: 5, 35: 5, 36: 12}.get(ball, ball))
        return (tuple(sorted(found)), taken(dice, range(1, 17), 1))

    drawn = made.history("weighted", 300, fault=weighted)

    assert 0 < alarm_after(looks.frequencies, drawn) <= 150


@pytest.mark.parametrize("distance", [1, 40, 800])
def test_a_result_sent_again_is_caught_at_once(distance):
    """N25: the whole result of 1, 40 or 800 draws ago."""

    def again(_dice: Iterator[int], found: list[Drawn], _day: date):
        return found[-distance].numbers

    drawn = made.history("again", 821, fault=again, after=820)

    assert alarm_after(looks.duplicates, drawn, start=821) == 1


def test_reds_sent_again_with_another_blue_are_caught_when_near():
    """N25"""

    def again(dice: Iterator[int], found: list[Drawn], _day: date):
        return (found[-30].numbers[0], fair(dice)[1])

    assert alarm_after(looks.duplicates, made.history("reds", 61, fault=again, after=60), start=61)


def test_results_that_alternate_are_caught_within_40_draws():
    """N25: low and high sums by turns."""

    def by_turns(dice: Iterator[int], found: list[Drawn], _day: date):
        while (sum((drawn := fair(dice))[0]) > 102) == (len(found) % 2 == 0):
            pass
        return drawn

    drawn = made.history("turns", 140, fault=by_turns, after=100)

    assert 0 < alarm_after(looks.serial, drawn, start=101) <= 40


def test_a_result_like_a_test_draw_is_caught():
    """N25: equal, or but one number."""
    dice = made.numbers("rehearsed")
    tried = [fair(dice) for _turn in range(5)]
    other = fair(dice)
    near = (tried[3][0], (1 + tried[3][1][0] % 16,))

    assert outcome(looks.rehearsed(SSQ, tried[3], tried)) == "ALARM"
    assert outcome(looks.rehearsed(SSQ, near, tried)) == "ALARM"
    assert outcome(looks.rehearsed(SSQ, other, tried)) == "CLEAR"
    assert looks.rehearsed(SSQ, other, []) is None


def test_balls_that_come_out_in_order_are_caught_at_the_second_draw():
    """N25: rising balls, as the minutes have them."""
    dice = made.numbers("order")
    rising = [fair(dice) for _turn in range(2)]
    mixed = [((9, 4, 31, 2, 17, 8), (7,)), ((3, 22, 15, 33, 1, 30), (2,))]

    assert outcome(looks.order(rising)) == "ALARM"
    assert outcome(looks.order([(zones[0][::-1], zones[1]) for zones in rising])) == "ALARM"
    assert outcome(looks.order(rising[:1])) == "CLEAR"
    assert outcome(looks.order(mixed)) == "CLEAR"


# On draws, through the doors


def test_every_monitor_is_known_and_speaks_for_itself():
    """F066, N25: taking one away is noticed here."""
    by_stage = {stage: [one.name for one in monitors.detectors(stage)] for stage in Stage}

    assert set(by_stage[Stage.RESULT]) == {*EVERY_LOOK, "digits"}
    assert set(by_stage[Stage.MINUTES]) == {"rehearsed", "order"}
    assert set(by_stage[Stage.WINNERS]) == {
        "prize_winners", "staff_winners", "insider_rate", "last_minute", "winner_evidence",
    }  # fmt: skip
    for one in monitors.detectors():
        assert alarms.title(one.alarm) == str(one.title)
        assert all(map(str, (one.explanation, one.measured, one.false_alarm)))


@pytest.mark.django_db(transaction=True)
def test_the_second_equal_result_raises_an_alarm_and_the_rows_stay():
    """F066, N25: one row a monitor, its hash in the log; read again, nothing is added."""
    first, second = make_draws.confirmed(), make_draws.confirmed()

    of_first = monitors.read(draw=first, stage=Stage.RESULT, now=database_time())
    of_second = monitors.read(draw=second, stage=Stage.RESULT, now=database_time())

    assert {row.detector: row.outcome for row in of_first} == dict.fromkeys(
        ["absent", "duplicates"], "CLEAR"
    )
    twin = next(row for row in of_second if row.detector == "duplicates")
    assert (twin.outcome, twin.statistic) == ("ALARM", 1)
    raised = {(one.kind, one.object_code) for one in alarms.open_now()}
    assert ("monitor.duplicates", second.code) in raised
    assert monitors.read(draw=second, stage=Stage.RESULT, now=database_time()) == []
    assert MonitorReading.objects.count() == len(of_first) + len(of_second)
    assert {one.detector.name: one.reading for one in monitors.latest(second)}["duplicates"] == twin
    sequencing.run_all()
    places = [log.place_of("monitor_reading", str(row.pk)) for row in (of_first[0], twin)]
    assert places == sorted(set(places))
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        MonitorReading.objects.filter(pk=twin.pk).update(outcome="CLEAR")
    with as_owner() as owner, pytest.raises(Exception, match="never change"):
        owner.execute("UPDATE games_monitorreading SET outcome = 'CLEAR'")


@pytest.mark.django_db
def test_a_reading_says_something():
    """Every CHECK of the table is met."""
    draw = make.shadow_draw()
    row = {"draw": draw, "detector": "dates", "statistic": 1.0, "read_at": database_time()}

    for wrong in (
        {"outcome": "FINE", "probability": 0.5},
        {"outcome": "CLEAR", "probability": 1.5},
        {"outcome": "CLEAR"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            MonitorReading.objects.create(**row, **wrong)
    assert not MonitorReading.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_read_before_its_time():
    """A draw without a result has no readings; without signed minutes none of them."""
    draw = make_draws.sealed(make_draws.sold())

    assert monitors.read(draw=draw, stage=Stage.RESULT, now=database_time()) == []
    draw = make_draws.drawn(draw)
    assert monitors.read(draw=draw, stage=Stage.MINUTES, now=database_time()) == []
    assert monitors.read(draw=draw, stage=Stage.WINNERS, now=database_time()) == []
    assert not MonitorReading.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_minutes_with_a_test_draw_like_the_result_raise_an_alarm():
    """N25: read from the signed minutes; a correction is read anew."""
    draw = make_draws.confirmed()
    first, second = (people.member("draw_official").user for _person in range(2))
    told = make_equipment.written(draw, by=first, tests=[[[1, 2, 3, 4, 5, 6], [8]]])
    sign(draw, told.digest, second)

    rows = monitors.read(draw=draw, stage=Stage.MINUTES, now=database_time())

    assert {row.detector: row.outcome for row in rows} == {"rehearsed": "ALARM", "order": "CLEAR"}
    corrected = make_equipment.written(draw, by=first, reason="写错了", tests=[])
    sign(draw, corrected.digest, second)
    again = monitors.read(draw=draw, stage=Stage.MINUTES, now=database_time())
    assert [(row.detector, row.edition) for row in again] == [("order", 2)]


def sign(draw: Draw, digest: str, signer) -> None:
    minutes.sign(draw=draw, digest=digest, signer=signer, now=database_time())


def as_real(draw: Draw) -> Draw:
    """The draw as one of the real books."""
    with as_owner() as owner:
        owner.execute("ALTER TABLE games_draw DISABLE TRIGGER USER")
        owner.execute("UPDATE games_draw SET is_shadow = false WHERE id = %s", [draw.pk])
        guards_up(owner)
    return draws.find(draw.code)


@pytest.mark.django_db(transaction=True)
def test_the_clock_reads_real_draws_once_and_leaves_drills_alone():
    """F066: from the confirmation to the reading without anybody's doing."""
    shadow, draw = make_draws.confirmed(), as_real(make_draws.confirmed())

    assert monitors.ask_due(now=database_time()) == 1
    assert monitors.ask_due(now=database_time()) == 1
    jobs.run_pending(kinds=frozenset({"games.read_monitors"}))

    assert MonitorReading.objects.filter(draw=draw).count() >= 4
    assert not MonitorReading.objects.filter(draw=shadow).exists()
    assert monitors.ask_due(now=database_time()) == 0
    assert monitors.last_read() == draw


@pytest.mark.django_db(transaction=True)
def test_own_results_stand_beside_the_official_ones():
    """F066: the history of a game is both, in the order of the issues."""
    draw = make_draws.confirmed()
    Announcement.objects.create(
        game=draw.game,
        issue="2026000",
        drawn_on=date(2026, 1, 1),
        numbers=[[1, 2, 3, 4, 5, 6], [7]],
        source="示范公告",
        recorded_at=database_time(),
    )

    found = history.up_to(draw, SSQ)

    assert [one.issue for one in found] == ["2026000", draw.issue]
    assert outcome(looks.duplicates(SSQ, found)) == "ALARM"


@pytest.mark.django_db(transaction=True)
def test_the_page_shows_each_monitor_in_plain_words():
    """F066: who may look sees readings, chances and what each monitor is for."""
    draw = as_real(make_draws.confirmed())
    auditor = people.behind(people.member("auditor").user)
    auditor.cookies["language"] = "en"

    empty = auditor.get(reverse("games:desk_monitors")).content.decode()
    monitors.read(draw=draw, stage=Stage.RESULT, now=database_time())
    page = auditor.get(reverse("games:desk_monitors")).content.decode()
    of_draw = auditor.get(reverse("games:desk_monitors_draw", args=[draw.code])).content.decode()
    cashier = people.behind(people.member("cashier").user)

    assert "No draw has been read yet" in empty
    for one in monitors.detectors():
        assert f'id="{one.name}"' in page
    assert "A result that was there before" in page
    assert "As in most fair draws" in page
    assert "Not read" in of_draw
    assert of_draw.count("Nothing to read") >= 1  # no game of digits
    assert auditor.get(reverse("games:desk_monitors_draw", args=["none"])).status_code == 404
    assert cashier.get(reverse("games:desk_monitors")).status_code == 403


# The portal draws no numbers of its own

# Modules that ask for chance, and what for. Nothing of it becomes a result.
CHANCE = {
    "accounts/sms.py": "nonces of signed requests",
    "accounts/verification.py": "codes sent to telephones",
    "audit/witness/book.py": "the witness makes its key",
    "finance/providers/wechat.py": "nonces of signed requests",
    "finance/solvency/nightly.py": "salts of leaves",
    "finance/views/deposit.py": "keys of requests",
    "finance/views/withdraw.py": "keys of requests",
    "games/quick_pick.py": "quick pick",
    "lottery_portal/lib/codes.py": "codes of things",
    "lottery_portal/lib/encryption.py": "nonces",
    "lottery_portal/lib/ids.py": "ids of rows",
    "partners/outlet_codes.py": "numbers of outlets",
    "prizes/counter_forms.py": "keys of requests",
    "prizes/drill.py": "made-up players of drills",
    "prizes/redemption/pages_claiming.py": "keys of requests",
    "sales/purchase.py": "salts of tickets",
    "sales/views/board.py": "keys of requests",
    "sales/views/checkout.py": "keys of requests",
    "sales/views/plans.py": "keys of requests",
}
PICKS = {
    "games/rule_trials.py": "one line, for its chance",
    "games/views/simulator.py": "a reader's line, simulated",
    "prizes/announced_drill.py": "made-up players of drills",
    "prizes/drill.py": "made-up players of drills",
    "prizes/monitors.py": "one line, for its chance",
    "sales/demo.py": "players of the demo",
    "sales/offers.py": "one line, for its chance",
    "sales/views/board.py": "quick pick",
}
SOURCES = {"random", "secrets", "uuid4", "uuid1", "urandom", "SystemRandom", "getrandom", "numpy"}


# A module in which none of these stands neither asks for chance nor enters a result.
TELLING = re.compile(rf"\b(?:{'|'.join(sorted(SOURCES))}|quick_pick|enter|Result|ResultEntry)\b")


def telling() -> Iterator[tuple[str, ast.Module]]:
    for room in (
        "accounts", "audit", "events", "finance", "games", "lottery_portal", "partners", "prizes",
        "risk", "sales", "support",
    ):  # fmt: skip
        for path in sorted((ROOT / room).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            text = path.read_text(encoding="utf-8")
            is_telling = TELLING.search(unicodedata.normalize("NFKC", text))  # as names are read
            if is_telling and not name.startswith("lottery_portal/embedded/"):
                yield name, ast.parse(text)


def names_in(module: ast.Module) -> set[str]:
    """Every name that is imported or reached for."""
    found: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found |= {one.name.split(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {(node.module or "").split(".")[0], *(one.name for one in node.names)}
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
    return found


def called_in(module: ast.Module) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(module) if isinstance(node, ast.Call)}


@pytest.mark.thorough
def test_only_quick_pick_and_drills_take_numbers_from_chance():
    """The portal never draws its own numbers: chance is asked for where it is named here."""
    asking, picking, entering, writing = set(), set(), set(), set()
    for name, module in telling():
        names, called = names_in(module), called_in(module)
        if names & SOURCES:
            asking.add(name)
        if "quick_pick" in names and "quick_pick.pick" in called:
            picking.add(name)
        if "results.enter" in called:
            entering.add(name)
        if called & {"Result.objects.create", "ResultEntry.objects.create"}:
            writing.add(name)

    assert asking == set(CHANCE)
    assert picking == set(PICKS)
    assert entering == {
        "games/announced.py",
        "games/views/desk.py",
        "prizes/demo_prizes.py",  # refused but where DEMO is on
        "prizes/drill.py",
    }
    assert writing == {"games/results.py"}


@pytest.mark.django_db(transaction=True)
def test_the_numbers_of_a_drill_never_enter_a_real_draw():
    """What the officials of drills type counts in drills only, by the door and by the database."""
    draw = as_real(make_draws.sealed(make_draws.sold()))

    with pytest.raises(results.NotAnOfficial):
        drill.draw_numbers(draw=draw, now=database_time())

    assert not Result.objects.exists()
    assert draws.find(draw.code).state == Draw.State.SEALED


def test_no_function_of_the_database_asks_for_chance(db):
    """Neither does SQL, but for the salt under which a blind entry is logged."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " AND prosrc ~* '(random|gen_rand)'"
        )
        found = dict(cursor.fetchall())
    assert set(found) == {"games_resultentry_is_salted"}
    written = [line for line in found.popitem()[1].splitlines() if ":=" in line]
    assert [line.split(":=")[0].strip() for line in written] == ["NEW.salt"]
