"""Tickets as their owners see them: picks, state, timeline, money. Reads, never writes.

A ticket's state is derived from the state of its draw and from what it won; no row says it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from games import bets, faces, rules
from games.models import Draw, DrawTransition, Result, SealStatement
from games.rules import RuleVersion
from lottery_portal.lib import dates
from lottery_portal.lib.dates import SHANGHAI, in_shanghai
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.money import yuan

from . import basket, canonical, own_copy, quotes, receipts, ticket_facts
from .models import Cancellation, Ticket, TicketRefund
from .ticket_facts import Fact

State = Draw.State
_DRAWN = frozenset({State.DRAWN, State.CONFIRMED})
_SETTLED = frozenset({State.SETTLED, State.PUBLISHED, State.ARCHIVED})
_TO_BE_DRAWN = frozenset({State.SCHEDULED, State.OPEN, State.CLOSED, State.SEALED}) | _DRAWN

CHANNELS = {"web": gettext_lazy("Web"), "api": gettext_lazy("API"), "drill": gettext_lazy("Drill")}

# Tone and word of a ticket's tag, by state.
TAGS = {
    "waiting": ("waiting", gettext_lazy("Waiting for the draw")),
    "sealed": ("waiting", gettext_lazy("In the draw")),
    "drawn": ("waiting", gettext_lazy("Counting")),
    "lost": ("draft", gettext_lazy("Not won")),
    "won": ("attention", gettext_lazy("Prize to claim")),
    "paid": ("done", gettext_lazy("Paid")),
    "refunded": ("attention", gettext_lazy("Draw cancelled")),
    "cancelled": ("draft", pgettext_lazy("of a ticket", "Taken back")),
}


class TicketUnknown(Refused):
    """There is no such ticket, or it is somebody else's: both answer alike."""

    code, status = "ticket_unknown", 404
    message = gettext_lazy("No ticket %(ticket)s. Please check the last digit, the check digit.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One selection of a ticket, and what it won."""

    selection: bets.Selection
    lines: int
    amount_fen: int
    masks: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One ticket with everything that is shown of it to its owner."""

    ticket: Ticket
    line: bytes
    version: RuleVersion
    picks: Sequence[Pick]
    result: Result | None
    fact: Fact | None
    cancelled: Cancellation | None

    @property
    def state(self) -> str:
        """waiting, sealed, drawn, lost, won, paid, refunded or cancelled."""
        state = self.ticket.draw.state
        if self.cancelled is not None or state == State.CANCELLED:
            return "cancelled" if self.cancelled is not None else "refunded"
        if state == State.SEALED:
            return "sealed"
        if state in _DRAWN:
            return "drawn"
        if state not in _SETTLED:
            return "waiting"
        if self.fact is None:
            return "lost"
        return "won" if self.fact.paid_at is None else "paid"

    @property
    def numbers(self) -> list[list[int]] | None:
        """The drawn numbers once they are confirmed."""
        return self.result.numbers if self.result else None


def find(*, player_id: int, code: str) -> Ticket:
    """The player's own ticket of that code, or `TicketUnknown`."""
    ticket = (
        Ticket.objects.of(player_id)
        .select_related("draw__game", "rule", "owner", "receipt", "cancellation")
        .filter(code=code)
        .first()
    )
    if ticket is None:
        raise TicketUnknown(ticket=code)
    return ticket


def of(player_id: int, *, show: str) -> QuerySet[Ticket]:
    """The player's tickets, newest first: `waiting`, `won` or `all`."""
    found = (
        Ticket.objects.of(player_id)
        .select_related("draw__game", "rule", "receipt", "cancellation")
        .order_by("-pk")
    )
    if show == "waiting":
        return found.filter(draw__state__in=_TO_BE_DRAWN, cancellation__isnull=True)
    if show == "won":
        won = ticket_facts.won_by(player_id)
        return found.none() if won is None else found.filter(pk__in=won, draw__state__in=_SETTLED)
    return found


def read(tickets: Iterable[Ticket], *, player_id: int) -> list[Read]:
    """The player's own tickets with picks, results and prizes, however many, in two queries.

    Lines and picks come from the player's own copies (`own_copy`): the sales tables are closed to
    everybody while a draw is sealed, a receipt is not.
    """
    tickets = list(tickets)
    versions = {ticket.pk: quotes.version_of(ticket.rule) for ticket in tickets}
    results = {
        result.draw_id: result
        for result in Result.objects.filter(draw_id__in={ticket.draw_id for ticket in tickets})
    }
    facts = ticket_facts.of([one.pk for one in tickets if one.draw.state in _SETTLED])
    return [
        _read(
            ticket,
            player_id=player_id,
            version=versions[ticket.pk],
            result=results.get(ticket.draw_id),
            fact=facts.get(ticket.pk),
        )
        for ticket in tickets
    ]


def _read(
    ticket: Ticket,
    *,
    player_id: int,
    version: RuleVersion,
    result: Result | None,
    fact: Fact | None,
) -> Read:
    line = own_copy.line_of(ticket, player_id=player_id)
    picks = [_pick(version, text) for text in canonical.decode(line).selections]
    return Read(
        ticket=ticket,
        line=line,
        version=version,
        picks=picks,
        result=result,
        fact=fact,
        cancelled=getattr(ticket, "cancellation", None),
    )


def _pick(version: RuleVersion, text: str) -> Pick:
    selection = bets.parse(text)
    lines = bets.count_lines(version, selection)
    return Pick(
        selection=selection,
        lines=lines,
        amount_fen=bets.price_fen(
            version, lines=lines, multiplier=selection.multiplier, bet_type=selection.bet_type
        ),
        masks=bets.pack(version, selection),
    )


def picks_shown(one: Read) -> list[dict[str, Any]]:
    """The picks for a page; hits once the numbers are known, prizes once the draw is settled."""
    return [_pick_shown(one, pick) for pick in one.picks]


def _pick_shown(one: Read, pick: Pick) -> dict[str, Any]:
    names, prize_fen = _won(one, pick)
    selection = pick.selection
    return {
        "type": basket.type_name(one.version, selection),
        "is_quick_pick": selection.quick_pick,
        "lines": pick.lines,
        "multiplier": selection.multiplier,
        "picks": [list(zone) for zone in selection.picks],
        "bankers": [list(zone) for zone in selection.bankers],
        "looks": faces.of_play(one.version, one.version.play_of(selection.bet_type)),
        "hits": hits_of(one, pick),
        "amount_fen": pick.amount_fen,
        "prize": names,
        "prize_fen": prize_fen,
    }


def hits_of(one: Read, pick: Pick) -> list[frozenset[int]] | None:
    """Which numbers of each place of a pick were drawn; None before they are confirmed."""
    if one.numbers is None:
        return None
    return faces.found(one.version, pick.selection.bet_type, one.numbers)


def _won(one: Read, pick: Pick) -> tuple[str, int | None]:
    """Names of the tiers a pick won, and how much; nothing before settlement."""
    if one.fact is None or one.result is None:
        return "", None
    drawn = (one.result.mask_1, one.result.mask_2)
    hits = bets.hits(
        one.version,
        pick.masks,
        drawn,
        bet_type=pick.selection.bet_type,
        special_on=one.ticket.draw.special_on,
    )
    if not hits or not all(tier in one.fact.line_prizes for tier in hits):
        return "", None
    names = ", ".join(str(one.version.tier(tier).label) for tier in sorted(hits))
    times = pick.selection.multiplier
    return names, sum(one.fact.line_prizes[tier] * lines * times for tier, lines in hits.items())


def split_of(one: Read) -> list[dict[str, Any]]:
    """Where the price of this ticket goes, by the rule of its draw."""
    shares = one.version.allocation.split(one.ticket.price)
    return [
        {"name": _("Prize money"), "amount": shares.prize_fen},
        {"name": _("Adjustment fund"), "amount": shares.fund_fen},
        {"name": _("Welfare fund"), "amount": shares.welfare_fen},
        {"name": _("Issue fee"), "amount": shares.fee_fen},
    ]


def steps_of(
    one: Read, *, seal: SealStatement | None, plan: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The timeline of a ticket: what happened, each with its time, and what comes (F052).

    `plan` tells which draw of which plan bought it, and where that stands.
    """
    ticket = one.ticket
    passed = DrawTransition.objects.filter(draw_id=ticket.draw_id)
    reached = dict(passed.values_list("to_state", "at"))
    steps: list[dict[str, Any]] = [
        _step(
            _("Bought"),
            ticket.sold_at,
            _("%(amount)s yuan from the balance") % {"amount": yuan(ticket.price)},
        )
        | _by_plan(ticket, plan)
    ]
    if one.cancelled is not None:
        back = _("%(amount)s yuan went back to the balance") % {
            "amount": yuan(one.cancelled.amount)
        }
        return [
            *steps,
            _step(pgettext("of a ticket", "Taken back"), one.cancelled.cancelled_at, back),
        ]
    if one.state == "refunded":
        return _with_the_present([*steps, *_refund_steps(ticket, reached.get(State.CANCELLED))])
    settled = reached.get(State.SETTLED)
    if settled and one.fact:
        settled = one.fact.settled_at  # the draw is settled after the last of its payments
    others = seal.tickets - 1 if seal else 0
    steps.append(
        _step(
            _("Sealed"),
            seal.sealed_at if seal else None,
            _company(others),
            coming=_("Sealing"),
            awaited=_("Waiting for the seal"),
        )
        | ({"url": "#proof", "link": _("Check the proof")} if seal else {})
    )
    steps.append(
        _step(
            _("Drawn"),
            reached.get(State.DRAWN) if one.result else None,
            _("entered by two people, confirmed %(at)s") % {"at": _clock(one.result.confirmed_at)}
            if one.result
            else "",
            coming=_("The draw"),
            awaited=_("Waiting for the draw"),
        )
    )
    steps.append(
        _step(
            _("Settled"),
            settled,
            "",
            coming=_("Settlement"),
            awaited=_("Waiting for settlement"),
        )
    )
    if one.state != "lost":
        told = (
            _("%(amount)s yuan are in the balance") % {"amount": yuan(one.fact.prize_fen)}
            if one.fact and not one.fact.claim_code
            else ""
        )
        steps.append(
            _step(
                _("Paid"),
                one.fact.paid_at if one.fact else None,
                told,
                coming=_("Payment, if it wins"),
                awaited=_("Waiting for the claim")
                if one.state == "won"
                else _("Waiting for payment"),
            )
            | _claim(one)
        )
    return _with_the_present(steps)


def _by_plan(ticket: Ticket, plan: Mapping[str, Any] | None) -> dict[str, Any]:
    """Who bought it, where a plan did: from money that was set aside for it."""
    if plan is None:
        return {}
    told = _("%(amount)s yuan set aside by your plan, draw %(place)s of %(draws)s") % {
        "amount": yuan(ticket.price),
        "place": plan["position"],
        "draws": plan["draws"],
    }
    return {"text": told, "url": plan["url"], "link": _("The plan")}


def _claim(one: Read) -> dict[str, Any]:
    """Until when a prize is to be claimed that is not paid by itself; then how it was paid."""
    if one.state == "paid" and one.fact and one.fact.claim_code:
        return {"url": one.fact.prize_url, "link": _("How this prize is paid")}
    if one.state != "won" or one.fact is None or one.fact.claim_until is None:
        return {}
    until = {
        "amount": yuan(one.fact.prize_fen),
        "until": dates.written(one.fact.claim_until, "date"),
    }
    return {"text": _("%(amount)s yuan, to be claimed by %(until)s") % until}


def _refund_steps(ticket: Ticket, cancelled_at: datetime | None) -> list[dict[str, Any]]:
    """A cancelled draw, and what came back for this ticket (F075)."""
    back = TicketRefund.objects.filter(ticket_id=ticket.pk).first()
    told = ""
    if back is not None:
        told = _("%(amount)s yuan are back in the balance") % {"amount": yuan(ticket.price)}
    return [
        _step(_("Draw cancelled"), cancelled_at, ""),
        _step(
            _("Refunded"),
            back.refunded_at if back else None,
            told,
            coming=_("Refund"),
            awaited=_("Being refunded"),
        ),
    ]


def _step(
    title: str, at: datetime | None, text: str, *, coming: str = "", awaited: str = ""
) -> dict[str, Any]:
    """A step; one that has not happened is named as what comes or what is waited for."""
    if at is None:
        return {"state": "todo", "title": coming, "awaited": awaited}
    return {"state": "done", "title": title, "at": at, "text": text}


def _with_the_present(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first step that has not happened is the one that is waited for."""
    for step in steps:
        if step["state"] == "todo":
            step |= {"state": "now", "title": step["awaited"]}
            break
    return steps


def _company(others: int) -> str:
    if not others:
        return _("the only ticket of the draw")
    words = ngettext(
        "together with %(others)s other ticket", "together with %(others)s other tickets", others
    )
    return words % {"others": f"{others:,}"}


def _clock(moment: datetime) -> str:
    return f"{in_shanghai(moment):%H:%M:%S}"


def year_of(player_id: int, *, now: datetime) -> tuple[int, int]:
    """What the player bet this year (Shanghai's), and how much of it goes to the welfare fund."""
    since = datetime(in_shanghai(now).year, 1, 1, tzinfo=SHANGHAI)
    by_rule = (
        Ticket.objects.of(player_id)
        .filter(sold_at__gte=since, is_shadow=False)
        .filter(cancellation__isnull=True)
        .exclude(draw__state=State.CANCELLED)
        .values_list("rule__code")
        .annotate(stake=Sum("price"))
    )
    stake = welfare = 0
    for code, sold in by_rule:
        stake += sold
        welfare += rules.by_code(code).allocation.split(sold).welfare_fen
    return stake, welfare


def as_json(one: Read) -> dict[str, Any]:
    """The data set of a ticket (F044): everything that makes it, and how far it has come."""
    ticket, draw = one.ticket, one.ticket.draw
    claim = receipts.of(ticket, line=one.line)
    return {
        "code": ticket.code,
        "game": draw.game.code,
        "draw": draw.code,
        "issue": draw.issue,
        "rule": ticket.rule.code,
        "state": one.state,
        "price_fen": ticket.price,
        "lines": ticket.lines,
        "channel": ticket.channel,
        "sold_at": ticket.sold_at,
        "closes_at": draw.closes_at,
        "draws_at": draw.draws_at,
        "claim_days": one.version.claim_days,
        "claim_until": _written(one.fact.claim_until if one.fact else None),
        "cancelled_at": one.cancelled.cancelled_at if one.cancelled else None,
        "selections": [_selection_json(pick) for pick in one.picks],
        "prize_fen": one.fact.prize_fen if one.fact else (0 if one.state == "lost" else None),
        "receipt": {
            "format_version": ticket.format_version,
            "line": one.line.decode("ascii"),
            "leaf": claim.leaf.hex(),
            "key_id": ticket.receipt.key_id,
            "signature": ticket.receipt.signature,
        },
    }


def _selection_json(pick: Pick) -> dict[str, Any]:
    selection = pick.selection
    return {
        "bet_type": selection.bet_type,
        "bankers": [list(zone) for zone in selection.bankers],
        "picks": [list(zone) for zone in selection.picks],
        "multiplier": selection.multiplier,
        "quick_pick": selection.quick_pick,
        "lines": pick.lines,
        "amount_fen": pick.amount_fen,
        "text": bets.canonical(selection),
    }


def _written(day: date | None) -> str | None:
    return day.isoformat() if day else None


def tag_of(one: Read) -> tuple[str, str]:
    """Tone and word of the ticket's tag."""
    tone, word = TAGS[one.state]
    return tone, str(word)
