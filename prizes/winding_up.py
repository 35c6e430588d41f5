"""A stopped game is wound up: what its pool and fund leave over goes to the general fund (R17).

The only way from a pool to a fund (R16). Sales are off for good, announced 60 natural days before
the last of them; every draw is over, the last day of claims has passed, and nothing of any draw is
left to pay: what was not claimed went to the welfare fund before. Then others agree, and the
database looks at all of it again. The report to the ministry, due 60 natural days later, is a case.
A game that leaves nothing over is wound up all the same: others agree that it is so, and the report
is due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from audit import approvals, trail
from finance import cases, ledger
from finance.ledger import AccountKind, EntryKind, Move
from games import claim_days, draws, licences, words
from games.models import Draw, Game, SalesSwitch
from lottery_portal.lib import dates
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import with_unit
from sales import opening

from . import pools

KIND = "prizes.winding_up"
GENERAL = "fund:general"
SCOPE = "game:"  # of the switches that end the sales of one game
REPORT = "prizes.winding_up_report"
NOTICE = timedelta(days=60)
REPORT_WITHIN = timedelta(days=60)
REMIND_BEFORE = timedelta(days=14)
NEVER = date.max


class GameNotStopped(Refused):
    """It is still sold, or was not stopped as the rules say."""

    code = "winding_up_of_a_stopped_game"
    message = _("Sales of this game are not ended: it is on sale, or a draw of it is not over.")


class StopAnnouncedLate(Refused):
    """Announced less than 60 natural days before the last sale."""

    code = "winding_up_announced_late"
    message = _("The stop must have been announced 60 days before the last sale on %(last)s.")


class ClaimsStillRun(Refused):
    """Prizes can still be claimed, or have not all been paid or forfeited."""

    code = "winding_up_after_all_claims"
    message = _("Prizes are claimed until %(until)s, and %(open_fen)s yuan are not paid yet.")


class DocumentMissing(Refused):
    """Without the number of the announcement."""

    code, status = "winding_up_document_missing", 400
    message = _("Please give the number of the announcement.")


class NothingLeftOver(Refused):
    """Pool and fund are empty, and it was wound up."""

    code = "winding_up_nothing_left"
    message = _("This game is wound up; nothing is left in its pool and its fund.")


class LeftOverChanged(Refused):
    """Something moved after it was asked for."""

    code = "winding_up_changed"
    message = _("What is left over has changed since this was asked for. Ask again.")


@dataclass(frozen=True)
class Standing:
    """How far a game is from being wound up: what is left over, and what is still in the way."""

    game: Game
    is_on_sale: bool
    is_licensed: bool
    running: int
    last_sale: date | None
    claims_until: date | None
    open_fen: int
    pools: Mapping[str, int]
    fund_fen: int
    report: Any | None

    @property
    def pool_fen(self) -> int:
        """What all its pools hold."""
        return sum(self.pools.values())

    @property
    def left_fen(self) -> int:
        """What would go to the general fund."""
        return self.pool_fen + self.fund_fen

    @property
    def is_stopped(self) -> bool:
        """Whether nothing of it is sold or drawn any more."""
        return not self.is_on_sale and not self.running and self.last_sale is not None

    @property
    def is_wound_up(self) -> bool:
        """Whether it was wound up since its last sale, and nothing has come in after that."""
        if self.report is None or self.last_sale is None or self.left_fen > 0:
            return False
        return dates.in_shanghai(self.report.opened_at).date() > self.last_sale

    def may_be_wound_up(self, today: date) -> bool:
        """Whether nothing is in the way but the word of others."""
        return (
            self.is_stopped
            and (self.claims_until or NEVER) < today
            and not self.open_fen
            and not self.is_wound_up
        )


def standings(*, now: datetime) -> list[Standing]:
    """Every real game as it stands, in the order of games."""
    found = Game.objects.filter(is_shadow=False).order_by("position", "pk")
    return [standing(game, now=now) for game in found if pools.of_game(game) is not None]


def ready(*, now: datetime) -> list[Standing]:
    """The stopped games that can be wound up, and nobody has asked for it yet."""
    off = SalesSwitch.objects.filter(scope__startswith=SCOPE, is_off=True)
    stopped = {scope.removeprefix(SCOPE) for scope in off.values_list("scope", flat=True)}
    stopped -= {one.payload["game"] for one in approvals.under_way(KIND)} if stopped else set()
    today = dates.in_shanghai(now).date()
    found = Game.objects.filter(code__in=stopped, is_shadow=False).order_by("position", "pk")
    all_of_them = [standing(game, now=now) for game in found if pools.of_game(game) is not None]
    return [one for one in all_of_them if one.may_be_wound_up(today)]


def standing(game: Game, *, now: datetime) -> Standing:
    """How one game stands."""
    of_game = Draw.objects.filter(game=game).select_related("rule")
    held = of_game.exclude(state=Draw.State.CANCELLED)
    last = held.order_by("draws_at").only("draws_at", "closes_at", "rule__code").last()
    is_off = SalesSwitch.objects.filter(scope=f"{SCOPE}{game.code}", is_off=True)
    of_pools = pools.all_of(game)
    accounts = ledger.balances({*of_pools, pools.fund_of(game)})
    return Standing(
        game=game,
        is_on_sale=not is_off.exists(),
        is_licensed=bool(licences.licensed([game], at=now)),
        running=of_game.exclude(state__in=draws.SETTLED_STATES).count(),
        last_sale=dates.in_shanghai(last.closes_at).date() if last else None,
        claims_until=claim_days.last_day(last) if last else None,
        open_fen=_open(list(of_game)),
        pools={account: accounts[account] for account in of_pools},
        fund_fen=accounts[pools.fund_of(game)],
        report=report_of(game),
    )


@door
def ask(
    *, game: str, announced_on: date, document: str, maker: Any, now: datetime
) -> approvals.Request:
    """Ask that a stopped game be wound up; others decide. Refuses by what is in the way."""
    found = standing(Game.objects.get(code=game, is_shadow=False), now=now)
    if not document.strip():
        raise DocumentMissing
    _check(found, announced_on, now)
    moves = _moves(found)
    return approvals.request(
        kind=KIND,
        payload={
            "game": game,
            "moves": [[move.source, move.target, move.amount] for move in moves],
            "announced_on": announced_on.isoformat(),
            "document": document.strip(),
            "last_sale": str(found.last_sale),
            "claims_until": str(found.claims_until),
        },
        maker=maker,
        now=now,
        amount_fen=found.left_fen,
    )


@inside_transaction
def book(*, request: approvals.Request, now: datetime) -> None:
    """Book what was agreed, if nothing has moved since; what the last decision performs."""
    said = request.payload
    found = standing(Game.objects.get(code=said["game"], is_shadow=False), now=now)
    _check(found, date.fromisoformat(said["announced_on"]), now)
    moves = _moves(found)
    if [[move.source, move.target, move.amount] for move in moves] != said["moves"]:
        raise LeftOverChanged
    if moves:
        _post(request.code, moves)
    trail.record(
        action="prizes.game_wound_up",
        actor=None,
        object_type="game",
        object_code=said["game"],
        body={
            "pool_fen": found.pool_fen,
            "fund_fen": found.fund_fen,
            "announced_on": said["announced_on"],
            "document": said["document"],
            "approval": request.code,
        },
    )
    today = dates.in_shanghai(now).date()
    cases.open_(
        kind=REPORT,
        object_type="game",
        object_code=said["game"],
        facts={
            "left_fen": found.left_fen,
            "wound_up_on": today.isoformat(),
            "document": said["document"],
        },
        due_on=today + REPORT_WITHIN,
        now=now,
    )


def _post(code: str, moves: Sequence[Move]) -> None:
    ledger.open_account(code=GENERAL, kind=AccountKind.FUND)
    try:
        ledger.post(reference=f"winding_up:{code}", kind=EntryKind.WINDING_UP, moves=moves)
    except IntegrityError as exc:
        if violated(exc) == GameNotStopped.code:
            raise GameNotStopped from exc
        raise


def report_of(game: Game) -> Any | None:
    """The case of the report to the ministry, the latest; None before the game was wound up."""
    found = cases.about(object_type="game", object_code=game.code)
    return next((case for case in found if case.kind == REPORT), None)


def reports_due_soon(*, now: datetime) -> int:
    """How many reports to the ministry are not settled and due within two weeks, or late."""
    until = dates.in_shanghai(now).date() + REMIND_BEFORE
    return cases.open_now().filter(kind=REPORT, due_on__lte=until).count()


def _check(found: Standing, announced_on: date, now: datetime) -> None:
    today = dates.in_shanghai(now).date()
    if not found.is_stopped or found.last_sale is None or found.claims_until is None:
        raise GameNotStopped
    if announced_on + NOTICE > found.last_sale:
        raise StopAnnouncedLate(last=found.last_sale.isoformat())
    if found.claims_until >= today or found.open_fen:
        raise ClaimsStillRun(until=found.claims_until.isoformat(), open_fen=found.open_fen)
    if found.is_wound_up:
        raise NothingLeftOver


def _moves(found: Standing) -> Sequence[Move]:
    accounts = {**found.pools, pools.fund_of(found.game): found.fund_fen}
    return [Move(code, GENERAL, fen) for code, fen in accounts.items() if fen > 0]


def _open(of_game: Sequence[Draw]) -> int:
    """What of all draws is not divided, credited, paid or forfeited yet."""
    codes = {
        code
        for draw in of_game
        for code in (opening.stakes_of(draw), opening.prizes_of(draw), pools.unclaimed_of(draw))
    }
    return sum(abs(fen) for fen in ledger.balances(codes & set(ledger.kinds_of(codes))).values())


def _report_words(case: Any) -> Sequence[tuple[str, str]]:
    facts = case.facts
    game = Game.objects.filter(code=case.object_code).first()
    return [
        (_now("Game"), words.game(game) if game else case.object_code),
        (_now("Wound up on"), facts["wound_up_on"]),
        (
            _now("To the general adjustment fund"),
            with_unit(facts["left_fen"]),
        ),
        (_now("Number of the announcement"), facts["document"]),
        (_now("What to write"), _now("Number and day of the report, and to whom it went.")),
    ]


def _report_address(_case: Any) -> str:
    return reverse("prizes:desk_stopped_games")


cases.register(
    cases.Kind(
        name=REPORT,
        title=_("Report of a stopped game to the ministry"),
        roles=frozenset({"treasurer", "compliance"}),
        words=_report_words,
        address=_report_address,
    )
)
