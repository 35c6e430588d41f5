"""The desk of one draw in each state: the large word, what is missing, who did what when, halts."""

from __future__ import annotations

from typing import Any

import pytest

from audit import sequencing, trail
from games import desk_facts, draw_course, draws, results
from games.models import Draw, SealStatement
from lottery_portal.jobs.models import Job
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from prizes import kits, settlement
from prizes.models import Prize
from sales import read_ban, rolling, sealing
from sales.models import Ticket
from tests import make, make_draws, owner, people
from tests.journeys import stage
from tests.prizes.test_engines import by_force, counted, sold

pytestmark = pytest.mark.django_db(transaction=True)

NUMBERS = [[3, 8, 11, 27, 30, 33], [7]]
Crew = dict[str, list[stage.Member]]
ALL = [
    "planned", "opened", "checked", "closed", "sealed", "signed", "countersigned", "published",
    "equipped", "held", "first", "second", "confirmed", "engine_one", "engine_two", "agreed",
    "credited", "minuted", "announced", "packed",
]  # fmt: skip


def employed() -> Crew:
    """Two officials and those who look over their shoulders."""
    return stage.staff(
        "draw_official", "approver", "auditor", "support", "compliance", "administrator"
    )


def sealed_by_them() -> tuple[Draw, Crew]:
    """A real draw, sealed, whose drawing is a moment past."""
    crew = employed()
    return stage.sealed(stage.draw(), crew), crew


def sold_before_them() -> tuple[Draw, Crew]:
    """A confirmed drill that waits to be counted."""
    return sold(), employed()


@pytest.fixture
def crew(begin) -> Crew:
    """The people alone."""
    found: Crew = begin(employed)
    return found


def shown(crew: Crew, post: str, draw: Draw) -> str:
    """The desk of `draw` as somebody with this post reads it in English."""
    client = people.behind(crew[post][0].user)
    client.cookies["language"] = "en"
    response = client.get(f"/desk/draws/{draw.code}/")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def large(word: str) -> str:
    """The state as it stands in large on the page."""
    return f'<p class="big">{word}</p>'


def course(draw: Draw) -> dict[str, dict[str, Any]]:
    """The steps of the draw by place."""
    draw = draws.find(draw.code)
    steps = draw_course.of(draw, desk_facts.of(draw), now=database_time())
    by_title = {title: place for place, title in draw_course.titles().items()}
    return {by_title[step["title"]]: step for step in steps}


def states(draw: Draw) -> dict[str, list[str]]:
    """The places of the course by what they are: done, now, todo, halted."""
    found: dict[str, list[str]] = {}
    for place, step in course(draw).items():
        found.setdefault(step["state"], []).append(place)
    return found


def test_a_planned_draw_has_done_nothing_else(crew):
    """F056: a step nobody has taken is to come, and no deed is offered."""
    stage.draw()
    draw = Draw.objects.filter(state=Draw.State.SCHEDULED, game__code="ssq").order_by("issue")[1]

    assert states(draw) == {"done": ["planned"], "now": ["opened"], "todo": ALL[2:]}
    text = shown(crew, "draw_official", draw)
    assert large("Planned") in text
    assert "Sales open" in text
    assert "Choose the equipment" in text
    assert "Choose the equipment" not in shown(crew, "support", draw)


def test_an_open_draw_shows_its_rolling_checks(crew):
    """F056, F059: how often the witness was told, of how many tickets, for how much."""
    draw = stage.draw()
    make.ticket(make.player(wallet=10_00), draw)
    assert states(draw)["now"] == ["checked"]
    sequencing.run_all()
    sequencing.cosign_latest(now=database_time())
    rolling.check(draw=draw, now=database_time())

    assert states(draw)["done"] == ["planned", "opened", "checked"]
    step = course(draw)["checked"]
    assert "1" in step["text"]
    assert "2.00" in step["text"]
    assert "On sale" in shown(crew, "support", draw)


