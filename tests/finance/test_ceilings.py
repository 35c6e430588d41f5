"""Ceilings of a player's money are kept by the books, whoever moves it and however many at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client

from accounts.models import Player
from finance import ceilings, inbox, ledger, tasks, wallets
from finance.ledger import Move
from finance.models import Deposit, Entry, ProviderEvent
from lottery_portal.lib.db import violated
from tests import make_money as make
from tests import people
from tests.owner import as_owner

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]

MANY, SAMPLE, EACH = 200, 60, 100_00
THREADS = 24
OPEN = 12


@pytest.fixture
def alice() -> Player:
    return make.player(now=people.right_now())


def set_ceiling(player: Player, fen: int | None, *, span: str = "DAY") -> None:
    with transaction.atomic():
        ceilings.set_ceiling(
            player=player,
            flow="DEPOSIT",
            span=span,
            fen=fen,
            valid_from=people.right_now() - timedelta(minutes=1),
        )


def ordered(player: Player, number: int) -> list[Deposit]:
    """So many deposits, all to be paid; those of before were given up, for few are open at once."""
    now = people.right_now()
    made: list[Deposit] = []
    for _number in range(number):
        if len(made) % OPEN == 0:
            Deposit.objects.filter(state="BEGUN").update(state="CLOSED", ended_at=now)
        made.append(make.order(player, EACH, now=now))
    return made


def by_callback(deposit: Deposit) -> int:
    """The provider's message comes in over the public page."""
    headers, body = make.message(deposit, now=people.right_now())
    answer = Client(headers=headers).post(
        "/wallet/callbacks/sandbox/", body, content_type="application/json"
    )
    return int(answer.status_code)


def by_door(deposit: Deposit) -> object:
    """The same fact, as the API of a provider answers it when it is asked."""
    return make.told(deposit, now=people.right_now())


def by_hand(player: Player, number: int) -> object:
    """Past every door: the function of the database itself."""
    moves = [["clearing:sandbox", wallets.wallet_of(player), EACH]]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT finance_post(%s, 'DEPOSIT', %s)", [f"by-hand:{number}", json.dumps(moves)]
        )
    return number


def in_the_inbox(made: list[Deposit]) -> None:
    """As if the house had been killed between writing the messages down and acting on them."""
    ProviderEvent.objects.bulk_create(
        ProviderEvent(
            provider="sandbox",
            event_id=f"{deposit.code}:PAID",
            kind="PAID",
            order_code=deposit.code,
            trade=f"T{deposit.code[:12]}",
            amount=deposit.amount,
            body="{}",
            received_at=people.right_now(),
        )
        for deposit in made
    )


def all_at_once(deeds: list[Callable[[], Any]]) -> list[Any]:
    """Every deed through a few dozen connections, without a pause; results or exceptions."""

    def run(deed: Callable[[], Any]) -> Any:
        try:
            return deed()
        except Exception as exc:  # noqa: BLE001 - an exception is a result here
            return exc
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, deeds))


def credited(player: Player) -> int:
    """What came in, counted from the rows of the books alone."""
    rows = ledger.movements(wallets.wallet_of(player), kinds=["DEPOSIT"])
    return sum(row.amount for row in rows)


@pytest.mark.xdist_group("a_hundred_connections")
@pytest.mark.thorough
def test_two_hundred_deposits_at_the_limit_never_pass_it(alice, full):
    """N14: by the provider's page, by its API, by the job, and by hand past every door.

    Two hundred in a full run, sixty in any.
    """
    many = MANY if full else SAMPLE
    fit = many // 4
    made = ordered(alice, many * 3 // 4)
    set_ceiling(alice, fit * EACH)
    pages, answers, jobs = made[0::3], made[1::3], made[2::3]
    in_the_inbox(jobs)

    results = all_at_once(
        [partial(by_callback, one) for one in pages]
        + [partial(by_door, one) for one in answers]
        + [tasks.poll_deposits] * 8
        + [partial(by_hand, alice, number) for number in range(many // 4)]
    )

    broken = [one for one in results if isinstance(one, Exception)]
    assert {violated(one) for one in broken if isinstance(one, IntegrityError)} == {
        "player_ceiling_kept"
    }
    assert all(isinstance(one, IntegrityError) for one in broken), broken
    assert set(results[: len(pages)]) == {200}
    assert credited(alice) == fit * EACH
    assert wallets.available(alice) == fit * EACH
    assert ceilings.used(alice, flow="DEPOSIT", span="DAY") == fit * EACH
    states = list(Deposit.objects.values_list("state", flat=True))
    by_hand_in = Entry.objects.filter(reference__startswith="by-hand:").count()
    assert states.count("CREDITED") + by_hand_in == fit
    assert states.count("QUARANTINED") == len(made) - states.count("CREDITED")
    assert [one.rule for one in ledger.verify_books()] == []


def test_without_the_constraint_the_limit_would_be_passed(alice):
    """N14: what keeps the ceiling is the constraint of the books, and nothing else."""
    made = ordered(alice, 12)
    set_ceiling(alice, 3 * EACH)
    with as_owner() as owner:
        owner.execute("ALTER TABLE finance_flow DROP CONSTRAINT player_ceiling_kept")

    all_at_once([partial(by_door, one) for one in made])

    assert credited(alice) == 12 * EACH


def test_a_deposit_over_the_ceiling_is_refused_before_anything_is_paid(alice):
    """N14: the same in the API and on the page, in one sentence."""
    now = people.right_now()
    make.fund(alice, 2 * EACH, now=now)
    set_ceiling(alice, 3 * EACH)
    client = people.behind(alice.user)

    with pytest.raises(ceilings.CeilingReached):
        make.order(alice, 2 * EACH, now=now)
    answer = client.post(
        "/api/v1/deposits/",
        {
            "amount_fen": 2 * EACH,
            "provider": "sandbox",
            "request_id": "0192f0c0-0000-7000-8000-000000000001",
        },
        content_type="application/json",
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "ceiling_reached")
    assert Deposit.objects.count() == 1
    assert wallets.available(alice) == 2 * EACH


def test_what_was_paid_over_the_ceiling_waits_and_comes_in_when_there_is_room(alice):
    """N14: money that came is neither credited nor lost."""
    first, second = ordered(alice, 2)
    set_ceiling(alice, EACH)

    make.told(first, now=people.right_now())
    event = make.told(second, now=people.right_now())

    second.refresh_from_db()
    assert (second.state, event.outcome) == ("QUARANTINED", "WAITING")
    assert wallets.available(alice) == EACH
    assert inbox.poll(now=people.right_now()) == 0
    assert wallets.available(alice) == EACH


def test_a_ceiling_binds_from_its_first_moment(alice):
    """N14: what went through in the span that runs is counted when it is set."""
    now = people.right_now()
    make.fund(alice, 3 * EACH, now=now)
    set_ceiling(alice, 4 * EACH, span="MONTH")

    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        ledger.post(
            reference="d:1",
            kind="DEPOSIT",
            moves=[Move("clearing:sandbox", wallets.wallet_of(alice), 2 * EACH)],
        )

    assert violated(caught.value) == "player_ceiling_kept"
    assert ceilings.used(alice, flow="DEPOSIT", span="MONTH") == 3 * EACH
