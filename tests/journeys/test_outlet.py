"""A prize redeemed at an outlet, by keyboard, as its operator and the centre's desk see it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from prizes.claim_models import Claim, PrizeEnd
from tests import browser, make_claims, make_outlets, people
from tests.accounts import papers as cards

from .test_accessibility import seen

pytestmark = [
    pytest.mark.journey,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]

Visit = Callable[..., browser.Visitor]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("language", "size"),
    [("zh-hans", browser.PHONE), ("en", browser.WIDE)],
    ids=["zh", "en"],
)
def test_a_ticket_is_redeemed_at_an_outlet(
    visit: Visit, language: str, size: dict[str, int], *, deep: bool
) -> None:
    """F085, F092, F093, F277: number, Enter, paper, figures, briefing, stamp; and the desk."""
    won = make_claims.won()
    desk = make_outlets.Desk()
    outlet = desk.place(name="海淀一号网点")
    operator = desk.operator(outlet).user
    prize = won.prize(won.carol)
    terminal = visit(cookies=browser.session_of(operator), language=language, viewport=size)
    page = terminal.page

    def judge(visitor: browser.Visitor, name: str) -> None:
        visitor.look(name)
        if language != "en":
            assert seen(visitor, deep=deep) == []

    def press() -> None:
        with page.expect_navigation():
            page.keyboard.press("Enter")

    terminal.go("/terminal/")
    judge(terminal, "terminal")
    terminal.go("/terminal/claims/")
    judge(terminal, "terminal-claims")
    page.keyboard.type(prize.ticket.code.lower())  # the field has the keyboard from the first
    press()
    judge(terminal, "terminal-ticket")
    press()
    judge(terminal, "terminal-identity")
    paper = cards.of(won.carol)
    page.fill("[name=number]", paper.number)
    page.fill("[name=name]", paper.name)
    page.fill("[name=valid_until]", f"{paper.valid_until:%Y-%m-%d}")
    page.focus("[name=number]")
    press()
    judge(terminal, "terminal-figures")
    page.check("[name=to][value=WALLET]")
    press()
    judge(terminal, "terminal-briefing")
    page.check("[name=has_read]")
    press()
    judge(terminal, "terminal-stamp")
    page.focus("button[value=stamp]")
    press()
    judge(terminal, "terminal-stamped")
    assert PrizeEnd.objects.get().claim == Claim.objects.get()
    terminal.go("/terminal/claims/")
    judge(terminal, "terminal-today")

    clerk = people.signed(won.staff["claims_clerk"].staff_member).user
    centre = visit(cookies=browser.session_of(clerk), language=language, viewport=size)
    _at_the_centre(won, centre, judge)


def _at_the_centre(
    won: make_claims.Won,
    centre: browser.Visitor,
    judge: Callable[[browser.Visitor, str], None],
) -> None:
    make_claims.completed(
        won, make_claims.checked(won, make_claims.opened(won, won.prize(won.bob)))
    )
    centre.go("/desk/claims/")
    judge(centre, "desk-claims")
    centre.go(f"/desk/claims/{Claim.objects.latest('pk').code}/")
    judge(centre, "desk-claim")
    centre.go(f"/desk/claims/?q={won.prize(won.alice).ticket.code}")
    judge(centre, "desk-claims-to-open")
