"""Settling a draw: counted in chunks, priced once, credited in chunks, then SETTLED (F067, F070).

`begin` divides the tickets into chunks, after it has made sure that they are what was sealed.
Every step is one short transaction under a natural key, and asks its own row whether it still must
be done: it may be cut off anywhere, be started many times at once, and ends the same. The money of
a draw, to the fen:

    stakes' share + pool and fund drawn on = prizes + pool and fund fed

so that the account of its prize money is empty at the end; `finish` refuses otherwise.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, connection
from django.utils.translation import gettext_lazy as _

from audit import policies, trail
from finance import ledger
from finance.ledger import AccountKind, EntryKind, Move
from games import draws, prize_tables, rule_sheets
from games.models import Draw, Result, SealStatement
from lottery_portal import jobs
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused
from sales import sealing
from sales.opening import prizes_of

from . import counting, pools
from .models import Chunk, Hit, Prize, PrizeSheet, Settlement, TierOutcome

logger = logging.getLogger(__name__)

CHUNK = 2_000
WALLET_POLICY = "prizes.wallet_up_to_fen"

State = Settlement.State


class DrawNotConfirmed(Refused):
    """Only a draw with a confirmed result is settled."""

    code = "draw_not_confirmed"
    message = _("Draw %(draw)s has no confirmed result.")


class EarlierDrawFirst(Refused):
    """The pool goes from draw to draw: the one before comes first."""

    code = "earlier_draw_first"
    message = _("Draw %(earlier)s must be settled before %(draw)s: the pool passes through it.")


class NotWhatWasSealed(Refused):
    """The tickets are not what was sealed; nothing is counted, nobody is paid."""

    code = "not_what_was_sealed"
    message = _("Draw %(draw)s is halted: %(difference)s. Nothing is paid until this is cleared.")


class NotCounted(Refused):
    """Some tickets are still to be counted."""

    code = "not_counted"
    message = _("Draw %(draw)s is still being counted.")


class NotCredited(Refused):
    """Some prizes are still to be credited."""

    code = "not_credited"
    message = _("Prizes of draw %(draw)s are still being credited.")


class PrizeMoneyLeft(RuntimeError):
    """The prize money of a draw does not come out even: a bug, and nothing is published."""


def begin(*, draw: Draw, now: datetime) -> Settlement:
    """Begin to settle `draw`, or return the settlement that has begun.

    Refuses with `NotWhatWasSealed`, and halts, when tickets, file or books are not what was sealed;
    called again, it looks again.
    """
    known = Settlement.objects.filter(draw=draw).exclude(state=State.HALTED).first()
    if known is not None:
        return known
    if not Draw.objects.filter(pk=draw.pk, state=Draw.State.CONFIRMED).exists():
        raise DrawNotConfirmed(draw=draw.code)
    _check_order(draw)
    if difference := _difference(draw):
        logger.error("Settlement halted", extra={"draw": draw.code, "difference": difference})
        _halt(draw, difference, now=now)
        raise NotWhatWasSealed(draw=draw.code, difference=difference)
    try:
        return _begin(draw, now=now)
    except IntegrityError as exc:
        if violated(exc) == "prizes_settlement_draw_id_key":
            return Settlement.objects.get(draw=draw)
        raise


def count_chunk(*, chunk_id: int, now: datetime) -> bool:
    """Count the winning lines of one chunk; True for exactly one caller."""
    counted = _count(chunk_id, now=now)
    ask_next(Settlement.objects.get(parts=chunk_id))
    return counted


@door
def price(*, draw: Draw, now: datetime) -> bool:
    """Work out what each tier pays and where the rest goes, and book it; True for one caller.

    Refuses with `NotCounted` while a chunk is not counted.
    """
    settlement = _locked(draw)
    if settlement.state in {State.CREDITING, State.DONE}:
        return False
    draw.refresh_from_db(fields=["special_on"])
    parts = list(settlement.parts.order_by("number"))
    if settlement.state == State.HALTED or any(part.counted_at is None for part in parts):
        raise NotCounted(draw=draw.code)
    _check_order(draw)
    table = prize_tables.compute(
        rule_sheets.version_of(draw),
        sales_fen=draw.seal.stake,
        pool_before_fen=ledger.balance(pools.pool_of(draw.game)),
        special_on=draw.special_on,
        winners=_winners(parts),
    )
    _write_table(draw, table, now=now)
    _book_table(draw, table)
    draws.set_special(game=draw.game, after_issue=draw.issue, is_on=table.special_on_next)
    Settlement.objects.filter(pk=settlement.pk, state=State.COUNTING).update(
        state=State.CREDITING, priced_at=now
    )
    trail.record(
        action="prizes.draw_priced",
        actor=None,
        object_type="draw",
        object_code=draw.code,
        body={
            "winners": {str(tier): lines for tier, lines in table.winners.items()},
            "prize_fen": {str(tier): fen for tier, fen in table.prize_fen.items()},
            "pool_before_fen": table.pool_before_fen,
            "pool_after_fen": table.pool_after_fen,
            "fund_paid_fen": table.fund_paid_fen,
            "rounding_to_fund_fen": table.rounding_to_fund_fen,
        },
    )
    for part in parts:
        jobs.enqueue("prizes.credit_chunk", key=key(draw, part), chunk_id=part.pk)
    if not parts:
        jobs.enqueue("prizes.finish_settlement", key=f"settle:{draw.code}", draw_id=draw.pk)
    return True


def credit_chunk(*, chunk_id: int, now: datetime) -> bool:
    """Credit the prizes of one chunk; True for exactly one caller."""
    credited = _credit(chunk_id, now=now)
    ask_next(Settlement.objects.get(parts=chunk_id))
    return credited


@door
def finish(*, draw: Draw, now: datetime) -> bool:
    """Settle the draw once all is credited and the books come out even; True for one caller."""
    settlement = _locked(draw)
    if settlement.state == State.DONE:
        return False
    if settlement.state != State.CREDITING or settlement.parts.filter(credited_at=None).exists():
        raise NotCredited(draw=draw.code)
    if left := ledger.balance(prizes_of(draw)):
        raise PrizeMoneyLeft(f"{draw.code}: {left} fen of prize money are left.")
    Settlement.objects.filter(pk=settlement.pk).update(state=State.DONE, done_at=now)
    draws.advance(draw_id=draw.pk, to=Draw.State.SETTLED, actor=None, now=now)
    jobs.enqueue("prizes.publish_result", key=f"publish:{draw.code}", draw_id=draw.pk)
    return True


def run(*, draw: Draw, now: datetime) -> Settlement:
    """Do what is left of the settlement of `draw`, here; workers may do parts of it meanwhile."""
    settlement = begin(draw=draw, now=now)
    for chunk_id in _parts_left(settlement, "counted_at"):
        count_chunk(chunk_id=chunk_id, now=now)
    price(draw=draw, now=now)
    for chunk_id in _parts_left(settlement, "credited_at"):
        credit_chunk(chunk_id=chunk_id, now=now)
    finish(draw=draw, now=now)
    settlement.refresh_from_db()
    return settlement


@door
def ask_due(*, now: datetime) -> None:  # noqa: ARG001 - a stroke of the clock says when
    """Ask for every step of settlement that is due; what a crash forgot is so found again."""
    for draw in Draw.objects.filter(
        state=Draw.State.CONFIRMED, settlement__isnull=True
    ).select_related("game"):
        if draws.earlier_unsettled(draw) is None:
            jobs.enqueue("prizes.begin_settlement", key=f"settle:{draw.code}", draw_id=draw.pk)
    for settlement in Settlement.objects.filter(state__in=[State.COUNTING, State.CREDITING]):
        _ask_next(settlement)
    for draw in Draw.objects.filter(state=Draw.State.SETTLED):
        jobs.enqueue("prizes.publish_result", key=f"publish:{draw.code}", draw_id=draw.pk)


@door
def ask_next(settlement: Settlement) -> None:
    """Ask for the step after the chunks, once the last of them is done.

    Asked after the chunk's own commit: of two chunks that end at once, one sees both done.
    """
    _ask_next(settlement)


def key(draw: Draw, part: Chunk) -> str:
    """The natural key of the work on a chunk."""
    return f"settle:{draw.code}:{part.number}"


def prize_reference(draw: Draw, part: Chunk) -> str:
    """The reference under which the prizes of a chunk are booked."""
    return f"prize:{draw.code}:{part.number}"


def unclaimed_of(draw: Draw) -> str:
    """The account of the draw's prizes that await the prize centre."""
    return f"unclaimed:{draw.code}"