@pytest.mark.thorough
def test_a_witness_that_is_away_keeps_the_numbers_from_being_entered(crew, settings):
    """F056, F059: sealed is not public; the desk says for whom the draw waits, offers no entry."""
    draw = make_draws.sold([make.SELECTION])
    settings.WITNESS_URL, there = "http://127.0.0.1:1", settings.WITNESS_URL
    with pytest.raises(Refused):
        make_draws.sealed(draw)
    make.wait_until(draws.find(draw.code).draws_at)

    found = states(draw)
    assert found["done"] == ["planned", "opened", "closed", "sealed", "signed", "held"]
    assert "countersigned" in found["todo"]
    text = shown(crew, "draw_official", draw)
    assert large("Sealed, waiting for the witness") in text
    assert f"/desk/draws/{draw.code}/result/" not in text

    assert "Seal again" not in text
    by_force(
        "games_draw",
        lambda hand: hand.execute(
            "UPDATE games_draw SET opens_at = opens_at - interval '1 hour',"
            " closes_at = closes_at - interval '2 minutes' WHERE id = %s",
            [draw.pk],
        ),
    )
    assert "Seal again" in shown(crew, "draw_official", draw)

    settings.WITNESS_URL = there
    sealing.complete(draw=draws.find(draw.code), now=database_time())
    text = shown(crew, "draw_official", draw)
    assert large("Sealed, waiting for the first entry") in text
    assert f"/desk/draws/{draw.code}/result/" in text


def test_a_ticket_changed_during_the_sale_stops_the_draw_and_is_named(crew):
    """F059: the witness does not sign; the desk says so in large, names the ticket, asks again."""
    draw = make_draws.sold([make.SELECTION], [make.single(1, 2, 3, 4, 5, 9)])
    ticket = Ticket.objects.order_by("pk")[1]
    sequencing.run_all()
    sequencing.cosign_latest(now=database_time())
    rolling.check(draw=draw, now=database_time())
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE sales_ticket DISABLE TRIGGER USER")
        hand.execute("UPDATE sales_ticket SET salt = sha256(salt) WHERE id = %s", [ticket.pk])
        hand.execute("ALTER TABLE sales_ticket ENABLE TRIGGER USER")
    with pytest.raises(Refused):
        make_draws.sealed(draw)

    assert states(draw)["halted"] == ["countersigned"]
    text = shown(crew, "draw_official", draw)
    assert large("Halted: the witness does not sign the seal") in text
    assert ticket.code in text
    assert "Seal again" in text
    assert f"/desk/draws/{draw.code}/result/" not in text
    assert "Seal again" not in shown(crew, "auditor", draw)

    before = set(Job.objects.filter(kind="sales.seal_draw").values_list("key", flat=True))
    page = f"/desk/draws/{draw.code}/seal-again/"
    assert people.behind(crew["auditor"][0].user).post(page).status_code == 403
    assert people.behind(crew["draw_official"][0].user).post(page).status_code == 302
    after = set(Job.objects.filter(kind="sales.seal_draw").values_list("key", flat=True))
    assert len(after - before) == 1
    asked = trail.read(trail.Filters(action="sales.seal_asked_again"))
    assert [row.object_code for row in asked] == [draw.code]


@pytest.mark.thorough
def test_a_sealed_draw_leads_to_the_break_glass_page_and_counts_refused_looks(begin):
    """F056: whoever may ask is led there, nobody else; every look that was refused is told."""
    draw, crew = begin(sealed_by_them)
    way = f"/desk/draws/{draw.code}/open-seal/"

    assert way in shown(crew, "compliance", draw)
    assert way in shown(crew, "auditor", draw)
    assert way not in shown(crew, "draw_official", draw)
    read_ban.log_attempt(
        actor=crew["support"][0].user, where="/admin/sales/ticket/", draws=[draw.code]
    )
    assert "1 look at sealed sales data was refused" in shown(crew, "support", draw)
    assert people.behind(crew["compliance"][0].user).get(way).status_code == 200


@pytest.mark.thorough
def test_the_first_entry_is_named_and_its_numbers_are_not(begin):
    """F056, F061: who typed and when; what was typed is nowhere on the desk."""
    draw, crew = begin(sealed_by_them)
    first = crew["draw_official"][0]
    results.enter(draw=draw, official=first.user, numbers=NUMBERS, now=database_time())

    found = states(draw)
    assert found["done"][-2:] == ["held", "first"]
    assert found["now"] == ["second"]
    assert course(draw)["first"]["text"] == first.shown
    text = shown(crew, "support", draw)
    assert first.shown in text
    assert 'class="ball' not in text


