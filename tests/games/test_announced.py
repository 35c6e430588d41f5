"""What the issuer announces of our draws: from his signed file, or typed by two (F062, F074)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from psycopg.types.json import Jsonb

from accounts import drills
from accounts.models import User
from audit import alarms, approvals, keys, trail
from games import announced, draws, prize_modes, public_notices, results
from games.models import (
    AnnouncedEntry,
    Draw,
    Game,
    IssuerAnnouncement,
    PrizeMode,
    ResultEntry,
)
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import database_time, violated
from lottery_portal.lib.errors import Refused
from tests import make, make_announced, owner, people
from tests.at_once import at_once
from tests.make_announced import NUMBERS, Issuer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def issuer() -> Issuer:
    return make_announced.registered()


@pytest.fixture
def held() -> Draw:
    """A sealed draw of announced prizes whose drawing was held; nobody bought a ticket."""
    return make_announced.sealed(make_announced.on_sale())


def is_untouched() -> bool:
    """Nothing was stored and nothing was noted."""
    return (
        not IssuerAnnouncement.objects.exists()
        and not trail.read(trail.Filters(action="games.announcement_")).exists()
    )


def test_a_file_that_must_not_count_is_refused_in_a_sentence(held, issuer):
    """F062: bad signature, other key, other game, other draw, other day; nothing is stored."""
    body = make_announced.body(held)
    stranger = Issuer(seed="stranger")
    sports = make_announced.registered(keys.Role.ISSUER_CSL)
    altered = issuer.file(body).replace(b'\\"sales_fen\\":4', b'\\"sales_fen\\":5')
    assert altered != issuer.file(body)
    day = in_shanghai(held.draws_at).date()
    refused: dict[str, bytes] = {
        "announcement_unreadable": b"sales 400",
        "announcement_other_game": issuer.file(make_announced.body(held, game="dlt")),
        "announcement_other_draw": issuer.file(make_announced.body(held, issue="2026999")),
        "announcement_other_day": issuer.file(
            make_announced.body(held, drawn_on=day - timedelta(days=1))
        ),
    }
    unsigned = [altered, stranger.file(body), sports.file(body)]

    for code, raw in [*refused.items(), *(("announcement_signature_bad", one) for one in unsigned)]:
        with pytest.raises(Refused) as caught:
            announced.import_file(
                draw=held,
                raw=raw,
                file_name="x.json",
                actor=drills.officials(now=database_time())[0],
                now=database_time(),
            )
        assert caught.value.code == code
        assert len(str(caught.value)) > 20

    assert is_untouched()


def test_looking_stores_nothing_and_says_who_signed(held, issuer):
    """F062: what it says, whose key, and how it compares, before anything is kept."""
    seen = announced.look(
        draw=held, raw=issuer.file(make_announced.body(held)), now=database_time()
    )

    assert (seen.key_id, seen.comparison.is_whole, seen.comparison.differences) == (
        issuer.key_id, True, [],
    )  # fmt: skip
    assert seen.signer
    assert is_untouched()


def test_a_revoked_key_counts_no_more(held, issuer):
    """F062: the key is judged at the moment of the import, by Python and by the database."""
    with owner.as_owner() as hand:
        hand.execute(
            "UPDATE audit_signingkey SET revoked_at = clock_timestamp() WHERE key_id = %s",
            [issuer.key_id],
        )

    with pytest.raises(announced.SignatureBad):
        make_announced.imported(held, issuer, make_announced.body(held))

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        stored_by_hand(held, make_announced.body(held), key_id=issuer.key_id)
    assert violated(refused.value) == "announced_by_a_registered_key"


def stored_by_hand(draw: Draw, body: str, *, edition: int = 1, **how: object) -> None:
    """A row as the application could write it past the door."""
    told = make_announced.told(draw)
    values = {
        "source": "FILE", "key_id": "issuer_cwl-00000000", "signature": "x",
        "digest": told.digest if body == told.body else "", **how,
    }  # fmt: skip
    IssuerAnnouncement.objects.create(
        draw=draw, edition=edition, body=body, recorded_at=database_time(), **values
    )


def test_the_database_takes_no_announcement_that_cannot_be(held, issuer):
    """F062, F074: of its draw, in its time, with its digest, as the next edition, once."""
    good = make_announced.body(held)
    told = make_announced.told(held)
    tries: list[tuple[str, Callable[[], None]]] = [
        (
            "announced_of_its_draw",
            lambda: stored_by_hand(held, good, key_id=issuer.key_id, digest="0" * 64),
        ),
        (
            "announced_in_editions",
            lambda: stored_by_hand(held, good, key_id=issuer.key_id, edition=2),
        ),
        ("announced_by_a_registered_key", lambda: stored_by_hand(held, good)),
        (
            "issuer_announcement_signed_or_typed",
            lambda: stored_by_hand(held, good, key_id=issuer.key_id, signature=""),
        ),
    ]

    for name, attempt in tries:
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            attempt()
        assert violated(refused.value) == name
    own_pool = make.shadow_draw(game_code="qlc-drill")
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        IssuerAnnouncement.objects.create(
            draw=own_pool, edition=1, body=good, digest=told.digest, source="FILE",
            key_id=issuer.key_id, signature="x", recorded_at=database_time(),
        )  # fmt: skip
    assert violated(refused.value) == "announced_after_the_draw"
    assert is_untouched()


def test_what_was_announced_stands_and_a_correction_is_another_edition(held, issuer):
    """F074: the correction keeps the old version, and the last edition counts."""
    first = make_announced.imported(held, issuer, make_announced.body(held, prizes={3: 3_001_00}))
    assert {one.kind for one in alarms.open_now()} == {announced.DIFFERS}

    with pytest.raises(announced.StoredAlready) as again:
        make_announced.imported(held, issuer, first.body)
    second = make_announced.imported(held, issuer, make_announced.body(held))

    assert again.value.figures["edition"] == 1
    assert [one.edition for one in announced.editions(held)] == [2, 1]
    assert announced.counting(held) == second
    assert list(alarms.open_now()) == []
    for statement in (
        "UPDATE games_issuerannouncement SET differences = '[]'",
        "DELETE FROM games_issuerannouncement",
    ):
        with (
            pytest.raises(Exception, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_many_who_import_one_file_at_once_store_it_once(held, issuer):
    """F062: the others are told that it is there."""
    raw = issuer.file(make_announced.body(held))
    first, second = drills.officials(now=database_time())

    def import_it(actor: User) -> Callable[[], object]:
        return lambda: announced.import_file(
            draw=held, raw=raw, file_name="a.json", actor=actor, now=database_time()
        )

    outcomes = at_once([import_it(first), import_it(second)] * 3)

    stored = [one for one in outcomes if isinstance(one, IssuerAnnouncement)]
    refused = [one for one in outcomes if isinstance(one, announced.StoredAlready)]
    assert (len(stored), len(refused)) == (1, 5), outcomes
    assert IssuerAnnouncement.objects.count() == 1


def test_two_different_files_at_once_are_two_editions(held, issuer):
    """F074: each waits for the other, none is lost, one counts."""
    raws = [
        issuer.file(make_announced.body(held, prizes={3: 3_000_00 + more})) for more in range(4)
    ]
    actor = drills.officials(now=database_time())[0]

    def import_it(raw: bytes) -> IssuerAnnouncement:
        return announced.import_file(
            draw=held, raw=raw, file_name="a.json", actor=actor, now=database_time()
        )

    at_once([partial(import_it, raw) for raw in raws])

    assert sorted(one.edition for one in announced.editions(held)) == [1, 2, 3, 4]


def test_the_special_rule_comes_with_the_announcement(held, issuer):
    """F062: 福运奖 is on when the issuer says so, before the numbers and after them."""
    assert not held.special_on

    make_announced.imported(
        held,
        issuer,
        make_announced.body(held, special_on=True, winners={**make_announced.WINNERS, 7: 5}),
    )

    held.refresh_from_db()
    assert held.special_on
    with transaction.atomic():
        assert draws.set_special(game=held.game, after_issue="0", is_on=False) == 0
    confirmed = make_announced.confirmed(held)
    make_announced.imported(confirmed, issuer, make_announced.body(held))
    confirmed.refresh_from_db()
    assert not confirmed.special_on
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Draw.objects.filter(pk=held.pk).update(special_on=True)
    assert violated(refused.value) == "draw_special_stands"


def test_the_numbers_of_a_signed_file_become_the_result_by_two_officials(held, issuer):
    """F062: signed source and manual path; the result says which it was."""
    make_announced.imported(held, issuer, make_announced.body(held))
    first, second = drills.officials(now=database_time())

    one = announced.take_numbers(draw=held, official=first, now=database_time())
    two = announced.take_numbers(draw=held, official=second, now=database_time())

    assert one.result is None
    assert two.result is not None
    assert two.result.numbers == NUMBERS
    assert results.is_from_file(two.result)


def test_typed_numbers_are_not_called_those_of_a_file(held, issuer):
    """F062: the manual mode is known, and the database believes no other word."""
    said = make_announced.imported(held, issuer, make_announced.body(held))
    official = drills.officials(now=database_time())[0]

    with pytest.raises(IntegrityError) as refused:
        results.enter(
            draw=held,
            official=official,
            numbers=[[1, 2, 3, 4, 5, 7], [7]],
            taken_from=said.digest,
            now=database_time(),
        )

    assert violated(refused.value) == "result_entry_as_announced"
    assert not ResultEntry.objects.exists()
    assert not results.is_from_file(make_announced.confirmed(held).result)


def test_another_result_than_announced_is_refused(held, issuer):
    """F062: the numbers were confirmed otherwise: no announcement is stored."""
    confirmed = make_announced.confirmed(held, [[1, 2, 3, 4, 5, 8], [7]])

    with pytest.raises(announced.OtherNumbers):
        make_announced.imported(confirmed, issuer, make_announced.body(held))

    assert is_untouched()


def test_two_people_type_it_blind(held):
    """F062: from paper, alike, without seeing each other's; different ones are typed again."""
    first, second = drills.officials(now=database_time())
    body, other = make_announced.body(held), make_announced.body(held, prizes={3: 3_001_00})

    def type_in(official: User, text: str) -> announced.Typed:
        return announced.type_in(draw=held, official=official, body=text, now=database_time())

    assert not type_in(first, body).is_second
    with pytest.raises(announced.TypedOnce):
        type_in(first, body)
    assert announced.has_typed(held, first)
    assert type_in(second, other).is_conflict
    assert is_untouched_by_announcements()
    type_in(second, body)
    stored = type_in(first, body).announcement

    assert stored is not None
    assert (stored.source, stored.edition, stored.body) == ("TYPED", 1, body)
    assert AnnouncedEntry.objects.count() == 4
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        AnnouncedEntry.objects.values_list("body", flat=True).first()


