"""The rolling check: while a draw sells, its tickets go to the witness, and its rows are compared.

Every few minutes the leaves of the tickets that have taken their place in the log since the last
time go to the witness, whose file nobody here can change (F059, F060). In the same minutes every
row of the draw is computed again and compared with what the log holds: a row that was edited, put
in past the sale, or taken away is named in an alarm (N05), and so is a stakes account that does not
hold what the tickets cost. `close` is the last interval of a draw: all its tickets, and no more.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from audit import alarms, keys, log, policies, sequencing, witnesses
from finance import ledger
from games.models import Draw
from lottery_portal.lib.db import database_time, door, violated
from lottery_portal.lib.errors import Refused

from .models import Cancellation, RollingCheck, Ticket
from .opening import stakes_of

SECONDS_POLICY = "sales.rolling_check_seconds"
SECONDS = 120
NAMED = 50
TRIES = 5


class TicketsNotSequenced(Refused):
    """The log has not caught up with the tickets of this draw."""

    code, status = "tickets_not_sequenced", 503
    message = _("The log does not hold all tickets of draw %(draw)s yet. We try again shortly.")


class TicketsMissing(Refused):
    """More tickets were told to the witness than there are rows."""

    code = "tickets_missing"
    message = _("Draw %(draw)s has %(tickets)s tickets, the witness knows %(told)s.")


@dataclass(frozen=True, order=True)
class RowDiffers:
    """A ticket that is not as it was sold.

    `what`: changed, injected, missing, passed_by, taken_back (and nobody took it back).
    """

    ticket: str
    what: str


def check_due(*, now: datetime) -> int:
    """Check every open draw whose last check is long enough ago; how many were checked."""
    every = timedelta(seconds=int(policies.read(SECONDS_POLICY, at=now)))
    checked = 0
    for draw in Draw.objects.filter(state__in=[Draw.State.OPEN, Draw.State.CLOSED]).order_by("pk"):
        last = RollingCheck.objects.filter(draw_id=draw.pk).order_by("-number").first()
        if last is not None and (last.is_closing or now - last.asked_at < every):
            continue
        check(draw=draw, now=now)
        checked += 1
    return checked


def check(*, draw: Draw, now: datetime) -> list[RowDiffers]:
    """Compare the rows of a draw with the log and tell the witness what was sold since the last.

    Differences are returned and alarmed; they do not keep the witness from being told.
    """
    found = compare(draw=draw, now=now)
    _tell_pending(draw)
    bound = log.latest_cosigned()
    if bound is not None:
        _tell(draw, bound.size, now)
    return found


def close(*, draw: Draw, now: datetime) -> RollingCheck:
    """The last interval of a closed draw: the witness has been told of all its tickets.

    Raises `TicketsNotSequenced` or `WitnessUnreachable`, to be tried again; `TicketsMissing` and
    `WitnessRefuses` when something is wrong. A draw closed before is left as it is.
    """
    _tell_pending(draw)
    if known := RollingCheck.objects.filter(draw_id=draw.pk, is_closing=True).first():
        return known
    if Draw.objects.filter(pk=draw.pk, state=Draw.State.CLOSED).exists():
        compare(draw=draw, now=now)
    tickets = Ticket.objects.filter(draw_id=draw.pk).count()
    taken_back = Cancellation.objects.filter(draw_id=draw.pk).count()
    size = 0
    for _attempt in range(TRIES):
        sequencing.run_all()
        sequencing.cosign_latest(now=now)
        bound = log.latest_cosigned()
        size = bound.size if bound is not None else 0
        last = _tell(draw, size, now)
        told = last.tickets if last is not None else 0
        if told > tickets:
            raise TicketsMissing(draw=draw.code, tickets=tickets, told=told)
        # More told of than there are rows: the witness itself names the tickets that it misses.
        if told == tickets and (last.cancelled if last is not None else 0) >= taken_back:
            closing = _ask_for(draw, last, (size, size), [], is_closing=True, now=now)
            _tell_one(draw, closing, [])
            return closing
    _alarm_about(draw, _taken_back_by_nobody(draw), now=now)
    raise TicketsNotSequenced(draw=draw.code)


def compare(*, draw: Draw, now: datetime) -> list[RowDiffers]:
    """Every ticket of the draw against the log, in one moment; what differs is alarmed.

    Nothing is compared when the draw is sealed by that moment: its selections are not read then
    (article 22), its stakes are divided, and the witness compares the sealed file itself.
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '64MB'")
            cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL jit = off")
            cursor.execute("SELECT state FROM games_draw WHERE id = %s", [draw.pk])
            (state,) = cursor.fetchone()
            if state not in {Draw.State.OPEN, Draw.State.CLOSED}:
                return []
            cursor.execute(_COMPARED, {"draw": draw.pk, "named": NAMED})
            found = [RowDiffers(code, what) for code, what in cursor.fetchall()]
            cursor.execute(
                "SELECT coalesce(sum(price), 0)::bigint - (SELECT coalesce(sum(amount), 0)::bigint"
                " FROM sales_cancellation WHERE draw_id = %(draw)s), count(*)"
                " FROM sales_ticket WHERE draw_id = %(draw)s",
                {"draw": draw.pk},
            )
            cost, count = cursor.fetchone()
        found += _taken_back_by_nobody(draw)
        stakes = ledger.balance(stakes_of(draw)) if count else 0
    _alarm_about(draw, found, now=now)
    if stakes != cost:
        alarms.raise_alarm(
            kind="sales.stakes_differ",
            object_type="draw",
            object_code=draw.code,
            facts={"tickets_fen": cost, "books_fen": stakes},
            now=now,
        )
    return found


