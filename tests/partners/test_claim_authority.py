"""Who is not authorised cannot pay: by game, amount and time (F178)."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction

from audit import approvals
from lottery_portal.lib.db import database_time
from lottery_portal.lib.errors import Refused
from partners import claim_authority, claim_places, outlets
from partners.models import ClaimAuthority, ClaimAuthorityEnd
from tests import make_outlets, people

pytestmark = pytest.mark.django_db(transaction=True)


def may(outlet: object, game: str, fen: int, *, at: datetime | None = None) -> bool:
    return claim_authority.may(
        outlet=getattr(outlet, "code", str(outlet)), game=game, fen=fen,
        at=at or database_time(),
    )  # fmt: skip


def test_an_outlet_redeems_just_what_its_authorities_cover():
    """F178: amount −1/=/+1, game, first and last moment; several add up; the list says the same."""
    desk = make_outlets.Desk()
    outlet, bare = desk.outlet(), desk.outlet(name="无授权")
    until = database_time() + timedelta(days=30)
    desk.authority(outlet, 30_000_00, game="ssq", until=until)
    everything = desk.authority(outlet, 3_000_00)

    cases = {
        ("ssq", 30_000_00 - 1): True, ("ssq", 30_000_00): True, ("ssq", 30_000_00 + 1): False,
        ("dlt", 3_000_00 - 1): True, ("dlt", 3_000_00): True, ("dlt", 3_000_00 + 1): False,
        ("ssq", 0): False, ("ssq", -1): False,
    }  # fmt: skip
    for (game, fen), expected in cases.items():
        assert may(outlet, game, fen) is expected, (game, fen)
        if fen > 0:
            listed = claim_places.places(at=database_time(), game=game, fen=fen)
            assert [place.code for place in listed] == [outlet.code] * expected
    assert not may(bare, "ssq", 1)
    assert not may("00000000", "ssq", 1)
    assert may(outlet, "ssq", 30_000_00, at=until - timedelta(microseconds=1))
    assert not may(outlet, "ssq", 30_000_00, at=until)
    assert not may(outlet, "ssq", 1, at=everything.valid_from - timedelta(days=1))
    with pytest.raises(claim_authority.NoAuthority) as refused:
        claim_authority.check(outlet=bare.code, game="ssq", fen=1, at=database_time())
    assert (refused.value.code, refused.value.status) == ("claim_authority_missing", 403)

    claim_authority.end(authority=everything, reason="收回", actor=desk.maker, now=until)
    assert not may(outlet, "dlt", 1)
    assert may(outlet, "ssq", 30_000_00)
    with pytest.raises(claim_authority.AuthorityUnknown):
        claim_authority.end(authority=everything, reason="又", actor=desk.maker, now=until)
    outlets.suspend(outlet=outlet, reason="停", actor=desk.maker, now=until)
    assert not may(outlet, "ssq", 1)
    assert claim_places.places(at=database_time()) == []


def test_authority_is_given_by_two_people_and_by_nobody_past_them():
    """F178: the approval names outlet, game and amount, and the row is just that."""
    desk = make_outlets.Desk()
    outlet, now = desk.outlet(), database_time()

    wrong: list[tuple[dict[str, Any], type[Refused]]] = [
        ({"game": "zzz", "up_to": 1}, claim_authority.AuthorityGameUnknown),
        ({"game": "", "up_to": 0}, claim_authority.AuthorityAmountWrong),
        ({"game": "", "up_to": 1, "valid_until": now}, claim_authority.AuthorityEndsTooEarly),
    ]
    for said, refusal in wrong:
        with pytest.raises(refusal):
            claim_authority.request(outlet=outlet, maker=desk.maker, now=now, **said)
    asked = claim_authority.request(
        outlet=outlet, game="ssq", up_to=100_00, maker=desk.maker, now=now
    )
    for approval in ("GENESIS", asked.code, outlet.approval_code):
        with pytest.raises(DatabaseError, match="two people"), transaction.atomic():
            ClaimAuthority.objects.create(
                outlet=outlet, game="", up_to=10**12, valid_from=now, approval_code=approval,
                recorded_at=now,
            )  # fmt: skip
    assert not may(outlet, "ssq", 1)
    desk.agreed(asked)
    row = ClaimAuthority.objects.get()
    assert (row.game, row.up_to, row.approval_code) == ("ssq", 100_00, asked.code)
    assert row.valid_from >= now
    for sql in (
        "UPDATE partners_claimauthority SET up_to = 999999",
        "DELETE FROM partners_claimauthority",
    ):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)

    other = claim_authority.request(outlet=outlet, game="", up_to=5, maker=desk.maker, now=now)
    outlets.close(outlet=outlet, reason="停", actor=desk.maker, now=now)
    with pytest.raises(outlets.OutletNotInThisState):
        desk.agreed(other)
    assert ClaimAuthority.objects.count() == 1
    assert not ClaimAuthorityEnd.objects.exists()


@pytest.mark.race
def test_a_suspension_waits_for_a_payment_that_asked_and_none_asks_after_it():
    """F178: between the question and the payment the outlet stays as it was."""
    desk = make_outlets.Desk()
    outlet = desk.place()
    asked, paid, order = threading.Event(), threading.Event(), []

    def pay() -> None:
        with transaction.atomic():
            assert may(outlet, "ssq", 1)
            asked.set()
            paid.wait(0.5)
            order.append("paid")
        connections.close_all()

    payer = threading.Thread(target=pay)
    payer.start()
    asked.wait(5)
    outlets.suspend(outlet=outlet, reason="停", actor=desk.maker, now=database_time())
    order.append("suspended")
    payer.join()

    assert order == ["paid", "suspended"]
    assert not may(outlet, "ssq", 1)


def test_who_holds_another_post_asks_for_nothing():
    """F178"""
    desk = make_outlets.Desk()
    outlet = desk.outlet()
    for role in ("claims_clerk", "claims_officer", "outlet_operator", "administrator"):
        with pytest.raises(approvals.MayNotAsk):
            claim_authority.request(
                outlet=outlet, game="", up_to=1, maker=people.member(role).user,
                now=database_time(),
            )  # fmt: skip
    assert not ClaimAuthority.objects.exists()