# Beginning


def _difference(draw: Draw) -> str:
    """What is not as it was sealed, in words; "" when all is."""
    seal = SealStatement.objects.get(draw=draw)
    try:
        version = rule_sheets.version_of(draw)
    except rule_sheets.RuleChanged:
        return f"rule version {draw.rule.code} is not the approved one"
    if seal.rule_digest != draw.rule.digest:
        return "the rule sheet is not the sealed one"
    counted = sealing.recount(draw)
    for name, sealed, found in (
        ("root", seal.root, counted.root),
        ("tickets", seal.tickets, counted.tickets),
        ("lines", seal.lines, counted.lines),
        ("stakes", seal.stake, counted.stake_fen),
    ):
        if sealed != found:
            return f"{name} sealed {sealed}, found {found}"
    if _digest_of_file(seal) != seal.file_digest:
        return "the sealed file is missing or was changed"
    share = version.allocation.split(seal.stake).prize_fen
    held = ledger.balance(prizes_of(draw))
    return f"prize money {share} fen, books hold {held} fen" if share != held else ""


def _digest_of_file(seal: SealStatement) -> str:
    try:
        with sealing.file_of(seal).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _check_order(draw: Draw) -> None:
    if earlier := draws.earlier_unsettled(draw):
        raise EarlierDrawFirst(draw=draw.code, earlier=earlier.code)