def _alarm_about(draw: Draw, found: Sequence[RowDiffers], *, now: datetime) -> None:
    for one in found:
        alarms.raise_alarm(
            kind="sales.rows_differ",
            object_type="ticket",
            object_code=one.ticket,
            facts={"draw": draw.code, "what": one.what},
            now=now,
        )


def _taken_back_by_nobody(draw: Draw) -> list[RowDiffers]:
    """Tickets that a row calls taken back of which the log knows nothing, or something else."""
    rows = Cancellation.objects.filter(draw_id=draw.pk).values_list("ticket_id", "ticket__code")
    codes = {str(pk): code for pk, code in rows}
    unlike = log.unlike_logged([("cancellation", key) for key in codes]) if codes else []
    return [RowDiffers(codes[one.key], "taken_back") for one in unlike]


# A ticket is logged in the transaction that sells it, so both are seen or neither. The first ticket
# of the draw has an entry not before its own transaction: what is older is not looked at. Of the
# entries of that time those of other draws have their rows there. An entry below the last place
# that has no place was put in later than it says.
_COMPARED = """
WITH began AS (
    SELECT min(t.xid) AS xid FROM sales_ticket t WHERE t.draw_id = %(draw)s),
told AS (
    SELECT s.epoch, s.xid FROM sales_rollingcheck r JOIN audit_sequenced s ON s.seq = r.from_size
     WHERE r.draw_id = %(draw)s AND r.number = 1),
beginning AS (
    SELECT coalesce((SELECT epoch FROM told), (SELECT max(number) FROM audit_epoch)) AS epoch,
           least((SELECT xid FROM told), (SELECT xid FROM began)) AS xid),
logged AS (
    SELECT DISTINCT ON (e.key) e.key, e.hash, e.epoch, e.xid, e.id
      FROM audit_entry e, beginning b
     WHERE e.kind = 'ticket' AND (e.epoch, e.xid) >= (b.epoch, b.xid)
     ORDER BY e.key, e.epoch DESC, e.id DESC),
rows AS (
    SELECT l.code, l.leaf AS hash FROM sales_leaves_now(%(draw)s) l),
last AS (
    SELECT s.epoch, s.xid, s.entry_id FROM audit_sequenced s ORDER BY s.seq DESC LIMIT 1)
SELECT coalesce(r.code, l.key),
       CASE WHEN l.key IS NULL THEN 'injected' WHEN r.code IS NULL THEN 'missing'
            WHEN r.hash IS DISTINCT FROM l.hash THEN 'changed' ELSE 'passed_by' END AS what
  FROM logged l
  FULL JOIN rows r ON r.code = l.key
  LEFT JOIN (SELECT s.entry_id, s.epoch, s.xid FROM audit_sequenced s, beginning b
              WHERE (s.epoch, s.xid) >= (b.epoch, b.xid)) p
         ON (p.entry_id, p.epoch, p.xid) = (l.id, l.epoch, l.xid)
  LEFT JOIN sales_ticket other ON other.code = l.key AND other.draw_id <> %(draw)s
 WHERE other.code IS NULL
   AND (l.key IS NULL OR r.code IS NULL OR r.hash IS DISTINCT FROM l.hash
        OR (p.entry_id IS NULL
            AND (l.epoch, l.xid, l.id) <= (SELECT n.epoch, n.xid, n.entry_id FROM last n)))
 ORDER BY 1 LIMIT %(named)s
"""