def test_engines_that_differ_halt_the_draw_with_a_report(begin):
    """F071: the large state, the tickets by name in both words, the file, and nobody paid."""
    draw, crew = begin(sold_before_them)
    ticket = draw_ticket(draw)
    counted(draw)
    by_force(
        "prizes_hit",
        lambda hand: hand.execute(
            "UPDATE prizes_hit SET won = '1:1' WHERE ticket_id = %s", [ticket.pk]
        ),
    )
    settlement.price(draw=draw, now=database_time())
    settlement.engine_two(draw=draw, now=database_time())
    with pytest.raises(settlement.EnginesDiffer):
        settlement.compare(draw=draw, now=database_time())

    found = states(draw)
    assert found["halted"] == ["agreed"]
    assert found["done"][-2:] == ["engine_one", "engine_two"]
    assert found["todo"] == ["credited", "announced", "packed"]
    text = shown(crew, "draw_official", draw)
    assert large("Halted: the two engines do not agree") in text
    assert "Check again and go on" in text
    assert "Alarms of this draw" in text
    report = text.split('id="differences"')[1].split("</section>")[0]
    assert ticket.code in report
    assert "1:1" in report
    page = f"/desk/draws/{draw.code}/differences.txt"
    assert page in text
    file: Any = people.behind(crew["auditor"][0].user).get(page)
    assert ticket.code.encode() in b"".join(file.streaming_content)
    assert people.behind(crew["support"][0].user).get(page).status_code == 403
    assert page not in shown(crew, "support", draw)
    assert not Prize.objects.exists()


def draw_ticket(draw: Draw) -> Any:
    """The second ticket of a draw."""
    return Ticket.objects.filter(draw=draw).order_by("pk")[1]


def test_a_ticket_changed_after_the_draw_halts_before_anything_is_counted(begin):
    """F071, F059: not what was sealed; the ticket is named, engine one has not counted."""
    draw, crew = begin(sold_before_them)
    ticket = draw_ticket(draw)
    by_force(
        "sales_ticket",
        lambda hand: hand.execute(
            "UPDATE sales_ticket SET salt = sha256(salt) WHERE id = %s", [ticket.pk]
        ),
    )
    with pytest.raises(settlement.NotWhatWasSealed):
        settlement.begin(draw=draw, now=database_time())

    assert states(draw)["halted"] == ["engine_one"]
    text = shown(crew, "draw_official", draw)
    assert large("Halted: not what was sealed") in text
    assert ticket.code in text


def test_the_whole_course_of_a_draw_has_who_and_when(crew):
    """F056: from the plan to the kit, every step with its time, in the order of the course."""
    draw = stage.draw()
    make.ticket(make.player(wallet=10_00), draw)
    stage.settled(stage.sealed(draw, crew), crew, NUMBERS)
    sequencing.run_all()
    sequencing.cosign_latest(now=database_time())
    assert "Made by itself within minutes" in shown(crew, "support", draw)
    kits.make(draw=draws.find(draw.code), now=database_time())

    steps = course(draw)
    assert list(steps) == ALL
    assert {step["state"] for step in steps.values()} == {"done"}
    assert all(step["at"] is not None and step["text"] for step in steps.values())
    times = [steps[place]["at"] for place in ALL if place not in {"checked", "equipped", "held"}]
    assert times[:6] == sorted(times[:6])
    first, second = (member.shown for member in crew["draw_official"])
    assert (steps["first"]["text"], steps["second"]["text"]) == (first, second)
    assert first in steps["minuted"]["text"]
    assert second in steps["minuted"]["text"]
    assert SealStatement.objects.get(draw=draw).root[:8] in steps["sealed"]["text"]
    text = shown(crew, "auditor", draw)
    assert large("Published") in text
    assert f"/desk/draws/{draw.code}/kit.zip" in text
    assert "What is missing for the next state" not in text


@pytest.mark.thorough
def test_minutes_are_asked_of_the_person_who_may_write_them(begin):
    """F056: what is missing carries the button that leads there, for that person only."""
    draw, crew = begin(sealed_by_them)
    for official in crew["draw_official"]:
        results.enter(draw=draw, official=official.user, numbers=NUMBERS, now=database_time())
    settlement.run(draw=draws.find(draw.code), now=database_time())

    way = f"/desk/draws/{draw.code}/minutes/write/"
    text = shown(crew, "draw_official", draw)
    assert way in text
    assert "the result waits for signed minutes" in text
    assert way not in shown(crew, "support", draw)
    assert states(draw)["now"] == ["minuted"]