def test_who_typed_an_announcement_does_not_decide_on_it(held):
    """F074: neither asks for it nor approves it, whatever other posts he holds."""
    held = make_announced.confirmed(held)
    first, second = drills.officials(now=database_time())
    body = make_announced.body(held, prizes={6: 6_00})
    for official in (first, second):
        announced.type_in(draw=held, official=official, body=body, now=database_time())
    compliance, approver = people.member("compliance").user, people.member("approver").user
    User.objects.filter(pk__in=[first.pk, second.pk]).update(is_active=True)
    first, second = drills.officials(now=database_time())
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE accounts_posting DISABLE TRIGGER USER")
        for official, post in ((first, "compliance"), (second, "approver")):
            hand.execute(
                "INSERT INTO accounts_posting (person_id, post_id, valid_from, approval_code)"
                " SELECT s.person_id, p.id, now() - interval '1 minute', 'TEST-' || p.code"
                " FROM accounts_staffmember s, accounts_post p"
                " WHERE s.user_id = %s AND p.code = %s",
                [official.pk, post],
            )
        owner.guards_up(hand)

    def asked(maker: User) -> approvals.Request:
        return announced.ask_for_decision(
            draw=held, reason="as the issuer says", maker=maker, now=database_time()
        )

    def decide(code: str, checker: User) -> None:
        approvals.decide(code=code, checker=checker, approve=True, reason="", now=database_time())

    with pytest.raises(announced.TypedByThem):
        asked(first)
    request = asked(compliance)
    with pytest.raises(announced.TypedByThem):
        decide(request.code, second)
    assert announced.lacks(held) == announced.DECISION
    decide(request.code, approver)
    assert announced.lacks(held) == ""