@door
def _halt(draw: Draw, difference: str, *, now: datetime) -> None:
    """Keep the halt as a row and in the trail; one that has begun meanwhile is left alone."""
    halted, is_new = Settlement.objects.get_or_create(
        draw=draw,
        defaults={
            "state": State.HALTED, "chunks": 0, "halt_reason": difference[:300], "begun_at": now,
        },
    )  # fmt: skip
    if not is_new and halted.state != State.HALTED:
        return
    Settlement.objects.filter(pk=halted.pk).update(halt_reason=difference[:300])
    trail.record(
        action="prizes.settlement_halted",
        actor=None,
        object_type="draw",
        object_code=draw.code,
        body={"difference": difference},
    )


@door
def _begin(draw: Draw, *, now: datetime) -> Settlement:
    ranges = _ranges(draw)
    resumed = Settlement.objects.filter(draw=draw, state=State.HALTED).update(
        state=State.COUNTING, chunks=len(ranges), halt_reason=""
    )
    if resumed:
        settlement = Settlement.objects.get(draw=draw)
    else:
        settlement = Settlement.objects.create(draw=draw, chunks=len(ranges), begun_at=now)
    parts = Chunk.objects.bulk_create(
        Chunk(settlement=settlement, number=number, first_ticket=first, last_ticket=last)
        for number, (first, last) in enumerate(ranges, start=1)
    )
    for part in parts:
        jobs.enqueue("prizes.count_chunk", key=key(draw, part), chunk_id=part.pk)
    if not parts:
        jobs.enqueue("prizes.price_draw", key=f"settle:{draw.code}", draw_id=draw.pk)
    trail.record(
        action="prizes.settlement_begun",
        actor=None,
        object_type="draw",
        object_code=draw.code,
        body={"chunks": len(ranges), "root": draw.seal.root},
    )
    return settlement


