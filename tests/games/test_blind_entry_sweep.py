"""The first official's numbers are read by nobody before the second typed his (F061).

Every address of the portal is opened by every role that may open it, every export is written, and
every column that the application can read is read: the numbers stand nowhere in any spelling.
"""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from django.urls import NoReverseMatch, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts import who
from accounts.models import Message, User
from audit import reports
from audit.models import TrailRecord
from finance.models import SolvencyProof, TreasuryReceipt
from games import results
from games.models import Result, ResultEntry
from lottery_portal import jobs
from lottery_portal.lib.db import database_time
from tests import people
from tests.accounts.test_permission import expected
from tests.journeys import full_house

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

NUMBERS = ((4, 13, 19, 22, 28, 33), (12,))
REDS = list(NUMBERS[0])
MASK = sum(1 << (number - 1) for number in REDS)
OTHER = ((2, 5, 6, 9, 12, 31), (3,))
OF_DRAWS = {
    "api:draw",
    "games:desk_announced",
    "games:desk_announced_import",
    "games:desk_announced_type",
    "games:desk_draw",
    "games:desk_result",
    "games:desk_times",
    "api:kit",
    "api:minutes",
    "api:seal",
    "games:desk_draw_equipment",
    "games:desk_mail_again",
    "games:desk_minutes",
    "games:desk_minutes_pdf",
    "games:desk_minutes_sign",
    "games:desk_minutes_text",
    "games:desk_minutes_write",
    "games:desk_monitors_draw",
    "games:seal",
    "games:seal_file",
    "prizes:desk_differences",
    "prizes:desk_kit",
    "prizes:desk_settle_again",
    "sales:cancellation",
    "sales:desk_break_glass",
    "sales:desk_draw_cancel",
    "sales:desk_opened_seal",
    "sales:desk_seal_again",
}
ALWAYS = {"audit:trail", "admin:games_draw_changelist", "admin:games_drawtransition_change"}
ROWS = 2


def betrays(text: str) -> bool:
    """Whether the six numbers stand in a text: one after another in any spelling, or as a mask."""
    plain = html.unescape(re.sub(r"<[^>]*>", " ", text))
    return str(MASK) in text or any(
        found[start : start + len(REDS)] == REDS
        for spelt in (text, plain)
        if all(str(number) in spelt for number in REDS)
        for found in [[int(digits[-9:]) for digits in re.findall(r"\d+", spelt)]]
        for start in range(len(found))
    )


@pytest.fixture
def house(live_server, settings, tmp_path) -> full_house.House:
    """A portal with something on every page; its sealed draw waits for its numbers."""
    settings.PUBLIC_URL = live_server.url
    settings.STATE_DIR = tmp_path
    return full_house.furnish()


def type_first(house: full_house.House) -> None:
    """The first official types, through the page."""
    first = people.behind(house.crew["draw_official"][0].user)
    address = reverse("games:desk_result", args=[house.sealed.code])
    reds = {f"red_{place}": number for place, number in enumerate(REDS, start=1)}
    answer = first.post(address, {**reds, "blue_1": NUMBERS[1][0], "has_read": "on"}, follow=True)
    assert ResultEntry.objects.filter(draw=house.sealed).count() == 1
    assert not betrays(answer.content.decode())


@pytest.mark.thorough
def test_the_first_entry_is_read_by_nobody_before_the_second(house, tmp_path, caplog, full, deep):
    """F061: on no page, in no row, export or file; what stands there later is found by the search.

    One house for all of it: typed by the first, typed otherwise by the second, and at last typed
    alike by both.
    """
    type_first(house)
    jobs.run_pending()

    nothing_kept_betrays_it(tmp_path)
    the_application_may_not_read_it(house)
    no_list_of_the_admin_is_searched_by_it()
    no_page_shows_it(house, full=full, deep=deep)
    assert not betrays(caplog.text)

    first, second = (official.user for official in house.crew["draw_official"])
    assert typed(house, second, OTHER).is_conflict  # a new round is as blind as the first
    assert tables_that_betray() == []

    typed(house, first, NUMBERS)
    typed(house, second, NUMBERS)
    the_search_finds_it(house)


def typed(house: full_house.House, official: User, numbers: Any) -> results.Entered:
    """What an official types, past the pages."""
    return results.enter(draw=house.sealed, official=official, numbers=numbers, now=database_time())


