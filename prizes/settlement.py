"""Settling a draw: counted by two engines, compared, credited, then SETTLED (F067, F070, F071).

`begin` makes sure that the tickets are what was sealed and divides them into chunks. Engine one
counts the chunks and writes its result file, engine two counts the sealed file and writes its own;
`compare` lets money move only when both are the same, byte for byte. Winners are then credited
batch by batch, and `finish` asks once more whether what was credited is what both found. Nothing
goes to the wallet of who won more in the draw than is free of tax: it waits, and is taxed together
when it is claimed (2024 公告第12号).

Every step is a few short transactions under natural keys, and asks its own row whether it still
must be done: it may be cut off anywhere, be started many times at once, and ends the same. The
money of a draw, to the fen:

    stakes' share + pool and fund drawn on = prizes + pool and fund fed

(where an issuer announces the prizes: stakes' share + what he pays = prizes + what he is owed), so
that the account of its prize money is empty at the end; `finish` refuses otherwise.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection
from django.utils.translation import gettext_lazy as _

from audit import alarms, policies, trail
from finance import ledger, prize_tax
from games import draws
from games.models import Draw
from games.prize_tables import PrizeTable
from lottery_portal import jobs
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.lanes import one_moment
from sales.opening import prizes_of

from . import as_announced, as_sealed, comparison, engines, pools, result_file, table_books
from .models import Batch, Chunk, EngineDifference, EngineRun, PrizeSheet, Settlement
from .redemption import limits

logger = logging.getLogger(__name__)

CHUNK = 16_384
LANES = 4
WALLET_POLICY = "prizes.wallet_up_to_fen"
HALTED = "prizes.settlement_halted"
_LONGEST_REASON = 300

State = Settlement.State

alarms.register(kind=HALTED, title=_("A settlement is halted"))


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


class NotCompared(Refused):
    """One of the engines has not ended yet."""

    code = "not_compared"
    message = _("The engines have not both counted draw %(draw)s yet.")


class EnginesDiffer(Refused):
    """The engines do not agree to the byte; nobody is paid."""

    code = "engines_differ"
    message = _("Draw %(draw)s is halted: %(difference)s. Nothing is paid until this is cleared.")


class NotCredited(Refused):
    """Some prizes are still to be credited."""

    code = "not_credited"
    message = _("Prizes of draw %(draw)s are still being credited.")


class NotWhatWasFound(Refused):
    """Rows of winners are no longer what both engines found; they are not credited."""

    code = "not_what_was_found"
    message = _("Crediting of draw %(draw)s is stopped: %(difference)s.")


class PrizeMoneyLeft(RuntimeError):
    """The prize money of a draw does not come out even: a bug, and nothing is published."""


def begin(*, draw: Draw, now: datetime) -> Settlement:
    """Begin to settle `draw`, or return the settlement that has begun.

    Refuses with `NotWhatWasSealed`, and halts, when tickets, file or books are not what was sealed
    or the database is not what was released; called again on a halted settlement, it looks again
    and goes on with another attempt.
    """
    known = Settlement.objects.filter(draw=draw).exclude(state=State.HALTED).first()
    if known is not None:
        if known.state == State.CREDITING and known.halt_reason:
            _resume_crediting(known, now=now)
        return known
    if not Draw.objects.filter(pk=draw.pk, state=Draw.State.CONFIRMED).exists():
        raise DrawNotConfirmed(draw=draw.code)
    _check_order(draw)
    if lack := as_announced.lacking(draw):
        _halt(draw, lack, {}, now=now)
        raise as_announced.NotAsAnnounced(draw=draw.code, difference=lack)
    if difference := as_sealed.difference(draw) or as_sealed.guards_difference(now=now):
        logger.error("Settlement halted", extra={"draw": draw.code, "difference": str(difference)})
        _halt(draw, str(difference), {"tickets": list(difference.tickets)}, now=now)
        raise NotWhatWasSealed(draw=draw.code, difference=str(difference))
    ranges = as_sealed.parts(draw, CHUNK)
    try:
        return _begin(draw, ranges, now=now)
    except IntegrityError as exc:
        if violated(exc) in {"prizes_settlement_draw_id_key", "settlement_goes_forward"}:
            return Settlement.objects.get(draw=draw)
        raise


def count_next(*, settlement: Settlement, now: datetime) -> bool:
    """Count one chunk that nobody is at; False when there is none."""
    return _count(settlement, now=now)


def price(*, draw: Draw, now: datetime) -> bool:
    """Work out the prizes and write engine one's result file; True for exactly one caller.

    Refuses with `NotCounted` while a chunk is not counted.
    """
    settlement = Settlement.objects.get(draw=draw)
    if settlement.state not in {State.HALTED, State.COUNTING}:
        return False
    if settlement.state == State.HALTED or _is_left(settlement.parts, "counted_at"):
        raise NotCounted(draw=draw.code)
    _check_order(draw)
    draw.refresh_from_db(fields=["special_on"])
    run, batches, draft = engines.run_one(draw, settlement)
    try:
        return _keep_priced(draw, run, batches, draft, now=now)
    finally:
        draft.unlink(missing_ok=True)


def engine_two(*, draw: Draw, now: datetime, alive: Callable[[], None] | None = None) -> bool:
    """Let engine two count the sealed file, unless it has; True for exactly one caller."""
    settlement = Settlement.objects.get(draw=draw)
    if settlement.state not in {State.COUNTING, State.PRICED} or _run(settlement, 2):
        return False
    draw.refresh_from_db(fields=["special_on"])
    kept = engines.run_two(draw=draw, settlement=settlement, now=now, alive=alive)
    ask_next(settlement)
    return kept


def compare(*, draw: Draw, now: datetime) -> bool:
    """Compare the engines and let the prizes be paid; True for exactly one caller.

    Refuses with `NotCompared` until both have ended. When they differ it halts, leaves a report
    that names the tickets, and refuses with `EnginesDiffer`.
    """
    settlement = Settlement.objects.get(draw=draw)
    if settlement.state in {State.CREDITING, State.DONE}:
        return False
    one, two = _run(settlement, 1), _run(settlement, 2)
    if settlement.state != State.PRICED or one is None or two is None:
        raise NotCompared(draw=draw.code)
    _check_order(draw)
    draw.refresh_from_db(fields=["special_on"])
    difference = comparison.disagreement(one, two)
    table = _table(draw, settlement)
    if not difference and one.input != result_file.given(draw):
        difference = comparison.POOL_CHANGED.of()
    if not difference and not _begins_with(one, result_file.head(draw, table)):
        difference = comparison.OTHER_TABLE.of()
    if not difference:
        difference = str(
            as_sealed.result_difference(draw) or as_sealed.guards_difference(now=now) or ""
        )
    if difference:
        rows = comparison.report(one, two)
        if not _halt_compared(settlement, difference, rows, now=now):
            return False  # another has compared them meanwhile, and moved on
        logger.error("Settlement halted", extra={"draw": draw.code, "difference": difference})
        raise EnginesDiffer(draw=draw.code, difference=difference)
    return _let_pay(draw, table, two, now=now)


def credit_next(*, settlement: Settlement, now: datetime) -> bool:
    """Credit one batch of prizes that nobody is at; False when there is none.

    Refuses with `NotWhatWasFound`, and says so on the desk, when its rows were changed.
    """
    try:
        return _credit(settlement, now=now)
    except IntegrityError as exc:
        if violated(exc) != "prize_is_what_was_won":
            raise
        text = str(exc).splitlines()[0][:_LONGEST_REASON]
        _stop_crediting(settlement, text, now=now)
        raise NotWhatWasFound(draw=settlement.draw.code, difference=text) from exc


def finish(*, draw: Draw, now: datetime) -> bool:
    """Settle the draw once all is credited as both engines found it; True for one caller."""
    settlement = Settlement.objects.get(draw=draw)
    if settlement.state == State.DONE:
        return False
    agreed = _run(settlement, 1)
    if settlement.state != State.CREDITING or agreed is None:
        raise NotCredited(draw=draw.code)
    if _is_left(agreed.batches, "credited_at"):
        raise NotCredited(draw=draw.code)
    with one_moment():
        sheet = PrizeSheet.objects.get(draw=draw)
        table = engines.table_of(draw, settlement, before=pools.before(sheet))
        paid = result_file.paid_digest(draw, table, settlement=settlement)
        left = ledger.balance(prizes_of(draw))
    if paid != agreed.result_digest:
        text = comparison.OTHER_PRIZES.of()
        _stop_crediting(settlement, text, now=now)
        raise NotWhatWasFound(draw=draw.code, difference=text)
    if left:
        raise PrizeMoneyLeft(f"{draw.code}: {left} fen of prize money are left.")
    return _finish(draw, now=now)


def run(*, draw: Draw, now: datetime) -> Settlement:
    """Do what is left of the settlement of `draw`, here; workers may do parts of it meanwhile."""
    settlement = begin(draw=draw, now=now)
    while count_next(settlement=settlement, now=now):
        pass
    price(draw=draw, now=now)
    engine_two(draw=draw, now=now)
    compare(draw=draw, now=now)
    while credit_next(settlement=settlement, now=now):
        pass
    finish(draw=draw, now=now)
    settlement.refresh_from_db()
    return settlement


@door
def ask_due(*, now: datetime) -> None:  # noqa: ARG001 - a stroke of the clock says when
    """Ask for every step of settlement that is due; what a crash forgot is so found again."""
    for draw in Draw.objects.filter(
        state=Draw.State.CONFIRMED, settlement__isnull=True
    ).select_related("game"):
        if draws.earlier_unsettled(draw) is None and not as_announced.is_waiting(draw):
            jobs.enqueue("prizes.begin_settlement", key=f"settle:{draw.code}", draw_id=draw.pk)
    for halted in as_announced.cleared():
        key = f"settle:{halted.draw.code}:{halted.attempt}:announced"
        jobs.enqueue("prizes.begin_settlement", key=key, draw_id=halted.draw_id)
    for settlement in Settlement.objects.filter(
        state__in=[State.COUNTING, State.PRICED, State.CREDITING]
    ):
        _ask_next(settlement)
    for draw in Draw.objects.filter(state=Draw.State.SETTLED):
        jobs.enqueue("prizes.publish_result", key=f"publish:{draw.code}", draw_id=draw.pk)


@door
def ask_next(settlement: Settlement) -> None:
    """Ask for the step after this one, once its last part is done.

    Asked after the part's own commit: of two that end at once, one sees both done.
    """
    _ask_next(settlement)


def prize_reference(batch: Batch) -> str:
    """The reference under which the prizes of a batch are booked."""
    return f"prize:{batch.run.draw.code}:{batch.number}"


# Beginning


def _check_order(draw: Draw) -> None:
    if earlier := draws.earlier_unsettled(draw):
        raise EarlierDrawFirst(draw=draw.code, earlier=earlier.code)


def _figures(draw: Draw, *, now: datetime) -> dict[str, int]:
    """By which figures prizes go to the wallet or wait for their winner; kept at the beginning."""
    return {
        "wallet_up_to": int(policies.read(WALLET_POLICY, at=draw.draws_at, scope=draw.game.code)),
        "taxed_above": int(policies.read(prize_tax.EXEMPT, at=now)),
    }


@door
def _halt(draw: Draw, difference: str, facts: Mapping[str, Any], *, now: datetime) -> None:
    """Keep the halt as a row and in the trail; one that has begun meanwhile is left alone."""
    reason = difference[:_LONGEST_REASON]
    halted, is_new = Settlement.objects.get_or_create(
        draw=draw,
        defaults={
            "state": State.HALTED, "chunks": 0, "halt_reason": reason, "begun_at": now,
            **_figures(draw, now=now),
        },
    )  # fmt: skip
    if not is_new and halted.state != State.HALTED:
        return
    Settlement.objects.filter(pk=halted.pk).update(halt_reason=reason)
    _tell_halted(draw, difference, facts, now=now)


def _tell_halted(draw: Draw, difference: str, facts: Mapping[str, Any], *, now: datetime) -> None:
    trail.record(
        action="prizes.settlement_halted",
        actor=None,
        object_type="draw",
        object_code=draw.code,
        body={"difference": difference, **facts},
    )
    alarms.raise_alarm(
        kind=HALTED,
        object_type="draw",
        object_code=draw.code,
        facts={"difference": difference, **facts},
        now=now,
    )


@door
def _begin(draw: Draw, ranges: list[tuple[int, int]], *, now: datetime) -> Settlement:
    halted = Settlement.objects.select_for_update(no_key=True).filter(draw=draw).first()
    if halted is not None and halted.state != State.HALTED:
        return halted
    if halted is not None and halted.chunks:
        ranges = []  # they were written by an attempt before
    if halted is not None:
        Settlement.objects.filter(pk=halted.pk).update(
            state=State.COUNTING,
            attempt=halted.attempt + 1,
            chunks=halted.chunks or len(ranges),
            halt_reason="",
        )
        alarms.settle(kind=HALTED, object_type="draw", object_code=draw.code, now=now)
        settlement = Settlement.objects.get(draw=draw)
    else:
        settlement = Settlement.objects.create(
            draw=draw, chunks=len(ranges), begun_at=now, **_figures(draw, now=now)
        )
    Chunk.objects.bulk_create(
        Chunk(settlement=settlement, number=number, first_ticket=first, last_ticket=last)
        for number, (first, last) in enumerate(ranges, start=1)
    )
    trail.record(
        action="prizes.settlement_begun",
        actor=None,
        object_type="draw",
        object_code=draw.code,
        body={
            "chunks": settlement.chunks, "root": draw.seal.root, "attempt": settlement.attempt,
        },
    )  # fmt: skip
    _ask_next(settlement)
    return settlement


# Counting, pricing, comparing


@door
def _count(settlement: Settlement, *, now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT prizes_count(%s, %s)", [settlement.pk, now])
        return cursor.fetchone()[0] is not None


@door
def _keep_priced(
    draw: Draw, run: EngineRun, batches: list[Batch], draft: Any, *, now: datetime
) -> bool:
    settlement = _locked(draw)
    if settlement.state != State.COUNTING or settlement.attempt != run.attempt:
        return False
    run.ended_at = now
    run.save(force_insert=True)
    for batch in batches:
        batch.run = run
    Batch.objects.bulk_create(batches, batch_size=500)
    result_file.give_its_name(draft, run.file_name)
    Settlement.objects.filter(pk=settlement.pk).update(state=State.PRICED, priced_at=now)
    _ask_next(settlement)
    return True


def _table(draw: Draw, settlement: Settlement) -> PrizeTable:
    return engines.table_of(draw, settlement, before=pools.held(draw))


def _begins_with(run: EngineRun, head: bytes) -> bool:
    with result_file.file_of(run).open("rb") as file:
        return file.read(len(head)) == head


@door
def _halt_compared(
    settlement: Settlement, difference: str, rows: list[EngineDifference], *, now: datetime
) -> bool:
    draw = settlement.draw
    halted = Settlement.objects.filter(
        pk=settlement.pk, state=State.PRICED, attempt=settlement.attempt
    ).update(state=State.HALTED, halt_reason=difference[:_LONGEST_REASON], priced_at=None)
    if not halted:
        return False
    EngineDifference.objects.bulk_create(rows)
    tickets = [row.subject for row in rows if comparison.is_ticket(row.subject)]
    _tell_halted(draw, difference, {"tickets": tickets}, now=now)
    return True


@door
def _let_pay(draw: Draw, table: PrizeTable, agreed: EngineRun, *, now: datetime) -> bool:
    """The table of both engines becomes the draw's, and is booked; then prizes may be credited."""
    settlement = _locked(draw)
    if settlement.state != State.PRICED or settlement.attempt != agreed.attempt:
        return False
    table_books.keep(draw, table, now=now)
    draws.set_special(game=draw.game, after_issue=draw.issue, is_on=table.special_on_next)
    Settlement.objects.filter(pk=settlement.pk).update(state=State.CREDITING)
    trail.record(
        action="prizes.draw_priced",
        actor=None,
        object_type="draw",
        object_code=draw.code,
        body={
            "result_file": agreed.result_digest,
            "winners": {str(tier): lines for tier, lines in table.winners.items()},
            "prize_fen": {str(tier): fen for tier, fen in table.prize_fen.items()},
            "pool_before_fen": table.pool_before_fen,
            "pool_after_fen": table.pool_after_fen,
            "fund_paid_fen": table.fund_paid_fen,
            "rounding_to_fund_fen": table.rounding_to_fund_fen,
        },
    )
    _ask_next(settlement)
    return True


