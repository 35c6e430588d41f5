"""No page of finance fails by what stands in its address: a sentence, or there is no such thing."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.conf import settings

from finance import periods, urls
from tests import make, people

pytestmark = pytest.mark.django_db

IN_PATHS = ["0", "99999", "2026-13"]
IN_QUERIES = ["-1", "99999", "2026-13", "0000-00-00"]
# Every word that a page of this room reads from its query.
ASKED = [
    "account", "amount", "book", "deposit", "first", "form", "kind", "last", "month", "name",
    "next", "page", "reference", "row", "show", "since", "state", "until", "year",
]  # fmt: skip
# Pages that are there, to be asked for nonsense in their query.
THERE = {
    "finance:desk_report": "desk/ledger/reports/trial/",
    "finance:desk_report_file": "desk/ledger/reports/trial/xlsx/",
    "finance:desk_general_ledger": "desk/ledger/subjects/escrow/",
    "finance:desk_general_ledger_file": "desk/ledger/subjects/escrow/xlsx/",
    "finance:desk_sheet_file": "desk/ledger/sheet/xlsx/",
}
PERMITTED = tomllib.loads(Path(settings.BASE_DIR, "lottery_portal", "permissions.toml").read_text())
ROUTES = {str(one.pattern): f"finance:{one.name}" for one in urls.urlpatterns}
ARGUMENT = re.compile(r"<(?:\w+:)?\w+>")


def opener(name):
    """Who may open it: a player, a treasurer where one may, else whoever stands first."""
    posts = PERMITTED[name]
    if "player" in posts or "public" in posts:
        return "player"
    return "treasurer" if "treasurer" in posts else posts[0]


def addresses(who, *, full):
    """What is asked for: nonsense in each path, and in the query of each page that is there.

    Every page gets every word in a full run; in any other the pages take turns with two of them.
    """
    mine = {route: name for route, name in ROUTES.items() if opener(name) == who}
    with_code = [route for route in mine if ARGUMENT.search(route)]
    for place, route in enumerate(with_code):
        yield from (f"/{ARGUMENT.sub(word, route)}" for word in some(IN_PATHS, place, full))
    there = [route for route in mine if not ARGUMENT.search(route)]
    there += [route for name, route in THERE.items() if opener(name) == who]
    for place, route in enumerate(there):
        for word in some(IN_QUERIES, place, full):
            yield f"/{route}?{urlencode(dict.fromkeys(ASKED, word))}"


def some(words, place, full):
    """All of the words, or two, others from one place to the next."""
    if full:
        return words
    first = place % len(words)
    return [*words, *words][first : first + 2]


def works(client, ask, address):
    """Whether it is answered; what is not allowed is an answer, too."""
    answer = getattr(client, ask)(address)
    if answer.streaming:
        b"".join(answer)
    return answer.status_code < 500


@pytest.mark.parametrize("who", sorted({opener(name) for name in ROUTES.values()}))
@pytest.mark.thorough
def test_nonsense_in_an_address_is_answered(who, full):
    """F247: codes, years, days, pages, forms and kinds that there are not, of every page."""
    made = make.player(wallet=10_00).user if who == "player" else people.member(who).user
    client = people.in_english(made)
    client.raise_request_exception = False

    asked = [("get", one) for one in addresses(who, full=full)]
    asked += [("post", one) for _ask, one in asked if "99999" in one]
    failing = [one for ask, one in asked if not works(client, ask, one)]

    assert asked
    assert failing == []


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("year", "sentence"),
    [
        ("0", "The books have no such year."),
        ("1066", "The books have no such year."),
        ("99999", "This year is not over yet."),
        ("9" * 40, "This year is not over yet."),
    ],
)
def test_a_year_that_the_books_do_not_have_is_refused_in_a_sentence(year, sentence):
    """F124"""
    client = people.in_english(people.member("treasurer").user)
    address = f"/desk/ledger/years/{year}/end/"

    answer = client.post(address, follow=True)

    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert not periods.all_periods()[0].approval_code
