"""What is masked stays masked, in pages and in the tables; a look is recorded first."""

from __future__ import annotations

import json

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts import reveal
from accounts.models import Player
from audit import trail
from lottery_portal.lib import codes
from tests import people

pytestmark = pytest.mark.django_db
REASON = "Case 2026-17: caller forgot which number he used"


def number_of(player: Player) -> str:
    assert player.person is not None
    return str(player.person.citizen_id.reveal())


def looks() -> int:
    return trail.read(trail.Filters(action="accounts.personal_data_revealed")).count()


def test_a_look_at_personal_data_is_recorded_with_its_reason():
    """F016"""
    player, agent = people.player(login="13900000001"), people.signed(people.member("support"))
    client = people.behind(agent.user)
    address = reverse("accounts:desk_reveal", args=[player.code])

    page = client.post(address, {"fields_wanted": ["name", "logins"], "reason": REASON})

    text = page.content.decode()
    assert "陈小雨" in text
    assert "+8613900000001" in text
    assert number_of(player) not in text
    record = trail.read(trail.Filters(action="accounts.personal_data_revealed")).get()
    assert record.actor == agent.user.username
    assert record.object_code == player.code
    assert json.loads(record.body) == {"fields": ["logins", "name"], "reason": REASON}


@pytest.mark.parametrize(
    "given",
    [
        {"fields_wanted": ["name"], "reason": ""},
        {"fields_wanted": ["name"], "reason": "  hm  "},
        {"fields_wanted": [], "reason": REASON},
        {"fields_wanted": ["password"], "reason": REASON},
    ],
)
def test_without_a_reason_nothing_is_shown_and_nothing_recorded(given):
    """F016"""
    player = people.player()
    client = people.behind(people.signed(people.member("support")).user)

    page = client.post(reverse("accounts:desk_reveal", args=[player.code]), given)

    assert page.status_code == 400
    assert "陈小雨" not in page.content.decode()
    assert looks() == 0


def test_other_posts_see_the_mask_only():
    """F016"""
    player = people.player()
    officer = people.member("risk")
    client = people.behind(officer.user)

    assert (
        "陈**" in client.get(reverse("accounts:desk_player", args=[player.code])).content.decode()
    )
    assert client.get(reverse("accounts:desk_reveal", args=[player.code])).status_code == 403
    with pytest.raises(reveal.NotForThisRole):
        reveal.player(
            player,
            fields=frozenset({"name"}),
            reason=REASON,
            actor=officer.user,
            now=people.right_now(),
        )
    assert looks() == 0


def test_a_look_asks_for_a_fresh_confirmation():
    """F016"""
    player = people.player()
    client = people.behind(people.member("support").user, minutes_ago=6)

    answer = client.post(
        reverse("accounts:desk_reveal", args=[player.code]),
        {"fields_wanted": ["name"], "reason": REASON},
    )

    assert answer.headers["Location"].startswith(reverse("mfa_reauthenticate"))
    assert looks() == 0


@pytest.mark.parametrize("kind", ["code", "phone"])
def test_a_player_is_found_by_number_or_phone_never_by_leafing(kind):
    player = people.player(login="13900000001")
    asked = {"code": codes.shown(player.code), "phone": "139 0000 0001"}[kind]
    client = people.behind(people.member("support").user)

    found = client.get(reverse("accounts:desk_players"), {"q": asked})

    assert found.headers["Location"] == reverse("accounts:desk_player", args=[player.code])
    nobody = client.get(reverse("accounts:desk_players"), {"q": "13911111111"})
    assert nobody.status_code == 404


def test_the_admin_shows_players_masked():
    """F016"""
    player = people.player(login="13900000001")
    client = people.behind(people.member("compliance").user)

    pages = [
        client.get(reverse("admin:accounts_player_changelist")),
        client.get(reverse("admin:accounts_player_change", args=[player.pk])),
        client.get(reverse("admin:accounts_user_change", args=[player.user_id])),
    ]

    for page in pages:
        assert page.status_code == 200
        text = page.content.decode()
        assert "陈小雨" not in text
        assert number_of(player) not in text
        assert "13900000001" not in text


def test_a_dump_of_every_table_shows_no_personal_data():
    """F016: canaries in every way a person comes in; none of them lies in a table in the clear."""

    canaries = {
        "phone": "13955512345",
        "mail": "canary.bird@example.com",
        "name": "金丝雀",
        "guess": "13966612345",
        "applicant": "13977712345",
    }
    by_phone = people.player(login=canaries["phone"], name=canaries["name"])
    people.player(login=canaries["mail"], verified=False)
    number = number_of(by_phone)
    staff_number = people.citizen_id()
    people.member("support", id_number=staff_number)
    client = Client()
    client.post("/login/", {"login": canaries["guess"], "password": "wrong canary password"})
    client.post("/login/", {"login": canaries["phone"], "password": "wrong canary password"})
    client.post("/login/", {"login": canaries["phone"], "password": people.PASSWORD})
    Client().post(
        "/register/",
        {
            "login": canaries["applicant"],
            "password": people.PASSWORD,
            "is_adult": "on",
            "terms": "on",
            "privacy": "on",
        },
    )
    agent = people.behind(people.signed(people.member("support")).user)
    agent.post(
        reverse("accounts:desk_reveal", args=[by_phone.code]),
        {"fields_wanted": ["name", "citizen_id", "logins", "birth"], "reason": REASON},
    )
    searched = [*canaries.values(), number, staff_number, number[6:14], "1990-01-01"]
    searched += ["wrong canary password", people.PASSWORD, "5512345", "7712345"]

    found = {word: tables_with(word) for word in searched}

    assert found == {word: [] for word in searched}
    opened = [str(session.get_decoded()) for session in Session.objects.all()]
    assert [word for word in searched for session in opened if word in session] == []
    assert opened


def tables_with(word: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace"
        )
        tables = [name for (name,) in cursor.fetchall()]
        hits = []
        for table in tables:
            cursor.execute("SELECT has_table_privilege(%s, 'SELECT')", [f'"{table}"'])
            if not cursor.fetchone()[0]:
                continue
            query = f'SELECT 1 FROM "{table}" AS r WHERE r::text LIKE %s LIMIT 1'  # noqa: S608 - our names
            cursor.execute(query, [f"%{word}%"])
            if cursor.fetchone():
                hits.append(table)
        return hits


def test_the_search_for_canaries_finds_what_is_there():
    player = people.player()

    assert "accounts_player" in tables_with(player.code)