# Crediting


@door
def _credit(settlement: Settlement, *, now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT prizes_credit(%s, %s)", [settlement.pk, now])
        (batch_id,) = cursor.fetchone()
    if batch_id is None:
        return False
    jobs.enqueue(
        "prizes.tell_winners",
        key=f"settle:{settlement.draw.code}:{batch_id}",
        batch_id=batch_id,
    )
    return True


@door
def _stop_crediting(settlement: Settlement, text: str, *, now: datetime) -> None:
    going = Settlement.objects.filter(pk=settlement.pk, state=State.CREDITING, halt_reason="")
    if going.update(halt_reason=text):
        _tell_halted(settlement.draw, text, {}, now=now)


@door
def _resume_crediting(settlement: Settlement, *, now: datetime) -> None:
    Settlement.objects.filter(pk=settlement.pk, state=State.CREDITING).update(halt_reason="")
    alarms.settle(kind=HALTED, object_type="draw", object_code=settlement.draw.code, now=now)
    _ask_next(settlement, again=f":{now:%Y%m%dT%H%M%S}")


@door
def _finish(draw: Draw, *, now: datetime) -> bool:
    settlement = _locked(draw)
    if settlement.state != State.CREDITING:
        return False
    Settlement.objects.filter(pk=settlement.pk).update(
        state=State.DONE, done_at=now, halt_reason=""
    )
    draws.advance(draw_id=draw.pk, to=Draw.State.SETTLED, actor=None, now=now)
    limits.set_period(draw)
    alarms.settle(kind=HALTED, object_type="draw", object_code=draw.code, now=now)
    jobs.enqueue("prizes.publish_result", key=f"publish:{draw.code}", draw_id=draw.pk)
    return True


# The rows of a settlement, and what they wait for


def _locked(draw: Draw) -> Settlement:
    return Settlement.objects.select_for_update(no_key=True).get(draw=draw)


def _run(settlement: Settlement, engine: int) -> EngineRun | None:
    runs = EngineRun.objects.filter(
        draw=settlement.draw_id, attempt=settlement.attempt, engine=engine
    )
    return runs.select_related("draw").first()


def _is_left(rows: Any, done: str) -> bool:
    return bool(rows.filter(**{f"{done}__isnull": True}).exists())


@inside_transaction
def _ask_next(settlement: Settlement, *, again: str = "") -> None:
    """Ask for whatever this settlement waits for; what is asked for already is not asked twice."""
    settlement.refresh_from_db(fields=["state", "attempt"])
    draw = settlement.draw
    key = f"settle:{draw.code}:{settlement.attempt}{again}"
    lanes = range(1, LANES + 1)
    if settlement.state in {State.COUNTING, State.PRICED} and not _run(settlement, 2):
        jobs.enqueue("prizes.engine_two", key=key, draw_id=draw.pk)
    if settlement.state == State.COUNTING:
        if not _is_left(settlement.parts, "counted_at"):
            jobs.enqueue("prizes.price_draw", key=key, draw_id=draw.pk)
        else:
            for lane in lanes:
                jobs.enqueue("prizes.count", key=f"{key}/{lane}", settlement_id=settlement.pk)
    elif settlement.state == State.PRICED and _run(settlement, 2):
        jobs.enqueue("prizes.compare", key=key, draw_id=draw.pk)
    elif settlement.state == State.CREDITING:
        run = _run(settlement, 1)
        if run is None or not _is_left(run.batches, "credited_at"):
            jobs.enqueue("prizes.finish_settlement", key=key, draw_id=draw.pk)
        else:
            for lane in lanes:
                jobs.enqueue("prizes.credit", key=f"{key}/{lane}", settlement_id=settlement.pk)
