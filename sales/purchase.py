"""Selling tickets: one door, `buy`.

One statement, `sales_sell`, moves the money and writes purchase, tickets, selections and the job
for the message, the tickets behind the gate of their draw; receipts join it in the same transaction
(F042).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import DatabaseError, IntegrityError, OperationalError, connection
from django.utils.translation import gettext_lazy as _
from psycopg.errors import LockNotAvailable

from accounts.models import Player
from finance import ceilings, wallets
from games import bets, limits
from games.models import Draw, SalesSwitch
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import database_time, detail_of, door, inside_transaction, violated
from lottery_portal.lib.encryption import blind_index
from lottery_portal.lib.errors import Refused

from . import canonical, quotes, receipts
from .models import Purchase, Ticket
from .quotes import NothingChosen, Quote

if TYPE_CHECKING:
    from django.db.models import QuerySet

MOST_TICKETS = 20
CHANNELS = frozenset({"web", "api", "drill"})


class RequestKeyReused(Refused):
    """The key was used for other orders: a repeat must be a repeat."""

    code, status = "request_key_reused", 422
    message = _("This request was already used for another purchase. Please start again.")


class TooManyTickets(Refused):
    """More tickets than one purchase takes."""

    code = "too_many_tickets"
    message = _("One purchase takes at most %(most)s tickets; you asked for %(given)s.")


class DrawClosed(Refused):
    """The request came after the close, by Postgres's clock (F037)."""

    code = "draw_closed"
    message = _(
        "Draw %(issue)s has closed. Your request came %(late_seconds)s s late; nothing was charged."
    )


class DrawNotOpen(Refused):
    """The draw does not take tickets: not yet open, or cancelled."""

    code = "draw_not_open"
    message = _("Draw %(issue)s does not take tickets. Nothing was charged.")


class NotEnoughMoney(Refused):
    """The wallet holds less than the price."""

    code = "not_enough_money"
    message = _("You are %(missing_fen)s yuan short. Nothing was charged and no ticket was issued.")


class KycRequired(Refused):
    """Who is not verified looks but does not buy (F002)."""

    code, status = "kyc_required", 403
    message = _("Please confirm your identity first. Nothing was charged.")


class AccountNotActive(Refused):
    """The account is limited, excluded, dormant or closed."""

    code, status = "account_not_active", 403
    message = _("Your account may not buy now. Nothing was charged.")


class StaffMayNotPlay(Refused):
    """Who holds a post does not play (F017)."""

    code, status = "staff_may_not_play", 403
    message = _("People who hold a post with us may not play. Nothing was charged.")


class BooksMixed(Refused):
    """Test money in a real draw, or the other way round (F020)."""

    code = "books_mixed"
    message = _("Test accounts and real draws never meet. Nothing was charged.")


class LicenceMissing(Refused):
    """No licence is in force (F023)."""

    code, status = "licence_missing", 503
    message = _("We have no licence in force to sell this game now. Nothing was charged.")


class SalesSwitchedOff(Refused):
    """Sales are switched off for all, the game, the channel or the player (F039)."""

    code, status = "sales_switched_off", 503
    message = _("Sales are switched off: %(reason)s. Nothing was charged.")


class SelectionNotTaken(Refused):
    """The rule sheet of the draw does not take a selection that was quoted."""

    code = "selection_not_taken"
    message = _("The rules of draw %(issue)s do not take these numbers so. Nothing was charged.")


class SalesBusy(Refused):
    """The sale waited too long for its turn and was given up; nothing of it is left."""

    code, status = "sales_busy", 503
    message = _("Too many people are buying right now. Nothing was charged; please try again.")


class PurchaseUnknown(Refused):
    """There is no such purchase, or it is somebody else's."""

    code, status = "purchase_unknown", 404
    message = _("There is no purchase %(purchase)s.")


@dataclass(frozen=True, slots=True)
class Order:
    """One ticket to buy: selections for one draw."""

    draw: Draw
    selections: Sequence[bets.Selection]


def buy(
    *,
    player: Player,
    orders: Sequence[Order],
    request_key: UUID,
    channel: str,
    now: datetime,
) -> Purchase:
    """Sell one or more tickets as one purchase, or raise a `Refused` that names its figures.

    Repeating a `request_key` with the same orders returns the first purchase; with others it is
    refused. What this returns is committed.
    """
    if channel not in CHANNELS:
        raise ValueError(f"Nobody sells by {channel}.")
    if not orders:
        raise NothingChosen
    if len(orders) > MOST_TICKETS:
        raise TooManyTickets(most=MOST_TICKETS, given=len(orders))
    known = Purchase.objects.of(player.pk).filter(request_key=request_key)
    asked = quoted(orders, known=known, now=now)
    digest = request_hash(asked, player_id=player.pk, request_key=request_key)
    try:
        return _sell(
            player=player, asked=asked, request_key=request_key, digest=digest, channel=channel
        )
    except (OperationalError, IntegrityError) as exc:
        if violated(exc) == "purchase_once_per_request":
            first = Purchase.objects.of(player.pk).get(request_key=request_key)
            if first.request_hash != digest:
                raise RequestKeyReused from exc
            return first
        if refusal := explained(exc, player=player, asked=asked, channel=channel):
            raise refusal from exc
        raise