def is_untouched_by_announcements() -> bool:
    """Nothing that counts was stored."""
    return not IssuerAnnouncement.objects.exists()


def test_no_announcement_is_made_of_what_two_did_not_type(held):
    """F062: the database compares the entries itself."""
    first, second = drills.officials(now=database_time())
    body = make_announced.body(held)
    announced.type_in(draw=held, official=first, body=body, now=database_time())
    announced.type_in(
        draw=held,
        official=second,
        body=make_announced.body(held, prizes={3: 1}),
        now=database_time(),
    )
    entries = list(AnnouncedEntry.objects.order_by("pk"))

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        IssuerAnnouncement.objects.create(
            draw=held, edition=1, body=body, digest=make_announced.told(held).digest,
            source="TYPED", first_entry=entries[0], second_entry=entries[1],
            recorded_at=database_time(),
        )  # fmt: skip

    assert violated(refused.value) == "announced_alike_by_two"


def test_only_officials_import_and_type(held, issuer):
    """F062: nobody else's hand, whatever he knows."""
    stranger = people.member("compliance").user
    with pytest.raises(announced.NotAnAnnouncer):
        announced.import_file(
            draw=held,
            raw=issuer.file(make_announced.body(held)),
            file_name="x",
            actor=stranger,
            now=database_time(),
        )
    with pytest.raises(announced.NotAnAnnouncer):
        announced.type_in(
            draw=held, official=stranger, body=make_announced.body(held), now=database_time()
        )
    assert is_untouched()