def no_page_shows_it(house: full_house.House, *, full: bool, deep: bool) -> None:
    """Every address that can be made, for every role that may open it.

    The admin shows a row to all alike who may look at its table: there one of them looks. Elsewhere
    he looks who has looked least, at pages of draws the second official wherever he may; in a full
    run he looks at all that he may, and with him one of the others, in the long run all of them.
    Without either every sixth address is opened, and all those of draws.
    """
    visitors = clients(house)
    shown = []
    opened: set[str] = set()
    looked = dict.fromkeys(visitors, 0)

    for place, (name, address) in enumerate(addresses(house)):
        if not full and name not in ALWAYS | OF_DRAWS and place % 6:
            continue
        roles = [role for role in visitors if expected(role, name)]
        if name.startswith("admin:"):
            roles = roles[:1]
        elif not deep:
            others = [role for role in roles if role != "draw_official"]
            least = sorted(others, key=lambda role: looked[role])[:1]
            official = [role for role in roles if role == "draw_official"]
            if full:
                roles = official + least
            else:
                roles = (name in OF_DRAWS and official) or sorted(
                    roles, key=lambda role: looked[role]
                )[:1]
        for role in roles:
            looked[role] += 1
            answer = visitors[role].get(address)
            assert answer.status_code < 500, (role, address)
            opened |= {name} if answer.status_code == 200 else set()
            if betrays(text_of(answer)):
                shown.append((role, address))

    assert shown == []
    assert {"games:desk_draw", "games:desk_result", "api:draw"} | ALWAYS <= opened
    assert len(opened) > (100 if full else 40)
    assert min(looked.values()) > (10 if full else 0)


def nothing_kept_betrays_it(state: Path) -> None:
    """Trail, jobs, messages, sessions and all other tables, every export and every file."""
    assert tables_that_betray() == []
    assert exports_that_betray() == []
    files = [path for path in state.rglob("*") if path.is_file()]
    assert files
    assert not any(betrays(path.read_text(errors="replace")) for path in files)
    assert not any(betrays(str(letter.message())) for letter in mail.outbox)
    assert not any(betrays(str(one.get_decoded())) for one in Session.objects.all())