def _ranges(draw: Draw) -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT min(id), max(id) FROM (
                SELECT id, (row_number() OVER (ORDER BY id) - 1) / %s AS part
                  FROM sales_ticket WHERE draw_id = %s) numbered
             GROUP BY part ORDER BY part
            """,
            [CHUNK, draw.pk],
        )
        return [(row[0], row[1]) for row in cursor.fetchall()]


# Counting


@door
def _count(chunk_id: int, *, now: datetime) -> bool:
    part = Chunk.objects.select_for_update(no_key=True).get(pk=chunk_id)
    if part.counted_at is not None:
        return False
    draw = _draw_of(part)
    result = Result.objects.get(draw=draw)
    found = counting.winning_lines(
        rule_sheets.version_of(draw),
        draw,
        (result.mask_1, result.mask_2),
        first=part.first_ticket,
        last=part.last_ticket,
    )
    Hit.objects.bulk_create(
        Hit(ticket_id=ticket_id, draw=draw, tiers={str(tier): won[tier] for tier in sorted(won)})
        for ticket_id, won in sorted(found.items())
    )
    Chunk.objects.filter(pk=part.pk).update(counted_at=now, winners=counting.summed(found))
    return True


# Pricing


def _winners(parts: Sequence[Chunk]) -> dict[int, int]:
    total: dict[int, int] = {}
    for part in parts:
        for tier, lines in part.winners.items():
            total[int(tier)] = total.get(int(tier), 0) + lines
    return total


def _write_table(draw: Draw, table: prize_tables.PrizeTable, *, now: datetime) -> None:
    PrizeSheet.objects.create(
        draw=draw,
        sales=draw.seal.stake,
        prize_money=table.prize_money_fen,
        pool_before=table.pool_before_fen,
        pool_after=table.pool_after_fen,
        fund_paid=table.fund_paid_fen,
        rounding_to_fund=table.rounding_to_fund_fen,
        special_on_next=table.special_on_next,
        computed_at=now,
    )
    TierOutcome.objects.bulk_create(
        TierOutcome(draw=draw, tier=tier, winners=table.winners[tier], prize=prize)
        for tier, prize in sorted(table.prize_fen.items())
    )


def _book_table(draw: Draw, table: prize_tables.PrizeTable) -> None:
    """First what comes in, then what goes out; between the draw and its prizes nothing is lost."""
    prizes, pool, fund = prizes_of(draw), pools.pool_of(draw.game), pools.fund_of(draw.game)
    ledger.open_account(
        code=unclaimed_of(draw), kind=AccountKind.UNCLAIMED, is_shadow=draw.is_shadow
    )
    if table.fund_paid_fen:
        ledger.post(
            reference=f"fund:{draw.code}",
            kind=EntryKind.FUND_COVER,
            moves=[Move(source=fund, target=prizes, amount=table.fund_paid_fen)],
        )
    change = table.pool_after_fen - table.pool_before_fen
    moves = []
    if change < 0:
        moves.append(Move(source=pool, target=prizes, amount=-change))
    if change > 0:
        moves.append(Move(source=prizes, target=pool, amount=change))
    if table.rounding_to_fund_fen:
        moves.append(Move(source=prizes, target=fund, amount=table.rounding_to_fund_fen))
    if moves:
        ledger.post(reference=f"pool:{draw.code}", kind=EntryKind.POOL_ROLL, moves=moves)


# Crediting


@door
def _credit(chunk_id: int, *, now: datetime) -> bool:
    part = Chunk.objects.select_for_update(no_key=True).get(pk=chunk_id)
    if part.credited_at is not None:
        return False
    draw = _draw_of(part)
    if not Settlement.objects.filter(pk=part.settlement_id, state=State.CREDITING).exists():
        raise NotCounted(draw=draw.code)
    won = _prizes(draw, part, now=now)
    if won:
        ledger.post(
            reference=prize_reference(draw, part),
            kind=EntryKind.PRIZE,
            moves=[_move(draw, prize) for prize in won],
        )
        Prize.objects.bulk_create(won)
        jobs.enqueue("prizes.tell_winners", key=key(draw, part), chunk_id=part.pk)
    Chunk.objects.filter(pk=part.pk).update(credited_at=now)
    return True


def _prizes(draw: Draw, part: Chunk, *, now: datetime) -> list[Prize]:
    per_line = dict(TierOutcome.objects.filter(draw=draw).values_list("tier", "prize"))
    most = int(policies.read(WALLET_POLICY, at=draw.draws_at, scope=draw.game.code))
    hits = (
        Hit.objects.filter(part.tickets(), draw=draw)
        .select_related("ticket__owner")
        .order_by("ticket_id")
    )
    prizes = []
    for hit in hits:
        amount = sum(lines * per_line[int(tier)] for tier, lines in hit.tiers.items())
        if amount:
            prizes.append(
                Prize(
                    ticket=hit.ticket,
                    draw=draw,
                    owner=hit.ticket.owner,
                    amount=amount,
                    tiers={
                        tier: {"lines": lines, "prize_fen": per_line[int(tier)]}
                        for tier, lines in hit.tiers.items()
                    },
                    route=Prize.Route.WALLET if amount <= most else Prize.Route.CENTRE,
                    entry_reference=prize_reference(draw, part),
                    settled_at=now,
                )
            )
    return prizes


def _move(draw: Draw, prize: Prize) -> Move:
    to_wallet = prize.route == Prize.Route.WALLET
    target = f"wallet:{prize.owner.code}" if to_wallet else unclaimed_of(draw)
    return Move(source=prizes_of(draw), target=target, amount=prize.amount)


# The rows of a settlement


def _locked(draw: Draw) -> Settlement:
    return Settlement.objects.select_for_update(no_key=True).get(draw=draw)


def _draw_of(part: Chunk) -> Draw:
    return Draw.objects.select_related("game", "rule").get(settlement=part.settlement_id)


def _parts_left(settlement: Settlement, done: str) -> list[int]:
    left = settlement.parts.filter(**{f"{done}__isnull": True}).order_by("number")
    return list(left.values_list("pk", flat=True))


@inside_transaction
def _ask_next(settlement: Settlement) -> None:
    settlement.refresh_from_db(fields=["state"])
    draw = settlement.draw
    if settlement.state == State.COUNTING and not _parts_left(settlement, "counted_at"):
        jobs.enqueue("prizes.price_draw", key=f"settle:{draw.code}", draw_id=draw.pk)
    if settlement.state == State.CREDITING and not _parts_left(settlement, "credited_at"):
        jobs.enqueue("prizes.finish_settlement", key=f"settle:{draw.code}", draw_id=draw.pk)