def test_a_draw_of_an_own_pool_takes_no_announcement(issuer):
    draw = make.shadow_draw()

    with pytest.raises(announced.NotAnnounced):
        announced.look(draw=draw, raw=b"", now=database_time())


def test_nothing_is_announced_before_the_drawing(issuer):
    """F062: while it is on sale no announcement is taken."""
    draw = make_announced.on_sale()

    with pytest.raises(announced.AnnouncementTooEarly):
        make_announced.imported(draw, issuer, make_announced.body(draw))


# Who sets the prizes


def test_a_change_is_told_ten_days_before_by_two_people():
    """F022, F025: asked for by one, published by the word of another; days before are refused."""
    maker, checker = people.member("compliance").user, people.member("approver").user
    game, now = Game.objects.get(code="ssq"), database_time()
    today = in_shanghai(now).date()
    about: dict[str, Any] = {
        "game": game,
        "mode": "ANNOUNCED",
        "document": "彩字 1 号",
        "maker": maker,
        "now": now,
    }
    for refusal, asked in (
        (prize_modes.ModeTooSoon, {"starts_on": today + timedelta(days=9)}),
        (prize_modes.DocumentMissing, {"starts_on": today, "document": " "}),
        (prize_modes.ModeAlready, {"starts_on": today + timedelta(days=40), "mode": "OWN"}),
    ):
        with pytest.raises(refusal):
            prize_modes.request(**{**about, **asked})
    starts_on = today + timedelta(days=20)
    request = prize_modes.request(**about, starts_on=starts_on)
    assert not PrizeMode.objects.exists()

    approvals.decide(
        code=request.code, checker=checker, approve=True, reason="", now=database_time()
    )

    assert prize_modes.on(game, starts_on - timedelta(days=1)) == "OWN"
    assert prize_modes.on(game, starts_on) == "ANNOUNCED"
    assert [one.approval_code for one in prize_modes.changes(game)] == [request.code]
    told = public_notices.now_told(now=database_time(), game="ssq")
    assert [one.reason for one in told] == ["彩字 1 号"]
    assert public_notices.now_told(now=database_time(), game="dlt") == []


def test_the_database_asks_for_the_agreement_and_the_notice():
    """F022: a row past the door is refused, for want of an approval."""
    game = Game.objects.get(code="ssq")
    starts_on = in_shanghai(database_time()).date() + timedelta(days=30)

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        PrizeMode.objects.create(
            game=game, mode="ANNOUNCED", starts_on=starts_on, document="x",
            approval_code="DRILL", published_at=database_time(),
        )  # fmt: skip

    assert violated(refused.value) == "prize_mode_by_agreement"


