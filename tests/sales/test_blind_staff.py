"""Winner-blind staff (N07): every address × every role, and every table, searched for a mark.

The mark is a combination that nothing else in the house has. While its draw is sealed it stands on
no page of staff and in no row that the application reads; before and after it does.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts import permission, who
from audit import reports
from audit.models import TrailRecord
from games.models import Draw
from lottery_portal import jobs
from lottery_portal.lib.db import database_time
from sales.models import Ticket
from tests import make, make_draws, owner, people

pytestmark = pytest.mark.django_db(transaction=True)

REDS, BLUE = (3, 9, 14, 20, 27, 31), 13
MARKED = make.single(*REDS, blue=BLUE)
MASK = str(sum(1 << red - 1 for red in REDS))
CANONICAL = "03,09,14,20,27,31"
SPELT = re.compile(r"\b0?3 0?9 14 20 27 31\b")
HOLDERS = ("sales:", "prizes:", "games:", "admin:sales_", "admin:prizes_", "api:")
MOST = 2  # rows of a table that are opened one by one
# These end the session, or answer a form only.
PASSED_BY = {"accounts:logout", "account_logout", "admin:logout", "set_language", "set_theme"}


def shows_the_mark(content: str) -> bool:
    if CANONICAL in content or MASK in content:
        return True
    plain = re.sub(r"<[^>]*>", " ", content)
    if not all(str(number) in plain for number in REDS):
        return False
    return SPELT.search(re.sub(r"[^0-9]+", " ", plain)) is not None


def addresses() -> Iterator[tuple[str, list[str]]]:
    """Every URL name of the house with the names of its parameters."""

    def walk(entries, space: str, taken: list[str]) -> Iterator[tuple[str, list[str]]]:
        for entry in entries:
            named = [*taken, *entry.pattern.regex.groupindex]
            if isinstance(entry, URLResolver):
                inner = f"{space}{entry.namespace}:" if entry.namespace else space
                yield from walk(entry.url_patterns, inner, named)
            elif isinstance(entry, URLPattern) and entry.name:
                yield f"{space}{entry.name}", named

    yield from walk(get_resolver().url_patterns, "", [])


def values_of(parameter: str, name: str, draw: Draw, ticket: Ticket) -> list[str]:
    """What is put into an address: everything there is of the marked draw."""
    if parameter == "object_id":
        found = re.fullmatch(r"admin:([a-z_]+?)_([a-z]+)_(change|history|delete)", name)
        if found is None:
            return []
        rows = apps.get_model(found[1], found[2])._default_manager.order_by("-pk")
        return [str(row.pk) for row in rows[:MOST]]
    if parameter == "code" and name.startswith(("games:rule", "games:desk_rule")):
        return [draw.rule.code]
    newest = TrailRecord.objects.order_by("-pk").values_list("pk", flat=True)[:MOST]
    return {
        "code": [draw.code, ticket.code, ticket.owner.code, ticket.purchase.code],
        "game_code": ["ssq", "ssq-drill"],
        "issue": [draw.issue],
        "number": [str(pk) for pk in newest],
        "slug": ["rules"],
        "app_label": ["sales", "prizes", "games"],
        "key": ["sales.break_glass_minutes"],
        "kind": ["terms"],
    }.get(parameter, [])


def sweep(
    client: Client,
    user,
    draw: Draw,
    ticket: Ticket,
    *,
    seen: set[str],
    only: str = "",
    each: int = 1,
) -> tuple[set[str], int]:
    """Names of the addresses that show the mark to this member of staff, and how many he opened.

    What stands in `seen` was opened by a colleague, or is a form of the admin that nobody gets (no
    row is added or deleted there), and is passed by; in a sample what is not found as well. Of the
    addresses outside the rooms that hold draws and tickets, one in so many is opened.
    """
    shown, opened = set(), 0
    for place, (name, parameters) in enumerate(addresses()):
        if name in PASSED_BY or not name.startswith(only) or not permission.may(user, name):
            continue
        if place % each and not name.startswith(HOLDERS):
            continue
        kept = [values_of(one, name, draw, ticket) for one in parameters]
        for values in itertools.product(*kept):
            address = reverse(name, kwargs=dict(zip(parameters, values, strict=True)))
            if address in seen:
                continue
            answer = client.get(address)
            is_nobodys = answer.status_code == 403 and name.endswith(("_add", "_delete"))
            opened += answer.status_code == 200
            is_nowhere = answer.status_code == 404 and each > 1
            if answer.status_code == 200 or is_nobodys or is_nowhere:
                seen.add(address)
            body = b"".join(answer)  # a file comes in pieces, a page in one
            if shows_the_mark(body.decode("utf-8", "replace")):
                shown.add(name)
    return shown, opened


def in_the_clear() -> set[str]:
    """Tables in which the application reads the mark, in any column of any row."""
    found = set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
            "   AND has_table_privilege(c.oid, 'SELECT')"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(
                f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE ANY (%s)',  # noqa: S608
                [[f"%{MASK}%", f"%{CANONICAL}%", f"%{CANONICAL.encode().hex()}%"]],
            )
            if cursor.fetchone()[0]:
                found.add(table)
    return found


@pytest.mark.slow
@pytest.mark.thorough
def test_no_member_of_staff_finds_the_picks_of_a_sealed_draw_anywhere(full, deep):
    """N07, F058: ten roles, all addresses, all tables; before the seal and after the draw they do.

    The long run lets every role open what it may; the full one opens each address once, any other
    those that hold draws and tickets and a twelfth of the rest.
    """
    draw = make.shadow_draw()
    bought = make.purchase(make.shadow_player(wallet=100_00), draw, [MARKED], channel="drill")
    ticket = Ticket.objects.select_related("owner", "purchase").get(pk=bought.sold()[0].pk)
    staff = {role: people.member(role).user for role in who.STAFF_ROLES}
    clients = {role: people.behind(user) for role, user in staff.items()}
    auditor = staff["auditor"]

    def shown_to_support(on: Draw) -> set[str]:
        at = "admin:sales_"
        return sweep(clients["support"], staff["support"], on, ticket, seen=set(), only=at)[0]

    assert shown_to_support(draw) == {"admin:sales_ticket_change"}
    assert in_the_clear() == {"sales_selection"}

    draw = make_draws.sealed(draw)
    for report in reports.open_to(frozenset({"auditor"})):
        period = {"since": "2020-01-01", "until": "2099-12-31"}
        reports.order(name=report.name, params=period, by=auditor, now=database_time())
    jobs.run_pending()
    assert draw.state == Draw.State.SEALED

    seen: set[str] = set()
    all_opened = 0
    for role, client in clients.items():
        already = set() if deep else seen
        shown, opened = sweep(
            client, staff[role], draw, ticket, seen=already, each=1 if full else 12
        )
        assert (role, shown) == (role, set())
        assert opened > 15 or not deep
        seen |= already
        all_opened += opened
    assert all_opened > (60 if full else 30)
    assert in_the_clear() == set()

    draw = make_draws.drawn(draw)
    assert shown_to_support(draw) == {"admin:sales_ticket_change"}
    assert in_the_clear() == {"sales_selection"}


def test_the_sweep_would_see_the_picks_if_the_ban_were_gone():
    """N07: the same pages, with row-level security off and the state alone said to be sealed."""
    draw = make.shadow_draw()
    bought = make.purchase(make.shadow_player(wallet=100_00), draw, [MARKED], channel="drill")
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE games_draw DISABLE TRIGGER USER")
        hand.execute("UPDATE games_draw SET state = 'SEALED' WHERE id = %s", [draw.pk])
    assert in_the_clear() == set()

    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE sales_selection DISABLE ROW LEVEL SECURITY")

    assert in_the_clear() == {"sales_selection"}
    assert bought.sold()