def the_application_may_not_read_it(house):
    """Whoever holds its log-in to the database learns whether two typed alike, no more."""
    entry = ResultEntry.objects.get(draw=house.sealed)
    for said in (
        "SELECT numbers FROM games_resultentry",
        "SELECT * FROM games_resultentry",
        "SELECT id FROM games_resultentry WHERE numbers->0->>0 = '4'",
        "INSERT INTO games_resultentry (draw_id) VALUES (1) RETURNING numbers",
        "COPY games_resultentry TO STDOUT",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            execute(said)
    with pytest.raises(ProgrammingError, match="permission denied"):
        _ = entry.numbers
    assert execute("SELECT games_typed_alike(%s, %s)", entry.pk, entry.pk) == [(False,)]


def no_list_of_the_admin_is_searched_by_it():
    """A question put by address would tell as much as an answer."""
    client = people.behind(people.member("auditor").user)
    for asked in ("result_entries__numbers__0__0=4", "result_entries__numbers__contains=4"):
        answer = client.get(f"{reverse('admin:games_draw_changelist')}?{asked}")
        assert answer.status_code == 400


def the_search_finds_it(house: full_house.House) -> None:
    """What was looked for would have been found: a confirmed result stands on all of these."""
    client = people.behind(people.member("auditor").user)
    result = Result.objects.get(draw=house.sealed)
    confirmed = TrailRecord.objects.get(
        action="games.result_confirmed", object_code=house.sealed.code
    )

    for address in (
        reverse("games:desk_draw", args=[house.sealed.code]),
        reverse("admin:games_result_changelist"),
        reverse("admin:games_result_change", args=[result.pk]),
        reverse("audit:trail_record", args=[confirmed.pk]),
    ):
        assert betrays(text_of(client.get(address, follow=True))), address
    assert {"games_result", "audit_trail"} <= set(tables_that_betray())
    assert "audit.trail" in exports_that_betray()


def clients(house: full_house.House) -> dict[str, Client]:
    """Somebody of every role in front of the portal; the second official for the officials."""
    made = {role: people.behind(people.member(role).user) for role in who.STAFF_ROLES}
    made["draw_official"] = people.behind(house.crew["draw_official"][1].user)
    return {"anonymous": Client(), "player": people.behind(house.player.user), **made}


def names(patterns: Iterable[Any], spaces: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every address that has a name, with the names of what stands in it."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{spaces}{pattern.namespace}:" if pattern.namespace else spaces
            yield from names(pattern.url_patterns, inner)
        elif pattern.name:
            yield spaces + pattern.name, tuple(pattern.pattern.regex.groupindex)


def addresses(house: full_house.House) -> list[tuple[str, str]]:
    """Every address there is for the things of this house, with its name."""
    found = []
    for name, wanted in sorted(set(names(get_resolver().url_patterns))):
        choices = [values(house, name, one) for one in wanted]
        for chosen in itertools.product(*choices):
            try:
                found.append((name, reverse(name, kwargs=dict(zip(wanted, chosen, strict=True)))))
            except NoReverseMatch:
                continue  # a code where a number belongs
    return found


def values(house: full_house.House, name: str, wanted: str) -> list[Any]:
    """What can stand in an address; a name not known here fails the test, and is then added."""
    if wanted == "object_id":
        return objects(name)
    draw = house.sealed
    if wanted == "code" and name.startswith(("games:rule", "games:desk_rule")):
        return [draw.rule.code]
    records = TrailRecord.objects.order_by("-pk").values_list("pk", flat=True)
    known: dict[str, list[Any]] = {
        "account": ["fee:ssq"],
        "app_label": ["audit", "accounts", "games", "finance", "sales", "prizes", "partners"],
        "approval": [house.codes["approval"]],
        "code": [draw.code] if name in OF_DRAWS else codes(house),
        "content_type_id": [1],
        "digest": [TreasuryReceipt.objects.latest("pk").file_digest],
        "edition": [1],
        "form": ["pdf", "xlsx"],
        "game_code": [draw.game.code],
        "issue": [draw.issue],
        "key": ["withdrawal.automatic_up_to_fen"],
        "kind": ["terms"],
        "letter": [house.codes["approval"]],
        "name": ["statement.json"],
        "night": [str(SolvencyProof.objects.latest("pk").night)],
        "number": list(records.filter(object_code=draw.code)),
        "paper": ["00000000-0000-4000-8000-000000000000"],
        "order_code": [house.codes["deposit"]],
        "pk": [1],
        "provider": ["sandbox"],
        "slug": ["rules", "verify"],
        "step": ["called"],
        "ticket": [house.won],
        "trade": [house.codes["bank"]],
        "username": [house.player.user.username],
        "year": [timezone.localdate().year],
    }
    return known[wanted]


def codes(house: full_house.House) -> list[str]:
    """One code of everything that has a page of its own."""
    kinds = ("alarm", "approval", "deposit", "withdrawal")
    newest = Message.objects.order_by("-pk")[0].code
    return [house.won, house.player.code, newest, *(house.codes[kind] for kind in kinds)]


def objects(name: str) -> list[Any]:
    """The newest rows of the table that an address of the admin is about."""
    for model in admin.site._registry:
        if name.startswith(f"admin:{model._meta.app_label}_{model._meta.model_name}_"):
            rows = model._default_manager.order_by("-pk").values_list("pk", flat=True)
            return list(rows[:ROWS])
    return []


def text_of(answer: Any) -> str:
    """All that an answer says: its body, streamed or not, where it leads, what it sets."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return f"{dict(answer.headers)} {answer.cookies} {body.decode(errors='replace')}"


def execute(said: str, *values: Any) -> list[Any]:
    """What the application's role gets for a statement."""
    with connection.cursor() as cursor:
        cursor.execute(said, values)
        return list(cursor.fetchall())


def tables_that_betray() -> list[str]:
    """Tables in which a row, as far as the application reads it, holds the numbers."""
    columns = execute(
        "SELECT c.relname, array_agg(quote_ident(a.attname)::text) FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition"
        " AND c.relnamespace = 'public'::regnamespace"
        " AND has_column_privilege(c.oid, a.attnum, 'SELECT') GROUP BY c.relname ORDER BY 1"
    )
    assert {"audit_trail", "jobs_job", "games_resultentry"} <= {table for table, _ in columns}
    return [
        table
        for table, readable in columns
        if any(
            betrays(text)
            for (text,) in execute(f'SELECT ({", ".join(readable)})::text FROM "{table}"')  # noqa: S608 - names of the catalogue
        )
    ]


def exports_that_betray() -> list[str]:
    """Exports with a row that holds the numbers."""
    today = timezone.localdate()
    params = {"since": str(today - timedelta(days=7)), "until": str(today + timedelta(days=7))}
    every = reports.open_to(frozenset(who.STAFF_ROLES))
    assert len(every) > 3
    return [one.name for one in every if any(betrays(str(row)) for row in one.rows(params))]
