"""What proves the draws, before the eyes: never sealed, the witness away, a draw that stands still.

The ordinary state is among all pages (`full_house`); here is what one hopes not to see.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from audit import alarms, log, sequencing, witnesses
from games.models import Draw
from lottery_portal.lib.db import database_time
from prizes import settlement
from sales.models import Ticket
from tests import browser, make, make_draws, owner, people
from tests.prizes.test_engines import by_force, counted, sold

from .test_accessibility import seen

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., browser.Visitor]


def at_the_desk(visit: Visit, post: str = "auditor") -> browser.Visitor:
    """A member of staff at his browser."""
    return visit(cookies=browser.session_of(people.member(post).user))


def looked_at(visitor: browser.Visitor, address: str, name: str, *, deep: bool) -> list[str]:
    """Everything wrong with a page in Chinese, and in English that it is too wide."""
    visitor.go(address)
    visitor.look(name)
    wrong = seen(visitor, deep=deep)
    cookie = {"name": "language", "url": visitor.house}
    for language in ("en", "zh-hans"):
        visitor.context.add_cookies([{**cookie, "value": language}])  # type: ignore[typeddict-item]
        visitor.language = language
        if language == "en":
            visitor.go(address)
            visitor.look(name)
    return wrong


@pytest.mark.thorough
def test_before_the_first_seal_the_pages_say_so(visit: Visit, house: str, *, deep: bool) -> None:
    """N01: nothing sealed, nothing verified, no checkpoint, and no figure is made up."""
    wrong = looked_at(visit(), "/transparency/", "never-transparency", deep=deep)
    auditor = at_the_desk(visit)
    wrong += looked_at(auditor, "/desk/integrity/", "never-integrity", deep=deep)
    wrong += looked_at(auditor, "/desk/alarms/", "never-alarms", deep=deep)

    assert not wrong, "\n".join(wrong)
    auditor.go("/desk/integrity/")
    expect(auditor.page.locator("[data-poll]")).to_contain_text("还没有封存过的期")


@pytest.mark.thorough
def test_a_witness_that_is_away_is_said_in_words(
    visit: Visit, house: str, settings, *, deep: bool
) -> None:
    """F059: seen without loading the page anew; when it is back, that is seen as well."""
    sequencing.run_all()
    sequencing.cosign_latest(now=database_time())
    auditor = at_the_desk(visit)
    there = settings.WITNESS_URL
    settings.WITNESS_URL = "http://127.0.0.1:1"
    alarms.raise_alarm(
        kind="audit.witness_away",
        object_type="witness",
        object_code="main",
        facts={},
        now=database_time(),
    )
    wrong = looked_at(auditor, "/desk/integrity/", "away-integrity", deep=deep)
    auditor.go("/desk/integrity/")
    expect(auditor.page.locator("[data-poll]")).to_contain_text("没有应答")
    settings.WITNESS_URL = there
    expect(auditor.page.locator("[data-poll]")).to_contain_text("同步", timeout=20_000)

    assert not wrong, "\n".join(wrong)


@pytest.mark.thorough
def test_a_halted_draw_is_clear_at_first_sight(visit: Visit, house: str, *, deep: bool) -> None:
    """F071, F059: what stands still, why, which tickets, and the deed for him who may."""
    draw = sold()
    ticket = Ticket.objects.filter(draw=draw).order_by("pk")[1]
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
    unsigned = _unsigned()
    sequencing.run_all()
    sequencing.cosign_latest(now=database_time())
    log.verify(now=database_time())
    official = at_the_desk(visit, "draw_official")
    auditor = at_the_desk(visit)

    wrong = looked_at(official, f"/desk/draws/{draw.code}/", "halted-engines", deep=deep)
    wrong += looked_at(official, f"/desk/draws/{unsigned.code}/", "halted-seal", deep=deep)
    wrong += looked_at(auditor, "/desk/integrity/", "halted-integrity", deep=deep)
    wrong += looked_at(auditor, "/desk/alarms/", "halted-alarms", deep=deep)

    assert not wrong, "\n".join(wrong)


def _unsigned() -> Draw:
    """A draw whose seal the witness does not sign: a ticket was changed after it was sold."""
    draw = make_draws.sold([make.SELECTION], [make.single(1, 2, 3, 4, 5, 9)])
    ticket = Ticket.objects.filter(draw=draw).order_by("pk")[0]
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE sales_ticket DISABLE TRIGGER USER")
        hand.execute("UPDATE sales_ticket SET salt = sha256(salt) WHERE id = %s", [ticket.pk])
        owner.guards_up(hand)
    with pytest.raises(witnesses.WitnessRefuses):
        make_draws.sealed(draw)
    return draw


@pytest.mark.thorough
def test_everything_is_verified_when_somebody_says_so(visit: Visit, house: str) -> None:
    """F210, F059: one touch orders it; who ordered it and when stands there until it is done."""
    auditor = at_the_desk(visit)
    auditor.go("/desk/integrity/")
    auditor.page.click("form[action$='/verify/'] button")
    expect(auditor.page.locator("[data-poll]")).to_contain_text("正在核验")

    sequencing.run_all()
    sequencing.cosign_latest(now=database_time())
    log.verify(now=database_time())

    auditor.page.reload()
    expect(auditor.page.locator("[data-poll]")).not_to_contain_text("正在核验")
    expect(auditor.page.locator("[data-poll]")).to_contain_text("没有差异")