def explained(
    exc: DatabaseError, *, player: Player, asked: Sequence[Quote], channel: str
) -> Refused | None:
    """What the database meant when it refused a sale; None when that was no refusal of a sale."""
    if isinstance(exc.__cause__, LockNotAvailable):
        return SalesBusy()
    if explain := REFUSALS.get(violated(exc)):
        return explain(_Attempt(player=player, asked=asked, channel=channel, detail=detail_of(exc)))
    return None


def find(*, player_id: int, code: str) -> Purchase:
    """The player's own purchase of that code, or `PurchaseUnknown`."""
    bought = Purchase.objects.of(player_id).filter(code=code).first()
    if bought is None:
        raise PurchaseUnknown(purchase=code)
    return bought


def request_hash(asked: Sequence[Quote], *, player_id: int, request_key: UUID) -> str:
    """The keyed digest of what is asked for: draws and selections in canonical text, by ticket.

    Keyed, because it stands in a row that is read while the selections are not: a plain digest of
    one line is found again by trying all lines. Of this request, because of two that are equal one
    would tell the other: who buys a line would see who else has it, and how many.
    """
    lines = (
        " ".join(
            (one.draw.code, *(bets.canonical(checked.selection) for checked in one.selections))
        )
        for one in asked
    )
    text = "\n".join((f"{player_id} {request_key}", *lines))
    return blind_index("purchase", text).hex()


def quoted(orders: Sequence[Order], *, known: QuerySet[Any, Any], now: datetime) -> list[Quote]:
    """The quotes of orders; of those of a `known` request though a line was withdrawn since."""
    try:
        return [quotes.quote(draw=one.draw, selections=one.selections, now=now) for one in orders]
    except bets.NumberLimited:
        if not known.exists():
            raise
    return [
        quotes.quote(draw=one.draw, selections=one.selections, now=now, was_sold=True)
        for one in orders
    ]


@door
def _sell(
    *, player: Player, asked: Sequence[Quote], request_key: UUID, digest: str, channel: str
) -> Purchase:
    return sell(player=player, asked=asked, request_key=request_key, digest=digest, channel=channel)


