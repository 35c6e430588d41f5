"""Claims from opened to paid through the doors, beside a bare loop of inserts in the same database.

    ./portal bench redeem [--claims 20] [--workers 2] [--rivals 50] [--seconds 2]

A database of its own is made on the configured server, migrated and dropped again. A draw is sold,
sealed, drawn and settled through the doors; each winner has one prize of 3,000 yuan. Half of them
are paid at outlets: opened, checked with the identity paper, settled, signed, asked for, paid in
cash out of a counted desk. The others at the centre: visitor registered, the same steps, approved
by another person, transferred, and the bank's word (a bank in the same process that says yes at
once). Then rivals claim one ticket at once at as many outlets as there are workers. A bare insert
is a row of two hundred characters, committed by itself. At the end ends of prizes and books are
checked.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import psycopg

from . import load, purchase, seal

PRIZE = 3_000_00
ROW = "x" * 200
BARE = "CREATE TABLE bench_rows (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, said text)"


@dataclass(frozen=True)
class House:
    """The draw with its winners, and where they are paid."""

    won: Any  # tests.make_claims.Won
    by_cash: Sequence[Any]
    by_transfer: Sequence[Any]
    rival: Any
    places: Sequence[tuple[str, Any, str]]  # outlet, operator, cash desk


@dataclass(frozen=True)
class Taken:
    """How many were done in how many seconds, and how long each took."""

    done: int
    seconds: float
    each: Sequence[float]

    @property
    def rate(self) -> float:
        """So many in a second."""
        return self.done / self.seconds


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="Claims paid, beside bare inserts.")
    parser.add_argument("--claims", type=int, default=20, help="claims of each way and worker")
    parser.add_argument("--workers", type=int, default=2, help="processes, each with an outlet")
    parser.add_argument("--rivals", type=int, default=50, help="claims of one ticket at once")
    parser.add_argument("--seconds", type=float, default=2.0, help="of the bare loop, twice")
    asked = parser.parse_args()
    with seal.witnessing(), purchase.database():
        house = make(asked.claims * asked.workers, asked.workers)
        bare = [inserting(asked.workers, asked.seconds)]
        cash = claiming(house, house.by_cash, asked.workers, in_cash)
        transfer = claiming(house, house.by_transfer, asked.workers, by_transfer)
        bare.append(inserting(asked.workers, asked.seconds))
        rivals = at_once(house, asked.rivals)
        problems = check(house)
    return tell(asked, bare, {"cash": cash, "transfer": transfer}, rivals, problems)


def make(count: int, workers: int) -> House:
    """Winners, outlets with a counted cash desk each, a centre, and bank accounts."""
    from django.conf import settings  # noqa: PLC0415 - Django is set up only now
    from django.db import transaction  # noqa: PLC0415 - Django is set up only now

    from accounts.models import Player  # noqa: PLC0415 - Django is set up only now
    from audit import policies  # noqa: PLC0415 - Django is set up only now
    from lottery_portal.lib.db import database_time  # noqa: PLC0415 - Django is set up only now
    from prizes import settlement  # noqa: PLC0415 - Django is set up only now
    from tests import (  # noqa: PLC0415 - Django is set up only now
        make,
        make_claims,
        make_draws,
        make_money,
        make_outlets,
        people,
    )
    from tests.finance import tills  # noqa: PLC0415 - Django is set up only now

    now = database_time()
    with transaction.atomic():
        policies.set_genesis(
            key=settlement.WALLET_POLICY, scope=make.DRILL, value=100_00, reason="Bench", now=now
        )
    players = [make.shadow_player(wallet=100_00) for _one in range(2 * count + 1)]
    draw = make.shadow_draw()
    for player in players:
        make.purchase(player, draw, [make_claims.THIRD], channel="drill")
    draw = make_draws.settled(make_draws.drawn(make_draws.sealed(draw)))
    staff = {post: people.member(post).user for post in make_claims.POSTS}
    staff |= {f"approver{number}": people.member("approver").user for number in (1, 2)}
    desk = make_outlets.Desk(staff["compliance"], staff["approver1"])
    outlets = [
        desk.place(make_claims.OUTLET_UP_TO, name=f"网点{number}") for number in range(workers)
    ]
    operators = [people.member("outlet_operator").user for _one in outlets]
    for outlet, operator in zip(outlets, operators, strict=True):
        desk.works_at(outlet, operator)
    centre = desk.place(make_claims.ANY_PRIZE, **make_claims.CENTRE)
    won = make_claims.counting_as_real(
        make_claims.Won(draw, players[0], players[1], players[2], staff, outlets[0], centre)
    )
    for player in players[3:]:
        make_claims.embody(player)
    by_code = {one.pk: one for one in Player.objects.select_related("user", "person")}
    players = [by_code[one.pk] for one in players]
    settings.PAYMENT_PROVIDERS = {"fake": "tests.fake_bank.FakeBank", **settings.PAYMENT_PROVIDERS}
    make_money.open_accounts(("clearing:fake", "CLEARING"), ("escrow:sandbox", "ESCROW"))
    make_money.entered(code="fake", rank=0, accepts=["PAYOUT"], now=now)
    places = [
        (
            outlet.code,
            operator,
            tills.open_desk(
                staff["treasurer"], operator, database_time(),
                fen=count * PRIZE, place=outlet.code,
            ).code,
        )
        for outlet, operator in zip(outlets, operators, strict=True)
    ]  # fmt: skip
    for player in players[count : 2 * count]:
        make_money.bank_account(player, now=database_time())
    return House(
        won=won,
        by_cash=players[:count],
        by_transfer=players[count : 2 * count],
        rival=players[-1],
        places=places,
    )


def in_cash(house: House, player: Any, place: int) -> None:
    """A claim at an outlet, from opened to paid out of its cash desk."""
    from tests import make_claims as made  # noqa: PLC0415 - Django is set up only now

    outlet, operator, desk = house.places[place]
    won = replace(house.won, staff={**house.won.staff, "outlet_operator": operator})
    claim = made.opened(won, won.prize(player), "OUTLET", outlet=outlet)
    claim = made.asked(won, made.ready_to_ask(won, claim, "CASH", desk))
    claim = made.paid(won, claim, by="outlet_operator")
    if claim.state != "PAID":
        raise SystemExit(f"A claim in cash is {claim.state}.")


def by_transfer(house: House, player: Any, _place: int) -> None:
    """A claim at the centre, from the visitor at the entrance to the word of the bank."""
    from finance import bank_accounts, withdrawals  # noqa: PLC0415 - Django is set up only now
    from finance.models import Withdrawal  # noqa: PLC0415 - Django is set up only now
    from lottery_portal.lib.db import database_time  # noqa: PLC0415 - Django is set up only now
    from tests import make_claims as made  # noqa: PLC0415 - Django is set up only now

    won = house.won
    (account,) = bank_accounts.of(player)
    claim = made.opened(won, won.prize(player))
    claim = made.paid(won, made.approved(won, claim, "TRANSFER", account.code))
    withdrawals.send(
        code=Withdrawal.objects.get(origin=f"claim:{claim.code}").code, now=database_time()
    )
    claim.refresh_from_db(fields=["state"])
    if claim.state != "PAID":
        raise SystemExit(f"A claim by transfer is {claim.state}.")


def claiming(
    house: House, players: Sequence[Any], workers: int, deed: Callable[[House, Any, int], None]
) -> Taken:
    """The claims of these winners, shared out among processes."""
    shares = [(house, players[place::workers], place, deed) for place in range(workers)]
    return _shared_out(_claiming, shares)


def _claiming(house: House, players: Sequence[Any], place: int, deed: Any) -> list[float]:
    each = []
    for player in players:
        begun = time.perf_counter()
        deed(house, player, place)
        each.append(time.perf_counter() - begun)
    return each


def inserting(workers: int, seconds: float) -> Taken:
    """Bare inserts, each committed by itself, in as many processes."""
    with psycopg.connect(os.environ["OWNER_DATABASE_URL"], autocommit=True) as owner:
        owner.execute(BARE.replace("TABLE", "TABLE IF NOT EXISTS"))
    return _shared_out(_inserting, [(seconds,)] * workers)


def _inserting(seconds: float) -> list[float]:
    each = []
    with psycopg.connect(os.environ["OWNER_DATABASE_URL"], autocommit=True) as owner:
        until = time.perf_counter() + seconds
        while (begun := time.perf_counter()) < until:
            owner.execute("INSERT INTO bench_rows (said) VALUES (%s)", [ROW])
            each.append(time.perf_counter() - begun)
    return each


def _shared_out(deed: Callable[..., list[float]], shares: Sequence[tuple[Any, ...]]) -> Taken:
    """Each share in a process of its own, by a copy of this one that opens its own connections."""
    from django.db import connections  # noqa: PLC0415 - Django is set up only now

    connections.close_all()
    begun = time.perf_counter()
    with multiprocessing.get_context("fork").Pool(len(shares)) as pool:
        each = [one for some in pool.starmap(deed, shares) for one in some]
    return Taken(done=len(each), seconds=time.perf_counter() - begun, each=each)


def at_once(house: House, rivals: int) -> tuple[int, int, float]:
    """Claims of one ticket at one moment, in threads: paid, refused, and how long it took."""
    from lottery_portal.lib.errors import Refused  # noqa: PLC0415 - Django is set up only now
    from tests import at_once as gun  # noqa: PLC0415 - Django is set up only now

    def claim(place: int) -> None:
        in_cash(house, house.rival, place)

    places = [number % len(house.places) for number in range(rivals)]
    begun = time.perf_counter()
    outcomes = gun.at_once([lambda place=place: claim(place) for place in places])  # type: ignore[misc]  # a default
    took = time.perf_counter() - begun
    for one in outcomes:
        if one is not None and not isinstance(one, Refused):
            raise one
    return outcomes.count(None), sum(isinstance(one, Refused) for one in outcomes), took


def check(house: House) -> list[str]:
    """What is wrong after all this; nothing, if all is well."""
    from finance import ledger  # noqa: PLC0415 - Django is set up only now
    from prizes.claim_models import PrizeEnd  # noqa: PLC0415 - Django is set up only now

    expected = len(house.by_cash) + len(house.by_transfer) + 1
    problems = []
    if (ended := PrizeEnd.objects.filter(kind="PAID").count()) != expected:
        problems.append(f"{ended} prizes ended, {expected} were paid")
    return problems + [str(one) for one in ledger.verify_books()]


def tell(
    asked: argparse.Namespace,
    bare: Sequence[Taken],
    claims: dict[str, Taken],
    rivals: tuple[int, int, float],
    problems: list[str],
) -> int:
    """Print the table, and as the last line the figures."""
    loop = Taken(
        done=sum(one.done for one in bare),
        seconds=sum(one.seconds for one in bare),
        each=[took for one in bare for took in one.each],
    )
    paid, refused, took = rivals
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"Claims on {platform.machine()}, {cores} cores, {datetime.now(UTC):%Y-%m-%d}:")
    print(f"{asked.workers} processes, {asked.claims} claims of each way in each")
    print(f"{'':<18}{'per second':>12}{'inserts each':>14}{'p50 ms':>9}{'p95 ms':>9}")
    for name, one in {"bare insert": loop, **claims}.items():
        spread = [f"{load.percentile(one.each, part) * 1000:>9.1f}" for part in (0.5, 0.95)]
        print(f"{name:<18}{one.rate:>12.1f}{loop.rate / one.rate:>14.0f}{''.join(spread)}")
    print(
        f"{asked.rivals} claims of one ticket at once: {paid} paid, {refused} refused, {took:.2f} s"
    )
    if paid != 1:
        problems.append(f"One ticket was paid {paid} times.")
    for problem in problems:
        print(f"SOMETHING IS WRONG. {problem}")
    figures: dict[str, Any] = {
        "cash_claims_per_s": round(claims["cash"].rate, 2),
        "transfer_claims_per_s": round(claims["transfer"].rate, 2),
        "bare_inserts_per_s": round(loop.rate, 1),
        "ratio": round(claims["cash"].rate / loop.rate, 4),
        "transfer_ratio": round(claims["transfer"].rate / loop.rate, 4),
        "rivals": asked.rivals,
        "rivals_paid": paid,
        "rivals_s": round(took, 2),
        "errors": len(problems),
    }
    print(json.dumps(figures))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