def test_a_draw_on_sale_keeps_who_sets_its_prizes():
    """F022: it takes the mode of its day when it goes on sale, and no change reaches it."""
    own = make.shadow_draw()
    assert own.mode == Draw.Mode.OWN
    prize_modes.set_drill(game=own.game, mode="ANNOUNCED", now=database_time())

    own.refresh_from_db()
    later = make.shadow_draw()

    assert (own.mode, later.mode) == ("OWN", "ANNOUNCED")
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        Draw.objects.filter(pk=own.pk).update(mode="ANNOUNCED")
    with owner.as_owner() as hand, pytest.raises(Exception, match="stands"):
        hand.execute("UPDATE games_draw SET mode = 'ANNOUNCED' WHERE id = %s", [own.pk])


def test_no_change_reaches_days_of_which_a_draw_is_on_sale():
    """F022: refused by the database, even if it was asked for in time."""
    draw = make.draw()
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE games_draw DISABLE TRIGGER games_draw_goes_forward")
        hand.execute(
            "UPDATE games_draw SET draws_at = draws_at + interval '30 days' WHERE id = %s",
            [draw.pk],
        )
        owner.guards_up(hand)
    maker, checker = people.member("compliance").user, people.member("approver").user
    request = prize_modes.request(
        game=draw.game,
        mode="ANNOUNCED",
        starts_on=in_shanghai(database_time()).date() + timedelta(days=12),
        document="x",
        maker=maker,
        now=database_time(),
    )

    with pytest.raises(prize_modes.ModeOfDrawsOnSale):
        approvals.decide(
            code=request.code, checker=checker, approve=True, reason="", now=database_time()
        )

    assert not PrizeMode.objects.exists()


def test_the_tables_refuse_what_would_come_past_their_triggers(held, issuer):
    """F022, F062, F067: words that must be there, each once; none of it changes for anybody.

    Modes, typed entries, announcements and decisions, by the owner's hand, triggers off but one.
    """
    official = drills.officials(now=database_time())[0]
    announced.type_in(
        draw=held, official=official, body=make_announced.body(held), now=database_time()
    )
    told = make_announced.imported(held, issuer, make_announced.body(held))
    decision = {"id": 9, "announcement_id": told.pk, "draw_id": held.pk, "reason": "so it is",
                "approval_code": "A1", "decided_at": str(database_time())}  # fmt: skip
    tables = ("prizemode", "announcedentry", "issuerannouncement", "differencedecision")
    wrong: list[tuple[str, dict[str, object], str]] = [
        ("prizemode", {"mode": "OTHER"}, "prize_mode_known"),
        ("prizemode", {"document": ""}, "prize_mode_has_document"),
        ("prizemode", {"approval_code": ""}, "prize_mode_has_approval"),
        ("announcedentry", {}, "announced_entry_once_per_person"),
        ("announcedentry", {"round": 2, "salt": "\\x00"}, "announced_entry_salt_is_long"),
        ("issuerannouncement", {"digest": "0" * 64}, "issuer_announcement_edition_once"),
        ("issuerannouncement", {"edition": 2}, "issuer_announcement_content_once"),
        ("differencedecision", {"id": 10, "reason": ""}, "difference_decision_has_reason"),
    ]

    with owner.as_owner() as hand:
        salted = "SELECT octet_length(salt) FROM games_announcedentry"
        assert hand.execute(salted).fetchall() == [(32,)]
        for table in tables:
            hand.execute(f"ALTER TABLE games_{table} DISABLE TRIGGER USER")
        hand.execute(
            "INSERT INTO games_differencedecision SELECT (jsonb_populate_record("
            "NULL::games_differencedecision, %s)).*",
            [Jsonb(decision)],
        )
        for table, changes, name in wrong:
            with pytest.raises(psycopg.IntegrityError) as refused:
                hand.execute(
                    f"INSERT INTO games_{table} SELECT (jsonb_populate_record(r, %s)).*"  # noqa: S608 - our own names
                    f" FROM games_{table} r LIMIT 1",
                    [Jsonb({"id": 10, **changes})],
                )
            assert refused.value.diag.constraint_name == name
        for table in tables:
            hand.execute(
                f"ALTER TABLE games_{table} ENABLE ALWAYS TRIGGER games_{table}_never_changes"
            )
            for deed in (f"UPDATE games_{table} SET id = id", f"DELETE FROM games_{table}"):  # noqa: S608 - our own names
                with pytest.raises(psycopg.Error, match="never change"):
                    hand.execute(deed)