@inside_transaction
def sell(
    *, player: Player, asked: Sequence[Quote], request_key: UUID, digest: str, channel: str
) -> Purchase:
    """Sell what was quoted as one purchase, in the caller's transaction.

    What the database refuses is its caller's to put into words (`explained`).
    """
    purchase = Purchase(
        code=new_code(),
        player=player,
        request_key=request_key,
        request_hash=digest,
        price=sum(one.price_fen for one in asked),
        channel=channel,
    )
    salts = [secrets.token_bytes(canonical.SALT_BYTES) for _one in asked]
    wanted = {
        "code": purchase.code,
        "player_id": player.pk,
        "request_key": str(request_key),
        "request_hash": digest,
        "channel": channel,
        "tickets": [_ticket_wanted(one, salt) for one, salt in zip(asked, salts, strict=True)],
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM sales_sell(%s::jsonb)", [json.dumps(wanted)])
        rows = cursor.fetchall()
    tickets, given = [], []
    for (purchase_pk, bought_at, pk, code, sold_at), one, salt in zip(
        rows, asked, salts, strict=True
    ):
        purchase.pk, purchase.bought_at = purchase_pk, bought_at
        ticket = _sold(one, purchase, pk=pk, code=code, sold_at=sold_at)
        tickets.append(ticket)
        line = receipts.line_of(
            ticket,
            draw=one.draw,
            owner=player,
            salt=salt,
            selections=[bets.canonical(checked.selection) for checked in one.selections],
        )
        claim = receipts.sign(ticket=code, leaf=canonical.leaf(line))
        given.append(receipts.Given(ticket_id=pk, claim=claim, line=line))
    purchase._state.adding = False  # noqa: SLF001 - the row is there: the database wrote it
    receipts.record(given)
    purchase.remember(tickets)
    return purchase


def _ticket_wanted(asked: Quote, salt: bytes) -> dict[str, Any]:
    return {
        "code": new_code(),
        "draw_id": asked.draw.pk,
        "rule_id": asked.draw.rule_id,
        "price": asked.price_fen,
        "lines": asked.lines,
        "salt": salt.hex(),
        "format_version": canonical.FORMAT_VERSION,
        "selections": [
            [
                checked.selection.bet_type,
                checked.lines,
                checked.selection.multiplier,
                checked.selection.quick_pick,
                checked.amount_fen,
                *checked.masks,
            ]
            for checked in asked.selections
        ],
    }


def _sold(asked: Quote, purchase: Purchase, *, pk: int, code: str, sold_at: datetime) -> Ticket:
    ticket = Ticket(
        pk=pk,
        code=code,
        purchase=purchase,
        draw=asked.draw,
        rule=asked.draw.rule,
        owner=purchase.player,
        price=asked.price_fen,
        lines=asked.lines,
        format_version=canonical.FORMAT_VERSION,
        channel=purchase.channel,
        is_shadow=asked.draw.is_shadow,
        sold_at=sold_at,
    )
    ticket._state.adding = False  # noqa: SLF001 - as above
    return ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """A sale that the database refused, to be put into words."""

    player: Player
    asked: Sequence[Quote]
    channel: str
    detail: str

    @property
    def price_fen(self) -> int:
        return sum(one.price_fen for one in self.asked)


def _not_open(sale: _Attempt) -> Refused:
    """The draw and the moment are what the trigger saw; the detail is `draw id, moment`."""
    draw_id, _comma, moment = sale.detail.partition(",")
    arrived_at = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    draw = Draw.objects.get(pk=int(draw_id))
    late = arrived_at - draw.closes_at
    if late < timedelta(0) or draw.state == Draw.State.CANCELLED:
        return DrawNotOpen(draw=draw.code, issue=draw.issue, state=draw.state)
    return DrawClosed(
        draw=draw.code,
        issue=draw.issue,
        closed_at=draw.closes_at,
        arrived_at=arrived_at,
        late_seconds=f"{late.total_seconds():.3f}",
        price_fen=sale.price_fen,
    )


def _short_of_money(sale: _Attempt) -> Refused:
    available = wallets.available(sale.player)
    price = sale.price_fen
    return NotEnoughMoney(
        price_fen=price, available_fen=available, missing_fen=max(price - available, 0)
    )


def _over_a_ceiling(sale: _Attempt) -> Refused:
    flows = (ceilings.Flow.STAKE, ceilings.Flow.LOSS)
    return ceilings.reached(sale.player.code, flows=flows, fen=sale.price_fen, at=database_time())


def _switched_off(sale: _Attempt) -> Refused:
    found = SalesSwitch.objects.filter(is_off=True, scope=sale.detail).first()
    return SalesSwitchedOff(scope=sale.detail, reason=found.reason if found else "")


def _limited(sale: _Attempt) -> Refused:
    """Withdrawn while the sale was on its way: the rules name the line now."""
    for one in sale.asked:
        if one.version.limits_numbers:
            for checked in one.selections:
                try:
                    bets.check(one.version, checked.selection, limited=limits.of(one.draw))
                except bets.NumberLimited as refusal:
                    return refusal
    raise RuntimeError("The database refused a line that is on sale.")


def _not_taken(sale: _Attempt) -> Refused:
    """The database read the sheet otherwise than the quote did; the rules say how, if they know."""
    for one in sale.asked:
        for checked in one.selections:
            try:
                bets.check(one.version, checked.selection)
            except Refused as refusal:
                return refusal
    return SelectionNotTaken(issue=", ".join(one.draw.issue for one in sale.asked))


def _not_active(sale: _Attempt) -> Refused:
    return AccountNotActive(state=sale.detail)


def _without_licence(sale: _Attempt) -> Refused:
    return LicenceMissing(draws=[one.draw.code for one in sale.asked])


def _too_dear(sale: _Attempt) -> Refused:
    return bets.TicketTooDear(
        price_fen=max(one.price_fen for one in sale.asked),
        most_fen=min(one.version.ticket_cap_fen for one in sale.asked),
    )


REFUSALS: Mapping[str, Callable[[_Attempt], Refused]] = {
    "ticket_draw_open": _not_open,
    "wallet_not_overdrawn": _short_of_money,
    ceilings.CONSTRAINT: _over_a_ceiling,
    "ticket_price_capped": _too_dear,
    "ticket_sales_switched_on": _switched_off,
    "ticket_licence_valid": _without_licence,
    "selection_as_its_bet_type_takes": _not_taken,
    "selection_multiplier_in_range": _not_taken,
    "selection_of_lines_on_sale": _limited,
    "buyer_verified": lambda _sale: KycRequired(),
    "buyer_active": _not_active,
    "buyer_holds_no_post": lambda _sale: StaffMayNotPlay(),
    "books_not_mixed": lambda _sale: BooksMixed(),
}