# What was taken back is told by the leaf of its ticket, which comes before it in the log.
_SOLD = """
SELECT s.seq, e.hash, t.price, false
  FROM audit_sequenced s
  JOIN audit_entry e ON (e.epoch, e.xid, e.id) = (s.epoch, s.xid, s.entry_id)
  JOIN sales_ticket t ON t.code = e.key AND t.draw_id = %(draw)s
 WHERE s.seq >= %(from)s AND s.seq < %(to)s AND e.kind = 'ticket'
"""
_TAKEN_BACK = """ UNION ALL
SELECT s.seq, c.leaf, c.amount, true
  FROM audit_sequenced s
  JOIN audit_entry e ON (e.epoch, e.xid, e.id) = (s.epoch, s.xid, s.entry_id)
  JOIN sales_cancellation c ON c.ticket_id::text = e.key AND c.draw_id = %(draw)s
 WHERE s.seq >= %(from)s AND s.seq < %(to)s AND e.kind = 'cancellation'
"""
_IN_ORDER = " ORDER BY 1 LIMIT %(most)s"


class _Told(NamedTuple):
    """One line of a telling: a ticket that was sold, or one that was taken back."""

    seq: int
    leaf: bytes
    fen: int
    is_back: bool


def _sold(draw: Draw, start: int, stop: int) -> list[_Told]:
    """The draw's tickets in a stretch of the log; at most one telling."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '120s'")
        any_back = Cancellation.objects.filter(draw_id=draw.pk).exists()
        cursor.execute(
            _SOLD + (_TAKEN_BACK if any_back else "") + _IN_ORDER,
            {"draw": draw.pk, "from": start, "to": stop, "most": witnesses.LEAVES_AT_ONCE},
        )
        return [_Told(seq, bytes(leaf), fen, back) for seq, leaf, fen, back in cursor.fetchall()]


def _first_place(draw: Draw, size: int) -> int:
    """A place not after that of the draw's first ticket; `size` while there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT CASE WHEN b.xid IS NULL THEN %(size)s WHEN b.epochs > 1 THEN 0 ELSE (
                SELECT s.seq FROM audit_entry e JOIN audit_sequenced s
                    ON s.name = hashtextextended(e.kind || E'\\t' || e.key, 0) AND s.entry_id = e.id
                 WHERE e.epoch = 1 AND e.xid >= b.xid ORDER BY e.epoch, e.xid, e.id LIMIT 1) END
              FROM (SELECT min(t.xid) AS xid, (SELECT count(*) FROM audit_epoch) AS epochs
                      FROM sales_ticket t WHERE t.draw_id = %(draw)s) b
            """,
            {"draw": draw.pk, "size": size},
        )
        (place,) = cursor.fetchone()
    return size if place is None else int(place)


def _tell(draw: Draw, size: int, now: datetime) -> RollingCheck | None:
    """Tell what was sold up to `size` entries of the log; the last check of the draw, if any."""
    last = RollingCheck.objects.filter(draw_id=draw.pk).order_by("-number").first()
    if last is not None and last.is_closing:
        return last
    start = last.log_size if last is not None else _first_place(draw, size)
    while start < size:
        sold = _sold(draw, start, size)
        if not sold:
            break
        is_full = len(sold) == witnesses.LEAVES_AT_ONCE
        stop = sold[-1].seq + 1 if is_full else size
        last = _ask_for(draw, last, (start, stop), sold, is_closing=False, now=now)
        _tell_one(draw, last, sold)
        start = stop
    return last


def _tell_pending(draw: Draw) -> None:
    """Finish what a crash cut off: the row stands, the witness may have been told or not."""
    for pending in RollingCheck.objects.filter(draw_id=draw.pk, told_at__isnull=True).order_by(
        "number"
    ):
        sold = _sold(draw, pending.from_size, pending.log_size)
        _tell_one(draw, pending, [] if pending.is_closing else sold)


@door
def _ask_for(
    draw: Draw,
    last: RollingCheck | None,
    stretch: tuple[int, int],
    sold: Sequence[_Told],
    *,
    is_closing: bool,
    now: datetime,
) -> RollingCheck:
    """Write down what the witness will be told."""
    new, back = [one for one in sold if not one.is_back], [one for one in sold if one.is_back]
    try:
        with transaction.atomic():
            return RollingCheck.objects.create(
                draw=draw,
                number=(last.number if last else 0) + 1,
                from_size=last.log_size if last else stretch[0],
                log_size=max(stretch[1], last.log_size if last else 0),
                tickets=(last.tickets if last else 0) + len(new),
                stake=(last.stake if last else 0) + sum(one.fen for one in new),
                cancelled=(last.cancelled if last else 0) + len(back),
                returned=(last.returned if last else 0) + sum(one.fen for one in back),
                is_closing=is_closing,
                asked_at=now,
            )
    except IntegrityError as exc:
        if violated(exc) in {"rolling_check_once", "rolling_check_closes_once"}:
            raise TicketsNotSequenced(draw=draw.code) from exc  # another is telling the same
        raise


def _tell_one(draw: Draw, check: RollingCheck, sold: Sequence[_Told]) -> None:
    signed = witnesses.tell_interval(
        draw=draw.code,
        number=check.number,
        log_size=check.log_size,
        tickets=check.tickets,
        stake_fen=check.stake,
        leaves=b"".join(one.leaf for one in sold if not one.is_back),
        cancelled=b"".join(one.leaf for one in sold if one.is_back),
        returned_fen=check.returned,
        closing_it=check.is_closing,
    )
    try:
        raw = base64.b64decode(signed.signature, validate=True)
        keys.check(
            key=signed.key_id, signature=raw, message=signed.text.encode(), at=database_time()
        )
    except (binascii.Error, Refused) as exc:
        raise witnesses.WitnessRefuses(difference="its answer is not signed by its key") from exc
    last = "closing" if check.is_closing else "selling"
    told = (
        draw.code, check.number, check.log_size, check.tickets, check.stake, check.cancelled,
        check.returned, signed.root, last,
    )  # fmt: skip
    if signed.text.split("\n") != ["interval/1", *map(str, told), ""]:
        raise witnesses.WitnessRefuses(difference="its answer is about something else")
    _keep(check, signed)


@door
def _keep(check: RollingCheck, signed: witnesses.Interval) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sales_rollingcheck SET root = %s, key_id = %s, signature = %s,"
            " told_at = clock_timestamp() WHERE id = %s AND told_at IS NULL",
            [signed.root, signed.key_id, signed.signature, check.pk],
        )
    check.refresh_from_db()
